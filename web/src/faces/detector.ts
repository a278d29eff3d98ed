/** BlazeFace: boxes and six key points of all faces in a picture. */
import { asInput } from "../engine/input.ts";
import type { Network } from "../engine/network.ts";
import { type Bytes, clamp } from "../image/image.ts";
import { cut, type Square, toPicture } from "./patch.ts";

export const RIGHT_EYE = 0;
export const LEFT_EYE = 1;

const SIZE_PX = 128;
const ANSWERS = 16;
const STRIDES_AND_ANCHORS = [
  [8, 2],
  [16, 6],
] as const;
const LARGEST_LOGIT = 60;
const LEAST_OVERLAP = 0.3;

/** One face; right and left are the person's. */
export interface Detection {
  /** x0, y0, x1, y1 in pixels; from brows to chin and from cheek to cheek. */
  readonly box: Float32Array;
  /** x, y of right eye, left eye, nose tip, mouth, right ear, left ear. */
  readonly keys: Float32Array;
  /** 0 to 1. */
  readonly score: number;
}

/** Of what an overlap is a share: the area of both, or of the smaller one. */
export type Whole = "union" | "smaller";

/** The points that the network's answers are relative to: x, y in pixels of the patch. */
const ORIGINS_PX = origins();

function origins(): Float32Array {
  const found: number[] = [];
  for (const [stride, count] of STRIDES_AND_ANCHORS) {
    const across = SIZE_PX / stride;
    for (let cell = 0; cell < across * across; cell++) {
      const x = ((cell % across) + 0.5) * stride;
      const y = (Math.floor(cell / across) + 0.5) * stride;
      // The network counts from the patch's edge; here the middle of the first pixel is 0.
      for (let anchor = 0; anchor < count; anchor++) found.push(x - 0.5, y - 0.5);
    }
  }
  return Float32Array.from(found);
}

/** Returns the faces in an upright square of an RGB picture, in the picture's pixels. */
export async function look(
  network: Network,
  picture: Bytes,
  square: Square,
  threshold: number,
): Promise<Detection[]> {
  const patch = cut(picture, square, SIZE_PX, "constant");
  const found = await network(asInput(patch, -1));
  const detections = decode(found.regressors!.data, found.classificators!.data, threshold);
  return merge(detections, LEAST_OVERLAP, "union").map((one) => ({
    box: toPicture(one.box, square, SIZE_PX),
    keys: toPicture(one.keys, square, SIZE_PX),
    score: one.score,
  }));
}

/**
 * Returns the detections above a threshold of the score, in pixels of the patch, the best first.
 *
 * `answers` are middle, size and six key points, each x before y, in pixels from the anchor.
 */
export function decode(
  answers: Float32Array,
  logits: Float32Array,
  threshold: number,
): Detection[] {
  const scores = logits.map(
    (logit) => 1 / (1 + Math.exp(-clamp(logit, -LARGEST_LOGIT, LARGEST_LOGIT))),
  );
  const least = Math.fround(threshold);
  const order = Array.from(scores.keys()).filter((anchor) => scores[anchor]! >= least);
  order.sort((one, other) => scores[other]! - scores[one]!);
  return order.map((anchor) => {
    const [x, y] = [ORIGINS_PX[2 * anchor]!, ORIGINS_PX[2 * anchor + 1]!];
    const mine = answers.subarray(anchor * ANSWERS, (anchor + 1) * ANSWERS);
    const [middleX, middleY] = [Math.fround(mine[0]! + x), Math.fround(mine[1]! + y)];
    const [halfX, halfY] = [Math.abs(mine[2]!) / 2, Math.abs(mine[3]!) / 2];
    return {
      box: Float32Array.of(middleX - halfX, middleY - halfY, middleX + halfX, middleY + halfY),
      keys: mine.slice(4).map((value, at) => value + (at % 2 === 0 ? x : y)),
      score: scores[anchor]!,
    };
  });
}

/** Returns the shared area of two boxes, as a share of both or of the smaller one. */
export function overlap(box: ArrayLike<number>, other: ArrayLike<number>, of: Whole): number {
  const width = Math.min(box[2]!, other[2]!) - Math.max(box[0]!, other[0]!);
  const height = Math.min(box[3]!, other[3]!) - Math.max(box[1]!, other[1]!);
  const shared = Math.max(width, 0) * Math.max(height, 0);
  const [one, two] = [area(box), area(other)];
  const whole = of === "union" ? one + two - shared : Math.min(one, two);
  return Math.fround(shared / Math.max(whole, 1e-9));
}

function area(box: ArrayLike<number>): number {
  return (box[2]! - box[0]!) * (box[3]! - box[1]!);
}

/**
 * Returns one detection per face, the best first.
 *
 * What overlaps the best detection by more than `leastOverlap` is averaged into it, weighted by
 * score; its score is the best one's.
 */
export function merge(
  detections: readonly Detection[],
  leastOverlap: number,
  of: Whole,
): Detection[] {
  const least = Math.fround(leastOverlap);
  let left = [...detections].sort((one, other) => other.score - one.score);
  const merged: Detection[] = [];
  while (left.length > 0) {
    const best = left[0]!;
    const isSame = (one: Detection) => one === best || overlap(best.box, one.box, of) > least;
    merged.push(average(left.filter(isSame)));
    left = left.filter((one) => !isSame(one));
  }
  return merged;
}

function average(group: readonly Detection[]): Detection {
  const total = group.reduce((sum, one) => sum + one.score, 0);
  const weights = Float32Array.from(group, (one) => one.score / total);
  const mean = (lists: readonly Float32Array[]) =>
    lists[0]!.map((_, at) =>
      lists.reduce((sum, list, index) => sum + list[at]! * weights[index]!, 0),
    );
  return {
    box: mean(group.map((one) => one.box)),
    keys: mean(group.map((one) => one.keys)),
    score: group[0]!.score,
  };
}
