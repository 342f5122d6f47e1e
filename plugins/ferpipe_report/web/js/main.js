/** The page. */

import { aboutSection, useSection } from "./about.js";
import { lineColour, token } from "./colour.js";
import { curvesOf, openRecording } from "./data.js";
import { make, section } from "./dom.js";
import { csv, framesCsv, save } from "./download.js";
import { folding, unfoldForPaper } from "./fold.js";
import { clock, count, figure, percent } from "./format.js";
import { KEYS, listenToKeys } from "./keyboard.js";
import { matrixTable, summed } from "./matrix.js";
import { chooser, measureCharts, measuresOf } from "./measures.js";
import { svgOf } from "./picture.js";
import { listen, zoomed } from "./pointer.js";
import { sentence } from "./readings.js";
import { addRows, followRows, nameRows } from "./rows.js";
import { makeStack } from "./stack.js";
import { makeState, soon } from "./state.js";
import { measureTable, peopleTable } from "./tables.js";
import { choices, legend, valueList, valuesAt, view } from "./views.js";
import { stretchSection } from "./stretches.js";
import { addMoments, videoPanel } from "./video.js";
import { acrossSection } from "./across.js";

const data = JSON.parse(document.getElementById("data").textContent);
const look = { colours: data.colours, noLabel: data.noLabel, line: "#ccc" };
const MOST_MATRICES = 4;
const MOST_VALUES = 12;
const MOST_ROWS = 16;

function header() {
  const people = data.recordings.reduce((sum, each) => sum + each.people.length, 0);
  const frames = data.recordings.reduce((sum, each) => sum + each.summary.frames, 0);
  const models = data.models.map((model) => model.name).filter(Boolean);
  const facts = [
    data.recordings.length > 1 ? count(data.recordings.length, "recording", "recordings") : null,
    count(people, "person", "people"),
    count(frames, "frame", "frames"),
    models.length ? `network ${models.join(", ")}` : null,
    data.recordings.some((each) => !each.complete) ? "cut short" : null,
  ];
  const theme = () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const root = document.documentElement;
    root.dataset.theme = (root.dataset.theme ?? (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
    window.dispatchEvent(new Event("themechange"));
  };
  return make(
    "header",
    {},
    make("div", {}, make("h1", { text: data.title }), make("p", { class: "facts", text: facts.filter(Boolean).join(" \u00b7 ") })),
    make("div", { class: "tools", id: "tools" }, make("button", { text: "Light / dark", onclick: theme }), make("button", { text: "Print", onclick: () => window.print() })),
  );
}

function tiles() {
  const length = data.recordings.reduce((sum, each) => sum + each.end - each.start, 0);
  const empty = data.recordings.reduce((sum, each) => sum + each.withoutFaces, 0);
  const spent = Object.create(null);
  for (const each of data.recordings) {
    for (const [label, seconds] of Object.entries(each.summary.seconds)) spent[label] = (spent[label] ?? 0) + seconds;
  }
  const all = Object.values(spent).reduce((sum, seconds) => sum + seconds, 0);
  const most = Object.entries(spent).sort((a, b) => b[1] - a[1])[0];
  const unsure = data.recordings.reduce((sum, each) => sum + (each.summary.unsure ?? 0), 0);
  const counts = data.recordings.flatMap((each) => each.people.map((person) => person.numbers));
  const changes = counts.reduce((sum, numbers) => sum + numbers.changes, 0);
  const tile = (name, value, small) => make("div", { class: "tile" }, make("span", { text: name }), make("strong", { text: value }), make("small", { text: small }));
  const isTable = data.recordings.every((each) => each.table);
  return make(
    "div",
    { class: "tiles" },
    tile("Length", clock(length, 1), data.recordings.length > 1 ? "of all recordings together" : "of the recording"),
    tile("Most of the time", most ? most[0] : "\u2013", most && !all ? "in a single frame" : most ? `${percent(most[1] / all)} of ${clock(all, 1)} with a label${unsure ? `; unsure ${clock(unsure, 1)}` : ""}` : "nobody has a label"),
    tile("Changes of label", all ? figure((60 * changes) / all) : "\u2013", `a minute with a label; ${changes} in all`),
    tile("Nobody in view", isTable ? "\u2013" : percent(length ? empty / length : null), isTable ? "a .csv does not hold these frames" : clock(empty, 1)),
  );
}

function numbers(rows) {
  const several = data.recordings.length > 1;
  const list = rows.map((person) => ({ name: person.name, numbers: person.told.numbers }));
  const table = peopleTable(list, look, data.classes, { caption: "Time a label, of each person", first: several ? "Person or recording" : "Person" });
  const parts = [list.length > MOST_ROWS ? make("details", { class: "more" }, make("summary", { text: `Each of the ${list.length} people` }), table) : table];
  if (data.together) parts.unshift(peopleTable([{ name: "All together", numbers: data.together }], look, data.classes, { caption: "Time a label, of all people together", first: "" }));
  const pictures = data.recordings.map((each) => ({ name: several ? `${each.name}, picture` : "Picture", numbers: { missing: null, measures: each.measures } }));
  const measured = [...list, ...pictures].filter((each) => Object.keys(each.numbers.measures).length);
  if (measured.length) parts.push(measureTable(measured, data.measures));
  return section("numbers", "How long, how often", ...parts);
}

function controls(state, rows, whole, measures) {
  const button = (text, label, onclick) => make("button", { text, "aria-label": label, title: label, onclick });
  const middle = () => {
    const [a, b] = state.get("range");
    const pin = state.get("pin");
    return pin >= a && pin <= b ? pin : (a + b) / 2;
  };
  const zoom = (factor) => state.set({ range: zoomed(state.get("range"), factor, middle(), whole) });
  const select = make(
    "select",
    { id: "view", "aria-label": "Curves", onchange: () => state.set({ view: select.value }) },
    ...choices(rows, data.classes, measures).map(([label, options]) => make("optgroup", { label }, ...options.map(([value, text]) => make("option", { value, text })))),
  );
  const kind = make("button", { id: "kind", title: "Before or after smoothing", onclick: () => state.set({ kind: state.get("kind") === "p" ? "raw" : "p" }) });
  const name = () => {
    kind.textContent = state.get("kind") === "p" ? "Smoothed" : "Raw";
    kind.setAttribute("aria-pressed", state.get("kind") === "p");
  };
  state.on(["kind"], name);
  name();
  kind.hidden = !state.get("hasRaw");
  return make(
    "div",
    { class: "controls", role: "toolbar", "aria-label": "Timeline" },
    button("+", "Zoom in", () => zoom(0.5)),
    button("\u2212", "Zoom out", () => zoom(2)),
    button("All", "Show everything", () => state.set({ range: whole })),
    shownWindow(state),
    select,
    kind,
    make("output", { id: "reading" }),
  );
}

function shownWindow(state) {
  const text = make("output", { id: "window" });
  const show = () => {
    const [from, to] = state.get("range");
    const digits = to - from < 10 ? 2 : to - from < 120 ? 1 : 0;
    text.textContent = `${clock(from, digits)} \u2013 ${clock(to, digits)}`;
  };
  state.on(["range"], show);
  show();
  return text;
}

function key() {
  const chips = data.classes.map((label) => make("span", { class: "chip" }, make("i", { class: "swatch", style: `background:${look.colours[label]}` }), label));
  return make("div", { class: "key" }, ...chips, make("span", { class: "chip" }, make("i", { class: "swatch hatched" }), "unsure or no label"), make("span", { class: "chip" }, make("i", { class: "swatch none" }), "not in view"));
}

function help() {
  return make("details", { class: "help" }, make("summary", { text: "Mouse and keyboard" }),
    make("p", { text: "Move to read; click to choose a frame; drag to zoom; shift and drag, or swipe, to move along; double click for everything; Ctrl and wheel to zoom." }),
    make("dl", {}, ...KEYS.flatMap(([keys, what]) => [make("dt", { text: keys }), make("dd", { text: what })])));
}

async function main() {
  const place = make("main", {});
  document.body.append(header(), place);
  place.append(tiles());
  const recordings = await Promise.all(data.recordings.map((told, i) => openRecording(told, data.classes, i)));
  const rows = nameRows(recordings);
  const times = recordings.filter((each) => each.times.length);
  const whole = [Math.min(...times.map((each) => each.times[0])), Math.max(...times.map((each) => each.times[each.times.length - 1] + each.durations[each.times.length - 1]))];
  if (!times.length || !(whole[1] > whole[0])) whole.splice(0, 2, 0, 1);
  const measures = measuresOf(rows, recordings);
  const state = makeState({
    range: whole, cursor: null, pin: rows[0]?.spans[0]?.start ?? whole[0], person: 0, view: "person", kind: "p", curves: 0,
    hasRaw: rows.some((person) => person.told.layout.some((each) => each.name.startsWith("raw:"))),
  });
  const timeline = section("timeline", "Over time", controls(state, rows, whole, measures), key());
  place.append(timeline);
  const boxes = rows.length ? chooser(state, measures, data.measures) : null;
  if (boxes) timeline.append(boxes);
  if (!rows.length) timeline.append(make("p", { class: "note", text: "Nobody was followed in this recording." }));
  const film = rows.length && recordings.some((each) => each.told.video) ? videoPanel(state, rows, recordings, look) : null;
  if (film) timeline.append(film.element);
  const stack = makeStack(timeline, state);
  if (rows.length && recordings.some((each) => each.told.moments)) addMoments(stack, state, rows);
  addRows(stack, state, recordings, rows, look, data.events);
  listen(stack, state, whole);
  listenToKeys(stack.glass, state, whole, rows, () => film?.play());
  followRows(state, rows, look);
  timeline.append(help());
  const across = data.across ? await acrossSection(data, state, whole, look, rows.length) : null;
  if (across) place.append(across.element);
  if (data.stretches?.length && rows.length) place.append(stretchSection(data, state, rows, recordings, look));
  if (rows.length) place.append(numbers(rows), transitionsOf(state, rows));
  place.append(aboutSection(data), useSection());
  unfoldForPaper();
  const shown = rows.length ? curvesInto(stack, state, rows, measures) : null;
  exports(state, rows, shown);
  const refresh = () => {
    look.line = token("--line");
    stack.redraw();
    shown?.refresh();
    across?.refresh();
  };
  window.addEventListener("themechange", refresh);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
  refresh();
  document.documentElement.dataset.ready = "true";
  performance.mark("strips");
}

function transitionsOf(state, rows) {
  const place = make("div", { class: "side" });
  const draw = () => {
    const few = rows.length <= MOST_MATRICES;
    const tables = rows.map((person) => [person.told.transitions, person.recording.told.classes]);
    const all = few ? [] : [matrixTable(summed(tables, data.classes), data.classes, "All people together: how often one label changed straight to another")];
    const shown = few ? rows : [rows[state.get("person")]];
    place.replaceChildren(...all, ...shown.map((person) => matrixTable(person.told.transitions, person.recording.told.classes, few ? `${person.name}: how often one label changed straight to another` : person.name)));
  };
  if (rows.some((person) => person.told.numbers.changes)) {
    state.on(["person"], draw);
    draw();
  } else place.append(make("p", { class: "note", text: "No label changed straight to another one." }));
  return folding("transitions", "What follows what", place);
}

function curvesInto(stack, state, rows, measures) {
  const hidden = new Set();
  const lines = make("span", {});
  const title = make("span", {});
  let chart = null;
  let values = null;
  let shown = null;
  const drawMeasures = measureCharts(stack, state, rows, measures, data.measures);
  const reading = document.getElementById("reading");

  async function draw() {
    const name = state.get("view");
    const next = await view(name, state, rows, data.classes, look, hidden);
    if (name !== state.get("view")) return;
    if (!shown || shown.low !== next.low) {
      if (chart) stack.drop(chart);
      chart = stack.chart({ title: make("span", {}, title, lines), height: 250, y: next });
      chart.value.classList.add("values");
      values = valueList(chart.value);
      document.querySelector(".stack .row.axis").after(chart.element);
    }
    const first = shown === null || chart.fresh === undefined;
    shown = next;
    chart.fresh = false;
    title.textContent = next.title;
    const labels = name === "person" ? data.classes.map((label) => ({ label, colour: lineColour(look.colours[label], token("--panel")), toggle: true })) : next.series;
    lines.replaceChildren(legend(labels, look, hidden, toggle));
    chart.show(next.times, next.series);
    if (first) stack.layout();
    chart.move(state.get("range"));
    await drawMeasures();
    read();
    performance.mark("curves");
    state.set({ curves: state.get("curves") + 1 });
  }

  function toggle(label) {
    if (!hidden.delete(label)) hidden.add(label);
    draw();
  }

  function read() {
    const now = state.get("cursor") ?? state.get("pin");
    const person = rows[state.get("person")];
    reading.textContent = sentence(person, now, state.get("kind"));
    if (!shown) return;
    const all = valuesAt(shown, now);
    values.show(all.length > MOST_VALUES ? all.filter((each) => each.label === person.name) : all, shown.text);
  }

  const redraw = soon(draw);
  state.on(["person", "view", "kind"], redraw);
  state.on(["measures"], soon(drawMeasures));
  state.on(["range"], () => state.get("view") !== "person" && redraw());
  state.on(["cursor", "pin", "person", "kind"], read);
  return { refresh: redraw, chart: () => shown };
}

function exports(state, rows, shown) {
  const tools = document.getElementById("tools");
  const stem = data.title.replace(/\.[^.]+$/, "").replace(/[^\p{L}\p{M}\p{N}._-]+/gu, "_").slice(0, 80);
  const asSvg = () => save(`${stem}.svg`, "image/svg+xml", svgOf({ title: data.title, people: rows, chart: shown.chart(), events: data.events?.[rows[state.get("person")].recording.number] ?? [], range: state.get("range"), look, classes: data.classes }));
  const asCsv = async () => {
    const chart = shown.chart();
    const person = rows[state.get("person")];
    if (state.get("view") === "person") {
      await curvesOf(person);
      save(`${stem}.csv`, "text/csv", framesCsv(person, state.get("range"), state.get("kind")));
    } else {
      const lines = [["time", ...chart.series.map((each) => each.label)], ...chart.times.map((time, i) => [time.toFixed(6), ...chart.series.map((each) => each.values[i]?.toFixed(4))])];
      save(`${stem}.csv`, "text/csv", csv(lines));
    }
  };
  if (rows.length) tools.prepend(make("button", { id: "csv", text: "CSV", title: "The numbers that are shown", onclick: asCsv }), make("button", { id: "svg", text: "SVG", title: "The picture that is shown", onclick: asSvg }));
}

main();
