/** The people of the last minute: a card each, with the label, a strip and curves. */

import { lineColour, token } from "../../assets/js/colour.js";
import { make } from "../../assets/js/dom.js";
import { makeCard } from "./card.js";
import { colourOf } from "./palette.js";

const MOST = 6;
const AT_FIRST = 2;

/**
 * Cards in `host`, drawn from a minute (minute.js).
 * rename(person) is called for the button of a card; without it there is none.
 */
export function makeBoard(host, minute, { rename, empty }) {
  const hidden = new Set();
  const chosen = new Set();
  const cards = new Map();
  let names = new Map();
  let told = { classes: [], measures: [] };
  const legend = make("div", { class: "key", role: "group", "aria-label": "Curves of labels" });
  const measures = make("details", { class: "chooser", hidden: true });
  const list = make("ul", { class: "cards" });
  const none = make("p", { class: "note empty", text: empty });
  const more = make("p", { class: "note" });
  host.append(make("div", { class: "curves-of" }, legend, measures), make("div", { class: "seen" }, none, list), more);

  /** Take the classes and measures that a pipeline gives. */
  function tell(classes, given) {
    if (JSON.stringify([classes, given]) === JSON.stringify([told.classes, told.measures])) return;
    told = { classes, measures: given };
    hidden.clear();
    chosen.clear();
    for (const each of given.filter((measure) => measure.of === "face").slice(0, AT_FIRST)) chosen.add(each.name);
    chips();
    boxes();
    rebuild();
  }

  function chips() {
    legend.replaceChildren(...told.classes.map((label) => {
      const swatch = make("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.background = colourOf(label, told.classes);
      const chip = make("button", { class: "chip", "aria-pressed": "true", onclick: () => {
        if (!hidden.delete(label)) hidden.add(label);
        chip.setAttribute("aria-pressed", String(!hidden.has(label)));
        rebuild();
      } }, swatch, label);
      return chip;
    }));
  }

  function boxes() {
    measures.hidden = !told.measures.length;
    const head = make("summary", {});
    const count = () => (head.textContent = `Measures: ${chosen.size} of ${told.measures.length} shown`);
    const all = told.measures.map((measure) => {
      const box = make("input", { type: "checkbox", onchange: () => {
        if (!chosen.delete(measure.name)) chosen.add(measure.name);
        count();
        rebuild();
      } });
      box.checked = chosen.has(measure.name);
      return make("label", { class: "chip", title: measure.about }, box, `${measure.name}${measure.of === "frame" ? ", of the picture" : ""}`);
    });
    count();
    measures.replaceChildren(head, make("div", { class: "boxes-of" }, ...all));
  }

  function rebuild() {
    for (const card of cards.values()) card.remove();
    cards.clear();
    draw();
  }

  function look() {
    const ground = token("--panel");
    const labels = told.classes.filter((label) => !hidden.has(label));
    return {
      classes: told.classes,
      labels: labels.map((label) => ({ label, colour: lineColour(colourOf(label, told.classes), ground) })),
      measures: told.measures.filter((each) => chosen.has(each.name)),
      line: token("--accent"),
    };
  }

  function cardOf(key) {
    if (!cards.has(key)) cards.set(key, makeCard(list, key, look(), key === "frame" ? null : rename));
    return cards.get(key);
  }

  /** Draw what has come since; a few times a second are enough. */
  function draw() {
    const present = new Set((minute.last()?.faces ?? []).map((face) => minute.person(face.track)));
    const seen = minute.seen();
    const shown = [...seen].sort((a, b) => present.has(b) - present.has(a)).slice(0, MOST);
    if (told.measures.some((each) => each.of === "frame" && chosen.has(each.name)) && minute.now() !== null) shown.push("frame");
    for (const [key, card] of cards) {
      if (shown.includes(key)) continue;
      card.remove();
      cards.delete(key);
    }
    none.hidden = shown.length > 0;
    more.textContent = seen.length > MOST ? `And ${seen.length - MOST} more.` : "";
    for (const key of shown) cardOf(key).show(minute.points(key), minute.now(), { name: names.get(key), present: key === "frame" || present.has(key) });
  }

  return {
    tell,
    draw,
    rebuild,
    /** Take names by person. */
    name(list) {
      names = new Map(list.map((person) => [person.track, person.name]));
    },
  };
}
