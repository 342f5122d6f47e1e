/** The curves: all labels of one person, or one label or measure of all people. */

import { lineColour, token } from "./colour.js";
import { binned, withGaps } from "./curves.js";
import { curvesOf, rank } from "./data.js";
import { make } from "./dom.js";
import { figure, percent } from "./format.js";

const LINES = ["#D55E00", "#56B4E9", "#009E73", "#CC79A7", "#E69F00", "#F0E442", "#BEBEBE"];
const DASHES = [undefined, [6, 3], [2, 3], [8, 3, 2, 3]];
const BINS = 900;

/** The choices of the select: a value and a text each, in groups. */
export function choices(rows, classes, measures) {
  const groups = [["One person", [["person", "Every label of the chosen person"]]]];
  if (rows.length > 1) {
    groups.push(["All people, one label", classes.map((label) => [`label:${label}`, label])]);
    const ofFaces = measures.filter((each) => each.of === "face");
    if (ofFaces.length) groups.push(["All people, one measure", ofFaces.map(({ name }) => [`measure:${name}`, name])]);
  }
  return groups;
}

/** The curves of a view: {times, series, low, high, text, title}. */
export async function view(name, state, rows, classes, look, hiddenLabels) {
  const person = rows[state.get("person")];
  const ground = token("--panel");
  const kind = state.get("kind");
  if (name === "person") {
    const curves = await curvesOf(person);
    const labels = classes.filter((label) => curves[kind][label] && !hiddenLabels.has(label));
    const [times, values] = withGaps(person.recording, curves.frame, labels.map((label) => curves[kind][label]));
    const series = labels.map((label, i) => ({ label, colour: lineColour(look.colours[label], ground), values: values[i] }));
    return { times, series, low: 0, high: 1, text: percent, title: `${person.name}: probability of each label, ${kind === "p" ? "smoothed" : "raw"}` };
  }
  const [what, key] = [name.slice(0, name.indexOf(":")), name.slice(name.indexOf(":") + 1)];
  const range = state.get("range");
  const bins = Math.min(BINS, Math.max(50, Math.round((range[1] - range[0]) / 0.04)));
  const times = Array.from({ length: bins }, (_, i) => range[0] + ((i + 0.5) * (range[1] - range[0])) / bins);
  const series = [];
  for (const [i, each] of rows.entries()) {
    const curves = await curvesOf(each);
    const values = what === "label" ? curves[kind][key] : curves.m[key];
    if (!values) continue;
    series.push({
      label: each.name,
      colour: lineColour(LINES[i % LINES.length], ground),
      dash: DASHES[Math.floor(i / LINES.length) % DASHES.length],
      width: i === state.get("person") ? 3 : 1.5,
      values: binned(each.recording, curves.frame, values, range, bins),
    });
  }
  const ends = what === "label" ? { low: 0, high: 1, text: percent } : { text: figure };
  return { times, series, ...ends, title: `${key} of all people${what === "label" ? (kind === "p" ? ", smoothed" : ", raw") : ""}` };
}

/** What the curves of a view are worth at `time`: {label, colour, value}, null where there is none. */
export function valuesAt({ times, series }, time) {
  const at = rank(times, time + 5e-7) - 1;
  return series.map(({ label, colour, values }) => ({ label, colour, value: at < 0 ? null : values[at] }));
}

/** A list of values beside a chart that changes its texts, and its lines only where the curves are others. */
export function valueList(host) {
  let shown = [];
  let cells = [];
  return {
    show(values, text) {
      if (values.length !== shown.length || values.some((each, i) => each.label !== shown[i].label || each.colour !== shown[i].colour)) {
        shown = values;
        cells = values.map(() => make("b", {}));
        const line = ({ colour }) => make("i", { class: "line", style: `border-top-color:${colour}` });
        host.replaceChildren(...values.map((each, i) => make("div", {}, line(each), make("span", { text: each.label, title: each.label }), cells[i])));
      }
      values.forEach((each, i) => (cells[i].textContent = text(each.value)));
    },
  };
}

/** The legend of a view: labels that can be switched off, or people by their lines. */
export function legend(shown, look, hiddenLabels, changed) {
  const list = make("div", { class: "lines" });
  for (const each of shown) {
    const line = make("i", { class: "line", style: `border-top-color:${each.colour};border-top-style:${each.dash ? "dashed" : "solid"}` });
    list.append(
      each.toggle
        ? make("button", { class: "chip", "aria-pressed": !hiddenLabels.has(each.label), onclick: () => changed(each.label) }, line, each.label)
        : make("span", { class: "chip" }, line, each.label),
    );
  }
  return list;
}
