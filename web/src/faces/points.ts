/** Names of some of the 468 points of a face; right and left are the person's. */
import type { Face } from "./face.ts";

export const RIGHT_EYE_OUTER = 33;
export const LEFT_EYE_OUTER = 263;

// Rings in order, each closed by its first point.
export const RIGHT_EYE: readonly number[] = [
  33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246,
];
export const LEFT_EYE: readonly number[] = [
  263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466,
];
export const RIGHT_BROW: readonly number[] = [70, 63, 105, 66, 107, 46, 53, 52, 65, 55];
export const LEFT_BROW: readonly number[] = [300, 293, 334, 296, 336, 276, 283, 282, 295, 285];
export const OUTER_LIPS: readonly number[] = [
  61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
];
export const INNER_LIPS: readonly number[] = [
  78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191,
];

/** The distance of the outer corners of the eyes in pixels. */
export function interOcular(face: Face): number {
  const [one, other] = [2 * RIGHT_EYE_OUTER, 2 * LEFT_EYE_OUTER];
  const across = Math.fround(face.points[other]! - face.points[one]!);
  const down = Math.fround(face.points[other + 1]! - face.points[one + 1]!);
  return Math.fround(Math.sqrt(across * across + down * down));
}

/** Returns x, y of chosen points one after the other. */
export function pointsOf(face: Face, chosen: readonly number[]): Float32Array {
  const found = new Float32Array(2 * chosen.length);
  for (const [at, point] of chosen.entries()) {
    found[2 * at] = face.points[2 * point]!;
    found[2 * at + 1] = face.points[2 * point + 1]!;
  }
  return found;
}
