/** Growing, shrinking and distances of masks, as OpenCV calculates them. */
import type { Bytes, Floats, Image } from "./image.ts";
import { bytes, floats, rint } from "./image.ts";

type Sample = Uint8Array | Float32Array;

/** One horizontal row of ones of an element: `row` and `from` count from the element's anchor. */
interface Run {
  readonly row: number;
  readonly from: number;
  readonly length: number;
}

/** A filled ellipse of ones in a square of `side` pixels. */
export function ellipse(side: number): Bytes {
  const element = bytes(side, side);
  const radius = Math.floor(side / 2);
  for (let y = 0; y < side; y++) {
    const dy = y - radius;
    const share = radius === 0 ? 0 : (radius * radius - dy * dy) * (1 / (radius * radius));
    const half = rint(radius * Math.sqrt(share));
    element.data.fill(1, y * side + radius - half, y * side + Math.min(radius + half + 1, side));
  }
  return element;
}

/** A square of ones. */
export function rectangle(side: number): Bytes {
  const element = bytes(side, side);
  element.data.fill(1);
  return element;
}

/** The greatest value under the element; pixels outside of the picture do not count. */
export function dilate<T extends Sample>(image: Image<T>, element: Bytes): Image<T> {
  if (image.channels !== 1) throw new Error("dilate takes pictures of one channel");
  const runs = rowsOf(element);
  if (image.data instanceof Uint8Array) {
    const levels = twoLevels(image.data);
    if (levels) return { ...image, data: dilateBinary(image as Bytes, runs, ...levels) as T };
  }
  return { ...image, data: dilateGrey(image, runs) };
}

/** The least value under the element; pixels outside of the picture do not count. */
export function erode<T extends Sample>(image: Image<T>, element: Bytes): Image<T> {
  const grown = dilate({ ...image, data: complement(image.data) }, element);
  return { ...grown, data: complement(grown.data) };
}

function complement<T extends Sample>(data: T): T {
  const result = data.slice() as T;
  const top = data instanceof Uint8Array ? 255 : 0;
  for (let i = 0; i < result.length; i++) result[i] = top - result[i]!;
  return result;
}

function rowsOf(element: Bytes): Run[] {
  const { width, height } = element;
  const ones = element.data.map((value) => Number(value !== 0));
  const { starts, ends, rows } = runsOf({ ...element, data: ones }, 1);
  const runs: Run[] = [];
  for (let y = 0; y < height; y++) {
    for (let i = rows[y]!; i < rows[y + 1]!; i++) {
      const [row, from] = [y - (height >> 1), starts[i]! - (width >> 1)];
      runs.push({ row, from, length: ends[i]! - starts[i]! });
    }
  }
  // Equal runs follow each other, so that their maxima are found once.
  return runs.sort((a, b) => a.length - b.length || a.from - b.from || a.row - b.row);
}

/** The lower and the higher value if there are no others. */
function twoLevels(data: Uint8Array): [number, number] | null {
  const one = data[0] ?? 0;
  let other = one;
  for (let i = 1; i < data.length; i++) {
    const value = data[i]!;
    if (value === one || value === other) continue;
    if (other !== one) return null;
    other = value;
  }
  return [Math.min(one, other), Math.max(one, other)];
}

/** Adds up, row by row, by how many runs of the element each pixel is covered. */
function dilateBinary(image: Bytes, runs: Run[], low: number, high: number): Uint8Array {
  const { width, height, data } = image;
  const result = new Uint8Array(data.length);
  const found = runsOf(image, high);
  const change = new Int32Array(width + 1);
  for (let y = 0; y < height; y++) {
    change.fill(0);
    for (const run of runs) {
      if (y + run.row >= 0 && y + run.row < height) cover(change, found, run, y + run.row);
    }
    for (let x = 0, covered = 0; x < width; x++) {
      covered += change[x]!;
      result[y * width + x] = covered > 0 ? high : low;
    }
  }
  return result;
}

/** Notes where a run of the element begins and ends to cover runs of a row. */
function cover(change: Int32Array, { starts, ends, rows }: Runs, run: Run, row: number): void {
  const width = change.length - 1;
  const before = run.from + run.length - 1;
  for (let i = rows[row]!; i < rows[row + 1]!; i++) {
    const first = starts[i]! - before;
    const end = ends[i]! - run.from;
    if (end <= 0 || first >= width) continue;
    change[Math.max(first, 0)]!++;
    change[Math.min(end, width)]!--;
  }
}

/** Where runs of a value start and end (exclusive), and which is each row's first one. */
interface Runs {
  readonly starts: number[];
  readonly ends: number[];
  readonly rows: Int32Array;
}

function runsOf({ width, height, data }: Bytes, value: number): Runs {
  const starts: number[] = [];
  const ends: number[] = [];
  const rows = new Int32Array(height + 1);
  for (let y = 0; y < height; y++) {
    let before = false;
    for (let x = 0; x < width; x++) {
      const now = data[y * width + x] === value;
      if (now !== before) (now ? starts : ends).push(x);
      before = now;
    }
    if (before) ends.push(width);
    rows[y + 1] = starts.length;
  }
  return { starts, ends, rows };
}

function dilateGrey<T extends Sample>(image: Image<T>, runs: Run[]): T {
  const { width, height, data } = image;
  const result = data.slice() as T;
  const nothing = data instanceof Uint8Array ? 0 : -Infinity;
  result.fill(nothing);
  let [before, after] = [0, 0];
  for (const { from, length } of runs) {
    before = Math.max(before, -from);
    after = Math.max(after, from + length - 1);
  }
  const padded = before + width + after;
  const longest = runs.at(-1)?.length ?? 1;
  // Level k holds maxima of 2^k neighbours; two of them cover any run.
  const levels: T[] = [];
  for (let size = 1; size <= longest; size *= 2) levels.push(emptyLike(data, padded));
  levels[0]!.fill(nothing);
  const maxima = emptyLike(data, width);
  for (let source = 0; source < height; source++) {
    const row = data.subarray(source * width, (source + 1) * width);
    if (row.every((value) => value === nothing)) continue;
    levels[0]!.set(row, before);
    for (let k = 1; k < levels.length; k++) pairMaxima(levels[k - 1]!, levels[k]!, 2 ** (k - 1));
    let last: Run | null = null;
    for (const run of runs) {
      const y = source - run.row;
      if (y < 0 || y >= height) continue;
      if (last === null || run.from !== last.from || run.length !== last.length) {
        const k = 31 - Math.clz32(run.length);
        runMaxima(levels[k]!, before + run.from, run.length - 2 ** k, maxima);
        last = run;
      }
      raise(result, y * width, maxima);
    }
  }
  return result;
}

function emptyLike<T extends Sample>(data: T, length: number): T {
  return (data instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length)) as T;
}

function pairMaxima(from: Sample, to: Sample, apart: number): void {
  for (let x = 0; x + apart < from.length; x++) {
    to[x] = Math.max(from[x]!, from[x + apart]!);
  }
}

function runMaxima(level: Sample, first: number, apart: number, maxima: Sample): void {
  for (let x = 0; x < maxima.length; x++) {
    maxima[x] = Math.max(level[first + x]!, level[first + x + apart]!);
  }
}

function raise(result: Sample, start: number, maxima: Sample): void {
  for (let x = 0; x < maxima.length; x++) {
    result[start + x] = Math.max(result[start + x]!, maxima[x]!);
  }
}

// Steps of the chamfer distance in pixels: to a neighbour, diagonally, as a knight moves.
const [STRAIGHT, DIAGONAL, KNIGHT] = [1, Math.fround(1.4), Math.fround(2.1969)];
const BORDER = 2;
/** The largest float32. */
const FAR = 2 ** 128 - 2 ** 104;

/** Each pixel's distance to the nearest 0, in pixels, along such steps; huge where there is no 0. */
export function distanceTransform(mask: Bytes): Floats {
  const { width, height, data } = mask;
  const stride = width + 2 * BORDER;
  const away = new Float32Array(stride * (height + 2 * BORDER)).fill(FAR);
  for (let y = 0; y < height; y++) {
    const row = (y + BORDER) * stride + BORDER;
    for (let x = 0; x < width; x++) {
      away[row + x] = data[y * width + x] === 0 ? 0 : nearest(away, row + x, -stride, -1);
    }
  }
  const result = floats(width, height);
  for (let y = height - 1; y >= 0; y--) {
    const row = (y + BORDER) * stride + BORDER;
    for (let x = width - 1; x >= 0; x--) {
      const known = away[row + x]!;
      if (known > STRAIGHT) away[row + x] = Math.min(known, nearest(away, row + x, stride, 1));
    }
    result.data.set(away.subarray(row, row + width), y * width);
  }
  return result;
}

/** The least distance through a pixel on the two rows in direction `line`, or beside this one. */
function nearest(away: Float32Array, at: number, line: number, side: number): number {
  const next = at + line;
  const straight = Math.min(away[next]!, away[at + side]!);
  const diagonal = Math.min(away[next - 1]!, away[next + 1]!);
  const far = Math.min(away[next + line - 1]!, away[next + line + 1]!);
  const knight = Math.min(far, away[next - 2]!, away[next + 2]!);
  return Math.min(straight + STRAIGHT, diagonal + DIAGONAL, knight + KNIGHT);
}
