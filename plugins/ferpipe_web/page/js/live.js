/** The live panel: the picture, its figures, the people, and what can be started. */

import { make } from "../../assets/js/dom.js";
import { count } from "../../assets/js/format.js";
import { makeBoard } from "./board.js";
import { called } from "./card.js";
import { makeControls } from "./controls.js";
import { makeFigures } from "./figures.js";
import { makeMinute } from "./minute.js";
import { makeNaming } from "./naming.js";
import { makeRecordings } from "./recordings.js";
import { makeView } from "./view.js";

const KEPT = 120;
const DRAWN_EVERY = 250;
const SAID_EVERY = 5000;

/** Build the panel in `panel`; gives `state`, `frame` and `history` for events and `show`. */
export function makeLive(panel, server) {
  const minute = makeMinute();
  const frames = new Map();
  let live = null;
  let visible = false;
  let spoken = 0;

  const canvas = make("canvas", { class: "picture", width: 640, height: 360, role: "img", "aria-label": "Live picture" });
  const over = make("p", { class: "over" });
  const figures = makeFigures();
  const cards = make("section", { "aria-labelledby": "people-title" }, make("h2", { id: "people-title", text: "People, the last minute" }));
  const controls = makeControls(server, (answer) => take(answer));
  const recordings = makeRecordings();
  const naming = makeNaming((answer) => take(answer));
  const board = makeBoard(cards, minute, {
    empty: "Nobody has been in view in the last minute.",
    rename: (track) => naming.open(track, live.people),
  });
  panel.append(
    make("section", { "aria-label": "Live picture", class: "stage" },
      controls.element,
      make("div", { class: "picture-and-figures" }, make("div", { class: "screen" }, canvas, over), figures.element)),
    cards, recordings.element);

  const view = makeView(canvas, {
    // Numbers come on a way of their own, and may come later than the picture; the last ones lie next to it.
    facts: (run, id) => frames.get(`${run}/${id}`) ?? minute.last(),
    drew: (header) => figures.picture(header),
  });

  function remember(frame) {
    frames.set(`${frame.run}/${frame.id}`, frame);
    if (frames.size > KEPT) frames.delete(frames.keys().next().value);
    minute.add(frame);
  }

  /** Take the state of the run: from an event, or as the answer to a command. */
  function take(next) {
    const other = live && next.run !== live.run;
    const ended = live?.recording && !next.recording;
    live = next;
    if (other) {
      minute.clear();
      frames.clear();
      view.again();
    }
    if (next.width && next.height) canvas.style.aspectRatio = `${next.width} / ${next.height}`;
    if (next.state === "stopped") view.clear();
    over.textContent = words(next);
    minute.people(next.people);
    board.name(next.people);
    board.tell(next.classes, next.measures);
    controls.take(next);
    figures.take(next);
    if (ended) recordings.load();
    figures.people(minute.last());
  }

  setInterval(() => {
    if (!visible || document.hidden) return;
    board.draw();
    figures.people(minute.last());
    if (performance.now() - spoken < SAID_EVERY) return;
    spoken = performance.now();
    canvas.setAttribute("aria-label", described(minute.last()));
  }, DRAWN_EVERY);

  function described(frame) {
    if (!frame) return "Live picture, nothing yet";
    const people = frame.faces.map((face) => `${called(face.track ?? "?", face.name)} ${face.label ?? "without a label"}`);
    return `Live picture, ${count(people.length, "person", "people")}${people.length ? `: ${people.join(", ")}` : ""}`;
  }

  return {
    state: take,
    frame: remember,
    history(event) {
      minute.clear();
      event.frames.forEach(remember);
    },
    rebuild: board.rebuild,
    show(on) {
      visible = on;
      view.show(on);
      if (on) recordings.load();
    },
  };
}

/** What stands over a picture that does not move. */
function words(live) {
  return {
    stopped: "Stopped. Choose a pipeline and a source, then press Start.",
    connecting: "Connecting to the source\u2026",
    waiting: "Waiting for the source\u2026",
    stalled: "No picture for two seconds.",
    ended: "The source has ended.",
    failed: "The run has failed.",
  }[live.state] ?? "";
}
