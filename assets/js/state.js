/** What is shown, in one place; who draws it listens. */

/** A store of `initial` values: `state.set({key: value})` calls the listeners of what changed. */
export function makeState(initial) {
  const values = { ...initial };
  const listeners = [];
  return {
    get: (key) => values[key],
    set(changes) {
      const changed = Object.keys(changes).filter((key) => !Object.is(values[key], changes[key]));
      Object.assign(values, changes);
      for (const [keys, listener] of listeners) {
        if (keys.some((key) => changed.includes(key))) listener(values);
      }
    },
    on(keys, listener) {
      listeners.push([keys, listener]);
    },
  };
}

/** A function that runs `work` once in the next frame, however often it is called. */
export function soon(work) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      work();
    });
  };
}
