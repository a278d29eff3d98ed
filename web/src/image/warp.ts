/** Linear interpolation at any places, with the results of cv2.warpAffine and cv2.remap. */
import type { Floats, Image, Samples } from "./image.ts";
import { blank, rounding } from "./samples.ts";

/**
 * Takes each result (x, y) from `matrix` · (x, y, 1) of the picture; the six numbers are two rows.
 *
 * Outside of the picture is 0 ("constant"), into which its edge blends, or the nearest pixel.
 */
export function warpAffine<T extends Samples>(
  image: Image<T>,
  matrix: readonly number[],
  width: number,
  height: number,
  border: "constant" | "replicate",
): Image<T> {
  const padded = withFrame(image, border);
  const result = blank(image, width, height);
  const store = rounding(result.data);
  const row = new Float32Array(width * image.channels);
  const m = Float32Array.from(matrix);
  if (m[1] === 0 && m[3] === 0) {
    const lines = new AlignedLines(padded, width, m[0]!, m[2]!);
    for (let y = 0; y < height; y++) {
      lines.fill(Math.fround(m[4]! * y + m[5]!), row);
      store.set(row, y * row.length);
    }
    return result;
  }
  for (let y = 0; y < height; y++) {
    const [x0, y0] = [m[1]! * y + m[2]!, m[4]! * y + m[5]!];
    alongLine(padded, m[0]!, x0, m[3]!, y0, row);
    store.set(row, y * row.length);
  }
  return result;
}

/** The picture with a frame of one pixel, so that no place needs a look whether it is inside. */
function withFrame(image: Image, border: "constant" | "replicate"): Floats {
  const { width, height, channels, data } = image;
  const length = (width + 2) * channels;
  const framed = new Float32Array(length * (height + 2));
  for (let y = 0; y < height; y++) {
    const start = y * width * channels;
    framed.set(data.subarray(start, start + width * channels), (y + 1) * length + channels);
  }
  if (border === "replicate") {
    for (let y = 1; y <= height; y++) {
      const start = y * length;
      framed.copyWithin(start, start + channels, start + 2 * channels);
      const end = start + length;
      framed.copyWithin(end - channels, end - 2 * channels, end - channels);
    }
    framed.copyWithin(0, length, 2 * length);
    framed.copyWithin((height + 1) * length, height * length, (height + 1) * length);
  }
  return { width: width + 2, height: height + 2, channels, data: framed };
}

/** Fills a row of results from places that begin at (x0, y0) and go on by (dx, dy). */
function alongLine(
  framed: Floats,
  dx: number,
  x0: number,
  dy: number,
  y0: number,
  out: Float32Array,
): void {
  const { width, height, channels, data } = framed;
  const length = width * channels;
  const count = out.length / channels;
  for (let i = 0, at = 0; i < count; i++) {
    // Beyond the frame all is as on it.
    const x = Math.min(Math.max(Math.fround(dx * i + x0), -1), width - 2) + 1;
    const y = Math.min(Math.max(Math.fround(dy * i + y0), -1), height - 2) + 1;
    const left = Math.min(Math.floor(x), width - 2);
    const top = Math.min(Math.floor(y), height - 2);
    const right = x - left;
    const down = y - top;
    let place = top * length + left * channels;
    for (let k = 0; k < channels; k++, place++) {
      const [a, b] = [data[place]!, data[place + length]!];
      const above = a + right * (data[place + channels]! - a);
      const below = b + right * (data[place + length + channels]! - b);
      out[at++] = above + down * (below - above);
    }
  }
}

/** Rows of a picture that is only moved and scaled: columns lie at the same places in each. */
class AlignedLines {
  private readonly framed: Floats;
  private readonly from: Int32Array;
  private readonly share: Float64Array;
  private readonly mixed: Float64Array;

  constructor(framed: Floats, count: number, dx: number, x0: number) {
    const { width, channels } = framed;
    this.framed = framed;
    this.from = new Int32Array(count);
    this.share = new Float64Array(count);
    this.mixed = new Float64Array(width * channels);
    for (let i = 0; i < count; i++) {
      const x = Math.min(Math.max(Math.fround(dx * i + x0), -1), width - 2) + 1;
      const left = Math.min(Math.floor(x), width - 2);
      this.from[i] = left * channels;
      this.share[i] = x - left;
    }
  }

  /** Fills `out` with the row at height `y0`. */
  fill(y0: number, out: Float32Array): void {
    const { width, height, channels, data } = this.framed;
    const { from, share, mixed } = this;
    const y = Math.min(Math.max(y0, -1), height - 2) + 1;
    const top = Math.min(Math.floor(y), height - 2);
    const length = width * channels;
    const down = y - top;
    for (let i = 0, at = top * length; i < length; i++, at++) {
      const above = data[at]!;
      mixed[i] = above + down * (data[at + length]! - above);
    }
    for (let i = 0, at = 0; i < from.length; i++) {
      const right = share[i]!;
      const end = from[i]! + channels;
      for (let place = from[i]!; place < end; place++) {
        const left = mixed[place]!;
        out[at++] = left + right * (mixed[place + channels]! - left);
      }
    }
  }
}

/** Samples of a map of one channel at places in pixels; outside is the nearest pixel. */
export function sampleLinear(map: Floats, xs: Float32Array, ys: Float32Array): Float32Array {
  const { width, height, data } = map;
  const out = new Float32Array(xs.length);
  for (let i = 0; i < xs.length; i++) {
    const x = Math.min(Math.max(xs[i]!, 0), width - 1);
    const y = Math.min(Math.max(ys[i]!, 0), height - 1);
    const left = Math.floor(x);
    const top = Math.floor(y);
    const next = left < width - 1 ? 1 : 0;
    const place = top * width + left;
    const lower = top < height - 1 ? place + width : place;
    const above = data[place]! + (x - left) * (data[place + next]! - data[place]!);
    const below = data[lower]! + (x - left) * (data[lower + next]! - data[lower]!);
    out[i] = above + (y - top) * (below - above);
  }
  return out;
}
