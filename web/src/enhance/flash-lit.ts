/**
 * How much a face is lit by a flash beside the lens, from five measures of the light on it.
 *
 * Such a flash is frontal: skin is the brighter the more it faces the camera, both cheeks are alike,
 * and neither brows nor nose throw a shadow that the camera can see. A lamp, a window or the sky
 * shows by the opposite. The weights were fitted on rendered people, by the command line's
 * `python -m benchmarks.flash_lit`.
 */
import type { Face } from "../faces/face.ts";
import {
  INNER_LIPS,
  interOcular,
  LEFT_BROW,
  LEFT_EYE,
  OUTER_LIPS,
  RIGHT_BROW,
  RIGHT_EYE,
} from "../faces/points.ts";
import { gaussianBlur } from "../image/blur.ts";
import { type Bytes, clamp, type Floats, floats, rint } from "../image/image.ts";
import { bytesToLinear, leastSquares, mean, median, planeNormal, std } from "../image/numbers.ts";
import { resizeArea } from "../image/resize.ts";
import { sampleLinear } from "../image/warp.ts";
import { sourceOf } from "./redeye/source.ts";

/** The light on one face; each 0 under light that is the same from everywhere. */
export interface Light {
  /** How much skin brightens towards one side, right or left. */
  readonly side: number;
  /** How much it brightens towards the top of the picture; negative: towards the bottom. */
  readonly above: number;
  /** How much it brightens towards the camera. */
  readonly front: number;
  /** Brightness of the eye sockets against the cheeks, as a logarithm. */
  readonly eyes: number;
  /** Brightness under the nose against the cheeks, as a logarithm. */
  readonly nose: number;
}

export const MEASURES = ["side", "above", "front", "eyes", "nose"] as const;

const MEAN: Light = { side: 0.11, above: 0.117, front: 0.268, eyes: -0.066, nose: -0.088 };
const SPREAD: Light = { side: 0.12, above: 0.14, front: 0.261, eyes: 0.134, nose: 0.134 };
const WEIGHT: Light = { side: -0.803, above: -0.936, front: 1.402, eyes: 0.761, nose: 1.4 };
const BIAS = -1.711;
/** No measure counts further from its mean: a beard or a fringe decides nothing alone. */
const MOST_SPREADS = 3;

/** Larger faces are reduced to it: pores and noise say nothing about light. */
const INTER_OCULAR_PX = 64;
const BLUR = 0.04;
const LEAST_BLUR_PX = 0.8;
const NEIGHBOURS = 20;
const FITS = 3;
const OUTLIER = 2;
const FAINT = 1e-3;
const CHEEKS = [
  [50, 205, 101, 118, 117, 123],
  [280, 425, 330, 347, 346, 352],
];
const SOCKETS = [
  [222, 223, 224, 225, 28, 27, 56],
  [442, 443, 444, 445, 258, 257, 286],
];
const UNDER_NOSE = [[164, 167, 393, 2]];
const NO_SKIN = [RIGHT_EYE, LEFT_EYE, RIGHT_BROW, LEFT_BROW, OUTER_LIPS, INNER_LIPS].flat();

const { fround } = Math;

/**
 * Returns how likely a flash beside the lens lit the face, 0 to 1.
 *
 * @param picture upright, sRGB-encoded.
 * @param face in pixels of the picture.
 */
export function flashLit(picture: Bytes, face: Face): number {
  return likelihood(lightOn(picture, face));
}

/** Returns how likely a flash gave this light, 0 to 1. */
export function likelihood(light: Light): number {
  const parts = contributions(light);
  const sum = MEASURES.reduce((total, name) => total + parts[name], 0);
  return 1 / (1 + Math.exp(-BIAS - sum));
}

/** Returns what each measure says, in log odds: positive speaks for a flash. */
export function contributions(light: Light): Light {
  const of = (name: keyof Light) =>
    WEIGHT[name] * clamp((light[name] - MEAN[name]) / SPREAD[name], -MOST_SPREADS, MOST_SPREADS);
  return {
    side: of("side"),
    above: of("above"),
    front: of("front"),
    eyes: of("eyes"),
    nose: of("nose"),
  };
}

/** Returns the light on a face; arguments as for `flashLit`. */
export function lightOn(picture: Bytes, face: Face): Light {
  const { brightness, seen } = brightnessOf(picture, face);
  const skin = seen.slice();
  for (const point of NO_SKIN) skin[point] = 0;
  if (skin.reduce((sum, value) => sum + value, 0) < NEIGHBOURS) return MEAN;
  const typical = fround(median(brightness.filter((_, point) => skin[point]))) + FAINT;
  const [side, above, front] = shading(brightness, skin, surfaceNormals(face));

  /** Mean of the parts' medians; a part outside of the picture counts as usual skin. */
  const of = (parts: readonly (readonly number[])[]) => {
    const medians = parts.map((part) => {
      const values = part.filter((point) => seen[point]).map((point) => brightness[point]!);
      return values.length === 0 ? typical : fround(median(values));
    });
    return mean(medians);
  };
  const cheeks = of(CHEEKS) + FAINT;
  return {
    side: Math.abs(side / typical),
    above: above / typical,
    front: front / typical,
    eyes: Math.log(of(SOCKETS) / cheeks + FAINT),
    nose: Math.log(of(UNDER_NOSE) / cheeks + FAINT),
  };
}

/**
 * Returns unit vectors out of the face at its points, x, y, z, x…: x right, y up, z towards the
 * camera.
 *
 * Each is that of the plane through the nearest points. Without depths all face the camera.
 */
export function surfaceNormals(face: Face): Float64Array {
  const { points, depth } = face;
  const count = points.length / 2;
  const normals = new Float64Array(3 * count);
  if (depth === null) {
    for (let i = 0; i < count; i++) normals[3 * i + 2] = 1;
    return normals;
  }
  const near = new Int32Array(NEIGHBOURS);
  const apart = new Float64Array(NEIGHBOURS);
  const places = new Float64Array(3 * NEIGHBOURS);
  for (let i = 0; i < count; i++) {
    nearest(points, depth, i, near, apart);
    for (let k = 0; k < NEIGHBOURS; k++) {
      places[3 * k] = points[2 * near[k]!]!;
      places[3 * k + 1] = points[2 * near[k]! + 1]!;
      places[3 * k + 2] = depth[near[k]!]!;
    }
    const [x, y, z] = planeNormal(places);
    // The picture's y points down and depth away from the camera.
    const sign = -z < 0 ? -1 : 1;
    normals[3 * i] = sign * x;
    normals[3 * i + 1] = -sign * y;
    normals[3 * i + 2] = -sign * z;
  }
  return normals;
}

/** Writes which points lie nearest to one, itself included, and how far (squared). */
function nearest(
  points: Float32Array,
  depth: Float32Array,
  one: number,
  near: Int32Array,
  apart: Float64Array,
): void {
  const [x, y, z] = [points[2 * one]!, points[2 * one + 1]!, depth[one]!];
  apart.fill(Number.POSITIVE_INFINITY);
  const last = near.length - 1;
  for (let other = 0; other < depth.length; other++) {
    const [dx, dy] = [points[2 * other]! - x, points[2 * other + 1]! - y];
    const dz = depth[other]! - z;
    const away = dx * dx + dy * dy + dz * dz;
    if (!(away < apart[last]!)) continue;
    let at = last;
    for (; at > 0 && apart[at - 1]! > away; at--) {
      apart[at] = apart[at - 1]!;
      near[at] = near[at - 1]!;
    }
    apart[at] = away;
    near[at] = other;
  }
}

/** Returns how brightness grows with each part of the normal; moles and glints are left out. */
function shading(
  brightness: Float32Array,
  skin: Uint8Array,
  normals: Float64Array,
): [number, number, number] {
  const design = Array.from(brightness, (_, i) => [
    1,
    normals[3 * i]!,
    normals[3 * i + 1]!,
    normals[3 * i + 2]!,
  ]);
  let taken = [...skin.keys()].filter((point) => skin[point]);
  let found: Float64Array = new Float64Array(4);
  for (let fit = 0; fit < FITS; fit++) {
    found = leastSquares(
      taken.map((point) => design[point]!),
      taken.map((point) => brightness[point]!),
    );
    const left = design.map((row, point) => {
      const fitted = row.reduce((sum, value, k) => sum + value * found[k]!, 0);
      return Math.abs(brightness[point]! - fitted);
    });
    const most = OUTLIER * Math.max(std(taken.map((point) => left[point]!)), FAINT);
    taken = [...skin.keys()].filter((point) => skin[point] && left[point]! <= most);
  }
  return [found[1]!, found[2]!, found[3]!];
}

/** Returns the brightness at each point of the face, and which points are in the picture (1). */
function brightnessOf(
  picture: Bytes,
  face: Face,
): { brightness: Float32Array; seen: Uint8Array<ArrayBuffer> } {
  const { part, xs, ys, apart } = region(picture, face);
  const values = gaussianBlur(luminance(part), Math.max(LEAST_BLUR_PX, BLUR * apart), "reflect101");
  for (let i = 0; i < values.data.length; i++) values.data[i] = Math.sqrt(values.data[i]!);
  const seen = new Uint8Array(xs.length);
  for (let i = 0; i < seen.length; i++) {
    const [x, y] = [xs[i]!, ys[i]!];
    seen[i] = x >= 0 && y >= 0 && x <= part.width - 1 && y <= part.height - 1 ? 1 : 0;
  }
  return { brightness: sampleLinear(values, xs, ys), seen };
}

function luminance(pixels: Bytes): Floats {
  const light = bytesToLinear(pixels.data);
  const found = floats(pixels.width, pixels.height);
  for (let i = 0, at = 0; i < light.length; i += 3, at++) {
    found.data[at] = 0.2126 * light[i]! + 0.7152 * light[i + 1]! + 0.0722 * light[i + 2]!;
  }
  return found;
}

/** Returns the part around a face, reduced; its points there; the distance of its eyes. */
function region(
  picture: Bytes,
  face: Face,
): { part: Bytes; xs: Float32Array; ys: Float32Array; apart: number } {
  const { width, height } = picture;
  const [x0, y0, x1, y1] = face.box;
  const left = Math.trunc(clamp(x0, 0, width - 1));
  const top = Math.trunc(clamp(y0, 0, height - 1));
  const across = Math.trunc(clamp(x1 + 2, left + 1, width)) - left;
  const down = Math.trunc(clamp(y1 + 2, top + 1, height)) - top;
  const apart = interOcular(face);
  const scale = Math.min(1, INTER_OCULAR_PX / Math.max(apart, 1));
  const newWidth = Math.max(1, rint(across * scale));
  const newHeight = Math.max(1, rint(down * scale));
  const whole = sourceOf(picture).read(left, top, across, down);
  const part = scale === 1 ? whole : resizeArea(whole, newWidth, newHeight);
  const count = face.points.length / 2;
  const [xs, ys] = [new Float32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i++) {
    xs[i] = (face.points[2 * i]! - left + 0.5) * (newWidth / across) - 0.5;
    ys[i] = (face.points[2 * i + 1]! - top + 0.5) * (newHeight / down) - 0.5;
  }
  return { part, xs, ys, apart: apart * scale };
}
