/** The panel of the browser's own camera. */

import { make } from "../../assets/js/dom.js";
import { makeBoard } from "./board.js";
import { makeDelays } from "./delays.js";
import { makeExchange } from "./exchange.js";
import { insecure, unopened } from "./no-camera.js";
import { say, trouble } from "./notes.js";
import { makeMinute } from "./minute.js";
import { drawFaces } from "./overlay.js";

const SIZES = [[640, 480], [1280, 720], [320, 240]];
const DRAWN_EVERY = 250;

/** Build the panel; the camera opens when Start is pressed and closes when the panel is left. */
export function makeCamera(panel, server) {
  const minute = makeMinute();
  const delays = makeDelays();
  const canvas = make("canvas", { class: "picture", width: 640, height: 480, role: "img", "aria-label": "Picture of your camera" });
  const over = make("p", { class: "over", text: "Press Start to open the camera." });
  const video = make("video", { muted: true, playsinline: true, "aria-hidden": "true" });
  const start = make("button", { class: "main", text: "Start", onclick: () => (stream ? stop() : open()) });
  const device = make("select", { id: "device" }, make("option", { value: "", text: "the usual one" }));
  const pipeline = make("select", { id: "camera-pipeline" }, ...server.pipelines.map((each) => make("option", { value: each.name, text: each.name })));
  const size = make("select", { id: "camera-size" }, ...SIZES.map(([w, h], i) => make("option", { value: i, text: `${w} \u00d7 ${h}` })));
  const mirror = make("input", { type: "checkbox", id: "mirror", checked: true });
  const controls = make("div", { class: "controls" },
    make("span", { class: "choices" },
      make("label", { for: "device" }, make("span", { text: "Camera" }), device),
      make("label", { for: "camera-pipeline" }, make("span", { text: "Pipeline" }), pipeline),
      make("label", { for: "camera-size" }, make("span", { text: "Size" }), size)),
    start, make("label", { class: "chip", for: "mirror" }, mirror, "Mirrored"));
  const cards = make("section", { "aria-labelledby": "you-title" }, make("h2", { id: "you-title", text: "The last minute" }));
  const board = makeBoard(cards, minute, { empty: "Nothing yet." });
  const context = canvas.getContext("2d", { alpha: false });
  let stream = null;
  let exchange = null;
  let classes = [];

  panel.append(
    make("section", { "aria-label": "Your camera", class: "stage" },
      make("p", { class: "note", text: "Pictures go to this server, which answers with numbers and keeps none of them." }),
      ...(window.isSecureContext ? [controls, make("div", { class: "picture-and-figures" }, make("div", { class: "screen" }, canvas, over, video), delays.element)] : [insecure()])),
    ...(window.isSecureContext ? [cards] : []));
  for (const choice of [device, pipeline, size]) choice.addEventListener("change", () => stream && open());

  async function open() {
    stop();
    trouble(null);
    over.textContent = "Opening the camera\u2026";
    const [width, height] = SIZES[size.value];
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { width, height, ...(device.value ? { deviceId: { exact: device.value } } : {}) } });
    } catch (error) {
      over.textContent = unopened(error);
      say(over.textContent);
      return;
    }
    stream.getVideoTracks()[0].addEventListener("ended", () => { stop(); over.textContent = "The camera has gone."; });
    video.srcObject = stream;
    await video.play().catch(() => undefined);
    start.textContent = "Stop";
    over.textContent = "Loading the networks\u2026";
    minute.clear();
    delays.clear();
    exchange = makeExchange(video, `api/camera?pipeline=${encodeURIComponent(pipeline.value)}`, { ready, answer, trouble: failed });
    devices();
  }

  function ready(about) {
    over.textContent = "";
    classes = about.classes;
    board.tell(about.classes, about.measures);
    say("The camera is on.");
  }

  /** Draw the picture that was asked about, and on it what was found. */
  function answer(result, picture, times) {
    if (canvas.width !== result.width || canvas.height !== result.height) {
      canvas.width = result.width;
      canvas.height = result.height;
      canvas.style.aspectRatio = `${result.width} / ${result.height}`;
    }
    over.textContent = "";
    context.save();
    if (mirror.checked) context.setTransform(-1, 0, 0, 1, canvas.width, 0);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    context.restore();
    drawFaces(context, result, classes, mirror.checked);
    picture.close();
    minute.add({ ...result, run: 0, time: times.captured / 1000 });
    delays.add(result, { ...times, drawn: performance.now() });
  }

  function failed(line, final) {
    if (final) stop();
    over.textContent = line;
    say(line);
  }

  function stop() {
    exchange?.stop();
    exchange = null;
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.srcObject = null;
    start.textContent = "Start";
    over.textContent = "Press Start to open the camera.";
  }

  async function devices() {
    const found = (await navigator.mediaDevices.enumerateDevices()).filter((each) => each.kind === "videoinput");
    const now = device.value;
    device.replaceChildren(make("option", { value: "", text: "the usual one" }), ...found.filter((each) => each.deviceId).map((each, i) => make("option", { value: each.deviceId, text: each.label || `Camera ${i + 1}` })));
    device.value = now;
  }

  setInterval(() => {
    if (!stream) return;
    board.draw();
    delays.draw();
  }, DRAWN_EVERY);

  return {
    rebuild: board.rebuild,
    show: (on) => !on && stream && stop(),
  };
}
