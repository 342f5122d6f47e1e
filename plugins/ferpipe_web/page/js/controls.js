/** Start, stop, record, and the choice of pipeline and source. */

import { make } from "../../assets/js/dom.js";
import { clock } from "../../assets/js/format.js";
import { ask } from "./api.js";
import { say, trying } from "./notes.js";

const RUNS = ["connecting", "live", "stalled", "waiting"];

/** The line of controls; `answered` gets the state that the server answers with. */
export function makeControls(server, answered) {
  const options = (list) => list.map((each) => make("option", { value: each.name, text: each.label ?? each.name }));
  const pipeline = make("select", { id: "pipeline", onchange: show }, ...options(server.pipelines));
  const sources = server.sources.map((each) => ({ ...each, label: each.name === "pipeline" ? "the pipeline\u2019s own" : each.name }));
  const source = make("select", { id: "source", onchange: show }, ...options(sources));
  const start = make("button", { class: "main", text: "Start", onclick: () => send("POST", "api/live/start", { pipeline: pipeline.value, source: source.value }) });
  const stop = make("button", { text: "Stop", onclick: () => send("POST", "api/live/stop") });
  const record = make("button", { id: "record", onclick: () => send(live.recording ? "DELETE" : "POST", "api/live/recording") });
  const dot = make("span", { class: "dot", "aria-hidden": "true" });
  const recordText = make("span", {});
  record.append(dot, recordText);
  const choices = make("span", { class: "choices" },
    make("label", { for: "pipeline" }, make("span", { text: "Pipeline" }), pipeline),
    make("label", { for: "source" }, make("span", { text: "Source" }), source));
  let live = null;
  let touched = false;

  pipeline.addEventListener("change", () => (touched = true));
  source.addEventListener("change", () => (touched = true));

  async function send(method, path, body) {
    const buttons = [start, stop, record];
    buttons.forEach((each) => each.setAttribute("aria-disabled", "true"));
    const answer = await trying(() => ask(method, path, body));
    buttons.forEach((each) => each.removeAttribute("aria-disabled"));
    if (!answer) return;
    touched = false;
    if (answer.state && answer.people) answered(answer);
    else answered(await ask("GET", "api/live"));
  }

  function show() {
    if (!live) return;
    const runs = RUNS.includes(live.state);
    const other = runs && (pipeline.value !== live.pipeline || source.value !== live.source);
    start.textContent = other ? "Change to this" : "Start";
    start.disabled = runs && !other;
    stop.disabled = !runs;
    record.disabled = !runs && !live.recording;
    recordText.textContent = live.recording ? `Stop recording, ${clock(live.recording.seconds, 0)}` : "Record";
    record.classList.toggle("on", Boolean(live.recording));
  }

  return {
    element: make("div", { class: "controls" }, choices, start, stop, record),
    take(next) {
      if (live && live.state !== next.state) say(`The source is ${next.state}.`);
      if (live && Boolean(live.recording) !== Boolean(next.recording)) say(next.recording ? "Recording." : "The recording has ended.");
      live = next;
      if (!touched) {
        pipeline.value = next.pipeline;
        source.value = next.source;
      }
      show();
    },
  };
}
