/** Boxes and labels over a picture, as the overlay of the pipeline draws them. */

import { percent } from "../../assets/js/format.js";
import { called } from "./card.js";
import { colourOf, inkOn } from "./palette.js";

/**
 * Draw the faces of a result over the picture in `context`.
 * mirrored: the picture is, so boxes are; text never is.
 */
export function drawFaces(context, result, classes, mirrored) {
  const scale = context.canvas.width / result.width;
  const line = Math.max(2, Math.round(context.canvas.width / 280));
  const high = Math.max(13, Math.round(context.canvas.width / 36));
  context.font = `600 ${high}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  for (const face of result.faces) {
    const [left, y, w, h] = face.box.map((value) => value * scale);
    const x = mirrored ? context.canvas.width - left - w : left;
    const colour = face.label ? colourOf(face.label, classes) : "#ffffff";
    context.lineWidth = line;
    context.strokeStyle = colour;
    context.setLineDash(face.unsure ? [3 * line, 2 * line] : []);
    context.strokeRect(x, y, w, h);
    const who = result.faces.length > 1 && face.track ? `${called(face.track, face.name)}: ` : "";
    const text = face.label ? `${who}${face.label} ${percent(face.probabilities?.[face.label])}` : face.unsure ? `${who}unsure` : who.slice(0, -2);
    if (text) tag(context, text, colour, x - line / 2, y, high);
  }
}

/** Only the names that people gave, under the faces of a picture that is annotated already. */
export function nameTags(context, frame) {
  if (!frame) return;
  const scale = context.canvas.width / frame.width;
  const high = Math.max(12, Math.round(context.canvas.width / 44));
  context.font = `600 ${high}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  for (const face of frame.faces) {
    if (!face.name) continue;
    const [x, y, w, h] = face.box.map((value) => value * scale);
    const wide = context.measureText(face.name).width + high;
    tag(context, face.name, "#ffffff", x + (w - wide) / 2, y + h + 2 + 1.5 * high, high);
  }
}

/** A plate with text whose lower edge is at `bottom`, kept inside the picture. */
function tag(context, text, colour, x, bottom, high) {
  const wide = context.measureText(text).width + high;
  const tall = 1.5 * high;
  const left = Math.min(Math.max(0, x), context.canvas.width - wide);
  const top = Math.min(Math.max(0, bottom - tall), context.canvas.height - tall);
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(left, top, wide, tall, high / 4);
  context.fill();
  context.fillStyle = inkOn(colour);
  context.fillText(text, left + high / 2, top + tall / 2 + 1);
}
