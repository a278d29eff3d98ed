/** Resizing, with the results of cv2.resize. */
import { AreaReducer, isArea } from "./area.ts";
import type { Floats, Image, Samples } from "./image.ts";
import { rint } from "./image.ts";
import { blank, rounding } from "./samples.ts";

export { AreaReducer };

/** For each result, which samples it takes (already inside) and how much of each. */
interface Taps {
  readonly count: 2 | 4;
  readonly from: Int32Array;
  readonly weight: Float64Array;
}

/** The mean of the area under each new pixel; where an axis grows, as cv2.INTER_AREA does then. */
export function resizeArea<T extends Samples>(
  image: Image<T>,
  width: number,
  height: number,
): Image<T> {
  if (width === image.width && height === image.height)
    return { ...image, data: image.data.slice() as T };
  if (!isArea(image.width, width) || !isArea(image.height, height)) {
    return separable(
      image,
      edgeTaps(image.width, width),
      edgeTaps(image.height, height),
      width,
      height,
    );
  }
  const result = blank(image, width, height);
  const reducer = new AreaReducer(image.width, image.height, image.channels, width, height, result);
  reducer.addSamples(image.data, image.height, image.channels);
  reducer.finish();
  return result;
}

/** Linear interpolation, pixel centres aligned; 8-bit samples in cv2's fixed point. */
export function resizeLinear<T extends Samples>(
  image: Image<T>,
  width: number,
  height: number,
): Image<T> {
  // cv2 averages then.
  if (image.width === 2 * width && image.height === 2 * height) {
    return resizeArea(image, width, height);
  }
  if (width === image.width && height === image.height)
    return { ...image, data: image.data.slice() as T };
  return separable(
    image,
    linearTaps(image.width, width),
    linearTaps(image.height, height),
    width,
    height,
  );
}

/** Cubic interpolation (a = -0.75), pixel centres aligned; may overshoot. */
export function resizeCubic(image: Floats, width: number, height: number): Floats {
  if (width === image.width && height === image.height)
    return { ...image, data: image.data.slice() };
  const [across, down] = [cubicTaps(image.width, width), cubicTaps(image.height, height)];
  return separable(image, across, down, width, height);
}

function linearTaps(length: number, newLength: number): Taps {
  const scale = 1 / (newLength / length);
  const from = new Int32Array(2 * newLength);
  const weight = new Float64Array(2 * newLength);
  for (let i = 0; i < newLength; i++) {
    const place = Math.fround((i + 0.5) * scale - 0.5);
    setPair(from, weight, i, Math.floor(place), place - Math.floor(place), length);
  }
  return { count: 2, from, weight };
}

/** How cv2.INTER_AREA enlarges: each pixel keeps its area, only those across an edge blend. */
function edgeTaps(length: number, newLength: number): Taps {
  const inverse = newLength / length;
  const scale = 1 / inverse;
  const from = new Int32Array(2 * newLength);
  const weight = new Float64Array(2 * newLength);
  for (let i = 0; i < newLength; i++) {
    const first = Math.floor(i * scale);
    const past = Math.fround(i + 1 - (first + 1) * inverse);
    setPair(from, weight, i, first, past <= 0 ? 0 : past - Math.floor(past), length);
  }
  return { count: 2, from, weight };
}

function setPair(
  from: Int32Array,
  weight: Float64Array,
  i: number,
  first: number,
  past: number,
  length: number,
): void {
  from[2 * i] = Math.min(Math.max(first, 0), length - 1);
  from[2 * i + 1] = Math.min(Math.max(first + 1, 0), length - 1);
  weight[2 * i] = Math.fround(1 - past);
  weight[2 * i + 1] = past;
}

function cubicTaps(length: number, newLength: number): Taps {
  const a = -0.75;
  const scale = 1 / (newLength / length);
  const from = new Int32Array(4 * newLength);
  const weight = new Float64Array(4 * newLength);
  for (let i = 0; i < newLength; i++) {
    const place = Math.fround((i + 0.5) * scale - 0.5);
    const first = Math.floor(place);
    const past = place - first;
    const before = past + 1;
    const after = 1 - past;
    weight[4 * i] = ((a * before - 5 * a) * before + 8 * a) * before - 4 * a;
    weight[4 * i + 1] = ((a + 2) * past - (a + 3)) * past * past + 1;
    weight[4 * i + 2] = ((a + 2) * after - (a + 3)) * after * after + 1;
    weight[4 * i + 3] = 1 - weight[4 * i]! - weight[4 * i + 1]! - weight[4 * i + 2]!;
    for (let k = 0; k < 4; k++) {
      from[4 * i + k] = Math.min(Math.max(first - 1 + k, 0), length - 1);
    }
  }
  return { count: 4, from, weight };
}

/** Interpolates along rows first, keeping the rows that the next result still needs. */
function separable<T extends Samples>(
  image: Image<T>,
  across: Taps,
  down: Taps,
  width: number,
  height: number,
): Image<T> {
  const result = blank(image, width, height);
  const { channels } = image;
  const exact = !(image.data instanceof Uint8Array || image.data instanceof Uint8ClampedArray);
  const [taps, lines] = exact ? [across, down] : [fixed(across), fixed(down)];
  const length = width * channels;
  const row = new Float64Array(image.width * channels);
  const kept = Array.from({ length: lines.count }, () => new Float64Array(length));
  const keptRow = new Int32Array(lines.count).fill(-1);
  const out = new Float64Array(length);
  const store = rounding(result.data);
  const used: Float64Array[] = new Array(lines.count);
  for (let y = 0; y < height; y++) {
    for (let k = 0; k < lines.count; k++) {
      const wanted = lines.from[lines.count * y + k]!;
      let slot = keptRow.indexOf(wanted);
      if (slot < 0) {
        slot = freeSlot(keptRow, lines.from, lines.count, y);
        keptRow[slot] = wanted;
        const start = wanted * row.length;
        row.set(image.data.subarray(start, start + row.length));
        if (taps.count === 2) alongRow2(row, taps, channels, kept[slot]!);
        else alongRow4(row, taps, channels, kept[slot]!);
      }
      used[k] = kept[slot]!;
    }
    const at = lines.count * y;
    if (lines.count === 4) mix4(used, lines.weight, at, out);
    else if (exact) mix2(used[0]!, used[1]!, lines.weight[at]!, lines.weight[at + 1]!, out);
    else mixFixed(used[0]!, used[1]!, lines.weight[at]!, lines.weight[at + 1]!, out);
    store.set(out, y * length);
  }
  return result;
}

/** A place among the kept rows that result `y` does not need. */
function freeSlot(keptRow: Int32Array, from: Int32Array, count: number, y: number): number {
  const needed = from.subarray(count * y, count * (y + 1));
  for (let slot = 0; slot < count; slot++) {
    if (!needed.includes(keptRow[slot]!)) return slot;
  }
  throw new Error("no row is free");
}

/** The weights in 2048ths, as cv2 has them for 8-bit samples. */
function fixed(taps: Taps): Taps {
  return { ...taps, weight: taps.weight.map((weight) => rint(weight * 2048)) };
}

function alongRow2(row: Float64Array, taps: Taps, channels: number, out: Float64Array): void {
  const { from, weight } = taps;
  const width = from.length / 2;
  for (let x = 0, at = 0; x < width; x++) {
    const first = from[2 * x]! * channels;
    const second = from[2 * x + 1]! * channels;
    const [a, b] = [weight[2 * x]!, weight[2 * x + 1]!];
    for (let k = 0; k < channels; k++) out[at++] = row[first + k]! * a + row[second + k]! * b;
  }
}

function alongRow4(row: Float64Array, taps: Taps, channels: number, out: Float64Array): void {
  const { from, weight } = taps;
  const width = from.length / 4;
  for (let x = 0, at = 0; x < width; x++) {
    for (let k = 0; k < channels; k++) {
      let sum = 0;
      for (let i = 4 * x; i < 4 * x + 4; i++) sum += row[from[i]! * channels + k]! * weight[i]!;
      out[at++] = sum;
    }
  }
}

function mix2(
  first: Float64Array,
  second: Float64Array,
  a: number,
  b: number,
  out: Float64Array,
): void {
  for (let i = 0; i < out.length; i++) out[i] = first[i]! * a + second[i]! * b;
}

/** Rows of 2048ths to 8-bit values, cut off where cv2 cuts off. */
function mixFixed(
  first: Float64Array,
  second: Float64Array,
  a: number,
  b: number,
  out: Float64Array,
): void {
  for (let i = 0; i < out.length; i++) {
    const above = (a * (first[i]! >> 4)) >> 16;
    const below = (b * (second[i]! >> 4)) >> 16;
    out[i] = (above + below + 2) >> 2;
  }
}

function mix4(
  rows: readonly Float64Array[],
  weight: Float64Array,
  at: number,
  out: Float64Array,
): void {
  const [r0, r1, r2, r3] = [rows[0]!, rows[1]!, rows[2]!, rows[3]!];
  const [a, b, c, d] = [weight[at]!, weight[at + 1]!, weight[at + 2]!, weight[at + 3]!];
  for (let i = 0; i < out.length; i++) {
    out[i] = r0[i]! * a + r1[i]! * b + r2[i]! * c + r3[i]! * d;
  }
}
