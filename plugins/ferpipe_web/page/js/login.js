/** The token of the server: from the address, or asked for. */

import { ask } from "./api.js";

/** The token in the address (`#token=...`), which is taken out of it; null where there is none. */
export function tokenInAddress() {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (!found) return null;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    return decodeURIComponent(found[1]);
  } catch {
    return found[1];
  }
}

/** Show `form` until the server takes the token. */
export function askForToken(form) {
  const input = form.querySelector("input");
  const wrong = form.querySelector("[role=alert]");
  document.getElementById("tabs").hidden = true;
  document.documentElement.dataset.locked = "";
  form.hidden = false;
  input.focus();
  return new Promise((resolve) => {
    async function send(event) {
      event.preventDefault();
      wrong.textContent = "";
      try {
        await ask("POST", "api/login", { token: input.value });
      } catch (error) {
        wrong.textContent = error.message;
        input.select();
        return;
      }
      form.removeEventListener("submit", send);
      form.hidden = true;
      input.value = "";
      delete document.documentElement.dataset.locked;
      resolve();
    }
    form.addEventListener("submit", send);
  });
}
