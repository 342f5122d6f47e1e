/** How long pictures are on their way: from the camera to the overlay on the page. */

import { make } from "../../assets/js/dom.js";

const KEPT = 300;

/** Tiles that show it; each answer is also an event `overlay` of the document, for measurements. */
export function makeDelays() {
  const tile = (name, about) => {
    const value = make("strong", { text: "\u2013" });
    return { element: make("div", { class: "tile" }, make("span", { text: name }), value, make("small", { text: about })), value };
  };
  const people = tile("People in view", "in the last picture");
  const rate = tile("Pictures a second", "one under way at a time");
  const delay = tile("Delay", "camera to overlay, median");
  const worst = tile("Delay, 95 % below", "of the last pictures");
  const server = tile("In the server", "of the last picture");
  let delays = [];
  let drawn = [];
  let last = null;

  return {
    element: make("div", { class: "tiles figures" }, ...[people, rate, delay, worst, server].map((each) => each.element)),
    add(result, times) {
      last = result;
      delays.push(times.drawn - times.captured);
      drawn.push(times.drawn);
      if (delays.length > KEPT) delays.shift();
      while (drawn[0] < times.drawn - 5000) drawn.shift();
      document.dispatchEvent(new CustomEvent("overlay", { detail: { id: result.id, ms: result.ms, faces: result.faces.length, ...times } }));
    },
    draw() {
      if (!last) return;
      const sorted = [...delays].sort((a, b) => a - b);
      const at = (share) => `${Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))])} ms`;
      const span = drawn.at(-1) - drawn[0];
      people.value.textContent = String(last.faces.length);
      rate.value.textContent = span > 0 ? (((drawn.length - 1) * 1000) / span).toFixed(1) : "\u2013";
      delay.value.textContent = at(0.5);
      worst.value.textContent = at(0.95);
      server.value.textContent = `${Math.round(last.ms)} ms`;
    },
    clear() {
      delays = [];
      drawn = [];
      last = null;
    },
  };
}
