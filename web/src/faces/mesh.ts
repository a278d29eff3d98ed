/** FaceMesh: 468 points on a face whose place is known roughly. */
import { asInput } from "../engine/input.ts";
import type { Network } from "../engine/network.ts";
import { type Bytes, clamp } from "../image/image.ts";
import { type Detection, LEFT_EYE, RIGHT_EYE } from "./detector.ts";
import { cut, type Square, toPicture } from "./patch.ts";
import { LEFT_EYE_OUTER, RIGHT_EYE_OUTER } from "./points.ts";

const SIZE_PX = 192;
const POINTS_OUTPUT = "conv2d_21";
const LOGIT_OUTPUT = "conv2d_31";
const POINTS = 468;
const MARGIN = 1.5;
const LARGEST_LOGIT = 60;

/** What FaceMesh says of one patch. */
export interface MeshPoints {
  /** x, y in pixels of the picture. */
  readonly points: Float32Array;
  /** In the same unit, away from the camera; only differences mean something. */
  readonly depth: Float32Array;
  /** 0 to 1: whether there is a face in the patch at all. */
  readonly score: number;
}

/** Returns the points of the face that fills `square` but for a margin; RGB. */
export async function around(
  network: Network,
  picture: Bytes,
  square: Square,
): Promise<MeshPoints> {
  const patch = cut(picture, square, SIZE_PX, "replicate");
  const answers = await network(asInput(patch, 0));
  const values = answers[POINTS_OUTPUT]!.data;
  const sure = clamp(answers[LOGIT_OUTPUT]!.data[0]!, -LARGEST_LOGIT, LARGEST_LOGIT);
  const inPatch = new Float32Array(2 * POINTS);
  const depth = new Float32Array(POINTS);
  const scale = square.sidePx / SIZE_PX;
  for (let point = 0; point < POINTS; point++) {
    // The network counts from the patch's edge, `toPicture` from its first pixel's middle.
    inPatch[2 * point] = values[3 * point]! - 0.5;
    inPatch[2 * point + 1] = values[3 * point + 1]! - 0.5;
    depth[point] = values[3 * point + 2]! * scale;
  }
  return {
    points: toPicture(inPatch, square, SIZE_PX),
    depth,
    score: 1 / (1 + Math.exp(-sure)),
  };
}

/** Returns the square for `around`: eyes level, half as large again as the box. */
export function squareOfDetection(detection: Detection): Square {
  const [x0, y0, x1, y1] = detection.box;
  return {
    x: (x0 + x1) / 2,
    y: (y0 + y1) / 2,
    sidePx: Math.max(x1 - x0, y1 - y0) * MARGIN,
    angleRad: angle(detection.keys, RIGHT_EYE, LEFT_EYE),
  };
}

/** Returns the square for another look, from points found before. */
export function squareOfPoints(points: Float32Array): Square {
  const angleRad = angle(points, RIGHT_EYE_OUTER, LEFT_EYE_OUTER);
  const [cosine, sine] = [Math.cos(angleRad), Math.sin(angleRad)];
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < points.length; at += 2) {
    const x = points[at]! * cosine + points[at + 1]! * sine;
    const y = points[at + 1]! * cosine - points[at]! * sine;
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return {
    x: x * cosine - y * sine,
    y: x * sine + y * cosine,
    sidePx: Math.max(right - left, bottom - top) * MARGIN,
    angleRad,
  };
}

/** Of the line from one point to another, clockwise of the x axis. */
function angle(points: Float32Array, one: number, other: number): number {
  const across = Math.fround(points[2 * other]! - points[2 * one]!);
  const down = Math.fround(points[2 * other + 1]! - points[2 * one + 1]!);
  return Math.fround(Math.atan2(down, across));
}
