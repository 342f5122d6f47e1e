/** Mouse and touch over the stack: point, click, drag to zoom, shift or touch to move along. */

import { make } from "./dom.js";

/** The widest and the narrowest window, and what lies within the whole. */
export function within(range, whole) {
  const long = Math.min(Math.max(range[1] - range[0], 0.02), whole[1] - whole[0]);
  const start = Math.min(Math.max(range[0], whole[0]), whole[1] - long);
  return [start, start + long];
}

/** The range `factor` times as long, with `centre` where it was. */
export function zoomed(range, factor, centre, whole) {
  return within([centre - (centre - range[0]) * factor, centre + (range[1] - centre) * factor], whole);
}

/** Make the stack's glass answer. */
export function listen(stack, state, whole) {
  const { glass } = stack;
  const now = make("div", { class: "now", hidden: true });
  const pin = make("div", { class: "pin" });
  const window_ = make("div", { class: "window", hidden: true });
  glass.append(window_, pin, now);

  const timeOf = (x) => {
    const range = state.get("range");
    return range[0] + (Math.min(Math.max(x, 0), stack.shape.plot) / stack.shape.plot) * (range[1] - range[0]);
  };
  const place = (line, time) => {
    const range = state.get("range");
    const x = ((time - range[0]) / (range[1] - range[0])) * stack.shape.plot;
    line.hidden = time === null || x < -1 || x > stack.shape.plot + 1;
    line.style.transform = `translateX(${x}px)`;
  };
  const both = () => {
    place(now, state.get("cursor"));
    place(pin, state.get("pin"));
  };
  state.on(["cursor"], () => place(now, state.get("cursor")));
  state.on(["pin", "range"], both);
  new ResizeObserver(both).observe(glass);

  let drag = null;
  const x = (event) => event.clientX - glass.getBoundingClientRect().left;
  glass.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    glass.setPointerCapture(event.pointerId);
    drag = { from: x(event), range: state.get("range"), pan: event.shiftKey || event.pointerType === "touch", moved: false };
  });
  glass.addEventListener("pointermove", (event) => {
    const at = x(event);
    state.set({ cursor: timeOf(at) });
    if (drag === null) return;
    drag.moved ||= Math.abs(at - drag.from) > 4;
    if (!drag.moved) return;
    if (drag.pan) {
      const step = ((drag.from - at) / stack.shape.plot) * (drag.range[1] - drag.range[0]);
      state.set({ range: within(drag.range.map((edge) => edge + step), whole) });
    } else {
      const [left, right] = [drag.from, Math.min(Math.max(at, 0), stack.shape.plot)].sort((a, b) => a - b);
      window_.hidden = false;
      window_.style.left = `${left}px`;
      window_.style.width = `${right - left}px`;
    }
  });
  const end = (event, keep) => {
    if (drag === null) return;
    const { from, moved, pan } = drag;
    drag = null;
    window_.hidden = true;
    if (!keep) return;
    if (!moved) state.set({ pin: timeOf(from) });
    else if (!pan) state.set({ range: within([timeOf(from), timeOf(x(event))].sort((a, b) => a - b), whole) });
  };
  glass.addEventListener("pointerup", (event) => end(event, true));
  glass.addEventListener("pointercancel", (event) => end(event, false));
  glass.addEventListener("pointerleave", () => drag === null && state.set({ cursor: null }));
  glass.addEventListener("dblclick", () => state.set({ range: whole }));
  glass.addEventListener(
    "wheel",
    (event) => {
      const range = state.get("range");
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        state.set({ range: zoomed(range, 1.002 ** event.deltaY, timeOf(x(event)), whole) });
      } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
        const step = (sideways / stack.shape.plot) * (range[1] - range[0]);
        state.set({ range: within(range.map((edge) => edge + step), whole) });
      } else return;
      event.preventDefault();
    },
    { passive: false },
  );
}
