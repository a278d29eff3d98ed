/** Statistics, small systems of equations and the sRGB curve, as numpy calculates them. */

const { fround } = Math;

function sorted(values: ArrayLike<number>): Float32Array | Float64Array {
  const copy = values instanceof Float32Array ? values.slice() : Float64Array.from(values);
  return copy.sort();
}

/** The middle value, or the mean of both; NaN of nothing. */
export function median(values: ArrayLike<number>): number {
  const order = sorted(values);
  const half = order.length >> 1;
  // Sorting puts NaN last.
  if (order.length === 0 || Number.isNaN(order[order.length - 1])) return Number.NaN;
  return order.length % 2 === 1 ? order[half]! : (order[half - 1]! + order[half]!) / 2;
}

/** The value below which a share `q` in [0,1] lies, interpolated; NaN of nothing. */
export function quantile(values: ArrayLike<number>, q: number): number {
  const order = sorted(values);
  if (order.length === 0 || Number.isNaN(order[order.length - 1])) return Number.NaN;
  const place = q * (order.length - 1);
  const below = Math.floor(place);
  const [a, b] = [order[below]!, order[Math.min(below + 1, order.length - 1)]!];
  return a + (b - a) * (place - below);
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** The standard deviation of all there is (not of a sample). */
export function std(values: ArrayLike<number>): number {
  const middle = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - middle) ** 2;
  return Math.sqrt(sum / values.length);
}

/** The factors of the columns of `rows` that come nearest to the values; of several the least. */
export function leastSquares(
  rows: readonly (readonly number[])[],
  values: ArrayLike<number>,
): Float64Array {
  const width = rows[0]?.length ?? 0;
  const columns = Array.from({ length: width }, (_, k) =>
    Float64Array.from(rows, (row) => row[k]!),
  );
  const { axes, lengths } = orthogonalised(columns);
  const least = Math.max(...lengths) * Number.EPSILON * Math.max(rows.length, width);
  const found = new Float64Array(width);
  for (let k = 0; k < width; k++) {
    if (!(lengths[k]! > least)) continue;
    const share = dot(columns[k]!, values) / lengths[k]! ** 2;
    for (let i = 0; i < width; i++) found[i]! += share * axes[k]![i]!;
  }
  return found;
}

/** The unit axis along which points (x, y, z, x, …) spread least around their mean. */
export function planeNormal(points: Float64Array): [number, number, number] {
  const count = points.length / 3;
  const columns = [0, 1, 2].map((axis) => {
    const column = Float64Array.from({ length: count }, (_, i) => points[3 * i + axis]!);
    const middle = mean(column);
    return column.map((value) => value - middle);
  });
  const { axes, lengths } = orthogonalised(columns);
  const [x, y, z] = axes[lengths.indexOf(Math.min(...lengths))]!;
  return [x!, y!, z!];
}

/** Turns columns in place (one-sided Jacobi) until they are orthogonal: a singular value
 * decomposition, whose right vectors are `axes` and whose values are `lengths`. */
function orthogonalised(columns: Float64Array[]): { axes: Float64Array[]; lengths: number[] } {
  const width = columns.length;
  // Columns that are nothing but rounding cannot be made orthogonal.
  const nothing = columns.reduce((sum, one) => sum + dot(one, one), 0) * 1e-31;
  const axes = columns.map((_, k) => Float64Array.from(columns, (_, i) => (i === k ? 1 : 0)));
  for (let sweep = 0, turned = true; turned && sweep < 60; sweep++) {
    turned = false;
    for (let a = 0; a < width; a++) {
      for (let b = a + 1; b < width; b++) {
        const [one, other] = [columns[a]!, columns[b]!];
        const [p, q, both] = [dot(one, one), dot(other, other), dot(one, other)];
        if (both ** 2 <= 1e-29 * p * q || Math.min(p, q) <= nothing) continue;
        turned = true;
        const ratio = (q - p) / (2 * both);
        const tangent = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.hypot(1, ratio));
        const cosine = 1 / Math.hypot(1, tangent);
        turn(one, other, cosine, cosine * tangent);
        turn(axes[a]!, axes[b]!, cosine, cosine * tangent);
      }
    }
  }
  return { axes, lengths: columns.map((column) => Math.sqrt(dot(column, column))) };
}

function turn(one: Float64Array, other: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < one.length; i++) {
    const [a, b] = [one[i]!, other[i]!];
    one[i] = cosine * a - sine * b;
    other[i] = sine * a + cosine * b;
  }
}

function dot(one: ArrayLike<number>, other: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += one[i]! * other[i]!;
  return sum;
}

// The Python calculates in float32, in which the ends of the curve are exactly 0 and 1.
const [DIVISOR, BREAK, OFFSET, SCALE] = [
  fround(12.92),
  fround(0.04045),
  fround(0.055),
  fround(1.055),
];
const [POWER, ROOT, LINEAR_BREAK] = [fround(2.4), fround(1 / 2.4), fround(0.0031308)];

/** Linear light in [0,1] of an sRGB-encoded value in [0,1]. */
export function srgbToLinear(encoded: number): number {
  if (encoded <= BREAK) return encoded / DIVISOR;
  return fround(fround(fround(encoded + OFFSET) / SCALE) ** POWER);
}

/** The sRGB-encoded value in [0,1] of linear light, clipped to [0,1] first. */
export function linearToSrgb(linear: number): number {
  if (linear >= 1) return 1;
  if (linear <= LINEAR_BREAK) return Math.max(linear, 0) * DIVISOR;
  return fround(fround(SCALE * fround(linear ** ROOT)) - OFFSET);
}

/** `srgbToLinear` of each value. */
export function srgbToLinearArray(encoded: ArrayLike<number>): Float32Array {
  const linear = new Float32Array(encoded.length);
  for (let i = 0; i < linear.length; i++) linear[i] = srgbToLinear(encoded[i]!);
  return linear;
}

/** Linear light in [0,1] of 8-bit sRGB samples. */
export function bytesToLinear(samples: Uint8Array | Uint8ClampedArray): Float32Array {
  const table = srgbToLinearArray(Float32Array.from({ length: 256 }, (_, i) => i / 255));
  const linear = new Float32Array(samples.length);
  for (let i = 0; i < linear.length; i++) linear[i] = table[samples[i]!]!;
  return linear;
}
