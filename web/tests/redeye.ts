/** Red eyes repaired in a whole picture, through a source that only tells what it is asked. */
import { countRedPupils, repairRedEyes } from "../src/enhance/redeye/redeye.ts";
import { type PixelSource, sourceOf } from "../src/enhance/redeye/source.ts";
import type { Face } from "../src/faces/face.ts";
import type { Bytes } from "../src/image/image.ts";

interface Repaired {
  readonly picture: Bytes;
  /** Corners and sizes of the patches: left, top, width, height. */
  readonly patches: readonly (readonly number[])[];
  /** By face, without repairing. */
  readonly counts: readonly number[];
  /** The share of the picture's pixels that were read, the same one twice counts twice. */
  readonly read: number;
}

export function repaired(picture: Bytes, faces: readonly Face[]): Repaired {
  const counts = faces.map((face) => countRedPupils(sourceOf(picture), face));
  const { source, read } = strict(picture);
  const patches = repairRedEyes(source, faces);
  const result = { ...picture, data: picture.data.slice() };
  for (const { left, top, pixels } of patches) {
    for (let y = 0; y < pixels.height; y++) {
      const row = pixels.data.subarray(3 * y * pixels.width, 3 * (y + 1) * pixels.width);
      result.data.set(row, 3 * ((top + y) * picture.width + left));
    }
  }
  return {
    picture: result,
    patches: patches.map(({ left, top, pixels: p }) => [left, top, p.width, p.height]),
    counts,
    read: read() / (picture.width * picture.height),
  };
}

function strict(picture: Bytes): { source: PixelSource; read: () => number } {
  const whole = sourceOf(picture);
  let sum = 0;
  const source: PixelSource = {
    ...whole,
    read(left, top, width, height) {
      const sound = [left, top, width, height].every((one) => Number.isInteger(one) && one >= 0);
      if (!sound || left + width > picture.width || top + height > picture.height) {
        throw new Error(`${left} ${top} ${width} ${height} is not within the picture`);
      }
      sum += width * height;
      return whole.read(left, top, width, height);
    },
  };
  return { source, read: () => sum };
}
