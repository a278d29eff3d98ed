/** The bilateral filter (Tomasi and Manduchi, ICCV 1998), with the results of cv2's. */
import type { Floats } from "./image.ts";
import { inside } from "./samples.ts";

/** The table of range weights is this fine, so that errors stay below 1e-4. */
const BINS_PER_SIGMA = 200;
const BINS_PER_UNIT = 2500;
const MOST_BINS = 1 << 20;
/** Rows calculated at a time; few enough for the processor's cache. */
const BLOCK_ROWS = 32;

/** Rows with mirrored borders, in bins of the table, and what their pixels have collected so far. */
interface Block {
  /** Red, green, blue and an unused sample. */
  readonly values: Float64Array;
  /** Weighted sums of the neighbours' differences in red, green and blue; sum of weights. */
  readonly sums: Float64Array;
  /** Samples in a row. */
  readonly stride: number;
}

/** The neighbours after a pixel in reading order; those before it mirror them. */
interface Disc {
  readonly offsets: Int32Array;
  readonly weights: Float64Array;
}

/**
 * Means of the neighbours in a disc, weighted by distance and by likeness; of three channels.
 *
 * `sigmaRange` is of the sum of the channels' differences; `radius` and `sigmaSpace` are pixels.
 * With `rows` only those from `first` to before `last` are calculated and returned.
 */
export function bilateral(
  image: Floats,
  radius: number,
  sigmaRange: number,
  sigmaSpace: number,
  rows: { first: number; last: number } = { first: 0, last: image.height },
): Floats {
  const { width, channels } = image;
  if (channels !== 3) throw new Error(`bilateral: expected 3 channels, not ${channels}`);
  const span = spanOf(image, rows.first - 2 * radius, rows.last + 2 * radius);
  const fine = Math.min(sigmaRange / BINS_PER_SIGMA, 1 / BINS_PER_UNIT);
  const bin = Math.max(fine, (3 * span) / MOST_BINS);
  const table = rangeWeights(Math.ceil((3 * span) / bin) + 2, bin / sigmaRange);
  const size = (width + 2 * radius) * 4 * (BLOCK_ROWS + 2 * radius);
  const block: Block = {
    values: new Float64Array(size),
    sums: new Float64Array(size),
    stride: (width + 2 * radius) * 4,
  };
  const disc = halfDisc(radius, sigmaSpace, block.stride);
  const height = rows.last - rows.first;
  const result = new Float32Array(width * height * 3);
  for (let y = 0; y < height; y += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, height - y);
    // What the last block left below its rows is above the rows of this one.
    const kept = y === 0 ? 0 : 2 * radius;
    advance(block, kept);
    for (let i = kept; i < count + 2 * radius; i++) {
      loadRow(image, rows.first + y + i - radius, radius, bin, block, i);
    }
    for (let i = y === 0 ? 0 : radius; i < count + radius; i++) {
      collect(block.values, block.sums, disc, table, i * block.stride, block.stride);
    }
    const length = count * width * 3;
    const out = result.subarray(y * width * 3, y * width * 3 + length);
    for (let i = 0; i < count; i++) {
      storeRow(block, (radius + i) * block.stride + 4 * radius, bin, out, i * width * 3, width);
    }
  }
  return { width, height, channels, data: result };
}

/** The largest sample less the smallest, of some of the rows. */
function spanOf(image: Floats, first: number, last: number): number {
  const length = image.width * image.channels;
  const end = Math.min(last, image.height) * length;
  let [least, most] = [Infinity, -Infinity];
  for (let i = Math.max(first, 0) * length; i < end; i++) {
    const value = image.data[i]!;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return Math.max(most - least, 0);
}

/** Weights at the middles of bins; `bin` is a bin's width in sigmas. */
function rangeWeights(count: number, bin: number): Float64Array {
  const table = new Float64Array(count);
  for (let i = 0; i < count; i++) table[i] = Math.exp(-0.5 * ((i + 0.5) * bin) ** 2);
  return table;
}

function halfDisc(radius: number, sigma: number, stride: number): Disc {
  const offsets: number[] = [];
  const weights: number[] = [];
  for (let y = 0; y <= radius; y++) {
    for (let x = y === 0 ? 1 : -radius; x <= radius; x++) {
      const square = x * x + y * y;
      if (square > radius * radius) continue;
      offsets.push(y * stride + 4 * x);
      weights.push(Math.exp(-square / (2 * sigma * sigma)));
    }
  }
  return { offsets: Int32Array.from(offsets), weights: Float64Array.from(weights) };
}

/** Moves the last rows to the top; below them nothing is collected yet. */
function advance({ values, sums, stride }: Block, kept: number): void {
  values.copyWithin(0, BLOCK_ROWS * stride, (BLOCK_ROWS + kept) * stride);
  sums.copyWithin(0, BLOCK_ROWS * stride, (BLOCK_ROWS + kept) * stride);
  sums.fill(0, kept * stride);
}

function loadRow(
  image: Floats,
  y: number,
  radius: number,
  bin: number,
  block: Block,
  row: number,
): void {
  const { width, height, data } = image;
  const { values } = block;
  let from = inside(y, height, "reflect101") * width * 3;
  const start = row * block.stride + 4 * radius;
  const end = start + 4 * width;
  for (let at = start; at < end; at += 4, from += 3) {
    values[at] = data[from]! / bin;
    values[at + 1] = data[from + 1]! / bin;
    values[at + 2] = data[from + 2]! / bin;
  }
  for (let x = 1; x <= radius; x++) {
    const left = start + 4 * inside(-x, width, "reflect101");
    values.copyWithin(start - 4 * x, left, left + 4);
    const right = start + 4 * inside(width - 1 + x, width, "reflect101");
    values.copyWithin(end + 4 * (x - 1), right, right + 4);
  }
}

/**
 * Weighs each pixel of a row with the neighbours after it, once for both.
 *
 * Those of the mirrored columns too: what spills over into the next row stays in its border.
 */
function collect(
  values: Float64Array,
  sums: Float64Array,
  disc: Disc,
  table: Float64Array,
  start: number,
  length: number,
): void {
  const { offsets, weights } = disc;
  const count = offsets.length;
  for (let at = start; at < start + length; at += 4) {
    const red = values[at]!;
    const green = values[at + 1]!;
    const blue = values[at + 2]!;
    let sumRed = 0;
    let sumGreen = 0;
    let sumBlue = 0;
    let total = 0;
    for (let k = 0; k < count; k++) {
      const near = at + offsets[k]!;
      const moreRed = values[near]! - red;
      const moreGreen = values[near + 1]! - green;
      const moreBlue = values[near + 2]! - blue;
      const away = Math.abs(moreRed) + Math.abs(moreGreen) + Math.abs(moreBlue);
      const weight = weights[k]! * table[away | 0]!;
      const toRed = weight * moreRed;
      const toGreen = weight * moreGreen;
      const toBlue = weight * moreBlue;
      sumRed += toRed;
      sumGreen += toGreen;
      sumBlue += toBlue;
      total += weight;
      sums[near] = sums[near]! - toRed;
      sums[near + 1] = sums[near + 1]! - toGreen;
      sums[near + 2] = sums[near + 2]! - toBlue;
      sums[near + 3] = sums[near + 3]! + weight;
    }
    sums[at] = sums[at]! + sumRed;
    sums[at + 1] = sums[at + 1]! + sumGreen;
    sums[at + 2] = sums[at + 2]! + sumBlue;
    sums[at + 3] = sums[at + 3]! + total;
  }
}

function storeRow(
  { values, sums }: Block,
  from: number,
  bin: number,
  out: Float32Array,
  start: number,
  width: number,
): void {
  const end = start + 3 * width;
  for (let i = start, at = from; i < end; i += 3, at += 4) {
    // The pixel itself weighs 1.
    const share = bin / (1 + sums[at + 3]!);
    out[i] = bin * values[at]! + share * sums[at]!;
    out[i + 1] = bin * values[at + 1]! + share * sums[at + 1]!;
    out[i + 2] = bin * values[at + 2]! + share * sums[at + 2]!;
  }
}
