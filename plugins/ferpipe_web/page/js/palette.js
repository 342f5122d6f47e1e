/** The colours of labels: the report's and the overlay's. */

import { luminance, parts } from "../../assets/js/colour.js";
import { at } from "./api.js";

const palette = await (await fetch(at("assets/palette.json"))).json();

/** The colour of a label as `#RRGGBB`: fixed for the emotions, by position for other classes. */
export function colourOf(label, classes) {
  const known = label ? palette.labels[label.toLowerCase()] : palette.none;
  if (known) return known;
  return classes.includes(label) ? palette.others[classes.indexOf(label) % palette.others.length] : palette.none;
}

/** Dark or white ink, whichever stands out from `hex`. */
export function inkOn(hex) {
  return luminance(parts(hex)) > 0.18 ? "#121418" : "#ffffff";
}
