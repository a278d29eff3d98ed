/** Eyes cut out of a photograph, in linear light, with the contour of the lids. */
import type { Face } from "../../faces/face.ts";
import { interOcular, LEFT_EYE, RIGHT_EYE } from "../../faces/points.ts";
import { fillPoly } from "../../image/draw.ts";
import { type Bytes, bytes, clamp, type Floats, rint } from "../../image/image.ts";
import { dilate, ellipse } from "../../image/morphology.ts";
import { bytesToLinear, median } from "../../image/numbers.ts";
import { resizeArea, resizeCubic } from "../../image/resize.ts";
import type { PixelSource } from "./source.ts";

/** Between the corners of an eye; a pupil is a pixel or two in smaller ones. */
const LEAST_WIDTH_PX = 8;
/** The contour is off by up to 3 % of the distance between the eyes; in widths of an eye. */
const GROWTH = 0.045;
/** Width of every eye when pupils are searched, so that one set of radii serves all pictures. */
export const VIEW_PX = 64;

const ROOM = 0.3;
const CORNERS_APART = 8;
/** Cheeks, brow and forehead: points that neither make-up of the eyes nor a beard reaches. */
const SKIN_POINTS = [50, 280, 205, 425, 36, 266, 151, 9, 108, 337, 187, 411];
const SKIN_PATCH = 0.03;
/** Bits of a pixel's fraction in drawing. */
const FINE = 4;

const { fround } = Math;

/** A rectangle of a picture around one eye. */
export interface Eye {
  /** Linear light in [0,1], RGB. */
  readonly light: Floats;
  /** x, y in pixels of `light`: along the lids, from the outer corner on. */
  readonly contour: Float32Array;
  /** Between the corners, in pixels of `light`. */
  readonly width: number;
  /** Where the rectangle begins in the picture. */
  readonly left: number;
  readonly top: number;
}

/** Returns the eyes of a face that are large enough to look at. */
export function eyesOf(source: PixelSource, face: Face): Eye[] {
  return [RIGHT_EYE, LEFT_EYE].map((ring) => cut(source, face, ring)).filter((eye) => eye !== null);
}

function cut(source: PixelSource, face: Face, ring: readonly number[]): Eye | null {
  const xs = ring.map((point) => face.points[2 * point]!);
  const ys = ring.map((point) => face.points[2 * point + 1]!);
  const across = fround(xs[0]! - xs[CORNERS_APART]!);
  const down = fround(ys[0]! - ys[CORNERS_APART]!);
  const width = fround(Math.sqrt(across * across + down * down));
  if (!(width >= LEAST_WIDTH_PX)) return null;
  const room = fround(ROOM * width);
  const first = (values: number[], limit: number) =>
    clamp(Math.floor(fround(Math.min(...values) - room)), 0, limit);
  const last = (values: number[], limit: number) =>
    clamp(Math.ceil(fround(Math.max(...values) + room)), 0, limit);
  const [left, top] = [first(xs, source.width), first(ys, source.height)];
  const [right, bottom] = [last(xs, source.width), last(ys, source.height)];
  if (Math.min(right - left, bottom - top) < LEAST_WIDTH_PX / 2) return null;
  const contour = new Float32Array(2 * ring.length);
  for (let i = 0; i < ring.length; i++) {
    contour[2 * i] = xs[i]! - left;
    contour[2 * i + 1] = ys[i]! - top;
  }
  const light = linearLight(source.read(left, top, right - left, bottom - top));
  return { light, contour, width, left, top };
}

/** Returns the eye resized to a width of `VIEW_PX`. */
export function atViewSize(eye: Eye): Eye {
  const { width, height } = eye.light;
  const factor = VIEW_PX / eye.width;
  const newWidth = Math.max(rint(width * factor), 1);
  const newHeight = Math.max(rint(height * factor), 1);
  const resize = factor < 1 ? resizeArea<Float32Array> : resizeCubic;
  const light = resize(eye.light, newWidth, newHeight);
  const { data } = light;
  for (let i = 0; i < data.length; i++) data[i] = clamp(data[i]!, 0, 1);
  const factors = [fround(newWidth / width), fround(newHeight / height)];
  const contour = eye.contour.map(
    (value, i) => fround(fround(value + 0.5) * factors[i % 2]!) - 0.5,
  );
  return { light, contour, width: VIEW_PX, left: 0, top: 0 };
}

/** Returns where the eyeball may show: inside the contour, and `GROWTH` around it. */
export function betweenLids(eye: Eye): Bytes {
  const inside = bytes(eye.light.width, eye.light.height);
  fillPoly(inside, [eye.contour], 1, { fractionBits: FINE });
  const reach = Math.max(rint(GROWTH * eye.width), 1);
  return dilate(inside, ellipse(2 * reach + 1));
}

/** Returns the linear light of the face's skin: the median of some patches; 0.5 without any. */
export function skinLight(source: PixelSource, face: Face): Float32Array {
  const reach = Math.max(1, Math.trunc(fround(interOcular(face) * SKIN_PATCH)));
  const patches: number[][] = [];
  for (const point of SKIN_POINTS) {
    const [x, y] = [rint(face.points[2 * point]!), rint(face.points[2 * point + 1]!)];
    const [left, top] = [Math.max(x - reach, 0), Math.max(y - reach, 0)];
    const width = Math.min(x + reach + 1, source.width) - left;
    const height = Math.min(y + reach + 1, source.height) - top;
    if (width <= 0 || height <= 0) continue;
    patches.push(meanColour(linearLight(source.read(left, top, width, height))));
  }
  if (patches.length === 0) return Float32Array.of(0.5, 0.5, 0.5);
  return Float32Array.from([0, 1, 2], (channel) => median(patches.map((mean) => mean[channel]!)));
}

function linearLight(pixels: Bytes): Floats {
  return { ...pixels, data: bytesToLinear(pixels.data) };
}

function meanColour(light: Floats): number[] {
  const { data } = light;
  let [red, green, blue] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 3) {
    red += data[i]!;
    green += data[i + 1]!;
    blue += data[i + 2]!;
  }
  return [red, green, blue].map((sum) => fround((3 * sum) / data.length));
}
