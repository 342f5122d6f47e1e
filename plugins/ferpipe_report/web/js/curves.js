/** Curves over time, drawn by uPlot; the pointer is the stack's (pointer.js). */

import { ticks } from "./axis.js";
import { token } from "./colour.js";

/**
 * A chart in `host`: `gutter` pixels of axis, then the plot.
 * series: {label, colour, values, dash, width, fill}; lines break where a value is null.
 * `y` is {low, high, text}; without low and high the axis follows the data.
 */
export function makeChart(host, { height, y }) {
  let plot = null;
  let shape = { width: 0, gutter: 0 };
  let range = [0, 1];
  let shown = { times: [], series: [], bands: [] };

  /** Ticks whose text has room on both sides. */
  const marks = () => {
    const wide = shape.width - shape.gutter;
    const inside = (tick) => (range[1] - tick.at) * wide > 18 * (range[1] - range[0]);
    return ticks(range, wide).filter(inside);
  };

  function build() {
    plot?.destroy();
    plot = null;
    if (!shape.width) return;
    const ink = token("--muted");
    const line = token("--line");
    const font = "11px system-ui, sans-serif";
    const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 4 } };
    plot = new uPlot(
      {
        width: shape.width,
        height,
        padding: [10, 0, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, range: () => range },
          y: y.low === undefined || y.low === null || y.high === null ? { range: around } : { range: () => [y.low, y.high] },
        },
        bands: shown.bands,
        series: [
          {},
          ...shown.series.map((each) => ({
            label: each.label,
            stroke: each.colour,
            width: each.width ?? 1.75,
            dash: each.dash,
            fill: each.fill,
            points: { show: true, size: 5, fill: each.colour, stroke: each.colour, filter: alone },
            spanGaps: false,
          })),
        ],
        axes: [
          {
            ...axis,
            size: 24,
            splits: () => marks().map((tick) => tick.at),
            values: () => marks().map((tick) => tick.text),
          },
          { ...axis, size: shape.gutter, values: (u, splits) => splits.map(y.text), space: 28 },
        ],
      },
      [shown.times, ...shown.series.map((each) => each.values)],
      host,
    );
  }

  return {
    show(times, series, bands = []) {
      shown = { times, series, bands };
      build();
    },
    move(next) {
      range = next;
      if (plot) plot.setScale("x", { min: next[0], max: next[1] });
    },
    resize(width, gutter) {
      shape = { width, gutter };
      build();
    },
    redraw: build,
  };
}

/** The points that no line reaches: those with nothing on either side. */
function alone(u, series) {
  const values = u.data[series];
  const there = (i) => values[i] !== null && values[i] !== undefined;
  const [first, last] = u.series[0].idxs ?? [0, values.length - 1];
  const found = [];
  for (let i = first ?? 0; i <= (last ?? -1); i += 1) if (there(i) && !there(i - 1) && !there(i + 1)) found.push(i);
  return found;
}

/** A range of y a little wider than the data. */
function around(u, low, high) {
  if (low === null || high === null) return [0, 1];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - room, high + room];
}

/** Times and values of a person's curves with a null where frames without the person begin. */
export function withGaps(recording, frames, tables) {
  const times = [];
  const values = tables.map(() => []);
  for (let i = 0; i < frames.length; i += 1) {
    const at = frames[i];
    if (i > 0 && (at !== frames[i - 1] + 1 || recording.times[at] - recording.times[at - 1] > recording.durations[at - 1] + 1e-5)) {
      times.push(recording.times[frames[i - 1]] + recording.durations[frames[i - 1]]);
      values.forEach((each) => each.push(null));
    }
    times.push(recording.times[at]);
    tables.forEach((table, j) => values[j].push(Number.isNaN(table[i]) ? null : table[i]));
  }
  const last = frames[frames.length - 1];
  if (last < recording.times.length - 1) {
    times.push(recording.times[last] + recording.durations[last]);
    values.forEach((each) => each.push(null));
  }
  return [times, values];
}

/** The mean of `values` a frame in `bins` equal parts of `range`, weighted by how long frames last. */
export function binned(recording, frames, values, range, bins) {
  const sums = new Float64Array(bins);
  const weights = new Float64Array(bins);
  const scale = bins / (range[1] - range[0]);
  for (let i = 0; i < frames.length; i += 1) {
    const begin = recording.times[frames[i]];
    const end = begin + recording.durations[frames[i]];
    if (end <= range[0] || begin >= range[1] || Number.isNaN(values[i])) continue;
    const last = Math.min(bins - 1, Math.floor((end - range[0]) * scale));
    for (let bin = Math.max(0, Math.floor((begin - range[0]) * scale)); bin <= last; bin += 1) {
      const part = Math.min(end, range[0] + (bin + 1) / scale) - Math.max(begin, range[0] + bin / scale);
      if (part <= 0) continue;
      sums[bin] += part * values[i];
      weights[bin] += part;
    }
  }
  return Array.from(sums, (sum, bin) => (weights[bin] > 0 ? sum / weights[bin] : null));
}
