/** Which label follows which. */

import { make } from "./dom.js";

/** The sum of `tables`, each with its classes, over `classes`. */
export function summed(tables, classes) {
  const place = new Map(classes.map((label, i) => [label, i]));
  const sum = classes.map(() => classes.map(() => 0));
  for (const [table, own] of tables) table.forEach((row, i) => row.forEach((n, j) => (sum[place.get(own[i])][place.get(own[j])] += n)));
  return sum;
}

/** A matrix of changes: rows are the labels before, columns those after. */
export function matrixTable(counts, classes, caption) {
  const used = classes.filter((_, i) => counts[i].some((n) => n > 0) || counts.some((row) => row[i] > 0));
  if (!used.length) return make("p", { class: "note", text: `${caption}: the label never changed straight to another one.` });
  const most = Math.max(...counts.flat());
  const head = make("tr", {}, make("th", { scope: "col", text: "from \\ to" }), ...used.map((label) => make("th", { scope: "col", class: "number", text: label })));
  const body = make("tbody");
  for (const from of used) {
    const row = counts[classes.indexOf(from)];
    body.append(
      make("tr", {}, make("th", { scope: "row", text: from }), ...used.map((to) => {
        const n = row[classes.indexOf(to)];
        const strength = most ? Math.round((70 * n) / most) : 0;
        return make("td", { class: "number cell", style: n ? `background:color-mix(in srgb, var(--accent) ${strength}%, transparent)` : null, text: from === to ? "" : n || "\u00b7" });
      })),
    );
  }
  return make("div", { class: "scroll" }, make("table", { class: "matrix" }, make("caption", { text: caption }), make("thead", {}, head), body));
}
