/** Brings a small correction up to a picture's size along the picture's edges.
 *
 * The fast guided filter (He and Sun 2015, arXiv 1505.00996, Algorithm 2): in each small window the
 * correction is a linear function of the guide's colours; the functions are interpolated to the
 * full size and applied to the full guide, so edges come from the guide. A guide whose texture is
 * taken away first (`withoutTexture`) leaves the edges and keeps the texture of the result.
 */
import { bilateral } from "../image/bilateral.ts";
import { boxMean } from "../image/blur.ts";
import { clamp, type Floats, floats, type Image } from "../image/image.ts";
import { fitLocally, NUMBERS } from "./localfit.ts";

const RADIUS_PER_REDUCTION = 0.75;
const LARGEST_RADIUS = 6; // the cost grows with its square
const RANGE_SIGMA = 0.1;

/** Rows of a picture: from `first` up to, but without, `last`. */
export interface Rows {
  readonly first: number;
  readonly last: number;
}

/** Correction as a linear function of the guide, one function per small pixel: twelve channels,
 * for each channel of the correction three slopes and an offset. */
export type LocalLinear = Floats;

/** Returns the averaged linear functions that explain `correction` by `guide`.
 *
 * @param correction signed, any range
 * @param guide at the correction's size, sRGB-encoded in [0,1]
 * @param radius of the windows, in pixels of the correction
 * @param epsilon variance of the guide below which the correction is only averaged
 */
export function fitToGuide(
  correction: Floats,
  guide: Floats,
  radius: number,
  epsilon: number,
): LocalLinear {
  const { width, height } = correction;
  const levels = channelMeans(correction);
  // Without its mean the correction's covariances do not cancel; a constant stays exact.
  const signal = new Float64Array(correction.data.length);
  for (let i = 0; i < signal.length; i++) signal[i] = correction.data[i]! - levels[i % 3]!;
  const shape = { width, height, channels: 3 };
  const fitted = fitLocally(
    { ...shape, data: Float64Array.from(guide.data) },
    { ...shape, data: signal },
    (values: Image<Float64Array>) => boxMean(values, radius),
    epsilon,
  );
  for (let at = 3, c = 0; at < fitted.data.length; at += 4, c = (c + 1) % 3) {
    fitted.data[at]! += levels[c]!;
  }
  return { width, height, channels: NUMBERS, data: Float32Array.from(fitted.data) };
}

/** Returns the correction of some rows of a larger picture.
 *
 * @param fitted what `fitToGuide` returned
 * @param guide rows of the larger guide, sRGB-encoded in [0,1]
 * @param first of these rows, counted from the top of the picture
 * @param height of the whole picture, in pixels
 */
export function correctionRows(
  fitted: LocalLinear,
  guide: Floats,
  first: number,
  height: number,
): Floats {
  const width = guide.width;
  const columns = new Spread(fitted.width, width);
  const rows = new Spread(fitted.height, height);
  const functions = new Float32Array(fitted.width * NUMBERS);
  const result = floats(width, guide.height, 3);
  for (let y = 0; y < guide.height; y++) {
    betweenRows(fitted.data, rows, first + y, functions);
    const at = y * width * 3;
    alongRow(functions, columns, guide.data, result.data, at);
  }
  return result;
}

/** Where the pixels of a larger axis lie between those of a smaller one, centres aligned. */
export class Spread {
  /** The pixel before, and how far the place is from it towards the one after. */
  readonly before: Int32Array;
  readonly after: Int32Array;
  readonly weight: Float32Array;

  constructor(small: number, large: number) {
    this.before = new Int32Array(large);
    this.after = new Int32Array(large);
    this.weight = new Float32Array(large);
    for (let i = 0; i < large; i++) {
      const place = clamp((i + 0.5) * (small / large) - 0.5, 0, small - 1);
      this.before[i] = Math.floor(place);
      this.after[i] = Math.min(this.before[i]! + 1, small - 1);
      this.weight[i] = place - this.before[i]!;
    }
  }
}

/** Interpolates between two rows of a map, as long as `to`, for row `row` of the larger one.
 *
 * @param first row of the smaller one that `map` begins with
 */
export function betweenRows(
  map: Float32Array,
  rows: Spread,
  row: number,
  to: Float32Array,
  first = 0,
): void {
  const above = (rows.before[row]! - first) * to.length;
  const below = (rows.after[row]! - first) * to.length;
  const weight = rows.weight[row]!;
  for (let i = 0; i < to.length; i++) {
    const value = map[above + i]!;
    to[i] = value + (map[below + i]! - value) * weight;
  }
}

/** Applies a row of functions, interpolated to the guide's width, to the guide from `at` on. */
function alongRow(
  functions: Float32Array,
  columns: Spread,
  guide: Float32Array,
  to: Float32Array,
  at: number,
): void {
  const { before, after, weight } = columns;
  const width = before.length;
  for (let x = 0, end = 0; x < width; x = end) {
    const column = before[x]!;
    for (end = x + 1; end < width && before[end] === column; ) end++;
    const left = column * NUMBERS;
    const right = after[x]! * NUMBERS;
    for (let c = 0; c < 3; c++) {
      alongRun(functions, left + 4 * c, right + 4 * c, weight, x, end, guide, to, at, c);
    }
  }
}

/** Applies one channel's functions, from either side, to the pixels that lie between them. */
function alongRun(
  functions: Float32Array,
  left: number,
  right: number,
  weight: Float32Array,
  first: number,
  end: number,
  guide: Float32Array,
  to: Float32Array,
  at: number,
  channel: number,
): void {
  const red = functions[left]!;
  const green = functions[left + 1]!;
  const blue = functions[left + 2]!;
  const offset = functions[left + 3]!;
  const otherRed = functions[right]!;
  const otherGreen = functions[right + 1]!;
  const otherBlue = functions[right + 2]!;
  const otherOffset = functions[right + 3]!;
  for (let x = first, i = at + 3 * first; x < end; x++, i += 3) {
    const r = guide[i]!;
    const g = guide[i + 1]!;
    const b = guide[i + 2]!;
    // Both functions at this colour, then between them: the same as between their numbers.
    const one = red * r + green * g + blue * b + offset;
    const other = otherRed * r + otherGreen * g + otherBlue * b + otherOffset;
    to[i + channel] = one + (other - one) * weight[x]!;
  }
}

/** Returns the radius for `withoutTexture` if the correction is `reduction` times smaller. */
export function textureRadius(reduction: number): number {
  return Math.min(Math.trunc(RADIUS_PER_REDUCTION * reduction), LARGEST_RADIUS);
}

/** Returns the guide, or some rows of it, with fine texture taken away and edges kept.
 *
 * @param guide sRGB-encoded in [0,1]
 * @param radius of the bilateral filter, in pixels; 0 changes nothing
 */
export function withoutTexture(guide: Floats, radius: number, rows?: Rows): Floats {
  if (radius) return bilateral(guide, radius, RANGE_SIGMA, radius / 1.5, rows);
  if (!rows) return guide;
  const row = guide.width * guide.channels;
  return {
    ...guide,
    height: rows.last - rows.first,
    data: guide.data.slice(rows.first * row, rows.last * row),
  };
}

function channelMeans(values: Floats): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < values.data.length; i += 3) {
    for (let c = 0; c < 3; c++) sums[c]! += values.data[i + c]!;
  }
  const count = values.width * values.height;
  return [sums[0] / count, sums[1] / count, sums[2] / count];
}
