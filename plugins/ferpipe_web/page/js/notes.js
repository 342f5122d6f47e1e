/** What the page has to say: an error that stays until it is closed, a line for screen readers. */

import { make } from "../../assets/js/dom.js";

/** Show an error; a second one takes its place. */
export function trouble(error) {
  const place = document.getElementById("trouble");
  if (!error) return place.replaceChildren();
  const close = make("button", { "aria-label": "Close this message", text: "\u00d7", onclick: () => place.replaceChildren() });
  return place.replaceChildren(make("p", {}, make("span", { text: error.message ?? String(error) }), close));
}

/** Run `work`, and show what it was refused for. */
export async function trying(work) {
  try {
    trouble(null);
    return await work();
  } catch (error) {
    trouble(error);
    return undefined;
  }
}

/** Say a line to those who listen to the page. */
export function say(line) {
  const place = document.getElementById("said");
  if (place.textContent !== line) place.textContent = line;
}

/** Whether the server answers: a line while it does not. */
export function connection(line) {
  const place = document.getElementById("connection");
  if (place.textContent !== line) place.textContent = line;
}
