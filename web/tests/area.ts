/** Feeds an AreaReducer a few rows at a time, as the page does. */
import type { Bytes } from "../src/image/image.ts";
import { AreaReducer } from "../src/image/resize.ts";

/** Takes RGBA and gives RGB. */
export function reduceStrips(rgba: Bytes, width: number, height: number, strip: number): Bytes {
  const reducer = new AreaReducer(rgba.width, rgba.height, 3, width, height);
  const length = rgba.width * 4;
  for (let y = 0; y < rgba.height; y += strip) {
    const count = Math.min(strip, rgba.height - y);
    const rows = rgba.data.subarray(y * length, (y + count) * length);
    reducer.add(new Uint8ClampedArray(rows), count, 4);
  }
  return reducer.finish();
}
