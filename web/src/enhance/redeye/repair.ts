/**
 * Takes the glow of a retina out of a pupil and leaves the rest: the pupil's dark, its catch-light.
 *
 * A pixel of a red pupil is the sum of a dark pupil, some of the glow, and what the cornea mirrors,
 * which is white. So as much glow as explains the pixel's red is subtracted, in linear light; where
 * the mirrored lamp is bright, what remains is white.
 */
import { type Bytes, clamp, type Floats, floats } from "../../image/image.ts";
import { distanceTransform } from "../../image/morphology.ts";
import { resizeArea, resizeLinear } from "../../image/resize.ts";
import { type ColourMap, goldenness } from "./colours.ts";
import { betweenLids, type Eye, VIEW_PX } from "./eyes.ts";
import type { Pupil } from "./find.ts";
import type { Spot, View } from "./pupils.ts";

/**
 * How far the repair reaches beyond the spot, in widths of the eye: the blurred edge, and the colour
 * that JPEG spreads.
 */
const MARGIN = 0.05;
const LEAST_MARGIN_PX = 1;
/** Of the margin. */
const FEATHER = 0.5;
/** Shares of the way from the iris's redness to the pupil's where repair begins and is whole. */
const GATE = [0.05, 0.3] as const;
/** Redness of lids, which is the skin's or a little more: no repair below. */
const LIDS = 0.12;
/** The same for golden pupils, in shares of their glow. */
const GOLDEN_GATE = [0.15, 0.35] as const;
/** Linear light of a pupil in a photograph that was lit by a flash. */
const DARKEST = 0.003;
const LIGHTEST = 0.03;
const OF_GLOW = 0.5;

const { fround } = Math;

export interface Repaired {
  /** Linear light in [0,1], of the pixels that were replaced at all. */
  readonly light: Floats;
  /** How much of each pixel was replaced, in [0,1]. */
  readonly weight: Float32Array;
}

/**
 * Returns an eye with a dark pupil.
 *
 * @param eye at the picture's own size.
 * @param view the same eye.
 * @param skin linear light of the face's skin.
 */
export function repaired(eye: Eye, view: View, pupil: Pupil, skin: Float32Array): Repaired {
  const { spot } = pupil;
  const { width, height, data } = eye.light;
  const [red, green, blue] = [spot.light[0]!, spot.light[1]!, spot.light[2]!];
  const dark = fround(clamp(OF_GLOW * Math.min(green, blue), DARKEST, LIGHTEST));
  const reddest = Math.max(fround(red - (green + blue) / 2), 1e-4);
  const coloured = shares(eye, pupil, skin, reddest);
  const near = nearness(eye, view, spot).data;
  const light = floats(width, height, 3);
  const weight = new Float32Array(width * height);
  for (let at = 0, i = 0; at < weight.length; at++, i += 3) {
    const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
    const whole = Math.max(clamp(coloured[at]!, 0, 1), near[2 * at + 1]!);
    const part = near[2 * at]! * whole * whole * (3 - 2 * whole);
    weight[at] = part;
    if (part === 0) continue;
    const glow = Math.max(r - (g + b) / 2, 0) / reddest;
    // Where noise makes more of the glow than there is light, some of the dark stays.
    const left =
      0.2126 * Math.max(r - glow * (red - dark), Math.min(r, 0.5 * dark)) +
      0.7152 * Math.max(g - glow * (green - dark), Math.min(g, 0.5 * dark)) +
      0.0722 * Math.max(b - glow * (blue - dark), Math.min(b, 0.5 * dark));
    light.data[i] = r + part * (left - r);
    light.data[i + 1] = g + part * (left - g);
    light.data[i + 2] = b + part * (left - b);
  }
  return { light, weight };
}

/** Returns how surely a pixel has the pupil's colour: 0 or less for no, 1 and more for yes. */
function shares(eye: Eye, pupil: Pupil, skin: Float32Array, reddest: number): Float32Array {
  const { spot, colours } = pupil;
  if (colours !== goldenness) return redderThanIris(colours, eye, skin, spot);
  // The map falls steeply towards a pupil's edge, the share of the glow does not.
  const { data } = eye.light;
  const found = new Float32Array(data.length / 3);
  const [first, whole] = GOLDEN_GATE;
  for (let at = 0, i = 0; at < found.length; at++, i += 3) {
    const glow = Math.max(data[i]! - (data[i + 1]! + data[i + 2]!) / 2, 0) / reddest;
    found[at] = (glow - first) / (whole - first);
  }
  return found;
}

/** Returns 0 or less for what is as red as the ring around the spot or as lids, 1 from full. */
function redderThanIris(
  colours: ColourMap,
  eye: Eye,
  skin: Float32Array,
  spot: Spot,
): Float32Array {
  const glowing = colours(eye.light, skin);
  const above = spot.glow - spot.around;
  const first = Math.max(spot.around + GATE[0] * above, Math.min(LIDS, 0.5 * spot.glow));
  const range = fround(GATE[1] * (spot.glow - first));
  const start = fround(first);
  for (let at = 0; at < glowing.length; at++) glowing[at] = (glowing[at]! - start) / range;
  return glowing;
}

/**
 * Returns two weights in [0,1]: 1 on the spot and falling around it, and 1 well within it.
 *
 * Both are 0 on the lids. The second one takes the pink out of catch-lights, which are not red
 * enough by themselves.
 */
function nearness(eye: Eye, view: View, spot: Spot): Floats {
  const { covers } = spot;
  const margin = Math.max(MARGIN * VIEW_PX, (LEAST_MARGIN_PX * VIEW_PX) / eye.width);
  const outside: Bytes = { ...covers, data: covers.data.map((value) => 1 - value) };
  const away = distanceTransform(outside).data;
  const depth = distanceTransform(covers).data;
  const both = floats(covers.width, covers.height, 2);
  for (let at = 0; at < away.length; at++) {
    const near = clamp((margin - away[at]!) / (FEATHER * margin), 0, 1);
    both.data[2 * at] = view.inside.data[at] === 1 ? near : 0;
    both.data[2 * at + 1] = clamp(depth[at]! - 1, 0, 1);
  }
  const { width, height } = eye.light;
  const resize = width < covers.width ? resizeArea<Float32Array> : resizeLinear<Float32Array>;
  const resized = resize(both, width, height);
  const lids = betweenLids(eye).data;
  for (let at = 0; at < lids.length; at++) {
    if (lids[at] === 1) continue;
    resized.data[2 * at] = 0;
    resized.data[2 * at + 1] = 0;
  }
  return resized;
}
