/** Events over the strips: stretches as bars with their names, marks as lines. */

import { token } from "./colour.js";

/** The share of everything that is shown which the name of a mark has. */
const ROOM = 0.12;
const MOST_LANES = 6;

/**
 * The rows that events of `long` seconds need so that none lies on another or on its name; each gets its `row`
 * and `until`, where the next one in that row begins.
 */
export function arrange(events, long) {
  const last = [];
  const taken = [];
  for (const event of [...events].sort((a, b) => a.start - b.start)) {
    let row = taken.findIndex((end) => end <= event.start + 1e-9);
    if (row < 0) row = taken.length < MOST_LANES ? taken.length : taken.indexOf(Math.min(...taken));
    if (last[row]) last[row].until = event.start;
    taken[row] = event.end > event.start ? event.end : event.start + ROOM * long;
    last[row] = Object.assign(event, { row, until: Infinity });
  }
  return Math.max(1, taken.length);
}

/** The events at `time`: the stretches that it lies in, and the marks within `near` seconds. */
export function eventsAt(events, time, near) {
  return events.filter((event) => (event.end > event.start ? event.start <= time && time < event.end : Math.abs(event.start - time) <= near));
}

/** Draw `events` (start, end, name, row) of `range`. */
export function drawEvents(context, width, height, range, events, rows) {
  const scale = width / (range[1] - range[0]);
  const tall = height / rows;
  context.font = "11px system-ui, sans-serif";
  for (const event of events) {
    if (event.end < range[0] || event.start > range[1]) continue;
    const left = (event.start - range[0]) * scale;
    const right = (event.end - range[0]) * scale;
    const top = event.row * tall;
    context.fillStyle = token("--accent");
    if (event.end > event.start) {
      context.globalAlpha = 0.22;
      context.fillRect(left, top + 1, Math.max(1, right - left), tall - 2);
      context.globalAlpha = 1;
      context.fillRect(left, top + 1, 2, tall - 2);
    } else {
      context.fillRect(left - 1, top + 1, 2, tall - 2);
      context.beginPath();
      context.arc(left, top + 4, 3.5, 0, 7);
      context.fill();
    }
    const from = Math.max(0, left) + 6;
    const free = (event.until - range[0]) * scale;
    const room = Math.min(width, free, event.end > event.start ? right : left + 140) - from - 2;
    if (room > 16) {
      context.fillStyle = token("--ink");
      context.fillText(shorten(context, event.name, room), from, top + tall / 2 + 4);
    }
  }
}

/** `text`, cut so that it takes at most `room` pixels. */
function shorten(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let kept = text;
  while (kept && context.measureText(`${kept}\u2026`).width > room) kept = kept.slice(0, -1);
  return kept ? `${kept}\u2026` : "";
}

/** The starts of `events` as thin lines over a strip. */
export function drawMarks(context, width, height, range, events) {
  context.fillStyle = token("--ink");
  for (const event of events) {
    if (event.start < range[0] || event.start > range[1]) continue;
    const x = ((event.start - range[0]) / (range[1] - range[0])) * width;
    for (let y = 0; y < height; y += 5) context.fillRect(x - 0.5, y, 1, 3);
  }
}
