/** MediaPipe's selfie segmentation: how likely each pixel of a picture shows a person. */
import { asInput } from "../engine/input.ts";
import type { Network } from "../engine/network.ts";
import { type Bytes, bytes, clamp, type Floats, floats, rint } from "../image/image.ts";
import { resizeArea, resizeLinear } from "../image/resize.ts";

const SIZE_PX = 256;
const OUTPUT = "activation_10";
/** As in Python: dark clothes before a dark room are told apart better when brightened. */
const BRIGHTENING = 0.6;

/**
 * Returns how likely each pixel of an upright RGB picture shows a person, 0 to 1.
 *
 * The mean of three looks: at the picture, at its mirror image, at a brightened one.
 */
export async function personProbability(network: Network, picture: Bytes): Promise<Floats> {
  const { width, height } = picture;
  const isLarge = Math.min(height, width) >= SIZE_PX;
  const patch = (isLarge ? resizeArea : resizeLinear)(picture, SIZE_PX, SIZE_PX);
  const plain = await seen(network, patch);
  const mirrored = await seen(network, mirror(patch));
  const bright = await seen(network, brightened(patch));
  const together = floats(SIZE_PX, SIZE_PX);
  for (let at = 0; at < plain.length; at++) {
    const opposite = at - (at % SIZE_PX) + (SIZE_PX - 1 - (at % SIZE_PX));
    const both = Math.fround(plain[at]! + mirrored[opposite]!);
    together.data[at] = Math.fround(both + bright[at]!) / 3;
  }
  const full = resizeLinear(together, width, height);
  for (let at = 0; at < full.data.length; at++) full.data[at] = clamp(full.data[at]!, 0, 1);
  return full;
}

async function seen(network: Network, patch: Bytes): Promise<Float32Array> {
  return (await network(asInput(patch, 0)))[OUTPUT]!.data;
}

function mirror(patch: Bytes): Bytes {
  const { width, height, data } = patch;
  const turned = bytes(width, height, 3);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const to = 3 * (row * width + column);
      const from = 3 * (row * width + width - 1 - column);
      turned.data[to] = data[from]!;
      turned.data[to + 1] = data[from + 1]!;
      turned.data[to + 2] = data[from + 2]!;
    }
  }
  return turned;
}

function brightened(patch: Bytes): Bytes {
  const table = Uint8Array.from({ length: 256 }, (_, level) =>
    rint(255 * (level / 255) ** BRIGHTENING),
  );
  return { ...patch, data: patch.data.map((level) => table[level]!) };
}
