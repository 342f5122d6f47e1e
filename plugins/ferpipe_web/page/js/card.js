/** The card of one person: label, strip and curves of the last minute. */

import { fit, make } from "../../assets/js/dom.js";
import { figure, percent } from "../../assets/js/format.js";
import { GUTTER, makeChart } from "./chart.js";
import { SPAN } from "./minute.js";
import { colourOf } from "./palette.js";

const SHARE = { low: 0, high: 1, text: percent };

/** What somebody is called on the page. */
export function called(track, name) {
  return name ?? `Person ${track}`;
}

/** A card in `list` for a track, or for the picture (`frame`); look: classes, labels, measures, line. */
export function makeCard(list, key, look, rename) {
  const picture = key === "frame";
  const title = make("h3", { text: picture ? "The picture" : called(key) });
  const label = make("strong", { class: "label" });
  const swatch = make("span", { class: "swatch", "aria-hidden": "true" });
  const strip = make("canvas", { class: "strip", role: "img" });
  const name = rename && make("button", { class: "small", text: "Name\u2026", onclick: () => rename(key) });
  const element = make("li", { class: "card", "data-track": key },
    make("div", { class: "card-head" }, title, picture ? null : make("span", { class: "what" }, swatch, label), name),
    picture ? null : strip);
  const charts = [];

  const chart = (about, height, y, series, read) => {
    const host = make("div", { class: "chart" });
    host.style.height = `${height}px`;
    element.append(about ? make("p", { class: "chart-title", text: about }) : "", host);
    charts.push({ box: makeChart(host, { height, y, series }), read });
  };
  list.append(element);
  if (!picture && look.labels.length) {
    chart("", 130, SHARE, look.labels, look.labels.map(({ label: each }) => (values) => values.probabilities?.[each]));
  }
  for (const each of look.measures.filter((measure) => (measure.of === "frame") === picture)) {
    const { low, high } = each;
    chart(`${each.name}${each.unit ? ` (${each.unit})` : ""}`, 84, { low, high, text: figure }, [{ label: each.name, colour: look.line }], [(values) => values.measures?.[each.name]]);
  }

  function drawStrip(points, now, last) {
    const width = element.clientWidth - GUTTER - 14 - 26;
    if (width <= 0) return;
    const context = fit(strip, width, 12);
    const x = (time) => Math.round(width * (1 + (time - now) / SPAN));
    for (let i = 0; i < points.length; ) {
      let next = i + 1;
      while (points[next]?.values && points[i].values && points[next].values.label === points[i].values.label) next += 1;
      if (points[i].values) {
        const end = points[next]?.time ?? (last ? now : points[next - 1].time + 0.1);
        context.globalAlpha = points[i].values.label ? 1 : 0.35;
        context.fillStyle = colourOf(points[i].values.label, look.classes);
        context.fillRect(x(points[i].time), 0, Math.max(1, x(end) - x(points[i].time)), 12);
      }
      i = next;
    }
  }

  return {
    /** points: of the last minute; about: name, present. */
    show(points, now, about) {
      const times = points.map((point) => point.time - now);
      for (const { box, read } of charts) box.show(times, read.map((value) => points.map((point) => (point.values ? value(point.values) ?? null : null))));
      if (picture) return;
      title.textContent = called(key, about.name);
      name?.setAttribute("aria-label", `Name or merge ${called(key, about.name)}`);
      const last = points.at(-1)?.values;
      const text = !about.present ? "not in view" : last?.label ? `${last.label} ${percent(last.probabilities?.[last.label])}` : last?.unsure ? "unsure" : "no label yet";
      if (label.textContent !== text) label.textContent = text;
      swatch.style.background = about.present ? colourOf(last?.label, look.classes) : "transparent";
      element.classList.toggle("away", !about.present);
      strip.setAttribute("aria-label", `${called(key, about.name)}, label over the last minute; now ${text}`);
      drawStrip(points, now, about.present);
    },
    remove() {
      for (const { box } of charts) box.remove();
      element.remove();
    },
  };
}
