/** A small correction applied to the whole photograph, at its own size, row by row.
 *
 * The correction is brought up along the edges of a picture of at most `MIDDLE_PX`, of which fine
 * texture was taken away, and from there to the full size linearly. The photograph itself is never
 * resized or filtered, so its texture comes through.
 *
 *     const functions = fitted(small);
 *     const guide = guideRows(middle, guideRadius(middle, small.picture), rows); // any strength's
 *     const part = factors(target, withGuide(functions, guide, rows.first, middle.height));
 *     new RowApplier(target, whole, width, height).apply(rgba, first, count);
 */
import { type Bytes, type Floats, rint, toUnit } from "../image/image.ts";
import { resizeArea, resizeLinear } from "../image/resize.ts";
import type { TargetName } from "./correction.ts";
import {
  correctionRows,
  fitToGuide,
  type LocalLinear,
  type Rows,
  textureRadius,
  withoutTexture,
} from "./upsample.ts";

/** Long side up to which edges are followed. */
export const MIDDLE_PX = 1536;
const RADIUS = 1;
const EPSILON = 4e-3;

/** A correction at the size the networks work at. */
export interface Small {
  /** The photograph reduced, in [0,1] and its own encoding. */
  readonly picture: Floats;
  /** Decoded, to be applied in that encoding; 0 changes nothing. */
  readonly correction: Floats;
  readonly target: TargetName;
}

/** Returns width and height of a photograph whose long side is reduced to `size`. */
export function shrunkSize(width: number, height: number, size: number): [number, number] {
  const scale = Math.min(1, size / Math.max(width, height));
  if (scale === 1) return [width, height];
  return [Math.max(1, rint(width * scale)), Math.max(1, rint(height * scale))];
}

/** Returns the photograph with its long side reduced to `size` by area averaging; itself if it is
 * not larger. */
export function shrunk(photo: Bytes, size: number): Bytes {
  const [width, height] = shrunkSize(photo.width, photo.height, size);
  if (width === photo.width && height === photo.height) return photo;
  return resizeArea(photo, width, height);
}

/** Returns what `shrunk` does, in [0,1]. */
export function reduced(photo: Bytes, size: number): Floats {
  return toUnit(shrunk(photo, size));
}

/** Returns the functions that bring a small correction up; costly enough to be done once. */
export function fitted(small: Small): LocalLinear {
  return fitToGuide(small.correction, small.picture, RADIUS, EPSILON);
}

/** Returns the radius in pixels for `guideRows`.
 *
 * @param middle size of the photograph at `MIDDLE_PX`
 * @param small size of the correction
 */
export function guideRadius(
  middle: { readonly width: number; readonly height: number },
  small: { readonly width: number; readonly height: number },
): number {
  // Three, because the command line takes the channels for a side, too.
  const long = (one: typeof middle) => Math.max(one.width, one.height, 3);
  return textureRadius(long(middle) / long(small));
}

/** Returns rows of the guide: the photograph in [0,1] without its fine texture.
 *
 * @param middle the photograph at `MIDDLE_PX`, all of it
 * @param radius of `guideRadius`
 */
export function guideRows(middle: Bytes, radius: number, rows: Rows): Floats {
  const top = Math.max(rows.first - radius, 0);
  const bottom = Math.min(rows.last + radius, middle.height);
  const row = middle.width * middle.channels;
  const data = middle.data.subarray(top * row, bottom * row);
  const strip = toUnit({ ...middle, height: bottom - top, data });
  return withoutTexture(strip, radius, { first: rows.first - top, last: rows.last - top });
}

/** Returns rows of the middle correction.
 *
 * @param functions of `fitted`
 * @param guide of `guideRows`, beginning with row `first`
 * @param height of the middle picture
 * @param mask factor on the correction, any size, in [0,1]; exactly 0 where nothing may change
 */
export function withGuide(
  functions: LocalLinear,
  guide: Floats,
  first: number,
  height: number,
  mask: Floats | null = null,
): Floats {
  const middle = correctionRows(functions, guide, first, height);
  if (mask) multiply(middle, sizedMask(mask, guide.width, height), first);
  return middle;
}

/** Returns rows of the middle correction from the middle picture itself.
 *
 * @param functions of `fitted`
 * @param small size of the correction that was fitted
 */
export function middleRows(
  middle: Bytes,
  functions: LocalLinear,
  small: { readonly width: number; readonly height: number },
  rows: Rows,
  mask: Floats | null = null,
): Floats {
  const guide = guideRows(middle, guideRadius(middle, small), rows);
  return withGuide(functions, guide, rows.first, middle.height, mask);
}

/** Returns a mask at the middle picture's size; itself if it has it. */
export function sizedMask(mask: Floats, width: number, height: number): Floats {
  if (mask.width === width && mask.height === height) return mask;
  return resizeLinear(mask, width, height);
}

/** Returns what photographs are multiplied by, for a log-ratio, or what is taken from them; in the
 * place of `middle`. */
export function factors(target: TargetName, middle: Floats): Floats {
  if (target !== "log_ratio") return middle;
  const { data } = middle;
  for (let i = 0; i < data.length; i++) data[i] = Math.exp(-data[i]!);
  return middle;
}

function multiply(middle: Floats, mask: Floats, first: number): void {
  let at = 0;
  for (let i = first * mask.width; at < middle.data.length; i++) {
    const factor = mask.data[i]!;
    for (let c = 0; c < 3; c++, at++) middle.data[at]! *= factor;
  }
}
