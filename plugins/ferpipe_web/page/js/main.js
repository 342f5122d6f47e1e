/** The page: asks for a token where one is needed, then builds its panels. */

import { ask, Refused } from "./api.js";
import { makeCamera } from "./camera.js";
import { listen } from "./events.js";
import { makeFiles } from "./files.js";
import { makeLive } from "./live.js";
import { askForToken, tokenInAddress } from "./login.js";
import { connection, trying } from "./notes.js";
import { makeTabs } from "./tabs.js";
import { themeButton } from "./theme.js";

const byId = (id) => document.getElementById(id);

async function main() {
  const redrawn = [];
  themeButton(byId("theme"), () => redrawn.forEach((draw) => draw()));
  const given = tokenInAddress();
  const wanted = given === null ? location.hash.slice(1) : "";
  if (given !== null) await trying(() => ask("POST", "api/login", { token: given }));
  const server = await state();
  byId("version").textContent = `\u00b7 ferpipe ${server.version}`;

  const live = makeLive(byId("live"), server);
  const camera = makeCamera(byId("camera"), server);
  const files = makeFiles(byId("files"), server);
  redrawn.push(live.rebuild, camera.rebuild);
  const tabs = makeTabs(byId("tabs"), (name) => {
    live.show(name === "live");
    camera.show(name === "camera");
    files.show(name === "files");
  });
  tabs.hide(Object.entries({ live: "live", camera: "camera", files: "jobs" }).filter(([, feature]) => !server.features[feature]).map(([name]) => name));
  byId("logout").hidden = !server.features.token;
  byId("logout").addEventListener("click", () => trying(() => ask("POST", "api/logout")).then(() => location.reload()));
  live.state(server.live);
  listen({ state: live.state, frame: live.frame, history: live.history, job: (event) => files.job(event.job), locked: () => location.reload() });
  byId("tabs").hidden = false;
  tabs.show(wanted);
  if (server.asked) document.querySelector("[role=tab][aria-selected=true]").focus();
  document.documentElement.dataset.ready = "";
}

/** The state of the server, as soon as it answers and lets this page in. */
async function state() {
  let asked = false;
  for (;;) {
    try {
      const found = await ask("GET", "api/state");
      connection("");
      return { ...found, asked };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 401) {
        asked = true;
        await askForToken(byId("login"));
      } else {
        connection(error.status ? error.message : "The server does not answer. Trying again\u2026");
        await new Promise((resume) => setTimeout(resume, 2000));
      }
    }
  }
}

main();
