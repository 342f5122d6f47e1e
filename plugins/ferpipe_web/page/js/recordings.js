/** Recordings of the live run: what they are, their files, and their end. */

import { make } from "../../assets/js/dom.js";
import { clock } from "../../assets/js/format.js";
import { ask, at } from "./api.js";
import { trying } from "./notes.js";
import { bytes, twice, when } from "./words.js";

/** The section of recordings; hidden while there are none. */
export function makeRecordings() {
  const list = make("ul", { class: "files" });
  const element = make("section", { hidden: true, "aria-labelledby": "recordings-title" }, make("h2", { id: "recordings-title", text: "Recordings" }), list);

  async function load() {
    const answer = await trying(() => ask("GET", "api/recordings"));
    if (!answer) return;
    const done = answer.recordings.filter((each) => each.state !== "recording");
    element.hidden = !done.length;
    list.replaceChildren(...done.map(row));
  }

  function row(recording) {
    const name = when(recording.started);
    const remove = () => trying(() => ask("DELETE", `api/recordings/${recording.id}`)).then(load);
    return make("li", {},
      make("span", { class: "about" }, make("strong", { text: name }), make("span", { class: "note", text: recording.error ?? clock(recording.seconds, 1) })),
      make("span", { class: "links" },
        ...recording.files.map((file) => make("a", { class: "button", href: at(`${file.url}?download=1`), download: file.name, text: `${file.name}, ${bytes(file.size)}` })),
        twice("Delete", `Delete the recording of ${name}`, remove)));
  }

  return { element, load };
}
