/** Gaussian blur, with the results of cv2.GaussianBlur. */
import type { Image, Samples } from "./image.ts";
import { rint } from "./image.ts";
import { type Border, blank, inside } from "./samples.ts";
import { SlidingGaussian } from "./sliding.ts";

/** Up to this reach in pixels plain sums are as fast. */
const PLAIN_REACH = 10;

interface LineFilter {
  /** In pixels; lines need one sample more on either side. */
  readonly reach: number;
  filter(line: Float64Array, out: Float64Array): void;
}

/** `sigma` and `side` in pixels; without a side the one of cv2 for the kind of samples. */
export function gaussianBlur<T extends Samples>(
  image: Image<T>,
  sigma: number,
  border: "reflect101" | "replicate" = "reflect101",
  side?: number,
): Image<T> {
  const is8bit = image.data instanceof Uint8Array || image.data instanceof Uint8ClampedArray;
  const reach = ((side ?? rint(sigma * (is8bit ? 3 : 4) * 2 + 1) | 1) - 1) / 2;
  const filter = lineFilter(reach, sigma, is8bit);
  const { width, height, channels } = image;
  const result = blank(image, width, height);
  const across = new Float64Array(image.data.length);
  const down = new Float64Array(image.data.length);
  // Samples that belong together lie apart by `channels` before, and by 1 after the first pass.
  filterLines(Float64Array.from(image.data), width, height, channels, border, filter, across);
  filterLines(across, height, width, channels, border, filter, down);
  if (is8bit) for (let i = 0; i < down.length; i++) down[i] = (down[i]! + 32768) >>> 16;
  result.data.set(down);
  return result;
}

function lineFilter(reach: number, sigma: number, is8bit: boolean): LineFilter {
  if (is8bit) return new SymmetricFilter(fixedKernel(gaussianKernel(reach, sigma)));
  if (reach > PLAIN_REACH) return new SlidingGaussian(reach, sigma);
  return new SymmetricFilter(gaussianKernel(reach, sigma));
}

/** The weights from the middle on. */
function gaussianKernel(reach: number, sigma: number): Float64Array {
  const kernel = new Float64Array(reach + 1);
  let sum = 0;
  for (let i = 0; i <= reach; i++) {
    kernel[i] = Math.exp((-0.5 * i ** 2) / sigma ** 2);
    sum += (i === 0 ? 1 : 2) * kernel[i]!;
  }
  return kernel.map((weight) => weight / sum);
}

/** In 256ths, the roundings carried on from the ends to the middle so that all sum to 256. */
function fixedKernel(kernel: Float64Array): Float64Array {
  const found = new Float64Array(kernel.length);
  let [rest, sum] = [0, 0];
  for (let i = kernel.length - 1; i > 0; i--) {
    const exact = kernel[i]! * 256 + rest;
    found[i] = rint(exact);
    rest = exact - found[i]!;
    sum += 2 * found[i]!;
  }
  found[0] = 256 - sum;
  return found;
}

class SymmetricFilter implements LineFilter {
  readonly reach: number;
  private readonly kernel: Float64Array;

  constructor(kernel: Float64Array) {
    this.kernel = kernel;
    this.reach = kernel.length - 1;
  }

  filter(line: Float64Array, out: Float64Array): void {
    const { kernel, reach } = this;
    for (let i = 0, middle = reach + 1; i < out.length; i++, middle++) {
      let sum = kernel[0]! * line[middle]!;
      for (let k = 1; k <= reach; k++) sum += kernel[k]! * (line[middle - k]! + line[middle + k]!);
      out[i] = sum;
    }
  }
}

/**
 * Filters `count` lines of `length` pixels, and swaps the axes: pixel x of line y becomes y of x.
 */
function filterLines(
  from: Float64Array,
  length: number,
  count: number,
  channels: number,
  border: Border,
  filter: LineFilter,
  to: Float64Array,
): void {
  const extra = filter.reach + 1;
  const places = new Int32Array(length + 2 * extra);
  for (let i = 0; i < places.length; i++) {
    places[i] = inside(i - extra, length, border) * channels;
  }
  const line = new Float64Array(places.length);
  const out = new Float64Array(length);
  for (let y = 0; y < count; y++) {
    for (let channel = 0; channel < channels; channel++) {
      const start = y * length * channels + channel;
      for (let i = 0; i < line.length; i++) line[i] = from[start + places[i]!]!;
      filter.filter(line, out);
      const step = count * channels;
      for (let i = 0, at = y * channels + channel; i < length; i++, at += step) to[at] = out[i]!;
    }
  }
}
