/** Events over the strips: stretches as bars with their names, marks as lines. */

import { token } from "./colour.js";

/** The rows that stretches need so that none lies on another; each event gets its `row`. */
export function arrange(events) {
  const ends = [];
  for (const event of [...events].sort((a, b) => a.start - b.start)) {
    let row = ends.findIndex((end) => end <= event.start + 1e-9);
    if (row < 0) row = ends.push(0) - 1;
    ends[row] = Math.max(event.end, event.start + 1e-3);
    event.row = row;
  }
  return Math.max(1, ends.length);
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
    const room = (event.end > event.start ? Math.min(width, right) : Math.min(width, left + 140)) - from - 2;
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
