/** One picture of the camera after the other to the server, and each answer back with its picture. */

import { socketAt } from "./api.js";

const PATIENCE = 15000;
const LIMIT = 300;

/**
 * Run until `stop()`.  `video` plays the camera.
 * on: ready(about), answer(result, picture, times), trouble(line, final).
 * times: when the picture was captured and answered (performance.now()).
 */
export function makeExchange(video, address, on) {
  const worker = new Worker(new URL("./camera-worker.js", import.meta.url), { type: "module" });
  const captured = new Map();
  let ready = false;
  let busy = false;
  let stopped = false;
  let id = 0;
  let first = null;
  let before = -1;
  let wait = 500;
  let patience = 0;
  let refused = false;

  /** Call `work` for the next picture; browsers without the callback for pictures give that for screens. */
  const next = (work) => (video.requestVideoFrameCallback ? video.requestVideoFrameCallback(work) : requestAnimationFrame((now) => work(now, {})));
  const connect = () => !stopped && worker.postMessage({ open: socketAt(address) });

  async function capture(now, frame) {
    if (stopped) return;
    next(capture);
    if (!ready || busy) return;
    busy = true;
    const at = frame.captureTime ?? now;
    first ??= at;
    const picture = await createImageBitmap(video).catch(() => null);
    if (!picture || stopped || !ready) {
      busy = false;
      picture?.close();
      return;
    }
    id += 1;
    const seconds = Math.max((at - first) / 1000, before + 0.001);
    before = seconds;
    captured.set(id, { captured: at, called: now, sent: performance.now() });
    if (captured.size > LIMIT) captured.delete(captured.keys().next().value);
    worker.postMessage({ id, seconds, picture }, [picture]);
    clearTimeout(patience);
    patience = setTimeout(late, PATIENCE);
  }

  /** No answer for long: the connection is dead, whatever it says itself. */
  function late() {
    ready = false;
    on.trouble("The server does not answer. Trying again\u2026", false);
    connect();
  }

  worker.onmessage = ({ data }) => {
    if (stopped) return data.picture?.close();
    if (data.ready) {
      ready = true;
      busy = false;
      wait = 500;
      on.ready(data.ready);
    } else if (data.answer) {
      busy = false;
      clearTimeout(patience);
      const at = captured.get(data.answer.id);
      captured.delete(data.answer.id);
      on.answer(data.answer, data.picture, { ...data.times, ...at, answered: performance.now() });
    } else if (data.lost !== undefined) {
      busy = false;
      if (data.message) on.trouble(data.message, false);
    } else if (data.refused) {
      refused = true;
      ready = false;
      on.trouble(data.refused, true);
    } else if (data.closed !== undefined) {
      ready = false;
      busy = false;
      clearTimeout(patience);
      if (refused) return undefined;
      on.trouble("The server does not answer. Trying again\u2026", false);
      setTimeout(connect, wait);
      wait = Math.min(5000, 2 * wait);
    }
    return undefined;
  };

  connect();
  next(capture);
  return {
    stop() {
      stopped = true;
      clearTimeout(patience);
      worker.postMessage({ close: true });
      setTimeout(() => worker.terminate(), 500);
    },
  };
}
