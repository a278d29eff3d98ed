/** Red pupils: found by colour and shape between the lids, and made dark again. */
import type { Face } from "../../faces/face.ts";
import { type Bytes, rint } from "../../image/image.ts";
import { linearToSrgb } from "../../image/numbers.ts";
import { atViewSize, eyesOf, skinLight } from "./eyes.ts";
import { redPupils } from "./find.ts";
import { viewOf } from "./pupils.ts";
import { type Repaired, repaired } from "./repair.ts";
import type { PixelSource } from "./source.ts";

const LEAST_SHARE = 1e-3;

/** A rectangle of the finished picture. */
export interface Patch {
  readonly left: number;
  readonly top: number;
  /** RGB. */
  readonly pixels: Bytes;
}

/** Returns how many pupils of a face `repairRedEyes` would repair. */
export function countRedPupils(source: PixelSource, face: Face): number {
  const views = eyesOf(source, face).map((eye) => viewOf(atViewSize(eye)));
  return redPupils(views, skinLight(source, face)).filter((pupil) => pupil !== null).length;
}

/**
 * Makes the pupils dark that a flash turned red, pink or golden.
 *
 * Everything but these pupils stays bit for bit: irises, lids, and all eyes that are less than 8
 * pixels wide.
 *
 * @param source sRGB-encoded; a wider RGB space comes out nearly the same.
 * @param faces in pixels of the source.
 * @returns one patch for each pupil, to be written over the picture in this order.
 */
export function repairRedEyes(source: PixelSource, faces: readonly Face[]): Patch[] {
  const patches: Patch[] = [];
  for (const face of faces) {
    const eyes = eyesOf(source, face);
    const views = eyes.map((eye) => viewOf(atViewSize(eye)));
    const skin = skinLight(source, face);
    redPupils(views, skin).forEach((pupil, at) => {
      if (pupil === null) return;
      const eye = eyes[at]!;
      const { width, height } = eye.light;
      const { left, top } = eye;
      const patch = { left, top, pixels: source.read(left, top, width, height) };
      for (const earlier of patches) layOver(patch, earlier);
      replace(patch.pixels, repaired(eye, views[at]!, pupil, skin));
      patches.push(patch);
    });
  }
  return patches;
}

function replace(pixels: Bytes, { light, weight }: Repaired): void {
  for (let at = 0; at < weight.length; at++) {
    if (!(weight[at]! > LEAST_SHARE)) continue;
    for (let i = 3 * at; i < 3 * at + 3; i++) {
      pixels.data[i] = rint(Math.fround(linearToSrgb(light.data[i]!)) * 255);
    }
  }
}

/** Copies what two patches share from the earlier one: its pupil is repaired already. */
function layOver(patch: Patch, earlier: Patch): void {
  const [to, from] = [patch.pixels, earlier.pixels];
  const left = Math.max(patch.left, earlier.left);
  const right = Math.min(patch.left + to.width, earlier.left + from.width);
  const bottom = Math.min(patch.top + to.height, earlier.top + from.height);
  if (right <= left) return;
  for (let y = Math.max(patch.top, earlier.top); y < bottom; y++) {
    const start = 3 * ((y - earlier.top) * from.width + left - earlier.left);
    const row = from.data.subarray(start, start + 3 * (right - left));
    to.data.set(row, 3 * ((y - patch.top) * to.width + left - patch.left));
  }
}
