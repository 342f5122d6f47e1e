/** Rows over one axis of time: strips, lanes and charts, laid under each other to the pixel. */

import { ticks } from "./axis.js";
import { token } from "./colour.js";
import { makeChart } from "./curves.js";
import { fit, make } from "./dom.js";
import { soon } from "./state.js";

/** The width between the margins of A4 and of Letter, whichever is less. */
const PAPER = "700px";

/** A stack in `host` that follows the `range` of `state`. */
export function makeStack(host, state) {
  const glass = make("div", { class: "glass" });
  const body = make("div", { class: "stack" }, glass);
  const rows = [];
  const charts = [];
  const shape = { gutter: 0, plot: 0 };
  host.append(body);

  const drawNow = () => {
    for (const row of rows) {
      if (!row.element.hidden) row.draw(fit(row.canvas, shape.plot, row.height), shape.plot, row.height, state.get("range"));
    }
  };
  const moveNow = () => charts.forEach((chart) => chart.move(state.get("range")));
  const drawRows = soon(drawNow);
  const moveCharts = soon(moveNow);

  function layout() {
    const style = getComputedStyle(body);
    shape.gutter = parseFloat(style.getPropertyValue("--gutter"));
    shape.plot = Math.max(40, body.clientWidth - shape.gutter - parseFloat(style.getPropertyValue("--value")));
    charts.forEach((chart) => chart.resize(shape.gutter + shape.plot, shape.gutter));
    moveCharts();
    drawRows();
  }

  state.on(["range"], () => {
    drawRows();
    moveCharts();
  });
  new ResizeObserver(layout).observe(body);

  // No frame comes between this event and the printing: everything is drawn at once, as wide as the paper.
  window.addEventListener("beforeprint", () => {
    body.style.width = PAPER;
    layout();
    drawNow();
    moveNow();
  });
  window.addEventListener("afterprint", () => {
    body.style.width = "";
    layout();
  });

  return {
    body,
    glass,
    shape,
    layout,
    redraw: drawRows,
    /** A row with a label, a canvas that `draw(context, width, height, range)` fills, and a value. */
    row({ label, height, draw, kind = "strip" }) {
      const canvas = make("canvas", { "aria-hidden": "true" });
      const value = make("div", { class: "value" });
      const plot = make("div", { class: "plot" }, canvas);
      const element = make("div", { class: `row ${kind}` }, make("div", { class: "who" }, label), plot, value);
      const row = { element, canvas, value, height, draw };
      body.insertBefore(element, glass);
      rows.push(row);
      return row;
    },
    /** A line of text over the whole width. */
    heading(text) {
      body.insertBefore(make("div", { class: "group", text }), glass);
    },
    /** A chart with its own axes; `title` stands over it. */
    chart({ title, height, y }) {
      const place = make("div", { class: "host" });
      const value = make("div", { class: "value" });
      const name = make("div", { class: "title" }, title);
      const element = make("div", { class: "row chart" }, name, place, value);
      const chart = { element, value, name, ...makeChart(place, { height, y }) };
      body.insertBefore(element, glass);
      charts.push(chart);
      return chart;
    },
    /** Take a chart out again. */
    drop(chart) {
      chart.element.remove();
      charts.splice(charts.indexOf(chart), 1);
    },
  };
}

/** A row that shows the time. */
export function drawAxis(context, width, height, range) {
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = token("--muted");
  context.strokeStyle = token("--line");
  for (const tick of ticks(range, width)) {
    const x = ((tick.at - range[0]) / (range[1] - range[0])) * width;
    const half = context.measureText(tick.text).width / 2;
    context.fillText(tick.text, Math.min(Math.max(4, x - half), width - 2 * half), height - 4);
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, 4);
    context.stroke();
  }
}
