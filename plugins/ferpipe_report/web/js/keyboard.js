/** The stack by keyboard, as a slider of time that a screen reader can read. */

import { frameAt } from "./data.js";
import { clock } from "./format.js";
import { within, zoomed } from "./pointer.js";
import { sentence } from "./readings.js";

/** What each key does, for the page's help. */
export const KEYS = [
  ["\u2190 \u2192", "previous and next frame"],
  ["Shift \u2190 \u2192", "one second"],
  ["Page Up, Page Down", "half a window"],
  ["Home, End", "start and end"],
  ["\u2191 \u2193", "other person"],
  ["+ \u2212 0", "zoom in, out, show all"],
  ["S", "smoothed or raw"],
  ["Space", "play and pause the video"],
];

/** Make `glass` answer to keys. `rows` are the people, `play` starts or stops the video. */
export function listenToKeys(glass, state, whole, rows, play) {
  const describe = () => {
    const person = rows[state.get("person")];
    const time = state.get("pin");
    glass.setAttribute("aria-valuenow", time.toFixed(3));
    glass.setAttribute("aria-valuetext", person ? sentence(person, time, state.get("kind")) : clock(time));
  };
  glass.tabIndex = 0;
  glass.setAttribute("role", "slider");
  glass.setAttribute("aria-label", "Time");
  glass.setAttribute("aria-valuemin", whole[0].toFixed(3));
  glass.setAttribute("aria-valuemax", whole[1].toFixed(3));
  state.on(["pin", "person", "kind", "curves"], describe);
  describe();

  const go = (time) => {
    const pin = Math.min(Math.max(time, whole[0]), whole[1]);
    const range = state.get("range");
    const long = range[1] - range[0];
    const away = pin < range[0] || pin > range[1];
    state.set({ pin, ...(away ? { range: within([pin - long / 2, pin + long / 2], whole) } : {}) });
  };
  const step = (frames) => {
    const recording = rows[state.get("person")]?.recording;
    if (!recording || !recording.times.length) return;
    const at = frameAt(recording, state.get("pin")) + frames;
    go(recording.times[Math.min(Math.max(at, 0), recording.times.length - 1)]);
  };
  const zoom = (factor) => state.set({ range: zoomed(state.get("range"), factor, state.get("pin"), whole) });
  const half = () => (state.get("range")[1] - state.get("range")[0]) / 2;
  const choose = (by) => rows.length && state.set({ person: (state.get("person") + by + rows.length) % rows.length });

  const actions = {
    ArrowLeft: (event) => (event.shiftKey ? go(state.get("pin") - 1) : step(-1)),
    ArrowRight: (event) => (event.shiftKey ? go(state.get("pin") + 1) : step(1)),
    PageUp: () => go(state.get("pin") - half()),
    PageDown: () => go(state.get("pin") + half()),
    Home: () => go(whole[0]),
    End: () => go(rows[state.get("person")]?.recording.times.at(-1) ?? whole[1]),
    ArrowUp: () => choose(-1),
    ArrowDown: () => choose(1),
    "+": () => zoom(0.5),
    "=": () => zoom(0.5),
    "-": () => zoom(2),
    0: () => state.set({ range: whole }),
    s: () => state.get("hasRaw") && state.set({ kind: state.get("kind") === "p" ? "raw" : "p" }),
    " ": () => play(),
  };
  glass.addEventListener("keydown", (event) => {
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action(event);
  });
}
