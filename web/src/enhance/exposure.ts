/** Keeps the exposure and colour that a photograph gave to the faces.
 *
 * Networks are not taught the mean of a correction, so brightness and colour of what they predict
 * float; a face that comes out darker, or of another colour, is the first thing its owner sees.
 */
import { clamp, type Floats } from "../image/image.ts";
import type { TargetName } from "./correction.ts";

export type Colour = [number, number, number];

const LUMA = [0.299, 0.587, 0.114] as const; // Rec. 601, for encoded values
/** Encoded luma from which on a face is brighter than portraits are, and may be darkened. */
const BURNT = 0.62;
/** Most that luma is moved by, in encoded units. */
const FURTHEST = 0.35;
const DARKEST = 1 / 255;

/** Returns what must be added to the correction so that a face's mean colour stays its own.
 *
 * A face that it brightens stays as it says but for its hue; a burnt one may be darkened.
 *
 * @param picture sRGB-encoded in [0,1]
 * @param correction decoded
 * @param face 1 on the face, 0 elsewhere; without any pixel nothing is added
 */
export function offset(
  target: TargetName,
  picture: Floats,
  correction: Floats,
  face: Floats,
): Colour {
  const total = face.data.reduce((sum, value) => sum + value, 0);
  if (total < 1) return [0, 0, 0];
  const before = mean(picture, face, total);
  const said = mean(correction, face, total);
  const ratio = target === "log_ratio";
  const after = before.map((value, c) =>
    Math.max(ratio ? value * Math.exp(-said[c]!) : value - said[c]!, DARKEST),
  ) as Colour;
  const factor = wantedLuma(luma(before), luma(after)) / Math.max(luma(before), 1e-6);
  return after.map((value, c) => {
    const goal = Math.max(before[c]! * factor, DARKEST);
    return Math.fround(ratio ? Math.log(value / goal) : value - goal);
  }) as Colour;
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
