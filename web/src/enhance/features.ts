/** Teeth and the whites of eyes get the correction of the skin around them.
 *
 * To a network they look like glare: small, bright and without colour. Darkened as glare is, teeth
 * turn grey and eyes dull.
 */
import type { Face } from "../faces/face.ts";
import { INNER_LIPS, LEFT_EYE, pointsOf, RIGHT_EYE } from "../faces/points.ts";
import { gaussianBlur } from "../image/blur.ts";
import { contourArea, fillPoly } from "../image/draw.ts";
import { type Bytes, bytes, clamp, type Floats, floats, rint } from "../image/image.ts";
import { dilate, ellipse } from "../image/morphology.ts";
import { resizeArea } from "../image/resize.ts";

// Of a face's height.
const GROWTH = 0.012;
const REACH = 0.05;
// In squares of a face's height: closed up to the first, open from the second on. In between a
// feature counts in part, so that points that move by a hair move the result by as much.
const CLOSED = 0.0015;
const OPEN = 0.0025;
const FRACTION_BITS = 4;
const FINE = 8;
const LEAST_WEIGHT = Math.fround(1e-3);

/** Returns the correction, inside eyes and open mouths that of their surroundings.
 *
 * @param correction decoded
 * @param faces in pixels of `correction`; closed eyes and mouths are left as they are
 */
export function evenOverFeatures(correction: Floats, faces: readonly Face[]): Floats {
  const even: Floats = { ...correction, data: correction.data.slice() };
  for (const face of faces) {
    const height = Math.max(face.box[3] - face.box[1], 1);
    fillFromAround(even, featureMask(face, even.width, even.height, height), height);
  }
  return even;
}

/** Draws the surroundings' correction into the places where `inside` is above 0. */
function fillFromAround(even: Floats, inside: Floats, faceHeight: number): void {
  const count = inside.data.length;
  const outside = floats(even.width, even.height);
  const known = floats(even.width, even.height, 3);
  for (let i = 0; i < count; i++) {
    const share = Math.fround(1 - inside.data[i]!);
    outside.data[i] = share;
    for (let c = 3 * i; c < 3 * i + 3; c++) known.data[c] = even.data[c]! * share;
  }
  const sigma = Math.max(REACH * faceHeight, 1);
  const weight = gaussianBlur(outside, sigma).data;
  const around = gaussianBlur(known, sigma).data;
  for (let i = 0; i < count; i++) {
    const [share, total] = [inside.data[i]!, weight[i]!];
    // Weights far from any skin vanish; there the correction stays.
    if (share === 0 || total <= LEAST_WEIGHT) continue;
    for (let c = 3 * i; c < 3 * i + 3; c++) {
      even.data[c]! += share * (around[c]! / total - even.data[c]!);
    }
  }
}

function featureMask(face: Face, width: number, height: number, faceHeight: number): Floats {
  const mask = bytes(width, height);
  for (const ring of [RIGHT_EYE, LEFT_EYE, INNER_LIPS]) {
    const points = pointsOf(face, ring);
    const area = contourArea(points) / faceHeight ** 2;
    const level = rint(255 * clamp((area - CLOSED) / (OPEN - CLOSED), 0, 1));
    if (level) drawRing(mask, points, level);
  }
  const grown = Math.max(1, rint(GROWTH * faceHeight));
  const wide = dilate(mask, ellipse(2 * grown + 1));
  const soft = gaussianBlur(wide, Math.max(0.6, grown / 2));
  return { width, height, channels: 1, data: Float32Array.from(soft.data, (v) => v / 255) };
}

/** Draws larger and averages: lids a pixel apart cover some of their pixels, not all or none. */
function drawRing(mask: Bytes, ring: Float32Array, level: number): void {
  const [left, right] = span(ring, 0, mask.width);
  const [top, bottom] = span(ring, 1, mask.height);
  const fine = bytes((right - left) * FINE, (bottom - top) * FINE);
  const unit = 1 << FRACTION_BITS;
  const drawn = ring.map((value, i) => {
    const place = (value - (i % 2 ? top : left) + 0.5) * FINE - 0.5;
    return rint(place * unit) / unit;
  });
  fillPoly(fine, [drawn], level, { antialias: true, fractionBits: FRACTION_BITS });
  const covered = resizeArea(fine, right - left, bottom - top);
  for (let y = top, from = 0; y < bottom; y++) {
    for (let to = y * mask.width + left; to < y * mask.width + right; to++, from++) {
      mask.data[to] = Math.max(mask.data[to]!, covered.data[from]!);
    }
  }
}

/** First pixel of a ring along an axis, and the one after its last; at least one pixel. */
function span(ring: Float32Array, axis: number, length: number): [number, number] {
  const places = ring.filter((_, i) => i % 2 === axis);
  const first = clamp(Math.floor(Math.min(...places)), 0, length - 1);
  return [first, clamp(Math.ceil(Math.max(...places)) + 1, first + 1, length)];
}
