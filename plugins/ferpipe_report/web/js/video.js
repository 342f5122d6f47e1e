/** The video beside the curves: the chosen frame is the frame that is shown, also at a variable rate. */

import { curvesOf, frameAt, rowAt } from "./data.js";
import { fit, make } from "./dom.js";
import { clock, percent } from "./format.js";
import { labelAt, likelyAt } from "./readings.js";

/** Where a video of the page is played from. */
function addressOf(told) {
  if (told.src) return told.src;
  const bytes = Uint8Array.from(atob(document.getElementById(told.blob).textContent), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: told.type }));
}

/** The panel: a video with the box of each face, and the labels of the chosen person as bars. */
export function videoPanel(state, rows, recordings, look) {
  const screen = make("video", { controls: true, playsinline: true, preload: "auto", muted: true });
  const boxes = make("canvas", { class: "boxes", "aria-hidden": "true" });
  const frame = make("output", { class: "note", id: "video-frame" });
  const bars = make("div", { class: "bars" });
  const element = make("div", { class: "panel" }, make("div", { class: "screen" }, screen, boxes), make("div", { class: "side-panel" }, bars, frame));
  let recording = null;
  let shown = -1;
  let wanted = -1;
  let tries = 0;
  let following = false;

  const offset = () => recording.told.offset;
  /** The frame of the timeline that a media time is: the nearest, since containers round. */
  const frameOf = (media) => {
    const time = media - offset();
    const at = frameAt(recording, time);
    const next = recording.times[at + 1];
    return next !== undefined && next - time < time - recording.times[at] ? at + 1 : at;
  };
  const middle = (at) => {
    const next = recording.times[at + 1] ?? recording.times[at] + (recording.durations[at] || 0.04);
    return recording.times[at] + offset() + Math.min(next - recording.times[at], 0.2) / 2;
  };
  const seek = (at) => {
    wanted = at;
    tries = 0;
    screen.currentTime = middle(at);
  };

  /** Of a video whose last frame has no length, seeking shows the one before; playing shows the last. */
  const playOut = () => {
    screen.addEventListener("seeked", () => screen.play(), { once: true });
    screen.currentTime = middle(wanted - 1);
  };

  const onFrame = (_, { mediaTime }) => {
    screen.requestVideoFrameCallback(onFrame);
    if (recording === null) return;
    shown = frameOf(mediaTime);
    if (!screen.paused) {
      following = true;
      state.set({ pin: recording.times[shown] });
      following = false;
    } else if (wanted >= 0 && shown !== wanted && tries < 3) {
      tries += 1;
      if (tries === 3 && wanted === recording.times.length - 1) playOut();
      else screen.currentTime = middle(wanted) + (wanted > shown ? 1 : -1) * 0.001 * tries;
    }
    draw();
  };
  screen.requestVideoFrameCallback(onFrame);

  function open() {
    const next = rows[state.get("person")]?.recording ?? recordings[0];
    if (next === recording || !next.told.video) {
      element.hidden = !next.told.video;
      return;
    }
    element.hidden = false;
    recording = next;
    recording.address ??= addressOf(recording.told.video);
    frame.textContent = "";
    screen.src = recording.address;
    screen.setAttribute("aria-label", `Video ${recording.told.video.name}`);
  }

  function draw() {
    const size = recording.told.source;
    const [width, height] = [screen.clientWidth, screen.clientHeight];
    const pen = fit(boxes, width, height);
    const real = [screen.videoWidth || size?.width, screen.videoHeight || size?.height];
    const scale = Math.min(width / real[0], height / real[1]);
    const ratio = scale * (real[0] / (size?.width ?? real[0]));
    const [left, top] = [(width - real[0] * scale) / 2, (height - real[1] * scale) / 2];
    const time = recording.times[shown];
    for (const person of recording.people) {
      const row = rowAt(person, shown);
      if (row < 0) continue;
      const { x, y, w, h } = person.curves.box;
      const { label } = labelAt(person, time);
      pen.strokeStyle = label ? look.colours[label] : look.noLabel;
      pen.lineWidth = person === rows[state.get("person")] ? 3 : 1.5;
      pen.strokeRect(left + x[row] * ratio, top + y[row] * ratio, w[row] * ratio, h[row] * ratio);
    }
    frame.textContent = `Video at frame ${shown}, ${clock(time)}`;
    boxes.dataset.frame = shown;
  }

  function showBars() {
    const person = rows[state.get("person")];
    const time = state.get("cursor") ?? state.get("pin");
    const likely = Object.fromEntries(likelyAt(person, time, state.get("kind")).map((each) => [each.label, each.value]));
    const told = labelAt(person, time);
    bars.replaceChildren(
      make("strong", { text: `${person.name}: ${told.text}` }),
      ...person.recording.told.classes.map((label) =>
        make("div", { class: told.label === label ? "rail now-label" : "rail" }, make("span", { text: label }),
          make("div", {}, make("i", { style: `width:${100 * (likely[label] ?? 0)}%;background:${look.colours[label]}` })),
          make("span", { text: percent(likely[label]) }))),
    );
  }

  const follow = async () => {
    open();
    if (recording === null || following) return;
    await Promise.all(recording.people.map(curvesOf));
    seek(frameAt(recording, state.get("pin")));
  };
  state.on(["pin", "person"], follow);
  state.on(["cursor", "pin", "person", "kind", "curves"], showBars);
  new ResizeObserver(() => shown >= 0 && draw()).observe(screen);
  screen.addEventListener("error", () => {
    frame.textContent = `This browser cannot show ${recording.told.video.name}: it is not there, or its codec is not known here.`;
  });
  screen.addEventListener("loadedmetadata", follow);
  open();
  showBars();
  return { element, play: () => (screen.paused ? screen.play() : screen.pause()) };
}

/** A row of small pictures of the chosen person's recording. */
export function addMoments(stack, state, rows) {
  const pictures = new Map();
  const load = (source) => {
    if (!pictures.has(source)) {
      const picture = new Image();
      picture.onload = stack.redraw;
      picture.src = source;
      pictures.set(source, picture);
    }
    return pictures.get(source);
  };
  const draw = (context, width, height, range) => {
    const moments = rows[state.get("person")].recording.told.moments ?? [];
    let free = -1;
    for (const { time, picture } of moments) {
      const image = load(picture);
      const x = ((time - range[0]) / (range[1] - range[0])) * width;
      if (!image.complete || x < free || x > width || x < 0) continue;
      context.drawImage(image, x, 0);
      free = x + image.width + 2;
    }
  };
  stack.row({ label: "Pictures", height: 54, kind: "pictures", draw });
  state.on(["person"], stack.redraw);
}
