/** Keeps the exposure and colour that a photograph gave to the faces.
 *
 * Networks are not taught the mean of a correction, so brightness and colour of what they predict
 * float; a face that comes out darker, or of another colour, is the first thing its owner sees.
 */
import { clamp, type Floats, floats } from "../image/image.ts";
import type { TargetName } from "./correction.ts";

type Colour = [number, number, number];

const LUMA = [0.299, 0.587, 0.114] as const; // Rec. 601, for encoded values
/** Encoded luma from which on a face is brighter than portraits are, and may be darkened. */
const BURNT = 0.62;
/** Most that luma is moved by, in encoded units. */
const FURTHEST = 0.35;
const DARKEST = 1 / 255;

/** Returns the correction, moved as a whole, after which the faces' mean colour is their own.
 *
 * Faces that it brightens stay as it says but for their hue; burnt ones may be darkened.
 *
 * @param picture sRGB-encoded in [0,1]
 * @param correction decoded
 * @param faces 1 on faces, 0 elsewhere; without any the correction is returned as it is
 */
export function anchored(
  target: TargetName,
  picture: Floats,
  correction: Floats,
  faces: Floats,
): Floats {
  const total = faces.data.reduce((sum, value) => sum + value, 0);
  if (total < 1) return correction;
  const before = mean(picture, faces, total);
  const said = mean(correction, faces, total);
  const ratio = target === "log_ratio";
  const after = before.map((value, c) =>
    Math.max(ratio ? value * Math.exp(-said[c]!) : value - said[c]!, DARKEST),
  ) as Colour;
  const factor = wantedLuma(luma(before), luma(after)) / Math.max(luma(before), 1e-6);
  const move = after.map((value, c) => {
    const goal = Math.max(before[c]! * factor, DARKEST);
    return ratio ? Math.log(value / goal) : value - goal;
  });
  const result = floats(correction.width, correction.height, 3);
  for (let i = 0; i < result.data.length; i += 3) {
    for (let c = 0; c < 3; c++) result.data[i + c] = correction.data[i + c]! + move[c]!;
  }
  return result;
}

function wantedLuma(before: number, after: number): number {
  const wanted = after >= before ? after : Math.max(after, Math.min(before, BURNT));
  return clamp(wanted, before - FURTHEST, before + FURTHEST);
}

function luma(colour: Colour): number {
  return colour[0] * LUMA[0] + colour[1] * LUMA[1] + colour[2] * LUMA[2];
}

function mean(values: Floats, weight: Floats, total: number): Colour {
  const sum: Colour = [0, 0, 0];
  for (let i = 0; i < weight.data.length; i++) {
    const part = weight.data[i]!;
    if (part === 0) continue;
    for (let c = 0; c < 3; c++) sum[c]! += values.data[3 * i + c]! * part;
  }
  return [sum[0] / total, sum[1] / total, sum[2] / total];
}
