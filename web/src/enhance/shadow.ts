/** The hard shadow that a flash throws on a wall right beside the head, made lighter. */
import type { Face } from "../faces/face.ts";
import { gaussianBlur } from "../image/blur.ts";
import { connectedComponents } from "../image/components.ts";
import { bytes, clamp, type Floats, floats } from "../image/image.ts";
import { distanceTransform } from "../image/morphology.ts";
import { median, quantile } from "../image/numbers.ts";
import { type Against, againstWall, meanOf } from "./wall.ts";

/** Of the darkening that is taken back at most. */
const SHARE = 0.8;

// The values are those of the command line tool. Lengths are in widths of a face, depths natural
// logarithms of encoded values.
const single = Math.fround;
const WIDTH = 0.5;
const BEYOND = 1;
const AROUND_FACE = 2;
const FADE = 0.1;
const WALL_SIGMA = 0.3;
const NOISE_SIGMA = 0.012;
const CONTACT = 0.05;
const SMALLEST_AREA = 0.04;
const FAINTEST = single(0.06);
const DEEPEST = 0.9;
const LEAST_MEDIAN = 0.1;
const COLOUR_FLOOR = single(0.04);
const COLOUR_SHARE = single(0.12);
const WALL_UNEVEN = single(0.06);
const ROUGHER = 1.8;
const DARKEST = single(0.02);
const WALL_DARKEST = Math.log(0.2);
const PERSON = single(0.05);

/** Where a wall's shadow may be, and where the wall is known without one. */
interface Places {
  /** 1 around heads, fading to 0. */
  readonly near: Float32Array;
  /** From the person, in widths of a face. */
  readonly apart: Float32Array;
  readonly zone: Uint8Array;
  readonly beyond: Floats;
}

/**
 * Returns c <= 0 such that `picture * exp(-c)` has less of the flash's shadow on a wall; 0 wherever
 * no shadow is certain, on the person and at more than half a face's width from it.
 * @param picture encoded colours in [0,1], after all other corrections, a few hundred pixels large.
 * @param matte how much of a pixel is the person, 0 to 1.
 * @param faces in the picture's pixels; with none, the correction is 0 everywhere.
 */
export function wallShadowCorrection(
  picture: Floats,
  matte: Floats,
  faces: readonly Face[],
): Floats {
  const nothing = floats(matte.width, matte.height);
  if (faces.length === 0 || !matte.data.some((value) => value < 0.5)) return nothing;
  const facePx = median(faces.map(widthOf));
  const places = placesOf(matte, faces, facePx);
  const logs = logarithms(picture);
  const smooth = gaussianBlur(logs, Math.max(NOISE_SIGMA * facePx, 0.8), "replicate");
  const against = againstWall(smooth, places.beyond, places.zone, WALL_SIGMA * facePx);
  const rough = roughness(logs.data, smooth.data);
  const shadow = shadows(places, against, rough, facePx);
  return shadow ? corrected(shadow, places, against.depth, facePx) : nothing;
}

function widthOf(face: Face): number {
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < face.points.length; i += 2) {
    least = Math.min(least, face.points[i]);
    most = Math.max(most, face.points[i]);
  }
  return single(most - least);
}

function placesOf(matte: Floats, faces: readonly Face[], facePx: number): Places {
  const { width, height } = matte;
  const outside = bytes(width, height);
  for (let i = 0; i < outside.data.length; i++) outside.data[i] = matte.data[i] < PERSON ? 1 : 0;
  const apart = distanceTransform(outside).data;
  const near = nearOf(width, height, faces, facePx);
  const zone = new Uint8Array(near.length);
  const beyond = floats(width, height);
  const divisor = single(facePx);
  for (let i = 0; i < near.length; i++) {
    apart[i] /= divisor;
    if (near[i] === 0) continue;
    zone[i] = apart[i] > 0 && apart[i] <= WIDTH ? 1 : 0;
    beyond.data[i] = apart[i] > WIDTH && apart[i] <= BEYOND ? 1 : 0;
  }
  return { near, apart, zone, beyond };
}

/** Returns 1 around heads, fading to 0; a shadow far from all of them is not ours. */
function nearOf(
  width: number,
  height: number,
  faces: readonly Face[],
  facePx: number,
): Float32Array {
  const near = new Float32Array(width * height);
  for (const { points } of faces) {
    let [x, y] = [0, 0];
    for (let i = 0; i < points.length; i += 2) {
      x += points[i];
      y += points[i + 1];
    }
    x /= points.length / 2;
    y /= points.length / 2;
    for (let i = 0, row = 0; row < height; row++) {
      for (let column = 0; column < width; column++, i++) {
        const away = Math.sqrt((column - x) ** 2 + (row - y) ** 2) / facePx;
        const value = (AROUND_FACE - away) / (3 * FADE);
        if (value > near[i]) near[i] = Math.min(value, 1);
      }
    }
  }
  return near;
}

function logarithms(picture: Floats): Floats {
  const result = floats(picture.width, picture.height, 3);
  for (let i = 0; i < result.data.length; i++) {
    result.data[i] = Math.log(Math.max(picture.data[i], DARKEST));
  }
  return result;
}

/** Returns how far each pixel is from its surroundings, a mean over the channels. */
function roughness(logs: Float32Array, smooth: Float32Array): Float32Array {
  const result = new Float32Array(logs.length / 3);
  for (let i = 0, j = 0; i < result.length; i++, j += 3) {
    result[i] = meanOf(
      Math.abs(logs[j] - smooth[j]),
      Math.abs(logs[j + 1] - smooth[j + 1]),
      Math.abs(logs[j + 2] - smooth[j + 2]),
    );
  }
  return result;
}

/** Returns 1 in the parts of the wall that are shadows; null if none is. */
function shadows(
  places: Places,
  against: Against,
  rough: Float32Array,
  facePx: number,
): Floats | null {
  const { width, height, data: beyond } = places.beyond;
  const { depth, colour, uneven, wallLevel } = against;
  const candidate = bytes(width, height);
  const shadow = floats(width, height);
  let [sum, count] = [0, 0];
  for (let i = 0; i < rough.length; i++) {
    if (beyond[i]) {
      sum += rough[i];
      count++;
    }
    const darker = places.zone[i] && depth[i] > FAINTEST && uneven[i] < WALL_UNEVEN;
    const grey = colour[i] < COLOUR_FLOOR + COLOUR_SHARE * depth[i];
    candidate.data[i] = darker && grey && wallLevel[i] > WALL_DARKEST ? 1 : 0;
  }
  if (count === 0) return null;
  const limit = ROUGHER * (sum / count) + 0.01;
  const { labels, figures } = connectedComponents(candidate, 4);
  const members = membersOf(labels, figures, SMALLEST_AREA * facePx ** 2);
  let found = false;
  for (const part of members) {
    if (!isShadow(part, depth, places.apart) || !(meanAt(rough, part) < limit)) continue;
    for (const i of part) shadow.data[i] = 1;
    found = true;
  }
  return found ? shadow : null;
}

/** Returns which pixels the large enough components consist of. */
function membersOf(
  labels: Int32Array,
  figures: readonly { readonly area: number }[],
  leastPx: number,
): Int32Array[] {
  const parts = figures.map(({ area }, i) =>
    i > 0 && area >= leastPx ? new Int32Array(area) : null,
  );
  const filled = new Int32Array(figures.length);
  for (let i = 0; i < labels.length; i++) {
    const part = parts[labels[i]];
    if (part) part[filled[labels[i]]++] = i;
  }
  return parts.filter((part) => part !== null);
}

function meanAt(values: Float32Array, places: Int32Array): number {
  let sum = 0;
  for (const i of places) sum += values[i];
  return sum / places.length;
}

/** Says whether a darker part of the wall begins at the person and is as dark as shadows are. */
function isShadow(part: Int32Array, depth: Float32Array, apart: Float32Array): boolean {
  let closest = Infinity;
  const depths = new Float32Array(part.length);
  for (let i = 0; i < part.length; i++) {
    closest = Math.min(closest, apart[part[i]]);
    depths[i] = depth[part[i]];
  }
  if (closest > CONTACT) return false;
  return quantile(depths, 0.5) >= LEAST_MEDIAN && quantile(depths, 0.9) <= DEEPEST;
}

function corrected(shadow: Floats, places: Places, depth: Float32Array, facePx: number): Floats {
  const soft = gaussianBlur(shadow, Math.max(0.02 * facePx, 0.8), "replicate").data;
  const result = floats(shadow.width, shadow.height);
  const { near, apart, zone } = places;
  for (let i = 0; i < soft.length; i++) {
    if (!zone[i] || depth[i] <= 0) continue;
    const share = soft[i] * near[i] * clamp((WIDTH - apart[i]) / FADE, 0, 1);
    result.data[i] = -SHARE * share * Math.max(depth[i] - FAINTEST / 2, 0);
  }
  return result;
}
