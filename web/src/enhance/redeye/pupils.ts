/** Where in an eye a pupil shines: the round spot whose colour stands out most. */
import { connectedComponents } from "../../image/components.ts";
import { convexHull, fillConvexPoly, fillPoly, minEnclosingCircle } from "../../image/draw.ts";
import { type Bytes, bytes, rint } from "../../image/image.ts";
import { median } from "../../image/numbers.ts";
import { bestDisc, RING } from "./discs.ts";
import { betweenLids, type Eye } from "./eyes.ts";

const BEYOND = 2.2;
/** Share of the width at a corner where no pupil's middle is, but flesh that is red by nature. */
const CORNERS = 0.2;
const PALE = 0.55;
const BRIGHT = 1.6;

const { fround } = Math;

/** An eye at the width of a view, and what is known of its pixels: 1 or 0 of each. */
export interface View extends Eye {
  /** Where the eyeball may show. */
  readonly inside: Bytes;
  /** Of these, all but mirrored lamps and the white. */
  readonly known: Bytes;
  /** Where a pupil's middle may be. */
  readonly centres: Bytes;
}

/** The spot of an eye that may be a red pupil, in pixels of the view. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** Median `redness` or `goldenness` without the catch-light. */
  readonly glow: number;
  /** The same of the ring around it. */
  readonly around: number;
  /** Median linear light, without the catch-light. */
  readonly light: Float32Array;
  /** The pixels that it covers, catch-light included. */
  readonly covers: Bytes;
  /** Area by that of the circle around it: 1 for a disc, less where lids cut it or for a line. */
  readonly roundness: number;
  /** Share of its middle that is dark and does not glow: the pupil of a brown iris. */
  readonly hollow: number;
  /** Share of the skin around that glows as much: hair and make-up do not end at the lids. */
  readonly beyond: number;
}

export function viewOf(eye: Eye): View {
  const inside = betweenLids(eye);
  return { ...eye, inside, known: known(eye, inside), centres: possibleCentres(eye) };
}

/**
 * Returns the spot of an eye that glows most above its surroundings, null without any.
 *
 * @param glowing `redness` or `goldenness` of the view's pixels.
 */
export function brightestSpot(view: View, glowing: Float32Array): Spot | null {
  const { width, data: light } = view.light;
  const { inside, known } = view;
  const found = bestDisc(glowing, known.data, view.centres.data, width);
  if (found === null) return null;
  const { x, y, radius } = found;
  const away = distances(view.light.width, view.light.height, x, y);
  const disc = pixels(away, (at) => known.data[at] === 1 && away[at]! <= 0.9 * radius);
  const ring = pixels(
    away,
    (at) => known.data[at] === 1 && away[at]! > RING[0] * radius && away[at]! < RING[1] * radius,
  );
  if (disc.length < 3 || ring.length < 3) return null;
  const glow = medianOf(glowing, disc);
  const around = medianOf(glowing, ring);
  const middle = (glow + around) / 2;
  const level = fround(middle);
  const above = fround((glow + middle) / 2);
  const colour = [0, 1, 2].map((channel) => medianOf(light, disc, 3, channel));
  const dark = fround(0.5 * colour[0]!);
  const glows = inside.data.map((within, at) =>
    within && glowing[at]! > level && away[at]! < RING[1] * radius ? 1 : 0,
  );
  const covers = shape({ ...inside, data: glows }, away);
  const core = pixels(away, (at) => away[at]! < 0.5 * radius);
  const skin = pixels(away, (at) => inside.data[at] === 0 && away[at]! < BEYOND * radius);
  return {
    ...found,
    glow,
    around,
    light: Float32Array.from(colour),
    covers,
    roundness: roundness(covers),
    hollow: share(core, (at) => !(glowing[at]! > level) && light[3 * at]! < dark),
    beyond: share(skin, (at) => glowing[at]! > above),
  };
}

/** Returns the places of the pixels that fulfil something, by rows. */
function pixels(of: ArrayLike<number>, chosen: (at: number) => boolean): number[] {
  const places: number[] = [];
  for (let at = 0; at < of.length; at++) if (chosen(at)) places.push(at);
  return places;
}

function share(places: readonly number[], chosen: (at: number) => boolean): number {
  let count = 0;
  for (const at of places) if (chosen(at)) count++;
  return places.length === 0 ? 0 : count / places.length;
}

function medianOf(values: Float32Array, places: readonly number[], step = 1, first = 0): number {
  return fround(median(Float32Array.from(places, (at) => values[step * at + first]!)));
}

/** Returns pixels between the lids but for pale and bright ones. */
function known(eye: Eye, inside: Bytes): Bytes {
  const { data: light } = eye.light;
  const brightness = new Float32Array(inside.data.length);
  for (let at = 0; at < brightness.length; at++) {
    brightness[at] = (light[3 * at]! + light[3 * at + 1]! + light[3 * at + 2]!) / 3;
  }
  const places = pixels(inside.data, (at) => inside.data[at] === 1);
  const usual = places.length === 0 ? 1 : medianOf(brightness, places);
  const bright = fround(BRIGHT * usual);
  const sure = bytes(inside.width, inside.height);
  for (const at of places) {
    const [red, green, blue] = [light[3 * at]!, light[3 * at + 1]!, light[3 * at + 2]!];
    const pale = Math.min(red, green, blue) > fround(PALE * Math.max(red, green, blue));
    sure.data[at] = pale && brightness[at]! > bright ? 0 : 1;
  }
  return sure;
}

function possibleCentres(eye: Eye): Bytes {
  const { contour } = eye;
  const { width, height } = eye.light;
  const centres = bytes(width, height);
  fillPoly(centres, [contour.map(rint)], 1);
  const inner = contour.length / 2;
  const [x, y] = [contour[0]!, contour[1]!];
  const [right, down] = [contour[inner]! - x, contour[inner + 1]! - y];
  const length = Math.max(right * right + down * down, 1e-6);
  for (let at = 0; at < centres.data.length; at++) {
    if (centres.data[at] === 0) continue;
    const column = at % width;
    const row = (at - column) / width;
    const along = ((column - x) * right + (row - y) * down) / length;
    if (!(along > CORNERS && along < 1 - CORNERS)) centres.data[at] = 0;
  }
  return centres;
}

function distances(width: number, height: number, x: number, y: number): Float64Array {
  const away = new Float64Array(width * height);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      away[at] = Math.sqrt((column - x) ** 2 + (row - y) ** 2);
    }
  }
  return away;
}

/** Returns the hull of the connected pixels that lie nearest to the middle. */
function shape(glows: Bytes, away: Float64Array): Bytes {
  const { width, height } = glows;
  const hull = bytes(width, height);
  const { labels } = connectedComponents(glows, 8);
  let nearest = -1;
  for (let at = 0; at < labels.length; at++) {
    if (labels[at]! > 0 && (nearest < 0 || away[at]! < away[nearest]!)) nearest = at;
  }
  if (nearest < 0) return hull;
  const places = pixels(labels, (at) => labels[at] === labels[nearest]);
  fillConvexPoly(hull, convexHull(coordinates(places, width)), 1);
  return hull;
}

function roundness(covers: Bytes): number {
  const places = pixels(covers.data, (at) => covers.data[at] === 1);
  if (places.length < 3) return 0;
  const { radius } = minEnclosingCircle(coordinates(places, covers.width));
  return places.length / (Math.PI * (radius + 0.5) ** 2);
}

/** Returns x, y, x, y… of pixels. */
function coordinates(places: readonly number[], width: number): Float32Array {
  const points = new Float32Array(2 * places.length);
  for (let i = 0; i < places.length; i++) {
    points[2 * i] = places[i]! % width;
    points[2 * i + 1] = Math.floor(places[i]! / width);
  }
  return points;
}
