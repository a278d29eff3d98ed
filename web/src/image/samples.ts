/** Making samples of the kind of others, and storing calculated values in them. */
import type { Image, Samples } from "./image.ts";

export function blank<T extends Samples>(like: Image<T>, width: number, height: number): Image<T> {
  const kind = like.data.constructor as new (length: number) => T;
  const { channels } = like;
  return { width, height, channels, data: new kind(width * height * channels) };
}

/** A view of the samples; `set` into it rounds (half to even) and clamps for 8-bit samples. */
export function rounding(data: Samples): Samples {
  if (!(data instanceof Uint8Array)) return data;
  return new Uint8ClampedArray(data.buffer as ArrayBuffer, data.byteOffset, data.length);
}

/** Where a border takes the sample at `index`, which may lie far outside of 0 … length - 1. */
export type Border = "reflect" | "reflect101" | "replicate";

export function inside(index: number, length: number, border: Border): number {
  if (index >= 0 && index < length) return index;
  if (border === "replicate" || length === 1) return index < 0 ? 0 : length - 1;
  const edge = border === "reflect" ? 1 : 0;
  const period = 2 * (length - 1 + edge);
  const within = ((index % period) + period) % period;
  return within < length ? within : period - edge - within;
}

/** Copies row `y` with `reach` pixels of border on either side. */
export function extendRow(
  image: Image,
  y: number,
  reach: number,
  border: Border,
  row: Float64Array,
): void {
  const { width, channels, data } = image;
  const start = y * width * channels;
  row.set(data.subarray(start, start + width * channels), reach * channels);
  for (let x = 1; x <= reach; x++) {
    const left = (reach + inside(-x, width, border)) * channels;
    row.copyWithin((reach - x) * channels, left, left + channels);
    const right = (reach + inside(width - 1 + x, width, border)) * channels;
    row.copyWithin((reach + width - 1 + x) * channels, right, right + channels);
  }
}
