/** Many people at once: the share that shows each label, and the mean of one label with its interval. */

import { lineColour, token } from "./colour.js";
import { columns, inflate } from "./codec.js";
import { rank } from "./data.js";
import { make, section } from "./dom.js";
import { percent } from "./format.js";
import { listen } from "./pointer.js";
import { drawAxis, makeStack } from "./stack.js";

/** Draw the stacked shares of `found` in `range`. */
function drawShares(context, width, height, range, found, classes, look) {
  const scale = width / (range[1] - range[0]);
  for (let i = 0; i + 1 < found.edge.length; i += 1) {
    const left = Math.max(0, Math.floor((found.edge[i] - range[0]) * scale));
    const right = Math.min(width, Math.ceil((found.edge[i + 1] - range[0]) * scale));
    if (right <= 0 || left >= width) continue;
    let top = height;
    for (const label of classes) {
      const tall = (found[`share:${label}`][i] || 0) * height;
      context.fillStyle = look.colours[label];
      context.fillRect(left, top - tall, right - left, tall);
      top -= tall;
    }
  }
}

/** The section of all people; `total` is how many rows there are. */
export async function acrossSection(data, state, whole, look, total) {
  const found = columns(await inflate(document.getElementById(data.across.blob).textContent), data.across.layout);
  found.edge = found.edge.map((micro) => micro / 1e6);
  const middles = Array.from({ length: found.edge.length - 1 }, (_, i) => (found.edge[i] + found.edge[i + 1]) / 2);
  const used = data.classes.filter((label) => found[`share:${label}`].some((share) => share > 0));
  const size = (label) => found[`share:${label}`].reduce((sum, share) => sum + (share || 0), 0);
  const first = [...used].sort((a, b) => size(b) - size(a))[0] ?? data.classes[0];
  const select = make("select", { "aria-label": "Label of the mean" }, ...data.classes.map((label) => make("option", { value: label, text: label, selected: label === first })));
  const said = make("output", { class: "note", id: "across-reading" });
  const element = section("across", "All people together", make("div", { class: "controls" }, make("label", {}, "Mean of ", select), said));
  const stack = makeStack(element, state);
  stack.row({ label: "Share showing each label", height: 96, draw: (context, w, h, range) => drawShares(context, w, h, range, found, data.classes, look) });
  stack.row({ label: "", height: 22, draw: drawAxis, kind: "axis" });
  const title = make("span", {});
  const chart = stack.chart({ title, height: 200, y: { low: 0, high: 1, text: percent } });
  const values = (kind) => Array.from(found[`${kind}:${select.value}`], (value) => (Number.isNaN(value) ? null : value));
  const draw = () => {
    const colour = lineColour(look.colours[select.value], token("--panel"));
    const band = { colour: "transparent" };
    title.textContent = `Mean probability of ${select.value}, with its 95 % interval over people (each weighted by time in view)`;
    chart.show(
      middles,
      [{ label: "high", ...band, values: values("high") }, { label: "low", ...band, values: values("low") }, { label: "mean", colour, width: 2.5, values: values("mean") }],
      [{ series: [1, 2], fill: `${colour}44` }],
    );
    chart.move(state.get("range"));
  };
  const read = () => {
    const at = Math.min(Math.max(rank(found.edge, state.get("cursor") ?? state.get("pin")) - 1, 0), middles.length - 1);
    const share = (label) => found[`share:${label}`][at];
    const top = used.filter((label) => share(label) > 0).sort((a, b) => share(b) - share(a)).slice(0, 3);
    const mean = (kind) => percent(found[`${kind}:${select.value}`][at]);
    const between = Number.isNaN(found[`low:${select.value}`][at]) ? "" : ` (${mean("low")} to ${mean("high")})`;
    said.textContent = `${found.people[at]} of ${total} in view; show: ${top.map((label) => `${label} ${percent(share(label))}`).join(", ") || "\u2013"}; mean of ${select.value} ${mean("mean")}${between}`;
  };
  select.addEventListener("change", () => {
    draw();
    read();
  });
  listen(stack, state, whole);
  state.on(["cursor", "pin"], read);
  draw();
  read();
  return { element, refresh: () => (stack.redraw(), draw()) };
}
