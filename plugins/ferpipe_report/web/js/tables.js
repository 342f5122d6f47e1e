/** Tables of numbers: time a label, changes, and how much is missing. */

import { make } from "./dom.js";
import { figure, percent } from "./format.js";

/** A bar of shares with a colour a label; read out as words. */
export function shareBar(share, look, classes) {
  const bar = make("div", { class: "bar", role: "img", "aria-label": shareWords(share, classes) });
  for (const label of share ? classes : []) {
    if (share[label] > 0) {
      bar.append(make("span", { style: `width:${100 * share[label]}%;background:${look.colours[label]}`, title: `${label} ${percent(share[label])}` }));
    }
  }
  return bar;
}

function shareWords(share, classes) {
  if (!share) return "no label";
  return classes.filter((label) => share[label] > 0).map((label) => `${label} ${percent(share[label])}`).join(", ");
}

/** A table of people; `rows` are {name, numbers, group}. Columns: the bar, each class, changes, missing. */
export function peopleTable(rows, look, classes, { caption, first = "Person", lead = [] }) {
  const used = classes.filter((label) => rows.some(({ numbers }) => numbers.seconds[label] > 0));
  const unsure = rows.some(({ numbers }) => numbers.unsure > 0);
  const unknown = rows.some(({ numbers }) => numbers.unknown > 0);
  const head = make(
    "tr",
    {},
    ...lead.map((title) => make("th", { scope: "col", text: title })),
    make("th", { scope: "col", text: first }),
    make("th", { scope: "col", class: "number", text: "Not in view" }),
    make("th", { scope: "col", class: "wide", text: "Share of labelled time" }),
    ...used.map((label) =>
      make("th", { scope: "col", class: "number" }, make("i", { class: "swatch", style: `background:${look.colours[label]}` }), label),
    ),
    unsure ? make("th", { scope: "col", class: "number" }, make("i", { class: "swatch hatched" }), "unsure") : null,
    unknown ? make("th", { scope: "col", class: "number", text: "No label" }) : null,
    make("th", { scope: "col", class: "number", text: "Changes a minute" }),
  );
  const body = make("tbody");
  for (const { name, numbers, leading = [], onclick } of rows) {
    const cells = used.map((label) => numberCell(percent(numbers.share?.[label]), `${figure(numbers.seconds[label] ?? 0)} s`, { "data-label": label, "data-seconds": numbers.seconds[label] ?? 0 }));
    body.append(
      make(
        "tr",
        onclick ? { class: "link", onclick } : {},
        ...leading.map((text) => make("td", { class: "short", text })),
        make("th", { scope: "row", text: name }),
        numberCell(percent(numbers.missing), `of ${figure(numbers.length)} s`, { class: "missing" }),
        make("td", { class: "wide" }, shareBar(numbers.share, look, classes)),
        ...cells,
        unsure ? numberCell(percent(numbers.seen ? numbers.unsure / numbers.seen : null), `${figure(numbers.unsure)} s`, { class: "unsure" }) : null,
        unknown ? numberCell(`${figure(numbers.unknown)} s`) : null,
        numberCell(numbers.rate === null ? "\u2013" : figure(numbers.rate), `${numbers.changes} in all`),
      ),
    );
  }
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, make("table", {}, make("caption", { text: caption }), make("thead", {}, head), body));
}

function numberCell(text, small = null, attributes = {}) {
  return make("td", { ...attributes, class: `number ${attributes.class ?? ""}` }, text, small ? make("small", { text: small }) : null);
}

/** A table of measures: mean, spread, least, most, a row a person and measure. */
export function measureTable(rows, described) {
  const body = make("tbody");
  for (const { name, numbers } of rows) {
    for (const [measure, value] of Object.entries(numbers.measures)) {
      const unit = described[measure]?.unit ? ` ${described[measure].unit}` : "";
      body.append(
        make("tr", {}, make("th", { scope: "row", text: name }), make("td", { text: `${measure}${unit ? ` (${unit.trim()})` : ""}`, title: described[measure]?.about }),
          numberCell(percent(numbers.missing)), ...["mean", "sd", "min", "max"].map((key) => numberCell(figure(value[key])))),
      );
    }
  }
  const titles = ["Person", "Measure", "Not in view", "Mean", "SD", "Least", "Most"];
  const head = make("tr", {}, ...titles.map((title, i) => make("th", { scope: "col", class: i > 1 ? "number" : "", text: title })));
  return make("div", { class: "scroll" }, make("table", {}, make("caption", { text: "Measures, weighted by how long frames last" }), make("thead", {}, head), body));
}
