/** Numbers as words: times, shares. */

/** Seconds as `4.920 s`, `1:04.920` or `1:02:04.9`; fewer decimals where the window is wide. */
export function clock(seconds, digits = 3) {
  const sign = seconds < 0 ? "\u2212" : "";
  const unit = 10 ** digits;
  const total = Math.round(Math.abs(seconds) * unit);
  const rest = ((total % (60 * unit)) / unit).toFixed(digits);
  const minutes = Math.floor(total / (60 * unit));
  if (minutes === 0) return `${sign}${rest} s`;
  const padded = rest.padStart(digits ? digits + 3 : 2, "0");
  if (minutes < 60) return `${sign}${minutes}:${padded}`;
  return `${sign}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${padded}`;
}

/** A share from 0 to 1 as `51 %`; small ones with a decimal, so that little is not nothing. */
export function percent(share) {
  if (share === null || share === undefined || Number.isNaN(share)) return "\u2013";
  const value = 100 * share;
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

/** A number with as many decimals as its size deserves. */
export function figure(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "\u2013";
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** `1 person`, `2 people`. */
export function count(number, one, many) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}
