/** Requests to the server.  Addresses are relative, so that a proxy may put the server below a path. */

const BASE = new URL("../../", import.meta.url);

/** The address of `path` (`api/state`, or `/api/jobs/1` as the server writes it). */
export function at(path) {
  return new URL(path.replace(/^\//, ""), BASE).href;
}

/** The same for a WebSocket. */
export function socketAt(path) {
  return at(path).replace(/^http/, "ws");
}

/** What the server refused, with its one line. */
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** The JSON that the server answers; null for an answer without content.  Throws Refused. */
export async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(at(path), {
      method,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused("The server does not answer. Look whether it still runs.", 0);
  }
  if (answer.status === 204) return null;
  const said = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(sentence(said?.error ?? `the server answers ${answer.status}`), answer.status);
  return said;
}

/** A line of the server as a sentence. */
export function sentence(line) {
  const text = `${line.charAt(0).toUpperCase()}${line.slice(1)}`;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
