/** Ticks of time. */

import { clock } from "./format.js";

const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

/** Round times in `range`, at least `space` pixels apart on `width`, each with its text. */
export function ticks(range, width, space = 84) {
  const long = range[1] - range[0];
  const step = STEPS.find((each) => (each / long) * width >= space) ?? STEPS[STEPS.length - 1] * Math.ceil(long / 36000);
  const digits = step >= 1 ? 0 : Math.ceil(-Math.log10(step) - 1e-9);
  const found = [];
  for (let i = Math.ceil(range[0] / step - 1e-9); i * step <= range[1] + 1e-9; i += 1) {
    found.push({ at: i * step, text: clock(i * step, digits) });
  }
  return found;
}
