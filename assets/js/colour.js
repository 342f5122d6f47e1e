/** Colours: areas have the overlay's, lines are darkened on a light page until they can be seen. */

/** Red, green and blue, 0 to 1, of `#RRGGBB`. */
export function parts(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
}

/** Relative luminance (WCAG 2.2). */
export function luminance(rgb) {
  const [r, g, b] = rgb.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * The colour of a line on `ground`: darker by the same factor for every label on a light page, since
 * what tells yellow from orange without full colour vision is how light they are.
 */
export function lineColour(hex, ground) {
  const factor = luminance(parts(ground)) > 0.4 ? 0.78 : 1;
  return `#${parts(hex).map((v) => Math.round(v * factor * 255).toString(16).padStart(2, "0")).join("")}`;
}

/** The value of a custom property of the page's style. */
export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
