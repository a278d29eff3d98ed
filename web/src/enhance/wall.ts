/** What a picture is like against the wall behind it, continued from where it is lit. */
import { gaussianBlur } from "../image/blur.ts";
import { type Box, type Floats, floats } from "../image/image.ts";

const single = Math.fround;
const LEAST_KNOWN = single(0.02);
/** Channels of what continues the wall: red, green, blue, squared level, how much is known. */
const WALL = 5;

/** What the picture is like, in the zone, against the wall as it continues from beyond. */
export interface Against {
  /** How much darker than the wall. */
  readonly depth: Float32Array;
  /** Greatest difference of a channel's depth from the mean's. */
  readonly colour: Float32Array;
  /** Of the wall's logarithms; infinite where too little of it is known. */
  readonly uneven: Float32Array;
  readonly wallLevel: Float32Array;
}

/**
 * Continues the wall's logarithm from where it is known, and compares the picture with it.
 * @param smooth the picture's logarithm.
 * @param known 1 where there is nothing but the lit wall.
 * @param zone where the comparison is wanted.
 * @param sigma of the weights of what is known, in pixels.
 */
export function againstWall(
  smooth: Floats,
  known: Floats,
  zone: Uint8Array,
  sigma: number,
): Against {
  const made = () => new Float32Array(zone.length);
  const found: Against = { depth: made(), colour: made(), uneven: made(), wallLevel: made() };
  const [left, top, right, bottom] = surrounding(zone, known);
  if (right < left) return found;
  // Outside of these rows and columns the wall is nowhere known, and no shadow is looked for.
  const part = { width: right - left + 1, height: bottom - top + 1 };
  const wall = floats(part.width, part.height, WALL);
  for (let y = 0; y < part.height; y++) {
    const at = (top + y) * known.width + left;
    for (let x = 0; x < part.width; x++) {
      if (known.data[at + x]) setWall(wall.data, WALL * (y * part.width + x), smooth, at + x);
    }
  }
  const wide = gaussianBlur(wall, sigma, "replicate").data;
  for (let y = 0; y < part.height; y++) {
    const at = (top + y) * known.width + left;
    for (let x = 0; x < part.width; x++) {
      if (zone[at + x]) compare(wide, WALL * (y * part.width + x), smooth, at + x, found);
    }
  }
  return found;
}

/** Returns first and last column and row, with a margin of one pixel, of what is not 0. */
function surrounding(zone: Uint8Array, { width, height, data }: Floats): Box {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let i = 0, y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (zone[i] === 0 && data[i] === 0) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  if (right < 0) return [width, height, -1, -1];
  return [
    Math.max(left - 1, 0),
    Math.max(top - 1, 0),
    Math.min(right + 1, width - 1),
    Math.min(bottom + 1, height - 1),
  ];
}

function setWall(wall: Float32Array, at: number, smooth: Floats, pixel: number): void {
  const [r, g, b] = [
    smooth.data[3 * pixel],
    smooth.data[3 * pixel + 1],
    smooth.data[3 * pixel + 2],
  ];
  wall[at] = r;
  wall[at + 1] = g;
  wall[at + 2] = b;
  wall[at + 3] = single(meanOf(r, g, b)) ** 2;
  wall[at + 4] = 1;
}

function compare(
  wide: Float32Array,
  at: number,
  smooth: Floats,
  pixel: number,
  found: Against,
): void {
  const total = Math.max(wide[at + 4], single(1e-6));
  const [r, g, b] = [wide[at] / total, wide[at + 1] / total, wide[at + 2] / total];
  const level = meanOf(r, g, b);
  const variance = Math.max(wide[at + 3] / total - level ** 2, 0);
  const dr = r - smooth.data[3 * pixel];
  const dg = g - smooth.data[3 * pixel + 1];
  const db = b - smooth.data[3 * pixel + 2];
  const darker = meanOf(dr, dg, db);
  found.depth[pixel] = darker;
  found.colour[pixel] = Math.max(
    Math.abs(dr - darker),
    Math.abs(dg - darker),
    Math.abs(db - darker),
  );
  found.uneven[pixel] = wide[at + 4] < LEAST_KNOWN ? Infinity : Math.sqrt(variance);
  found.wallLevel[pixel] = level;
}

export function meanOf(r: number, g: number, b: number): number {
  return (r + g + b) / 3;
}
