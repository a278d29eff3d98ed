/** A whole picture with another background, in strips of given heights. */
import { type Background, backgroundLayers, replaceRows } from "../src/enhance/background.ts";
import type { Bytes, Floats, Image } from "../src/image/image.ts";

/**
 * Returns the picture (RGBA), or null if it is to stay, and how long its rows took in
 * milliseconds.
 * @param strips heights, repeated until all rows are done.
 */
export function replaceInStrips(
  small: Bytes,
  matte: Floats,
  kind: Background,
  picture: Bytes,
  strips: readonly number[],
): { picture: Image; took: number } | null {
  const layers = backgroundLayers(small, matte, kind);
  if (!layers) return null;
  const { width, height } = picture;
  const data = new Uint8ClampedArray(picture.data);
  const start = performance.now();
  for (let first = 0, i = 0; first < height; i++) {
    const count = Math.min(strips[i % strips.length], height - first);
    const rows = data.subarray(4 * width * first, 4 * width * (first + count));
    replaceRows(layers, rows, first, count, width, height);
    first += count;
  }
  const took = performance.now() - start;
  return { picture: { ...picture, data: new Uint8Array(data.buffer) }, took };
}
