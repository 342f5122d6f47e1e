/** The people of all recordings as rows: a name each, a strip each. */

import { make } from "./dom.js";
import { arrange, drawEvents, drawMarks, eventsAt } from "./lanes.js";
import { labelAt } from "./readings.js";
import { drawAxis } from "./stack.js";
import { drawStrip } from "./strip.js";

/** A name with letters of right-to-left scripts, so that it does not turn what stands beside it. */
const isolated = (name) => (/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(name) ? `\u2068${name}\u2069` : name);

/** Name the people: by person, by recording, or by both; gives them in order. */
export function nameRows(recordings) {
  const several = recordings.length > 1;
  const single = recordings.every((recording) => recording.people.length <= 1);
  return recordings.flatMap((recording) =>
    recording.people.map((person) => {
      const file = isolated(recording.told.name.replace(/\.[^.]+$/, ""));
      person.short = several && single ? file : person.told.name;
      person.name = several && !single ? `${file} \u00b7 ${person.told.name}` : person.short;
      return person;
    }),
  );
}

/** Pixels from which on a mark is at the cursor. */
const NEAR = 4;

/** The row of events over the strips: those of the chosen person's recording. */
function addLane(stack, state, events, rows, recordings) {
  const [first, end] = state.get("range");
  const depth = Math.max(...events.map((each) => arrange(each, end - first)));
  const chosen = () => events[recordings.indexOf(rows[state.get("person")]?.recording)] ?? events[0];
  const row = stack.row({ label: "Events", height: 18 * depth, kind: "lane", draw: (context, w, h, range) => drawEvents(context, w, h, range, chosen(), depth) });
  const show = () => {
    const time = state.get("cursor") ?? state.get("pin");
    const [from, to] = state.get("range");
    const text = eventsAt(chosen(), time, stack.shape.plot && (NEAR * (to - from)) / stack.shape.plot).map((event) => event.name).join(", ");
    row.value.textContent = row.value.title = text;
  };
  state.on(["cursor", "pin", "person"], show);
  state.on(["person"], stack.redraw);
  show();
}

/** Put the rows of `recordings` into the stack; a click on a name chooses the person. */
export function addRows(stack, state, recordings, rows, look, events) {
  if (events?.some((each) => each.length)) addLane(stack, state, events, rows, recordings);
  stack.body.classList.toggle("many", rows.length > 20);
  const several = recordings.length > 1 && recordings.some((recording) => recording.people.length > 1);
  for (const recording of recordings) {
    if (several) stack.heading(recording.told.name);
    for (const person of recording.people) {
      const number = rows.indexOf(person);
      const button = make(
        "button",
        { class: "person", title: person.name, onclick: () => state.set({ person: number }) },
        recording.told.portraits?.[person.told.track] ? make("img", { src: recording.told.portraits[person.told.track], alt: "" }) : null,
        make("span", { text: person.short }),
      );
      const height = rows.length > 20 ? 14 : rows.length > 6 ? 20 : 30;
      const marks = events?.[recordings.indexOf(recording)] ?? [];
      const draw = (context, w, h, range) => {
        drawStrip(context, w, h, person, range, look);
        drawMarks(context, w, h, range, marks);
      };
      person.row = stack.row({ label: button, height, draw });
      person.row.canvas.dataset.person = number;
      person.button = button;
    }
  }
  const mark = () => rows.forEach((person, i) => person.button.setAttribute("aria-pressed", i === state.get("person")));
  state.on(["person"], mark);
  mark();
  stack.row({ label: "", height: 22, draw: drawAxis, kind: "axis" });
}

/** Show each person's label at the cursor beside the strip. */
export function followRows(state, rows, look) {
  const show = () => {
    const time = state.get("cursor") ?? state.get("pin");
    for (const person of rows) {
      const { text, label } = labelAt(person, time);
      if (person.shown === text) continue;
      person.shown = text;
      const swatch = make("i", { class: label === undefined ? "swatch none" : label === null ? "swatch hatched" : "swatch" });
      if (label) swatch.style.background = look.colours[label];
      person.row.value.replaceChildren(swatch, text);
    }
  };
  state.on(["cursor", "pin"], show);
  show();
}
