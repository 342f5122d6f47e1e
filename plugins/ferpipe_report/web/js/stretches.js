/** The stretches of time that events name: all people together, then each person. */

import { make } from "./dom.js";
import { folding } from "./fold.js";
import { clock } from "./format.js";
import { peopleTable } from "./tables.js";

/** The section of stretches; a click on a row of a person shows that stretch. */
export function stretchSection(data, state, rows, recordings, look) {
  const person = (row) => rows.find((each) => each.recording === recordings[row.recording] && each.told.track === row.track);
  const rangeOf = (row) => [row.start, row.end].map((time) => time - data.recordings[row.recording].offset);
  const each = data.stretches.map((row) => ({
    name: person(row).name,
    numbers: row.numbers,
    leading: [row.name, rangeOf(row).map((time) => clock(time, 1)).join(" \u2013 ")],
    onclick: () => {
      const range = rangeOf(row);
      state.set({ range, pin: range[0], person: rows.indexOf(person(row)) });
      document.getElementById("timeline").scrollIntoView({ behavior: "smooth" });
    },
  }));
  const parts = [];
  if (rows.length > 1 || data.pooled.some((pool) => pool.numbers.n > 1)) {
    parts.push(peopleTable(data.pooled, look, data.classes, { caption: "All people together, by stretch", first: "Stretch" }));
  }
  const table = peopleTable(each, look, data.classes, { caption: "Each person in each stretch; click a row to see it", first: "Person", lead: ["Stretch", "Time"] });
  parts.push(each.length > 24 ? make("details", {}, make("summary", { text: `${each.length} rows, one a person and stretch` }), table) : table);
  return folding("stretches", "In each stretch", ...parts);
}
