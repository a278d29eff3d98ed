/** Which part of a photograph is the person whose face was found, hair included. */
import type { Face } from "../faces/face.ts";
import { convexHull } from "../image/draw.ts";
import { type Bytes, bytes, clamp, type Floats, floats, rint, toUnit } from "../image/image.ts";
import { erode } from "../image/morphology.ts";
import { median } from "../image/numbers.ts";
import { resizeArea, resizeLinear } from "../image/resize.ts";
import { BAND, belonging, disc, middle } from "./belonging.ts";
import { fitMatte, matteOf, spread } from "./guided.ts";

/** Says how likely each pixel of a picture shows a person, 0 to 1. */
export type Probability = (picture: Bytes) => Promise<Floats>;

// The values are those of the command line tool, which tells how they were chosen. Lengths are in
// widths of a face, except for a small face's: a share of the picture's long side.
const SURE_MARGIN = 0.02;
const SMALL_FACE = 0.2;
const AROUND = 5;
const BELOW = 0.8;
const LOOKS_APART = 8;

const single = Math.fround;
const ALIKE = single(0.05);
const LEAST = 0.45;
const FACTOR = 4;
const SURE = single(0.95);
const SURELY_NOT = single(0.05);
const UNSURE_WEIGHT = 0.25;
const EPSILON = 2e-5;
const LONG_SIDE_PX = 768;
/** Shares of the band, and how much contrast the fitted matte gets. */
const ROUNDS = [
  [1, single(1.3)],
  [0.5, single(1.2)],
] as const;

/**
 * Returns how much of each pixel is a person with one of `faces`: 0 to 1.
 *
 * Faces are always inside. People without a face among `faces` are left out unless they touch one
 * who has; nothing further than eight face widths away is kept.
 * @param picture RGB, upright; beyond 768 pixels the matte is made smaller and enlarged.
 * @param faces in the picture's pixels; with none, the matte is 0 everywhere.
 */
export async function personMatte(
  probability: Probability,
  picture: Bytes,
  faces: readonly Face[],
): Promise<Floats> {
  const { width, height } = picture;
  if (faces.length === 0) return floats(width, height);
  const scale = Math.min(1, LONG_SIDE_PX / Math.max(width, height));
  const workWidth = Math.max(1, rint(width * scale));
  const workHeight = Math.max(1, rint(height * scale));
  const work = scale < 1 ? resizeArea(picture, workWidth, workHeight) : picture;
  const outlines = faces.map((face) => outlineOf(face, workWidth / width, workHeight / height));
  const facePx = median(outlines.map((outline) => extent(outline, 0)));
  const likely = await withCloserLooks(probability, work, outlines);
  const matte = alongEdges(belonging(likely, outlines, facePx), work, facePx);
  return scale < 1 ? resizeLinear(matte, width, height) : matte;
}

/** Returns the convex outline of a face in a picture that is so many times larger. */
function outlineOf(face: Face, across: number, down: number): Float32Array {
  const scaled = face.points.map((value, i) => single(value + 0.5) * (i % 2 ? down : across) - 0.5);
  return convexHull(scaled);
}

/** Returns how far an outline reaches across (0) or down (1). */
function extent(outline: Float32Array, axis: 0 | 1): number {
  let [least, most] = [Infinity, -Infinity];
  for (let i = axis; i < outline.length; i += 2) {
    least = Math.min(least, outline[i]);
    most = Math.max(most, outline[i]);
  }
  return single(most - least);
}

/** Returns the network's view of the whole, blended with closer ones of small faces. */
async function withCloserLooks(
  probability: Probability,
  picture: Bytes,
  outlines: readonly Float32Array[],
): Promise<Floats> {
  const { width, height } = picture;
  const seen = await probability(picture);
  const total = { ...seen, data: seen.data.slice() };
  const count = new Float32Array(width * height).fill(1);
  for (const outline of outlines.slice(0, LOOKS_APART)) {
    const side = Math.max(extent(outline, 0), extent(outline, 1));
    if (side > SMALL_FACE * Math.max(width, height)) continue;
    const [x, y] = middle(outline);
    const columns = span(x, (AROUND * side) / 2, width);
    const rows = span(y + BELOW * side, (AROUND * side) / 2, height);
    const part = cropped(picture, columns, rows);
    addLook(total, count, await probability(part), columns[0], rows[0]);
  }
  for (let i = 0; i < count.length; i++) total.data[i] /= count[i];
  return total;
}

/** Returns first and last + 1 of the pixels within reach of a place, at least one. */
function span(place: number, reach: number, length: number): readonly [number, number] {
  const first = Math.floor(clamp(place - reach, 0, length - 1));
  return [first, Math.floor(clamp(place + reach, first + 1, length))];
}

function cropped(
  picture: Bytes,
  columns: readonly [number, number],
  rows: readonly [number, number],
): Bytes {
  const part = bytes(columns[1] - columns[0], rows[1] - rows[0], 3);
  const length = 3 * part.width;
  for (let y = 0; y < part.height; y++) {
    const from = 3 * ((rows[0] + y) * picture.width + columns[0]);
    part.data.set(picture.data.subarray(from, from + length), y * length);
  }
  return part;
}

/** Adds a closer look, which counts much inside and little at its border. */
function addLook(
  total: Floats,
  count: Float32Array,
  look: Floats,
  left: number,
  top: number,
): void {
  const across = Float64Array.from({ length: look.width }, (_, i) => arch(i, look.width));
  for (let y = 0; y < look.height; y++) {
    const down = arch(y, look.height);
    const at = (top + y) * total.width + left;
    for (let x = 0; x < look.width; x++) {
      const share = single(4 * (down * across[x]));
      total.data[at + x] += single(share * look.data[y * look.width + x]);
      count[at + x] += share;
    }
  }
}

function arch(place: number, length: number): number {
  return Math.sin((Math.PI * (place + 0.5)) / length);
}

/** Returns the matte brought to the picture's edges between what is surely in and out. */
function alongEdges(rough: Floats, picture: Bytes, facePx: number): Floats {
  const [inside, outside] = surely(rough, disc(SURE_MARGIN * facePx));
  const guide = toUnit(picture);
  const weight = floats(rough.width, rough.height);
  const count = weight.data.length;
  for (let i = 0; i < count; i++) {
    weight.data[i] = inside.data[i] || outside.data[i] ? 1 : UNSURE_WEIGHT;
  }
  let matte = byColour(rough, guide, inside, outside);
  for (const [share, contrast] of ROUNDS) {
    const radius = Math.max(2, rint(BAND * facePx * share));
    matte = matteOf(fitMatte(matte, guide, weight, radius, EPSILON), guide);
    for (let i = 0; i < count; i++) {
      const value = single(contrast * single(matte.data[i] - 0.5)) + 0.5;
      matte.data[i] = clamp(value, 0, 1);
      weight.data[i] += single(0.2);
    }
  }
  for (let i = 0; i < count; i++) {
    if (outside.data[i]) matte.data[i] = 0;
    else if (inside.data[i]) matte.data[i] = 1;
  }
  return matte;
}

/** Returns what is surely a person, and surely not, at some distance from all else. */
function surely(rough: Floats, margin: Bytes): [Bytes, Bytes] {
  const { width, height, data } = rough;
  const [inside, outside] = [bytes(width, height), bytes(width, height)];
  for (let i = 0; i < data.length; i++) {
    inside.data[i] = data[i] > SURE ? 1 : 0;
    outside.data[i] = data[i] < SURELY_NOT ? 1 : 0;
  }
  return [erode(inside, margin), erode(outside, margin)];
}

/**
 * Returns the rough matte with more contrast, and overruled where one side's colours explain a
 * pixel far better than the other's.
 */
function byColour(rough: Floats, guide: Floats, inside: Bytes, outside: Bytes): Floats {
  const person = spread(guide, { ...inside, data: new Float32Array(inside.data) }).data;
  const background = spread(guide, { ...outside, data: new Float32Array(outside.data) }).data;
  const result = floats(rough.width, rough.height);
  for (let i = 0, j = 0; i < rough.data.length; i++, j += 3) {
    const fromPerson = distance(guide.data, person, j);
    const fromBackground = distance(guide.data, background, j);
    const sum = single(single(fromPerson + fromBackground) + ALIKE);
    const leaning = single(single(fromPerson - fromBackground) / sum);
    const says = clamp(((Math.abs(leaning) - LEAST) / (1 - LEAST)) * FACTOR, 0, 1);
    const contrasted = single(single(3 * single(rough.data[i] - 0.5)) + 0.5);
    result.data[i] = clamp(contrasted - Math.sign(leaning) * single(says), 0, 1);
  }
  return result;
}

function distance(one: Float32Array, other: Float32Array, at: number): number {
  const r = single(one[at] - other[at]);
  const g = single(one[at + 1] - other[at + 1]);
  const b = single(one[at + 2] - other[at + 2]);
  return single(Math.sqrt(single(single(single(r * r) + single(g * g)) + single(b * b))));
}
