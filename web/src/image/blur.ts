/** Means of neighbours, with the results of cv2's filters. */
import type { Image } from "./image.ts";
import { blank, extendRow, inside } from "./samples.ts";

export { filter2d } from "./filter2d.ts";
export { gaussianBlur } from "./gaussian.ts";

/** The mean of a window of 2 radius + 1 pixels, the picture mirrored with its edge pixels. */
export function boxMean<T extends Float32Array | Float64Array>(
  image: Image<T>,
  radius: number,
): Image<T> {
  const { width, height, channels } = image;
  const side = 2 * radius + 1;
  const length = width * channels;
  const result = blank(image, width, height);
  const sums = new Float64Array(length * height);
  const row = new Float64Array((width + 2 * radius) * channels);
  for (let y = 0; y < height; y++) {
    extendRow(image, y, radius, "reflect", row);
    runningSums(row, side, channels, sums, y * length, length);
  }
  const total = new Float64Array(length);
  const out = new Float64Array(length);
  for (let k = -radius; k < radius; k++) {
    addRow(sums, inside(k, height, "reflect") * length, total);
  }
  for (let y = 0; y < height; y++) {
    const below = inside(y + radius, height, "reflect") * length;
    const above = inside(y - radius, height, "reflect") * length;
    for (let i = 0; i < length; i++) {
      const sum = total[i]! + sums[below + i]!;
      out[i] = sum / (side * side);
      total[i] = sum - sums[above + i]!;
    }
    result.data.set(out, y * length);
  }
  return result;
}

function runningSums(
  row: Float64Array,
  side: number,
  step: number,
  out: Float64Array,
  at: number,
  count: number,
): void {
  for (let k = 0; k < step; k++) {
    let sum = 0;
    for (let i = 0; i < side; i++) sum += row[i * step + k]!;
    out[at + k] = sum;
  }
  const reach = (side - 1) * step;
  for (let i = step, to = at + step; i < count; i++, to++) {
    out[to] = out[to - step]! - row[i - step]! + row[i + reach]!;
  }
}

function addRow(rows: Float64Array, start: number, out: Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i] = out[i]! + rows[start + i]!;
}
