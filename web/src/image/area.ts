/**
 * Averaging over areas (cv2.INTER_AREA), fed with rows from top to bottom.
 *
 * Sums are rounded to single precision at each step: only so are 8-bit results those of cv2.
 */
import type { Bytes, Image, Samples } from "./image.ts";
import { bytes } from "./image.ts";
import { rounding } from "./samples.ts";

/** What samples `from[start[i]] …` one after the other weigh in result i. */
interface Areas {
  readonly start: Int32Array;
  readonly from: Int32Array;
  readonly weight: Float64Array;
}

/** Whether cv2 averages an axis, rather than interpolates. */
export function isArea(length: number, newLength: number): boolean {
  return 1 / (newLength / length) >= 1;
}

/** Whether cv2 takes the mean of whole blocks; in its own, inexact arithmetic. */
function isWhole(length: number, newLength: number): boolean {
  const scale = 1 / (newLength / length);
  return Math.abs(scale - Math.round(scale)) < Number.EPSILON;
}

/** `whole` leaves out the division by the area. */
function areas(length: number, newLength: number, whole: boolean): Areas {
  const scale = 1 / (newLength / length);
  const [start, from, weight]: [number[], number[], number[]] = [[], [], []];
  const push = (index: number, value: number) => {
    from.push(index);
    weight.push(whole ? 1 : Math.fround(value));
  };
  for (let i = 0; i < newLength; i++) {
    start.push(from.length);
    if (whole) {
      const side = Math.round(scale);
      for (let k = 0; k < side; k++) push(i * side + k, 1);
      continue;
    }
    const [begin, end] = [i * scale, i * scale + scale];
    const cell = Math.min(scale, length - begin);
    const last = Math.min(Math.floor(end), length - 1);
    const first = Math.min(Math.ceil(begin), last);
    // The slack is cv2's.
    if (first - begin > 1e-3) push(first - 1, (first - begin) / cell);
    for (let k = first; k < last; k++) push(k, 1 / cell);
    if (end - last > 1e-3) push(last, Math.min(Math.min(end - last, 1), cell) / cell);
  }
  start.push(from.length);
  return {
    start: Int32Array.from(start),
    from: Int32Array.from(from),
    weight: Float64Array.from(weight),
  };
}

export class AreaReducer {
  private readonly result: Image;
  private readonly across: Areas;
  private readonly down: Areas;
  private readonly store: Samples;
  /** Samples of blocks of whole pixels; 0 where the weights sum to 1 already. */
  private readonly block: number;
  private readonly half: boolean;
  /** Whether the sums are of whole numbers, which no rounding changes. */
  private readonly exact: boolean;
  private readonly width: number;
  private readonly height: number;
  private readonly reduced: Float64Array;
  private readonly sum: Float64Array;
  private entry = 0;
  private line = 0;
  private y = 0;

  /** The result is 8-bit unless another is given; it has `channels` channels. */
  constructor(
    width: number,
    height: number,
    channels: number,
    newWidth: number,
    newHeight: number,
    result: Image = bytes(newWidth, newHeight, channels),
  ) {
    if (!isArea(width, newWidth) || !isArea(height, newHeight)) {
      throw new Error("AreaReducer: expected a size that is not larger");
    }
    const whole = isWhole(width, newWidth) && isWhole(height, newHeight);
    this.result = result;
    this.across = areas(width, newWidth, whole);
    this.down = areas(height, newHeight, whole);
    this.block = whole ? Math.round(width / newWidth) * Math.round(height / newHeight) : 0;
    // cv2 rounds halves up then, and else to the even.
    const integers = !(result.data instanceof Float32Array || result.data instanceof Float64Array);
    this.half = integers && whole && width === 2 * newWidth && height === 2 * newHeight;
    this.exact = integers && whole;
    this.width = width;
    this.height = height;
    this.store = rounding(result.data);
    this.reduced = new Float64Array(newWidth * channels);
    this.sum = new Float64Array(newWidth * channels);
  }

  /** Takes the next `count` rows; of the `stride` samples of a pixel the first ones count. */
  add(rows: Uint8Array | Uint8ClampedArray, count: number, stride: number): void {
    this.addSamples(rows, count, stride);
  }

  addSamples(rows: Samples, count: number, stride: number): void {
    const { across, down, reduced, sum } = this;
    const { channels } = this.result;
    // Copied, the rows are of one kind always, which keeps the loops fast.
    const row = new Float64Array(this.width * stride);
    for (let i = 0; i < count; i++, this.y++) {
      row.set(rows.subarray(i * row.length, (i + 1) * row.length));
      if (this.exact && channels === 3) alongWhole3(row, stride, across, reduced);
      else if (channels === 3) along3(row, stride, across, reduced);
      else along(row, stride, channels, across, reduced);
      for (; down.from[this.entry] === this.y; this.entry++) {
        accumulate(sum, reduced, down.weight[this.entry]!, this.entry === down.start[this.line]);
        if (this.entry + 1 === down.start[this.line + 1]) this.flush();
      }
    }
  }

  finish(): Bytes {
    if (this.y !== this.height) throw new Error("AreaReducer: rows are missing");
    return this.result as Bytes;
  }

  private flush(): void {
    const { sum } = this;
    if (this.half) {
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i]! + 2) >> 2;
    } else if (this.block) {
      // In single precision halves are halves where they are in cv2.
      const share = Math.fround(1 / this.block);
      for (let i = 0; i < sum.length; i++) sum[i] = Math.fround(sum[i]! * share);
    }
    this.store.set(sum, this.line * sum.length);
    this.line++;
  }
}

function accumulate(
  sum: Float64Array,
  reduced: Float64Array,
  share: number,
  isFirst: boolean,
): void {
  if (isFirst) for (let i = 0; i < sum.length; i++) sum[i] = Math.fround(share * reduced[i]!);
  else
    for (let i = 0; i < sum.length; i++)
      sum[i] = Math.fround(sum[i]! + Math.fround(share * reduced[i]!));
}

function along3(row: Float64Array, stride: number, areas: Areas, out: Float64Array): void {
  const { start, from, weight } = areas;
  for (let x = 0, at = 0, i = 0; at < out.length; x++, at += 3) {
    const end = start[x + 1]!;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let place = from[i]! * stride; i < end; i++, place += stride) {
      const share = weight[i]!;
      red = Math.fround(red + Math.fround(share * row[place]!));
      green = Math.fround(green + Math.fround(share * row[place + 1]!));
      blue = Math.fround(blue + Math.fround(share * row[place + 2]!));
    }
    out[at] = red;
    out[at + 1] = green;
    out[at + 2] = blue;
  }
}

/** Sums blocks of equal width, whose weights are 1. */
function alongWhole3(row: Float64Array, stride: number, areas: Areas, out: Float64Array): void {
  const length = areas.start[1]! * stride;
  for (let at = 0, place = 0; at < out.length; at += 3) {
    let red = 0;
    let green = 0;
    let blue = 0;
    for (const end = place + length; place < end; place += stride) {
      red += row[place]!;
      green += row[place + 1]!;
      blue += row[place + 2]!;
    }
    out[at] = red;
    out[at + 1] = green;
    out[at + 2] = blue;
  }
}

function along(
  row: Float64Array,
  stride: number,
  channels: number,
  areas: Areas,
  out: Float64Array,
): void {
  const { start, from, weight } = areas;
  for (let k = 0; k < channels; k++) {
    for (let x = 0, at = k; at < out.length; x++, at += channels) {
      let sum = 0;
      for (let i = start[x]!; i < start[x + 1]!; i++) {
        sum = Math.fround(sum + Math.fround(weight[i]! * row[from[i]! * stride + k]!));
      }
      out[at] = sum;
    }
  }
}
