/** A person's strip: a colour a label, hatched where it is unsure, empty where nobody is in view. */

let hatching = null;

function hatch(context) {
  if (hatching === null) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const pen = tile.getContext("2d");
    pen.strokeStyle = "rgba(10,12,16,.6)";
    pen.lineWidth = 1.6;
    pen.beginPath();
    for (const shift of [-8, 0, 8]) {
      pen.moveTo(shift, 8);
      pen.lineTo(shift + 8, 0);
    }
    pen.stroke();
    hatching = context.createPattern(tile, "repeat");
  }
  return hatching;
}

/** Draw `spans` and `unsure` (start, end in seconds) of `range` into a box of `width` by `height`. */
export function drawStrip(context, width, height, { spans, unsure }, range, look) {
  const scale = width / (range[1] - range[0]);
  const box = ({ start, end }) => {
    const left = Math.max(0, (start - range[0]) * scale);
    return [left, Math.max(end > start ? 0.5 : 3, Math.min(width, (end - range[0]) * scale) - left)];
  };
  const visible = (span) => (span.end > range[0] || span.end === span.start) && span.end >= range[0] && span.start < range[1];
  context.fillStyle = look.line;
  context.fillRect(0, height / 2 - 0.5, width, 1);
  for (const span of spans.filter(visible)) {
    const [left, long] = box(span);
    context.fillStyle = span.label === null ? look.noLabel : look.colours[span.label];
    context.fillRect(left, 0, long, height);
  }
  context.fillStyle = hatch(context);
  for (const run of unsure.filter(visible)) {
    const [left, long] = box(run);
    context.fillRect(left, 0, long, height);
  }
}
