/** Why the camera does not open, and what to do. */

import { make } from "../../assets/js/dom.js";

/** Browsers open a camera only for pages that came over https, or from the machine itself. */
export function insecure() {
  const host = location.hostname;
  const numeric = /^[\d.:[\]]+$/.test(host);
  const code = (text) => make("code", { text });
  return make("div", { class: "notice", role: "note", id: "insecure" },
    make("h2", { text: "The camera will not open here" }),
    make("p", {}, "Browsers open a camera only on pages from ", code("https://"), " or from ", code("localhost"), ". This page came from ", code(location.origin), "."),
    make("p", {}, "On the machine that runs the server, open ", code(`http://localhost:${location.port || 80}/`), ". From another machine, give the server a certificate:"),
    make("pre", { text: `mkcert -install\nmkcert -cert-file server.pem -key-file server-key.pem ${host}\nferpipe serve --host 0.0.0.0${numeric ? "" : ` --allow-host ${host}`} --token new --certificate server.pem --key server-key.pem` }),
    make("p", {}, "mkcert makes certificates that your own machines trust. Without it, openssl makes one that the browser warns of:"),
    make("pre", { text: `openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=ferpipe -addext subjectAltName=${numeric ? "IP" : "DNS"}:${host.replace(/[[\]]/g, "")} -out server.pem -keyout server-key.pem` }),
    make("p", {}, "Behind a proxy with https nothing of this is needed."));
}

const REASONS = {
  NotAllowedError: "The camera is not allowed. Allow it for this page in the browser\u2019s address bar, then press Start.",
  NotFoundError: "There is no camera. Connect one, then press Start.",
  NotReadableError: "The camera is in use by another program. Close that, then press Start.",
  OverconstrainedError: "This camera has gone, or cannot give this size. Choose another.",
};

/** The line for an error of getUserMedia. */
export function unopened(error) {
  return REASONS[error.name] ?? `The camera does not open: ${error.message || error.name}.`;
}
