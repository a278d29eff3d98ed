/** Windows in which one picture is a linear function of another one's colours: the guided filter
 * with a colour guide (He, Sun and Tang 2013, section 3.4).
 */
import type { Image } from "../image/image.ts";

type Doubles = Image<Float64Array>;
/** Returns the mean over the window around each pixel. */
export type WindowMean = (values: Doubles) => Doubles;

/** Twelve numbers a pixel: for each channel of the signal, three slopes and an offset. */
export const NUMBERS = 12;

/** Returns the averaged linear functions that explain `signal` by `guide`, `NUMBERS` a pixel.
 *
 * @param guide three channels
 * @param signal as large as the guide, three channels
 * @param mean of a window; used for the fit and once more to average the functions
 * @param epsilon variance of the guide, above 0, below which a window counts as flat
 */
export function fitLocally(
  guide: Doubles,
  signal: Doubles,
  mean: WindowMean,
  epsilon: number,
): Doubles {
  const means = {
    guide: mean(guide).data,
    signal: mean(signal).data,
    squares: [0, 1, 2].map((i) => mean(times(guide, i, guide)).data),
    products: [0, 1, 2].map((i) => mean(times(guide, i, signal)).data),
  };
  const { slopes, offsets } = solved(means, guide, epsilon);
  const parts = [...slopes, offsets].map(mean);
  const result = { ...guide, channels: NUMBERS, data: new Float64Array(guide.data.length * 4) };
  for (let i = 0, at = 0; i < guide.data.length; i += 3, at += NUMBERS) {
    for (let c = 0; c < 3; c++) {
      const slope = parts[c]!.data;
      for (let g = 0; g < 3; g++) result.data[at + 4 * c + g] = slope[i + g]!;
      result.data[at + 4 * c + 3] = parts[3]!.data[i + c]!;
    }
  }
  return result;
}

interface Means {
  readonly guide: Float64Array;
  readonly signal: Float64Array;
  /** Of one of the guide's channels times all of them. */
  readonly squares: readonly Float64Array[];
  /** Of one of the guide's channels times the signal's. */
  readonly products: readonly Float64Array[];
}

function times(one: Doubles, channel: number, other: Doubles): Doubles {
  const data = new Float64Array(other.data.length);
  for (let i = 0; i < data.length; i += 3) {
    const factor = one.data[i + channel]!;
    for (let c = 0; c < 3; c++) data[i + c] = factor * other.data[i + c]!;
  }
  return { ...other, data };
}

/** Solves `(variance + epsilon) slopes = covariance` in every window. */
function solved(means: Means, shape: Doubles, epsilon: number) {
  const { guide, signal, squares, products } = means;
  const blank = (): Doubles => ({ ...shape, data: new Float64Array(guide.length) });
  const slopes = [blank(), blank(), blank()];
  const offsets = blank();
  const [red, green, blue] = squares as [Float64Array, Float64Array, Float64Array];
  for (let i = 0; i < guide.length; i += 3) {
    const [r, g, b] = [guide[i]!, guide[i + 1]!, guide[i + 2]!];
    // The matrix is symmetric and positive: L D L' of it, without any pivots.
    const d0 = red[i]! - r * r + epsilon;
    const m10 = red[i + 1]! - r * g;
    const m20 = red[i + 2]! - r * b;
    const [l10, l20] = [m10 / d0, m20 / d0];
    const d1 = green[i + 1]! - g * g + epsilon - l10 * m10;
    const m21 = green[i + 2]! - g * b - l20 * m10;
    const l21 = m21 / d1;
    const d2 = blue[i + 2]! - b * b + epsilon - l20 * m20 - l21 * m21;
    for (let c = 0; c < 3; c++) {
      const level = signal[i + c]!;
      const y0 = products[0]![i + c]! - r * level;
      const y1 = products[1]![i + c]! - g * level - l10 * y0;
      const y2 = products[2]![i + c]! - b * level - l20 * y0 - l21 * y1;
      const s2 = y2 / d2;
      const s1 = y1 / d1 - l21 * s2;
      const s0 = y0 / d0 - l10 * s1 - l20 * s2;
      const to = slopes[c]!.data;
      to[i] = s0;
      to[i + 1] = s1;
      to[i + 2] = s2;
      offsets.data[i + c] = level - s0 * r - s1 * g - s2 * b;
    }
  }
  return { slopes, offsets };
}
