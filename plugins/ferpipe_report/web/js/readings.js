/** What stands at the cursor, in words. */

import { frameAt, rowAt, spanAt } from "./data.js";
import { clock, percent } from "./format.js";

/** The label at `time`: its name, `unsure`, `no label` or `not in view`; `csv` is what a table says. */
export function labelAt(person, time) {
  const span = spanAt(person, time);
  if (span === undefined) return { text: "not in view", label: undefined, csv: "" };
  if (span.label === null) return { text: span.unsure ? "unsure" : "no label", label: null, csv: span.unsure ? "unsure" : "" };
  return { text: span.label, label: span.label, csv: span.label };
}

/** The classes of a person at `time`, most likely first; empty where the face is not in that frame. */
export function likelyAt(person, time, kind) {
  const row = rowAt(person, frameAt(person.recording, time));
  if (row < 0) return [];
  const table = person.curves[kind];
  return Object.entries(table)
    .map(([label, values]) => ({ label, value: values[row] }))
    .filter((each) => !Number.isNaN(each.value))
    .sort((a, b) => b.value - a.value);
}

/** One line for the reading bar and the screen reader. */
export function sentence(person, time, kind) {
  const { recording } = person;
  const position = frameAt(recording, time);
  const told = labelAt(person, time);
  const likely = likelyAt(person, time, kind).slice(0, 3);
  const more = likely.map((each) => `${each.label} ${percent(each.value)}`).join(", ");
  return `${clock(time)}, frame ${position}, ${person.name}: ${told.text}${more ? ` (${more})` : ""}`;
}
