/** Pictures and maps in memory: rows of interleaved samples, as numpy lays out [h, w, c]. */

export type Samples = Float32Array | Float64Array | Uint8Array | Uint8ClampedArray | Int32Array;

export interface Image<T extends Samples = Samples> {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: T;
}

/** Colours in [0,1], corrections, maps. */
export type Floats = Image<Float32Array>;
/** RGB as stored, or a mask. */
export type Bytes = Image<Uint8Array>;

/** x0, y0, x1, y1 in pixels; the middle of a picture's first pixel is (0, 0). */
export type Box = readonly [number, number, number, number];

export function floats(width: number, height: number, channels = 1): Floats {
  return { width, height, channels, data: new Float32Array(width * height * channels) };
}

export function bytes(width: number, height: number, channels = 1): Bytes {
  return { width, height, channels, data: new Uint8Array(width * height * channels) };
}

/** Levels in [0,1]; a table, since divisions take longer than looking up. */
const UNITS = Float32Array.from({ length: 256 }, (_, level) => level / 255);

/** Colours in [0,1] of 8-bit samples. */
export function toUnit(image: Image<Uint8Array | Uint8ClampedArray>): Floats {
  const from = image.data;
  const data = new Float32Array(from.length);
  for (let i = 0; i < data.length; i++) data[i] = UNITS[from[i]!]!;
  return { ...image, data };
}

/** Rounds a half to the even neighbour, as Python and numpy do. */
export function rint(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  if (rest !== 0.5) return rest < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
