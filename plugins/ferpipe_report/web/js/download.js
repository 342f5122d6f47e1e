/** Files out of the page: the numbers that are shown, the picture that is shown. */

import { make } from "./dom.js";
import { labelAt } from "./readings.js";

/** Offer `text` as a file to keep. */
export function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = make("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** A cell of CSV. */
const cell = (value) => {
  const text = value === null || value === undefined || Number.isNaN(value) ? "" : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Rows as CSV. */
export const csv = (rows) => rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";

/** A person's frames in `range` as CSV: time, duration, label, the curves that are shown, the measures. */
export function framesCsv(person, range, kind) {
  const { recording, curves } = person;
  const names = Object.keys(curves[kind]);
  const measures = Object.keys(curves.m);
  const pictures = Object.keys(recording.measures);
  const rows = [["time", "duration", "person", "label", ...names.map((name) => `${kind}_${name}`), ...measures, ...pictures]];
  for (let i = 0; i < curves.frame.length; i += 1) {
    const at = curves.frame[i];
    const time = recording.times[at];
    if (time < range[0] || time > range[1]) continue;
    const values = names.map((name) => curves[kind][name][i].toFixed(3));
    rows.push([time.toFixed(6), recording.durations[at].toFixed(6), person.name.replace(/[\u2068\u2069]/g, ""), labelAt(person, time).csv, ...values.map((text) => (text === "NaN" ? "" : text)), ...measures.map((name) => curves.m[name][i]), ...pictures.map((name) => recording.measures[name][at])]);
  }
  return csv(rows);
}
