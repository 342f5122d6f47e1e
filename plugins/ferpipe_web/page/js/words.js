/** Sizes, days, and a button that asks once more. */

import { make } from "../../assets/js/dom.js";

/** `12 kB`, `3.4 MB`. */
export function bytes(size) {
  const steps = ["B", "kB", "MB", "GB"];
  let value = size;
  let at = 0;
  while (value >= 1000 && at < steps.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${at && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${steps[at]}`;
}

/** A moment, written as the reader's own country does. */
export function when(iso) {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** A button whose first press asks, and whose second does it. */
export function twice(text, label, work) {
  let timer = 0;
  const rest = () => {
    button.textContent = text;
    button.setAttribute("aria-label", label);
    button.classList.remove("sure");
    timer = 0;
  };
  const button = make("button", { class: "small", onclick: () => {
    if (timer) {
      clearTimeout(timer);
      rest();
      work();
      return;
    }
    button.textContent = "Really?";
    button.setAttribute("aria-label", `${label}: press again to do it`);
    button.classList.add("sure");
    timer = setTimeout(rest, 5000);
  } });
  rest();
  return button;
}
