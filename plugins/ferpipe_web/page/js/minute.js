/** The last minute of everybody in view, thinned to what a curve can show. */

export const SPAN = 60;
const STEP = 0.09;
const GAP = 1;

/** Points of each track; `add` takes frames as the server reports them. */
export function makeMinute() {
  let tracks = new Map();
  let newest = null;
  let run = null;
  let last = null;
  let alias = new Map();

  function clear() {
    tracks = new Map();
    newest = null;
    last = null;
  }

  /** Take a frame; time that runs back, or another run, begins anew. */
  function add(frame) {
    if (frame.run !== run || (newest !== null && frame.time < newest)) clear();
    run = frame.run;
    newest = frame.time;
    last = frame;
    keep("frame", frame.time, { measures: frame.measures ?? {} }, frame.discontinuity);
    for (const face of frame.faces) {
      if (face.track !== null && face.track !== undefined) keep(face.track, frame.time, face, frame.discontinuity);
    }
  }

  function keep(key, time, values, broken) {
    const points = tracks.get(key) ?? [];
    tracks.set(key, points);
    const before = points.at(-1);
    const changed = before && before.values?.label !== values.label;
    if (before && time - before.time < STEP && !changed) return;
    if (before && (broken || time - before.time > GAP)) points.push({ time: before.time + 0.001, values: null });
    points.push({ time, values });
    while (points.length && points[0].time < time - SPAN) points.shift();
  }

  return {
    add,
    clear,
    /** The newest time, in seconds of the stream; null where nothing has come. */
    now: () => newest,
    /** The newest frame. */
    last: () => last,
    /** Take the people as the server knows them: merged tracks are shown as one. */
    people: (list) => (alias = new Map(list.flatMap((person) => person.merged.map((track) => [track, person.track])))),
    /** Who a track belongs to. */
    person: (track) => alias.get(track) ?? track,
    /** Those who were in view in the last minute, in order of their track. */
    seen() {
      const ids = new Set();
      for (const [track, points] of tracks) {
        if (track !== "frame" && points.length && points.at(-1).time >= newest - SPAN) ids.add(alias.get(track) ?? track);
      }
      return [...ids].sort((a, b) => a - b);
    },
    /** The points of a person, or of the picture (`frame`), oldest first. */
    points(key) {
      const own = [...tracks].filter(([track]) => (alias.get(track) ?? track) === key).map(([, points]) => points);
      const all = own.length === 1 ? own[0] : own.flat().sort((a, b) => a.time - b.time);
      return all.filter((point) => point.time >= newest - SPAN);
    },
  };
}
