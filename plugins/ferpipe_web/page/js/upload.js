/** Files on their way to the server, one after the other. */

import { make } from "../../assets/js/dom.js";
import { percent } from "../../assets/js/format.js";
import { at, sentence } from "./api.js";
import { say, trouble } from "./notes.js";

/** A list of uploads; `arrived` gets the job of each that is there. */
export function makeUploads(arrived) {
  const list = make("ul", { class: "files" });
  const waiting = [];
  let active = null;

  function add(file, about) {
    const bar = make("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
    const text = make("span", { class: "note", text: "waits" });
    const cancel = make("button", { class: "small", text: "Cancel", "aria-label": `Cancel sending ${file.name}` });
    const row = make("li", {}, make("span", { class: "about" }, make("strong", { text: file.name }), text), bar, make("span", { class: "links" }, cancel));
    const upload = { file, about, bar, text, row, request: null };
    cancel.addEventListener("click", () => {
      upload.request?.abort();
      leave(upload);
    });
    list.append(row);
    waiting.push(upload);
    next();
  }

  function leave(upload) {
    upload.row.remove();
    const place = waiting.indexOf(upload);
    if (place >= 0) waiting.splice(place, 1);
    if (active === upload) active = null;
    next();
  }

  /** XMLHttpRequest, since fetch reports no progress of what is sent. */
  function next() {
    if (active || !waiting.length) return;
    active = waiting.shift();
    const upload = active;
    const { file, about, bar, text } = upload;
    const query = new URLSearchParams({ name: file.name, pipeline: about.pipeline, ...(about.video ? { video: "1" } : {}) });
    const request = new XMLHttpRequest();
    upload.request = request;
    request.open("POST", at(`api/jobs?${query}`));
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      bar.value = event.loaded / event.total;
      text.textContent = `sending, ${percent(bar.value)}`;
    };
    request.onload = () => {
      if (request.status === 201) {
        say(`${file.name} has been sent.`);
        arrived(request.response);
      } else trouble(`${file.name}: ${sentence(request.response?.error ?? `the server answers ${request.status}`)}`);
      leave(upload);
    };
    request.onerror = () => {
      trouble(`${file.name} was not sent: the connection to the server has broken. Choose it again.`);
      leave(upload);
    };
    request.send(file);
  }

  return { element: list, add };
}
