/** The live picture: the newest that the server has, at the size that is shown. */

import { socketAt } from "./api.js";
import { nameTags } from "./overlay.js";

/**
 * Draw the pictures of the run on `canvas` while `show(true)`.
 * facts(run, id) gives the frame that a picture belongs to, drew(header) is called for each.
 */
export function makeView(canvas, { facts, drew }) {
  const context = canvas.getContext("2d", { alpha: false });
  let socket = null;
  let wanted = false;
  let wait = 500;
  let timer = 0;
  let width = 0;
  let newest = [-1, -1];

  const size = () => Math.max(160, Math.round(canvas.clientWidth * Math.min(2, window.devicePixelRatio || 1)));
  const send = (message) => socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));

  function open() {
    clearTimeout(timer);
    width = size();
    newest = [-1, -1];
    const mine = new WebSocket(socketAt(`api/live/view?width=${width}`));
    socket = mine;
    mine.binaryType = "arraybuffer";
    mine.onopen = () => (wait = 500);
    mine.onmessage = (message) => typeof message.data !== "string" && draw(mine, message.data);
    mine.onclose = () => {
      if (socket !== mine) return;
      socket = null;
      if (wanted) timer = setTimeout(open, wait);
      wait = Math.min(5000, 2 * wait);
    };
  }

  async function draw(mine, data) {
    const long = new DataView(data).getUint32(0);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, long)));
    try {
      const picture = await createImageBitmap(new Blob([new Uint8Array(data, 4 + long)], { type: "image/jpeg" }));
      const [run, id] = newest;
      if (header.run < run || (header.run === run && header.id < id)) return picture.close();
      newest = [header.run, header.id];
      if (canvas.width !== picture.width || canvas.height !== picture.height) {
        canvas.width = picture.width;
        canvas.height = picture.height;
      }
      context.drawImage(picture, 0, 0);
      picture.close();
      nameTags(context, facts(header.run, header.id));
      return drew(header);
    } finally {
      if (mine.readyState === WebSocket.OPEN) mine.send(JSON.stringify({ type: "ack", id: header.id }));
    }
  }

  function settle() {
    const visible = wanted && !document.hidden;
    if (visible && !socket) open();
    send({ type: visible ? "resume" : "pause" });
  }

  new ResizeObserver(() => {
    if (size() === width || !canvas.clientWidth) return;
    width = size();
    send({ type: "size", width });
  }).observe(canvas);
  document.addEventListener("visibilitychange", settle);

  return {
    show(on) {
      wanted = on;
      settle();
    },
    /** Close the connection: another run, or the server's end. */
    again() {
      const old = socket;
      socket = null;
      old?.close();
      if (wanted) open();
    },
    clear() {
      context.fillStyle = "#000";
      context.fillRect(0, 0, canvas.width, canvas.height);
    },
  };
}
