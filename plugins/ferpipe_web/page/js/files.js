/** The panel of files: dropped, sent, analysed, looked at. */

import { make } from "../../assets/js/dom.js";
import { ask } from "./api.js";
import { makeJobs } from "./jobs.js";
import { trouble, trying } from "./notes.js";
import { makeUploads } from "./upload.js";
import { bytes } from "./words.js";

/** Build the panel; `job` takes what the server reports of one. */
export function makeFiles(panel, server) {
  const input = make("input", { type: "file", id: "file", class: "unseen", multiple: true, accept: "video/*,image/*,.mkv,.avi", onchange: () => { send(input.files); input.value = ""; } });
  const zone = make("label", { class: "zone", for: "file" }, make("strong", { text: "Drop a video or a picture here" }), make("span", { text: `or choose one; at most ${bytes(server.limits.upload)}` }), input);
  const pipeline = make("select", { id: "job-pipeline" }, ...server.pipelines.map((each) => make("option", { value: each.name, text: each.name })));
  const annotated = make("input", { type: "checkbox", id: "annotated" });
  const report = make("section", { hidden: true, "aria-labelledby": "report-title" });
  const jobs = makeJobs({ look });
  const uploads = makeUploads((job) => { jobs.mine(job.id); jobs.take(job); });
  panel.append(
    make("section", { "aria-labelledby": "files-title" },
      make("h2", { id: "files-title", text: "Analyse a file" }),
      zone,
      make("div", { class: "controls" },
        make("span", { class: "choices" }, make("label", { for: "job-pipeline" }, make("span", { text: "Pipeline" }), pipeline)),
        make("label", { class: "chip", for: "annotated" }, annotated, "Annotated video as well")),
      make("p", { class: "note", text: "The file is kept on the server until its analysis is deleted here." }),
      uploads.element, jobs.element),
    report);

  function send(files) {
    trouble(null);
    for (const file of files) {
      if (file.size > server.limits.upload) trouble(`${file.name} has ${bytes(file.size)}: this server takes at most ${bytes(server.limits.upload)}.`);
      else uploads.add(file, { pipeline: pipeline.value, video: annotated.checked });
    }
  }

  /** Show the report of a job below the list. */
  function look(job, address) {
    const frame = make("iframe", { sandbox: "allow-scripts allow-downloads", src: address, title: `Report of ${job.name}` });
    const close = make("button", { class: "small", text: "Close", onclick: () => { report.hidden = true; report.replaceChildren(); } });
    report.replaceChildren(make("div", { class: "card-head" }, make("h2", { id: "report-title", text: `Report of ${job.name}` }), close), frame);
    report.hidden = false;
    report.scrollIntoView({ block: "start" });
  }

  /* Wherever on the panel a file is dropped, it is meant; elsewhere the browser would leave the page. */
  let inside = 0;
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => { if (carries(event)) zone.classList.toggle("over", (inside += 1) > 0); });
  addEventListener("dragleave", (event) => { if (carries(event)) zone.classList.toggle("over", (inside -= 1) > 0); });
  addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    inside = 0;
    zone.classList.remove("over");
    if (!panel.hidden) send(event.dataTransfer.files);
  });

  return {
    job: jobs.take,
    async show(on) {
      const answer = on && (await trying(() => ask("GET", "api/jobs")));
      if (answer) jobs.all(answer.jobs);
    },
  };
}
