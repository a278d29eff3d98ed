/** The new background laid behind the person, in rows of the full photograph. */
import { clamp } from "../image/image.ts";

/** What a pixel of the matte and its surroundings show: `Layers.places`. */
export const MIXED = 0;
export const BACKGROUND = 1;
export const PERSON = 2;

/**
 * Numbers a pixel in `Layers.values`: the matte's slopes and offset as a function of the
 * photograph's colours in [0,1], then the person's, the old and the new background's colours.
 */
export const VALUES = 13;
const PERSON_AT = 4;
const OLD_AT = 7;
const NEW_AT = 10;

/** All that rows of the photograph need, at the matte's size; can be sent to a Worker. */
export interface Layers {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
  /** Says where the matte is 0 or 1 as far around a pixel as the functions reach. */
  readonly places: Uint8Array;
}

/** Where the photograph's columns lie between those of the layers. */
interface Columns {
  /** For each of the layers' columns the first of the photograph's that lies right of it. */
  readonly starts: Int32Array;
  /** How much of the layers' next column each of the photograph's columns takes. */
  readonly shares: Float64Array;
}

/**
 * Gives rows of the photograph, which `rgba` still holds, their new background. Alpha stays, and
 * so do the colours well inside the person.
 * @param first row in the photograph of the first in `rgba`.
 * @param count of rows.
 * @param width of the photograph.
 * @param height of the photograph.
 */
export function replaceRows(
  layers: Layers,
  rgba: Uint8ClampedArray,
  first: number,
  count: number,
  width: number,
  height: number,
): void {
  const columns = columnsOf(layers.width, width);
  const line = new Float64Array(VALUES * layers.width);
  for (let y = 0; y < count; y++) {
    const place = Math.max(((first + y + 0.5) * layers.height) / height - 0.5, 0);
    const above = Math.min(Math.floor(place), layers.height - 1);
    interpolateRow(layers, above, place - above, line);
    replaceRow(layers, above, line, columns, rgba, y * width, first + y);
  }
}

function columnsOf(small: number, width: number): Columns {
  const starts = new Int32Array(small + 1).fill(width);
  const shares = new Float64Array(width);
  for (let x = width - 1; x >= 0; x--) {
    const place = Math.max(((x + 0.5) * small) / width - 0.5, 0);
    const left = Math.min(Math.floor(place), small - 1);
    shares[x] = place - left;
    starts[left] = x;
  }
  // A column of the layers that no pixel lies right of begins where the next one does.
  for (let i = small - 1; i >= 0; i--) starts[i] = Math.min(starts[i], starts[i + 1]);
  return { starts, shares };
}

/** Writes the layers' values between two of their rows, where anything will change. */
function interpolateRow(layers: Layers, above: number, share: number, line: Float64Array): void {
  const { width, height, values, places } = layers;
  const from = above * width;
  const below = Math.min(above + 1, height - 1) * width;
  for (let x = 0; x < width; x++) {
    if (places[from + x] === PERSON && (x === 0 || places[from + x - 1] === PERSON)) continue;
    const [one, other] = [VALUES * (from + x), VALUES * (below + x)];
    for (let c = 0; c < VALUES; c++) {
      const value = values[one + c];
      line[VALUES * x + c] = value + (values[other + c] - value) * share;
    }
  }
}

function replaceRow(
  layers: Layers,
  above: number,
  line: Float64Array,
  { starts, shares }: Columns,
  rgba: Uint8ClampedArray,
  at: number,
  row: number,
): void {
  for (let column = 0; column < layers.width; column++) {
    const [start, end] = [starts[column], starts[column + 1]];
    const place = layers.places[above * layers.width + column];
    if (place === PERSON) continue;
    const left = VALUES * column;
    const right = VALUES * Math.min(column + 1, layers.width - 1);
    if (place === BACKGROUND) cover(line, left, right, shares, rgba, at, start, end, row);
    else mix(line, left, right, shares, rgba, at, start, end, row);
  }
}

/** Lays the new background over pixels `start` to `end` of a row that begins at pixel `at`. */
function cover(
  line: Float64Array,
  left: number,
  right: number,
  shares: Float64Array,
  rgba: Uint8ClampedArray,
  at: number,
  start: number,
  end: number,
  row: number,
): void {
  const [r, g, b] = [line[left + NEW_AT], line[left + NEW_AT + 1], line[left + NEW_AT + 2]];
  const dr = line[right + NEW_AT] - r;
  const dg = line[right + NEW_AT + 1] - g;
  const db = line[right + NEW_AT + 2] - b;
  for (let x = start, i = 4 * (at + start); x < end; x++, i += 4) {
    const share = shares[x];
    const noise = dither(x, row);
    rgba[i] = Math.floor(255 * (r + dr * share) + noise);
    rgba[i + 1] = Math.floor(255 * (g + dg * share) + noise);
    rgba[i + 2] = Math.floor(255 * (b + db * share) + noise);
  }
}

/** As `cover`, where a pixel may show both: the person's part of it is laid over. */
function mix(
  line: Float64Array,
  left: number,
  right: number,
  shares: Float64Array,
  rgba: Uint8ClampedArray,
  at: number,
  start: number,
  end: number,
  row: number,
): void {
  for (let x = start, i = 4 * (at + start); x < end; x++, i += 4) {
    const share = shares[x];
    const [r, g, b] = [rgba[i] / 255, rgba[i + 1] / 255, rgba[i + 2] / 255];
    const found =
      between(line, left, right, share) * r +
      between(line, left + 1, right + 1, share) * g +
      between(line, left + 2, right + 2, share) * b +
      between(line, left + 3, right + 3, share);
    // As single precision has it: what is 1 there stays as it is.
    const alpha = Math.fround(found);
    if (alpha >= 1) continue;
    const noise = dither(x, row);
    const kept = Math.max(alpha, 0);
    rgba[i] = shown(line, left, right, share, kept, r, noise);
    rgba[i + 1] = shown(line, left + 1, right + 1, share, kept, g, noise);
    rgba[i + 2] = shown(line, left + 2, right + 2, share, kept, b, noise);
  }
}

function between(line: Float64Array, left: number, right: number, share: number): number {
  const value = line[left];
  return value + (line[right] - value) * share;
}

/** Returns a stored channel of a pixel that shows the person's colour by a share `alpha`. */
function shown(
  line: Float64Array,
  left: number,
  right: number,
  share: number,
  alpha: number,
  photo: number,
  noise: number,
): number {
  const near = between(line, left + PERSON_AT, right + PERSON_AT, share);
  const rest = 1 - alpha;
  // Person's and old background's colours must explain the photograph's.
  const mixed = alpha * near + rest * between(line, left + OLD_AT, right + OLD_AT, share);
  const person = clamp(near + alpha * (photo - mixed), 0, 1);
  const value = alpha * person + rest * between(line, left + NEW_AT, right + NEW_AT, share);
  return Math.floor(255 * value + noise);
}

/** Returns noise in [0,1) that a place always has; without it flat gradients would band. */
function dither(x: number, y: number): number {
  let bits = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
  return ((bits ^ (bits >>> 15)) >>> 0) / 4294967296;
}
