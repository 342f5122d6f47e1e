/** Naming a person, and saying that two are the same one.  Names stay in the server's memory. */

import { make } from "../../assets/js/dom.js";
import { ask } from "./api.js";
import { called } from "./card.js";

/** A dialog; `open(person, people)` shows it for one of the people as the server lists them. */
export function makeNaming(done) {
  const name = make("input", { id: "person-name", type: "text", maxlength: 60, autocomplete: "off" });
  const other = make("select", { id: "person-other" });
  const wrong = make("p", { class: "wrong", role: "alert" });
  const title = make("h2", { id: "naming-title" });
  const merging = make("div", { class: "field" });
  const apart = make("div", { class: "field" });
  const form = make("form", { method: "dialog" },
    title,
    make("div", { class: "field" },
      make("label", { for: "person-name", text: "Name" }),
      make("div", { class: "line-of" }, name, make("button", { text: "Save" })),
      make("p", { class: "note", text: "Kept in memory, and written into recordings; nowhere else. Empty removes it." })),
    merging, apart, wrong,
    make("button", { type: "button", text: "Close", onclick: () => dialog.close() }));
  const dialog = make("dialog", { "aria-labelledby": "naming-title" }, form);
  document.body.append(dialog);
  let person = null;

  async function change(method, path, body) {
    try {
      const live = await ask(method, path, body);
      dialog.close();
      done(live);
    } catch (error) {
      wrong.textContent = error.message;
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    change("PUT", `api/people/${person.track}`, { name: name.value.trim() || null });
  });

  return {
    open(track, people) {
      person = people.find((each) => each.track === track) ?? { track, name: null, merged: [] };
      title.textContent = called(track, person.name);
      name.value = person.name ?? "";
      wrong.textContent = "";
      const others = people.filter((each) => each.track !== track);
      other.replaceChildren(...others.map((each) => make("option", { value: each.track, text: `${called(each.track, each.name)}${each.present ? "" : ", not in view"}` })));
      merging.hidden = !others.length;
      merging.replaceChildren(
        make("label", { for: "person-other", text: "Is the same person as" }),
        make("div", { class: "line-of" }, other, make("button", { type: "button", text: "Merge", onclick: () => {
          const [into, from] = [Number(other.value), track].sort((a, b) => a - b);
          change("POST", "api/people/merge", { into, track: from });
        } })));
      apart.hidden = !person.merged.length;
      apart.replaceChildren(
        make("p", { class: "note", text: "Merged by hand:" }),
        make("div", { class: "line-of" }, ...person.merged.map((each) => make("button", { type: "button", text: `Separate ${called(each)}`, onclick: () => change("POST", "api/people/split", { track: each }) }))));
      dialog.showModal();
      name.select();
    },
  };
}
