/** Packed columns (ferpipe_report/pack.py): base64, deflate, varints of differences. */

/** The bytes of a packed text. */
export async function inflate(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The columns of `bytes` by name, each a Float64Array; NaN where a value is not known. */
export function columns(bytes, layout) {
  const found = {};
  let at = 0;
  for (const { name, n, low, step } of layout) {
    const values = new Float64Array(n);
    let number = 0;
    for (let i = 0; i < n; i += 1) {
      let part = bytes[at++];
      let coded = part & 127;
      // Multiplied, not shifted: times in microseconds need more than 32 bits.
      for (let weight = 128; part > 127; weight *= 128) {
        part = bytes[at++];
        coded += (part & 127) * weight;
      }
      number += coded % 2 ? -(coded + 1) / 2 : coded / 2;
      values[i] = step === undefined ? number : number === 0 ? NaN : low + (number - 1) * step;
    }
    found[name] = values;
  }
  return found;
}
