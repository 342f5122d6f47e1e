/** Measures of faces and of the picture under the strips, and the choice of those that are shown. */

import { token } from "./colour.js";
import { withGaps } from "./curves.js";
import { curvesOf, frameAt, rowAt } from "./data.js";
import { make } from "./dom.js";
import { figure } from "./format.js";

const SHOWN_AT_FIRST = 3;

/** The measures that `rows` or their recordings have: {key, name, of}, those of faces first. */
export function measuresOf(rows, recordings) {
  const named = (layout) => layout.filter((each) => each.name.startsWith("m:")).map((each) => each.name.slice(2));
  const faces = new Set(rows.flatMap((person) => named(person.told.layout)));
  const pictures = new Set(recordings.flatMap((recording) => named(recording.told.layout)));
  return [...[...faces].map((name) => ({ key: `face:${name}`, name, of: "face" })), ...[...pictures].map((name) => ({ key: `frame:${name}`, name, of: "frame" }))];
}

/** What a measure is called on the page, with its unit. */
export function measureTitle(measure, described) {
  const unit = described[measure.name]?.unit;
  return `${measure.name}${unit ? ` (${unit})` : ""}${measure.of === "frame" ? ", of the picture" : ""}`;
}

/** Boxes to choose measures; `measures` in the state holds the keys of those that are shown. */
export function chooser(state, all, described) {
  state.set({ measures: new Set(all.slice(0, SHOWN_AT_FIRST).map((each) => each.key)) });
  if (!all.length) return null;
  const head = make("summary", {});
  const boxes = all.map((measure) => {
    const box = make("input", { type: "checkbox", value: measure.key, onchange: () => choose([measure.key], box.checked) });
    return make("label", { class: "chip", title: described[measure.name]?.about }, box, measureTitle(measure, described));
  });
  const choose = (keys, on) => {
    const chosen = new Set(state.get("measures"));
    for (const key of keys) on ? chosen.add(key) : chosen.delete(key);
    state.set({ measures: chosen });
  };
  const button = (text, on) => make("button", { text, onclick: () => choose(all.map((each) => each.key), on) });
  const show = () => {
    const chosen = state.get("measures");
    head.textContent = `Measures: ${chosen.size} of ${all.length} shown`;
    boxes.forEach((each, i) => (each.firstChild.checked = chosen.has(all[i].key)));
  };
  state.on(["measures"], show);
  show();
  return make("details", { class: "chooser", id: "measures" }, head, make("div", { class: "boxes-of" }, button("All", true), button("None", false), ...boxes));
}

/** A small chart for each chosen measure, of the chosen person or of the picture. */
export function measureCharts(stack, state, rows, all, described) {
  const small = [];
  const read = () => {
    const person = rows[state.get("person")];
    const position = frameAt(person.recording, state.get("cursor") ?? state.get("pin"));
    for (const { box, measure, values, unit } of small) {
      const at = measure.of === "face" ? rowAt(person, position) : position;
      const known = at >= 0 && !Number.isNaN(values[at]);
      box.value.textContent = `${figure(known ? values[at] : null)}${known && unit ? ` ${unit}` : ""}`;
    }
  };
  state.on(["cursor", "pin"], read);
  return async () => {
    const person = rows[state.get("person")];
    const curves = await curvesOf(person);
    while (small.length) stack.drop(small.pop().box);
    if (state.get("view") !== "person") return;
    const { recording } = person;
    for (const measure of all.filter((each) => state.get("measures").has(each.key))) {
      const values = measure.of === "face" ? curves.m[measure.name] : recording.measures[measure.name];
      if (!values) continue;
      const frames = measure.of === "face" ? curves.frame : values.map((_, i) => i);
      const { low, high, unit } = described[measure.name] ?? {};
      const box = stack.chart({ title: measureTitle(measure, described), height: 110, y: { low, high, text: figure } });
      const [times, [line]] = withGaps(recording, frames, [values]);
      box.show(times, [{ label: measure.name, colour: token("--accent"), values: line }]);
      small.push({ box, measure, values, unit });
    }
    if (small.length) stack.layout();
    read();
  };
}
