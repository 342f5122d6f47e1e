/** Recordings and people, read from the page.  Times are seconds, after the recording's offset. */

import { columns, inflate } from "./codec.js";

const MICRO = 1e-6;

/** The text of a packed element. */
const packed = (id) => document.getElementById(id).textContent;

/** One recording: its frames, its people with their strips; curves are read when they are asked for. */
export async function openRecording(told, classes, number) {
  const found = columns(await inflate(packed(told.blob)), told.layout);
  const shift = (micro) => micro * MICRO - told.offset;
  const times = found.time.map(shift);
  const n = times.length;
  const durations = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    const until = i + 1 < n ? found.time[i + 1] : told.end / MICRO;
    durations[i] = (until - found.time[i] - found.less[i]) * MICRO;
  }
  const recording = { told, number, times, durations, measures: named(found, "m:"), people: [] };
  for (const person of told.people) {
    const column = (name) => found[`${person.track}:${name}`];
    const spans = [...column("start")].map((start, i) => ({
      start: shift(start),
      end: shift(start + column("length")[i]),
      label: told.classes[column("label")[i] - 1] ?? null,
      unsure: column("label")[i] > told.classes.length,
    }));
    const unsure = [...column("unsure")].map((start, i) => ({
      start: shift(start),
      end: shift(start + column("unsure_length")[i]),
    }));
    recording.people.push({ told: person, recording, spans, unsure, curves: null, classes });
  }
  return recording;
}

/** The curves of a person: `frame` (positions), `p`, `raw`, `m` and `box`, each by name. */
export async function curvesOf(person) {
  if (person.curves === null) {
    const found = columns(await inflate(packed(person.told.blob)), person.told.layout);
    person.curves = {
      frame: found.frame,
      p: named(found, "p:"),
      raw: named(found, "raw:"),
      m: named(found, "m:"),
      box: named(found, "box:"),
    };
  }
  return person.curves;
}

function named(found, prefix) {
  const kept = Object.entries(found).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(kept.map(([name, values]) => [name.slice(prefix.length), values]));
}

/** How many of `sorted` are at most `value`. */
export function rank(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The position of the frame that is shown at `time`: the last that began; the first before all. */
export function frameAt(recording, time) {
  return Math.max(0, rank(recording.times, time + 5e-7) - 1);
}

/** The stretch of a label at `time`, or undefined where the person is not in view. */
export function spanAt(person, time) {
  let low = 0;
  let high = person.spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (person.spans[middle].start <= time + 5e-7) low = middle + 1;
    else high = middle;
  }
  const span = person.spans[low - 1];
  // A single frame may have no length: it is there at its time, and nowhere else.
  return span && (time + 5e-7 < span.end || Math.abs(time - span.start) < 5e-7) ? span : undefined;
}

/** Where a person's curves have the frame at `position` of the recording; -1 where not seen in it. */
export function rowAt(person, position) {
  if (person.curves === null) return -1;
  const at = rank(person.curves.frame, position) - 1;
  return at >= 0 && person.curves.frame[at] === position ? at : -1;
}
