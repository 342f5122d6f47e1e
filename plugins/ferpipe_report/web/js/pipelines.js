/** How the timelines were made: the stages, what was changed in them, what they noted. */

import { make } from "./dom.js";

/** A value on one line, without the quotes of JSON. */
const words = (value) =>
  value !== null && typeof value === "object"
    ? Object.entries(value).map(([key, each]) => (Array.isArray(value) ? words(each) : `${key} ${words(each)}`)).join(", ")
    : String(value);

/** One block for each way in which recordings were made, most recordings first. */
export function pipelines(recordings) {
  const ways = new Map();
  for (const recording of recordings) {
    if (!recording.pipeline && !recording.notes) continue;
    const key = JSON.stringify([recording.pipeline, recording.notes]);
    ways.set(key, [...(ways.get(key) ?? []), recording]);
  }
  return [...ways.values()].sort((a, b) => b.length - a.length).map((made) => way(made, recordings.length));
}

function way(made, all) {
  const { pipeline, notes } = made[0];
  const of = all === 1 ? "" : made.length === all ? " of all recordings" : ` of ${made.map((each) => each.name).join(", ")}`;
  const parts = [make("strong", { text: `Pipeline${of}. ` })];
  if (Array.isArray(pipeline?.stages)) {
    parts.push(pipeline.stages.map((each) => `${each.use}${each.with ? ` (${words(each.with)})` : ""}`).join(" \u2192 "), ". ");
    if (pipeline.sha256) parts.push(make("code", { text: `sha256 ${pipeline.sha256}` }));
  } else if (pipeline) parts.push(`${words(pipeline)}. `);
  const noted = Object.entries(notes ?? {}).map(([key, value]) => make("li", { text: `${key}: ${words(value)}` }));
  return make("div", { class: "pipeline" }, pipeline ? make("p", {}, ...parts) : null, noted.length ? make("p", { text: `Noted by its stages${pipeline ? "" : of}:` }) : null, noted.length ? make("ul", {}, ...noted) : null);
}
