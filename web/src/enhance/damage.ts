/** Whether anything is left of a picture that could be enhanced. */
import { type Bytes, rint } from "../image/image.ts";
import type { Message } from "../message.ts";

/** Long side below which no face has pixels enough. */
const SMALLEST_PX = 64;
/** Standard deviation, in 8-bit levels, below which a picture shows nothing. */
const LEAST_SPREAD = 1.5;
const BLACK = 8;
const WHITE = 248;
/** Share of pixels that may be black, or white; a face in a dark room is a hundredth at least. */
const MOST_CLIPPED = 0.99;
/** Share that a decoder may have filled, where a JPEG was cut off. */
const MOST_FILLED = 0.1;
/** A JPEG decoder puts zeros where data is missing, and zeros are this grey. */
const FILL = 128;
/** Levels by which a colour profile and a reduction may move it. */
const ROUNDING = 1;

/** Returns what is wrong with an sRGB-encoded picture, null if it is whole. */
export function damage(picture: Bytes): Message | null {
  const { width, height } = picture;
  if (Math.max(width, height) < SMALLEST_PX) {
    return { key: "verdict.damaged.small", values: { width, height } };
  }
  const { black, white } = clipped(picture);
  if (black > MOST_CLIPPED) return { key: "verdict.damaged.black" };
  if (white > MOST_CLIPPED) return { key: "verdict.damaged.white" };
  if (spread(picture) < LEAST_SPREAD) return { key: "verdict.damaged.plain" };
  const filled = filledShare(picture);
  if (filled > MOST_FILLED) {
    return { key: "verdict.damaged.filled", values: { percent: rint(100 * filled) } };
  }
  return null;
}

/** Returns the shares of pixels that are black, and white. */
function clipped(picture: Bytes): { black: number; white: number } {
  const { data } = picture;
  let [black, white] = [0, 0];
  for (let i = 0; i < data.length; i += 3) {
    // OpenCV's grey, in whole numbers.
    const grey = (data[i]! * 9798 + data[i + 1]! * 19235 + data[i + 2]! * 3735 + 16384) >> 15;
    if (grey <= BLACK) black++;
    else if (grey >= WHITE) white++;
  }
  const count = data.length / 3;
  return { black: black / count, white: white / count };
}

/** Returns the largest standard deviation of a channel, in 8-bit levels. */
export function spread(picture: Bytes): number {
  const { data } = picture;
  const count = data.length / 3;
  let most = 0;
  for (let channel = 0; channel < 3; channel++) {
    let [sum, squares] = [0, 0];
    for (let i = channel; i < data.length; i += 3) {
      sum += data[i]!;
      squares += data[i]! * data[i]!;
    }
    most = Math.max(most, Math.sqrt(Math.max(squares / count - (sum / count) ** 2, 0)));
  }
  return most;
}

/**
 * Returns the share of whole lines, from one edge on, that are nothing but a decoder's filling.
 *
 * From any edge: a photograph that was taken upright may be stored lying.
 */
export function filledShare(picture: Bytes): number {
  const { width, height, data } = picture;
  const rows = new Uint8Array(height).fill(1);
  const columns = new Uint8Array(width).fill(1);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      if (isFilling(data[i]!) && isFilling(data[i + 1]!) && isFilling(data[i + 2]!)) continue;
      rows[y] = 0;
      columns[x] = 0;
    }
  }
  return Math.max(leading(rows), trailing(rows), leading(columns), trailing(columns));
}

function isFilling(level: number): boolean {
  return level >= FILL - ROUNDING && level <= FILL + ROUNDING;
}

/** Returns the share of lines before the first one that is 0. */
function leading(lines: Uint8Array): number {
  const first = lines.indexOf(0);
  return first < 0 ? 1 : first / lines.length;
}

/** Returns the share of lines behind the last one that is 0. */
function trailing(lines: Uint8Array): number {
  return (lines.length - 1 - lines.lastIndexOf(0)) / lines.length;
}
