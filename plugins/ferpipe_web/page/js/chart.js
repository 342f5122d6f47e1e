/** A chart of the last minute, by uPlot. */

import { token } from "../../assets/js/colour.js";
import { SPAN } from "./minute.js";

const GUTTER = 46;

/** Lines that end now: series are {label, colour, dash}; `y` is {low, high, text}. */
export function makeChart(host, { height, y, series }) {
  let plot = null;
  let shown = [[], ...series.map(() => [])];
  // A share is seen against the whole; an angle that may be 180 degrees, against how it moves.
  const fixed = y.low === 0 && y.high === 1;

  function build() {
    plot?.destroy();
    plot = null;
    const width = host.clientWidth;
    if (!width) return;
    const line = token("--line");
    const axis = { stroke: token("--muted"), font: "11px system-ui, sans-serif", grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 4 } };
    plot = new uPlot(
      {
        width,
        height,
        padding: [8, 14, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, range: () => [-SPAN, 0] }, y: { range: fixed ? () => [y.low, y.high] : around } },
        series: [{}, ...series.map((each) => ({ label: each.label, stroke: each.colour, width: 1.75, points: { show: false }, spanGaps: false }))],
        axes: [
          { ...axis, size: 22, splits: () => (width > 300 ? [-60, -45, -30, -15, 0] : [-60, -30, 0]), values: (u, all) => all.map((at) => (at ? `\u2212${-at} s` : "now")) },
          { ...axis, size: GUTTER, space: 26, values: (u, all) => all.map(y.text) },
        ],
      },
      shown,
      host,
    );
  }

  const observer = new ResizeObserver(() => plot?.width !== host.clientWidth && build());
  observer.observe(host);
  return {
    show(times, values) {
      shown = [times, ...values];
      if (plot) plot.setData(shown);
      else build();
    },
    redraw: build,
    remove() {
      observer.disconnect();
      plot?.destroy();
    },
  };
}

function around(u, low, high) {
  if (low === null || high === null) return [0, 1];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - room, high + room];
}

export { GUTTER };
