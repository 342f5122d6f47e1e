/** The files that the server analyses, or has analysed. */

import { make } from "../../assets/js/dom.js";
import { clock, count, percent } from "../../assets/js/format.js";
import { ask, at } from "./api.js";
import { say, trying } from "./notes.js";
import { bytes, twice, when } from "./words.js";

const OVER = ["done", "failed", "cancelled"];

/** A list of jobs, the newest first; look(job, address) shows a report. */
export function makeJobs({ look }) {
  const list = make("ul", { class: "files" });
  const none = make("p", { class: "note", text: "Nothing has been analysed yet." });
  const jobs = new Map();
  const own = new Set();

  function take(job) {
    const before = jobs.get(job.id);
    const kept = before?.element ?? make("li", { "data-job": job.id });
    jobs.set(job.id, { job, element: kept });
    if (!before) list.prepend(kept);
    draw(kept, job, before?.job);
    none.hidden = jobs.size > 0;
    if (!own.has(job.id) || before?.job.state === job.state || !OVER.includes(job.state)) return;
    own.delete(job.id);
    say(`${job.name}: ${said(job)}.`);
    if (job.state === "done") look(job, at(job.result.report));
  }

  function forget(id) {
    jobs.get(id)?.element.remove();
    jobs.delete(id);
    none.hidden = jobs.size > 0;
  }

  function draw(element, job, before) {
    const bar = element.querySelector("progress");
    if (bar && before?.state === job.state) {
      progress(bar, job);
      element.querySelector(".note").textContent = said(job);
      return;
    }
    const { result } = job;
    const running = !OVER.includes(job.state);
    const bars = running ? progress(make("progress", { max: 1, "aria-label": `Analysing ${job.name}` }), job) : null;
    element.replaceChildren(
      make("span", { class: "about" }, make("strong", { text: job.name }), make("span", { class: "note", text: said(job) })),
      bars ?? "",
      make("span", { class: "links" },
        ...(result ? [
          make("button", { class: "small main", text: "Show the report", onclick: () => look(job, at(result.report)) }),
          make("a", { class: "button", href: at(result.report), target: "_blank", rel: "noopener", text: "In a tab of its own" }),
          ...result.files.map((file) => make("a", { class: "button", href: at(`${file.url}?download=1`), download: file.name, text: `${file.name}, ${bytes(file.size)}` })),
        ] : []),
        running ? make("button", { class: "small", text: "Cancel", "aria-label": `Cancel ${job.name}`, onclick: () => cancel(job) })
          : twice("Delete", `Delete ${job.name} and what was made of it`, () => remove(job))));
  }

  function progress(bar, job) {
    if (job.progress === null) bar.removeAttribute("value");
    else bar.value = job.progress;
    return bar;
  }

  const cancel = (job) => trying(() => ask("DELETE", `api/jobs/${job.id}`)).then((answer) => answer && take(answer));

  async function remove(job) {
    await trying(() => ask("DELETE", `api/jobs/${job.id}`));
    all((await ask("GET", "api/jobs")).jobs);
  }

  function all(found) {
    const ids = new Set(found.map((job) => job.id));
    for (const id of [...jobs.keys()]) if (!ids.has(id)) forget(id);
    found.toReversed().forEach(take);
  }

  return { element: make("div", {}, none, list), take, all, mine: (id) => own.add(id) };
}

/** What there is to say of a job. */
function said(job) {
  if (job.state === "queued") return "waits for its turn";
  if (job.state === "running") return `${job.step === "reporting" ? "writing the report" : "analysing"}${job.progress === null ? "" : `, ${percent(job.progress)}`}`;
  if (job.state !== "done") return job.error ?? job.state;
  const { seconds, frames, people, labels } = job.result.summary;
  const most = Object.entries(labels ?? {}).sort((a, b) => b[1] - a[1])[0];
  const long = frames > 1 ? clock(seconds, 1) : "a picture";
  return `${long}, ${count(people, "person", "people")}${most && most[1] > 0 ? `, mostly ${most[0]}` : ""}, ${when(job.finished)}`;
}
