/** One small correction for a whole photograph, with its faces as large as the network knows them.
 *
 * The photograph is reduced until its largest face has the size of those in training; every face
 * that is then too small is looked at once more in a window of its own, which is blended in.
 */
import { type Box, type Bytes, clamp, type Floats, floats, rint } from "../image/image.ts";
import { resizeArea, resizeLinear } from "../image/resize.ts";
import type { CorrectionModel } from "./correction.ts";
import { reduced, shrunkSize } from "./pipeline.ts";

// In shares of the size that a network was trained at. Faces of the training pictures are a
// quarter to three quarters of it high.
const FACE = 0.4;
const SMALLEST_FACE = 0.22;
const LEAST = 1;
const MOST = 2;
const WINDOW = 4;
const LARGEST_CANVAS = 4;

/** What the network says about a photograph. */
export interface Canvas {
  /** The photograph reduced, sRGB-encoded in [0,1]. */
  readonly picture: Floats;
  /** Decoded, at full strength. */
  readonly correction: Floats;
}

/** What `canvasOf` needs of a `CorrectionModel`. */
export type Answering = Pick<CorrectionModel, "size" | "correction">;

/** Returns the correction of a photograph.
 *
 * @param photo sRGB-encoded, upright
 * @param faces boxes from brow to chin and ear to ear, in pixels of `photo`
 */
export async function canvasOf(
  model: Answering,
  photo: Bytes,
  faces: readonly Box[],
): Promise<Canvas> {
  const { first, tiny, longSide } = planOf(model.size, photo, faces);
  const small = reduced(photo, first);
  const correction = await model.correction(small);
  if (!tiny.length) return { picture: small, correction };
  const picture = reduced(photo, longSide);
  const whole = resizeLinear(correction, picture.width, picture.height);
  const scale = Math.max(picture.width, picture.height) / Math.max(photo.width, photo.height);
  const bySize = tiny.toSorted((a, b) => a[3] - a[1] - (b[3] - b[1]));
  for (const [x0, y0, x1, y1] of bySize) {
    await blendIn(model, picture, whole, [scale * x0, scale * y0, scale * x1, scale * y1]);
  }
  return { picture, correction: whole };
}

/** Returns width and height of what `canvasOf` returns, without asking the network. */
export function canvasSize(
  trained: number,
  photo: Bytes,
  faces: readonly Box[],
): [width: number, height: number] {
  return shrunkSize(photo.width, photo.height, planOf(trained, photo, faces).longSide);
}

/** Returns the factor on the correction at each place: that of the faces near it.
 *
 * @param boxes of the faces, in pixels of the map
 * @param values of the faces: strengths, or a channel of their offsets
 */
export function nearFaces(
  width: number,
  height: number,
  boxes: readonly Box[],
  values: readonly number[],
): Floats {
  const result = floats(width, height);
  if (new Set(values).size < 2) {
    result.data.fill(values[0] ?? 1);
    return result;
  }
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      let [total, weighted] = [1e-12, 0];
      for (let i = 0; i < boxes.length; i++) {
        const weight = nearness(boxes[i]!, x, y);
        total += weight;
        weighted += weight * values[i]!;
      }
      result.data[at] = weighted / total;
    }
  }
  return result;
}

/** Falls like a Gaussian on and beside a face and slowly far away, where it never is 0. */
function nearness(box: Box, x: number, y: number): number {
  const size = Math.max(box[3] - box[1], box[2] - box[0], 1);
  const [across, down] = [x - (box[0] + box[2]) / 2, y - (box[1] + box[3]) / 2];
  const away = (down * down + across * across) / (size * size);
  return Math.exp(-2 * away) + 1e-3 / (1 + away);
}

interface Plan {
  /** Long side of the photograph when the network sees it whole. */
  readonly first: number;
  /** Faces that are too small then. */
  readonly tiny: readonly Box[];
  /** Long side of the canvas. */
  readonly longSide: number;
}

function planOf(trained: number, photo: Bytes, faces: readonly Box[]): Plan {
  const longSide = Math.max(photo.width, photo.height);
  const heights = faces.map((box) => (box[3] - box[1]) / longSide);
  const first = wholeSize(trained, heights);
  const smallSide = Math.max(...shrunkSize(photo.width, photo.height, first));
  const isTiny = (height: number) =>
    0 < height * smallSide && height * smallSide < SMALLEST_FACE * trained;
  const tiny = faces.filter((_, i) => isTiny(heights[i]!));
  if (!tiny.length) return { first, tiny, longSide: first };
  const least = Math.min(...heights.filter(isTiny));
  const across = Math.min((FACE * trained) / least, LARGEST_CANVAS * trained);
  return { first, tiny, longSide: rint(across) };
}

function wholeSize(trained: number, heights: readonly number[]): number {
  if (!heights.length) return rint(1.4 * trained);
  return rint(trained * clamp(FACE / Math.max(...heights, 1e-6), LEAST, MOST));
}

/** Replaces the correction around one face by that of a window, fading towards its border. */
async function blendIn(
  model: Answering,
  picture: Floats,
  correction: Floats,
  box: Box,
): Promise<void> {
  const tall = box[3] - box[1];
  const half = (WINDOW / 2) * tall;
  const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  const left = Math.max(0, rint(x - half));
  const right = Math.min(picture.width, rint(x + half));
  const top = Math.max(0, rint(y - half));
  const bottom = Math.min(picture.height, rint(y + half));
  if (right - left < 2 || bottom - top < 2) return;
  const part = cut(picture, left, top, right, bottom);
  const factor = (FACE * model.size) / Math.max(tall, 1e-6);
  const width = Math.max(1, rint(part.width * factor));
  const height = Math.max(1, rint(part.height * factor));
  const seen = factor < 1 ? resizeArea(part, width, height) : resizeLinear(part, width, height);
  const answer = resizeLinear(await model.correction(seen), part.width, part.height).data;
  for (let row = top, from = 0; row < bottom; row++) {
    let at = (row * picture.width + left) * 3;
    for (let column = left; column < right; column++) {
      const weight = windowWeight(Math.hypot((row - y) / half, (column - x) / half));
      for (let c = 0; c < 3; c++, at++, from++) {
        const old = correction.data[at]!;
        correction.data[at] = old + weight * (answer[from]! - old);
      }
    }
  }
}

/** Returns how much a window counts, so many halves of its side away from its middle. */
function windowWeight(away: number): number {
  return Math.cos(clamp((away - 0.4) / 0.6, 0, 1) * Math.PI) / 2 + 0.5;
}

function cut(picture: Floats, left: number, top: number, right: number, bottom: number): Floats {
  const part = floats(right - left, bottom - top, picture.channels);
  const row = part.width * part.channels;
  for (let y = 0; y < part.height; y++) {
    const from = ((top + y) * picture.width + left) * picture.channels;
    part.data.set(picture.data.subarray(from, from + row), y * row);
  }
  return part;
}
