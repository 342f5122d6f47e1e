/** Sections that fold: on a narrow screen most begin folded, on paper all are open. */

import { make } from "./dom.js";

/** A section that its heading opens and closes. */
export function folding(id, title, ...children) {
  const open = !matchMedia("(max-width: 700px)").matches;
  const heading = make("summary", {}, make("h2", { id: `${id}-title`, text: title }));
  return make("section", { id, class: "folding", "aria-labelledby": `${id}-title` }, make("details", { open }, heading, ...children));
}

/** Open everything that is folded, but for the controls, while the page is printed. */
export function unfoldForPaper() {
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open]):not(.help):not(.chooser)")];
    folded.forEach((each) => (each.open = true));
  });
  window.addEventListener("afterprint", () => folded.forEach((each) => (each.open = false)));
}
