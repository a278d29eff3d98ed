/** What a network is given: pixels as channels of floats. */
import type { Bytes } from "../image/image.ts";
import type { Tensor } from "./network.ts";

/** Returns an RGB patch with its values brought to `lowest` … 1, as [1, 3, height, width]. */
export function asInput(patch: Bytes, lowest: number): Tensor {
  const { width, height, data } = patch;
  const count = width * height;
  const values = levels(lowest);
  const planes = new Float32Array(3 * count);
  for (let pixel = 0, sample = 0; pixel < count; pixel++, sample += 3) {
    planes[pixel] = values[data[sample]!]!;
    planes[pixel + count] = values[data[sample + 1]!]!;
    planes[pixel + 2 * count] = values[data[sample + 2]!]!;
  }
  return { dims: [1, 3, height, width], data: planes };
}

function levels(lowest: number): Float32Array {
  const scale = Math.fround((1 - lowest) / 255);
  return Float32Array.from({ length: 256 }, (_, level) => Math.fround(level * scale) + lowest);
}
