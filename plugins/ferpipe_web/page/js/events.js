/** What the server reports as it happens; comes back by itself when the server does. */

import { ask, at } from "./api.js";
import { connection } from "./notes.js";

const HISTORY = 60;
const SILENCE = 25000;

/**
 * Listen until `stop()`.
 * on: a function for each type of event (`state`, `frame`, `history`, `job`); `locked` is called
 * where the server wants a token.
 */
export function listen(on) {
  let source = null;
  let timer = 0;
  let watch = 0;
  let wait = 500;

  function open() {
    source = new EventSource(at(`api/live/events?history=${HISTORY}`));
    source.onopen = () => {
      wait = 500;
      connection("");
      heard();
    };
    source.onmessage = (message) => {
      heard();
      const event = JSON.parse(message.data);
      on[event.type]?.(event);
    };
    source.onerror = again;
  }

  /** A connection on which nothing has come for long is dead, also where no error was seen. */
  function heard() {
    clearTimeout(watch);
    watch = setTimeout(again, SILENCE);
  }

  async function again() {
    close();
    timer = setTimeout(open, wait);
    wait = Math.min(5000, 2 * wait);
    try {
      await ask("GET", "api/state");
    } catch (error) {
      if (error.status === 401) {
        close();
        on.locked();
      } else connection("The server does not answer. Trying again\u2026");
    }
  }

  function close() {
    clearTimeout(watch);
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  open();
  return { stop: close };
}
