/**
 * Sends pictures of the camera to the server, one at a time, and keeps each until its answer is there.
 * A worker, since the page's own thread encodes pictures only when it has nothing else to do.
 *
 * In: {open: address}, {id, seconds, picture}, {close: true}.
 * Out: {ready}, {answer, picture, times: {encoding, waiting} in ms}, {lost: id, message}, {refused: message}, {closed: code}.
 */

const QUALITY = 0.85;
const HEAD = 12;

let socket = null;
let kept = null;
let paper = null;

onmessage = ({ data }) => {
  if (data.open) open(data.open);
  else if (data.close) close();
  else send(data);
};

function open(address) {
  close();
  const mine = new WebSocket(address);
  mine.binaryType = "arraybuffer";
  mine.onmessage = (message) => mine === socket && take(JSON.parse(message.data));
  mine.onclose = (event) => {
    if (mine !== socket) return;
    socket = null;
    drop();
    postMessage({ closed: event.code });
  };
  socket = mine;
}

function close() {
  const old = socket;
  socket = null;
  old?.close();
  drop();
}

function drop() {
  kept?.picture.close();
  kept = null;
}

async function send({ id, seconds, picture }) {
  drop();
  const mine = { id, picture, began: performance.now(), encoded: 0 };
  kept = mine;
  const [width, height] = [picture.displayWidth ?? picture.width, picture.displayHeight ?? picture.height];
  if (paper?.width !== width || paper.height !== height) paper = new OffscreenCanvas(width, height);
  // In memory, where it is encoded: reading a picture back from a graphics card takes longer.
  paper.getContext("2d", { alpha: false, willReadFrequently: true }).drawImage(picture, 0, 0);
  const jpeg = await paper.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  const message = new Uint8Array(HEAD + jpeg.size);
  const head = new DataView(message.buffer);
  head.setUint32(0, id);
  head.setFloat64(4, seconds);
  message.set(new Uint8Array(await jpeg.arrayBuffer()), HEAD);
  mine.encoded = performance.now();
  if (socket?.readyState === WebSocket.OPEN) socket.send(message);
}

function take(message) {
  if (message.type === "ready") postMessage({ ready: message });
  else if (message.type === "error" && (message.fatal || message.id === undefined)) postMessage({ refused: message.message });
  else if (kept?.id !== message.id) return;
  else if (message.type === "result") {
    const { picture, began, encoded } = kept;
    kept = null;
    const times = { encoding: encoded - began, waiting: performance.now() - encoded };
    postMessage({ answer: message, picture, times }, [picture]);
  } else {
    drop();
    postMessage({ lost: message.id, message: message.message });
  }
}
