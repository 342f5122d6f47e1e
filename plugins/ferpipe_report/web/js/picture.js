/** What is shown, as an SVG of its own: strips, curves, legend. */

import { ticks } from "./axis.js";
import { clock } from "./format.js";

const WIDE = 1000;
const GUTTER = 150;
/** The usual width of a letter of an event's name. */
const LETTER = 5.5;

const safe = (text) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);

/**
 * The SVG of `people` (strips), one chart {times, series, title} and `events` in `range`.
 * look: colours by label, noLabel.
 */
export function svgOf({ title, people, chart, events, range, look, classes }) {
  const scale = (WIDE - GUTTER - 20) / (range[1] - range[0]);
  const x = (time) => GUTTER + (Math.min(Math.max(time, range[0]), range[1]) - range[0]) * scale;
  const out = [];
  const text = (at, y, words, more = "") => out.push(`<text x="${at.toFixed(1)}" y="${y}" ${more}>${safe(words)}</text>`);
  let y = 28;
  text(10, 20, title, 'font-size="15" font-weight="600"');
  for (const event of events) {
    if (event.end < range[0] || event.start > range[1]) continue;
    const top = y + 14 * event.row;
    out.push(`<rect x="${x(event.start).toFixed(1)}" y="${top}" width="${Math.max(1.5, x(event.end) - x(event.start)).toFixed(1)}" height="12" fill="#3b6fb5" fill-opacity=".25"/>`);
    const letters = Math.floor((Math.min(x(event.until), WIDE) - x(event.start) - 3) / LETTER);
    if (letters > 1) text(x(event.start) + 3, top + 10, event.name.length > letters ? `${event.name.slice(0, letters - 1)}\u2026` : event.name, 'font-size="10"');
  }
  y += events.length ? 14 * (1 + Math.max(...events.map((event) => event.row))) + 4 : 0;
  for (const person of people) {
    text(10, y + 15, person.name, 'font-size="12"');
    out.push(`<rect x="${GUTTER}" y="${y}" width="${WIDE - GUTTER - 20}" height="20" fill="none" stroke="#ccd"/>`);
    for (const span of person.spans) {
      if (span.end <= range[0] || span.start >= range[1]) continue;
      out.push(`<rect x="${x(span.start).toFixed(2)}" y="${y}" width="${Math.max(0.2, x(span.end) - x(span.start)).toFixed(2)}" height="20" fill="${span.label === null ? look.noLabel : look.colours[span.label]}"/>`);
    }
    for (const run of person.unsure) {
      if (run.end <= range[0] || run.start >= range[1]) continue;
      out.push(`<rect x="${x(run.start).toFixed(2)}" y="${y}" width="${Math.max(0.2, x(run.end) - x(run.start)).toFixed(2)}" height="20" fill="url(#unsure)"/>`);
    }
    y += 26;
  }
  y += 8;
  y = drawChart(out, text, chart, x, y, range);
  for (const tick of ticks(range, WIDE - GUTTER - 20)) {
    out.push(`<line x1="${x(tick.at).toFixed(1)}" x2="${x(tick.at).toFixed(1)}" y1="${y}" y2="${y + 4}" stroke="#667"/>`);
    text(x(tick.at), y + 16, tick.text, 'font-size="11" text-anchor="middle" fill="#445"');
  }
  y += 36;
  let left = GUTTER;
  for (const label of classes) {
    out.push(`<rect x="${left}" y="${y - 10}" width="12" height="12" fill="${look.colours[label]}" stroke="#889" stroke-width=".5"/>`);
    text(left + 17, y, label, 'font-size="12"');
    left += 40 + 7 * label.length;
  }
  out.push(`<rect x="${left}" y="${y - 10}" width="12" height="12" fill="url(#unsure)" stroke="#889" stroke-width=".5"/>`);
  text(left + 17, y, "unsure", 'font-size="12"');
  const about = `${clock(range[0])} to ${clock(range[1])}`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDE} ${y + 12}" font-family="system-ui, sans-serif" fill="#1d2127" role="img" aria-label="${safe(`${title}, ${about}`)}">\n` +
    `<defs><pattern id="unsure" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line x1="0" x2="0" y1="0" y2="6" stroke="#111" stroke-opacity=".55" stroke-width="2"/></pattern></defs>\n` +
    `<rect width="${WIDE}" height="${y + 12}" fill="#fff"/>\n${out.join("\n")}\n</svg>\n`
  );
}

function drawChart(out, text, chart, x, top, range) {
  if (!chart.series.length) return top;
  const tall = 220;
  const [least, most] = extent(chart.series);
  const low = chart.low ?? least;
  const high = chart.high ?? most;
  const y = (value) => top + 16 + tall - ((value - low) / (high - low || 1)) * tall;
  text(10, top + 10, chart.title, 'font-size="12"');
  for (let i = 0; i <= 4; i += 1) {
    const value = low + ((high - low) * i) / 4;
    out.push(`<line x1="${GUTTER}" x2="${WIDE - 20}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="#dde"/>`);
    text(GUTTER - 8, y(value) + 4, chart.text(value), 'font-size="11" text-anchor="end" fill="#445"');
  }
  for (const each of chart.series) {
    for (const line of runs(chart.times, each.values, range, x)) {
      const points = line.map(([at, value]) => `${at.toFixed(1)},${y(value).toFixed(1)}`).join(" ");
      out.push(`<polyline points="${points}" fill="none" stroke="${each.colour}" stroke-width="1.5"${each.dash ? ` stroke-dasharray="${each.dash.join(" ")}"` : ""}/>`);
    }
  }
  return top + tall + 20;
}

/** The least and the most of all curves: a loop, since a call takes only so many arguments. */
function extent(series) {
  let [low, high] = [Infinity, -Infinity];
  for (const { values } of series) {
    for (const value of values) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low <= high ? [low, high] : [0, 1];
}

/** The unbroken runs of a curve; of many points in one pixel the least and the most stay. */
function runs(times, values, range, x) {
  const found = [];
  let run = [];
  let column = null;
  const close = () => {
    if (column) run.push([column.x, column.first], [column.x, column.low], [column.x, column.high], [column.x, column.last]);
    column = null;
  };
  for (let i = 0; i < times.length; i += 1) {
    if (times[i] < range[0] || times[i] > range[1] || values[i] === null) {
      close();
      if (run.length) found.push(run);
      run = [];
      continue;
    }
    const at = Math.round(2 * x(times[i])) / 2;
    if (column && column.x === at) {
      column.low = Math.min(column.low, values[i]);
      column.high = Math.max(column.high, values[i]);
      column.last = values[i];
    } else {
      close();
      column = { x: at, first: values[i], low: values[i], high: values[i], last: values[i] };
    }
  }
  close();
  if (run.length) found.push(run);
  return found;
}
