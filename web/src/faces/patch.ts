/** Square patches of a picture, turned and reduced without aliasing, and the way back. */
import { type Bytes, bytes } from "../image/image.ts";
import { resizeArea } from "../image/resize.ts";
import { warpAffine } from "../image/warp.ts";

/** A square in a picture; the middle of the picture's first pixel is (0, 0). */
export interface Square {
  readonly x: number;
  readonly y: number;
  readonly sidePx: number;
  /** Its x axis points this much clockwise (towards y) of the picture's. */
  readonly angleRad: number;
}

/** Returns the part of an RGB picture in `square`, `sizePx` wide. */
export function cut(
  picture: Bytes,
  square: Square,
  sizePx: number,
  border: "constant" | "replicate",
): Bytes {
  const reduction = Math.max(1, Math.floor(square.sidePx / sizePx));
  const { left, top, region } = regionAround(picture, square, reduction);
  // From the patch's pixels to the picture's, then to those of the reduced region.
  const [a, b, x, c, d, y] = patchToPicture(square, sizePx);
  const back = [
    a / reduction,
    b / reduction,
    (x - left + 0.5) / reduction - 0.5,
    c / reduction,
    d / reduction,
    (y - top + 0.5) / reduction - 0.5,
  ];
  return warpAffine(region, back, sizePx, sizePx, border);
}

/** Returns where points in pixels of a patch lie in the picture that it was cut from. */
export function toPicture(points: Float32Array, square: Square, sizePx: number): Float32Array {
  const [a, b, x, c, d, y] = patchToPicture(square, sizePx);
  const placed = new Float32Array(points.length);
  for (let at = 0; at < points.length; at += 2) {
    const [u, v] = [points[at]!, points[at + 1]!];
    placed[at] = u * a + v * b + x;
    placed[at + 1] = u * c + v * d + y;
  }
  return placed;
}

type Matrix = [number, number, number, number, number, number];

function patchToPicture(square: Square, sizePx: number): Matrix {
  const scale = square.sidePx / sizePx;
  const cosine = Math.cos(square.angleRad) * scale;
  const sine = Math.sin(square.angleRad) * scale;
  const middle = (sizePx - 1) / 2;
  const x = square.x - (cosine * middle - sine * middle);
  const y = square.y - (sine * middle + cosine * middle);
  return [cosine, -sine, x, sine, cosine, y];
}

interface Region {
  readonly left: number;
  readonly top: number;
  /** The part around a square, area-averaged. */
  readonly region: Bytes;
}

function regionAround(picture: Bytes, square: Square, reduction: number): Region {
  const turned = Math.abs(Math.cos(square.angleRad)) + Math.abs(Math.sin(square.angleRad));
  const reach = (square.sidePx / 2) * turned + 2 * reduction;
  const [left, right] = range(square.x, reach, picture.width);
  const [top, bottom] = range(square.y, reach, picture.height);
  const [width, height] = [right - left, bottom - top];
  if (reduction === 1) return { left, top, region: part(picture, left, top, width, height) };
  const columns = Math.max(1, Math.floor(width / reduction));
  const rows = Math.max(1, Math.floor(height / reduction));
  const whole = part(
    picture,
    left,
    top,
    Math.min(columns * reduction, width),
    Math.min(rows * reduction, height),
  );
  return { left, top, region: resizeArea(whole, columns, rows) };
}

/** First and last + 1 of the pixels within reach; at least one pixel. */
function range(middle: number, reach: number, length: number): [number, number] {
  const first = Math.min(Math.max(Math.floor(middle - reach), 0), length - 1);
  const last = Math.max(Math.min(Math.ceil(middle + reach) + 1, length), first + 1);
  return [first, last];
}

/** Returns a copy of a part of a picture. */
export function part(
  picture: Bytes,
  left: number,
  top: number,
  width: number,
  height: number,
): Bytes {
  const found = bytes(width, height, picture.channels);
  const [stride, length] = [picture.width * picture.channels, width * picture.channels];
  for (let row = 0; row < height; row++) {
    const from = (top + row) * stride + left * picture.channels;
    found.data.set(picture.data.subarray(from, from + length), row * length);
  }
  return found;
}
