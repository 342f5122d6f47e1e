/** The figures beside the live picture. */

import { make } from "../../assets/js/dom.js";
import { count } from "../../assets/js/format.js";

const WORDS = { live: "live", connecting: "connecting", waiting: "waiting", stalled: "stalled", stopped: "stopped", ended: "ended", failed: "failed" };

/** Tiles: source, people, frames a second, age of the frame, dropped frames. */
export function makeFigures() {
  const tile = (name) => {
    const value = make("strong", { text: "\u2013" });
    const small = make("small", {});
    return { element: make("div", { class: "tile" }, make("span", { text: name }), value, small), value, small };
  };
  const source = tile("Source");
  const people = tile("People in view");
  const rate = tile("Frames a second");
  const age = tile("Age of the picture");
  const lost = tile("Dropped frames");
  const all = [source, people, rate, age, lost];
  let aged = null;

  const put = (element, text) => element.textContent !== text && (element.textContent = text);
  const causes = (list) => Object.entries(list).map(([cause, number]) => `${number} ${cause}`);

  return {
    element: make("div", { class: "tiles figures" }, ...all.map((each) => each.element)),
    take(live) {
      const flows = ["live", "stalled", "waiting", "connecting"].includes(live.state);
      put(source.value, WORDS[live.state] ?? live.state);
      source.value.dataset.state = live.state;
      put(source.small, live.error ?? (live.width ? `${live.width} \u00d7 ${live.height}` : ""));
      put(rate.value, flows && live.fps ? live.fps.toFixed(1) : "\u2013");
      put(rate.small, `${count(live.frames, "frame", "frames")} so far`);
      aged = flows ? live.age_ms : null;
      put(age.value, aged === null ? "\u2013" : `${Math.round(aged)} ms`);
      put(age.small, aged === null ? "for live sources" : "from the camera to here");
      const dropped = Object.values(live.dropped).reduce((sum, each) => sum + each, 0);
      const failed = Object.values(live.failed).reduce((sum, each) => sum + each, 0);
      put(lost.value, (dropped + failed).toLocaleString("en"));
      put(lost.small, [...causes(live.dropped), ...causes(live.failed).map((text) => `${text} failed`)].join(", ") || "none");
    },
    /** The header of the picture that was just drawn. */
    picture(header) {
      if (header.age_ms !== null && header.age_ms !== undefined && aged !== null) put(age.value, `${Math.round(header.age_ms)} ms`);
    },
    people(frame) {
      put(people.value, frame ? String(frame.faces.length) : "\u2013");
    },
  };
}
