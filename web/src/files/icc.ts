/** Colour profiles: what for, and the curves and primaries of those that have them. */
import { bytesOf, joined, startsWith, textAt, viewOf } from "./bytes.ts";

// ICC.1:2022, sections 7.2, 7.3, 8.4.3, 10.6, 10.18 and 10.31.
const HEADER = 128;
const MAX_TAGS = 100;

/** Of a tone curve; a line between two of them is nowhere 1e-4 from the curve. */
export const STEPS = 4096;

/** Primaries and tone curves of an RGB profile. */
export interface Primaries {
  /** XYZ under D50 of red, green and blue: the columns of a row-major matrix. */
  readonly matrix: readonly number[];
  /** Linear light at evenly spaced encoded values, for red, green and blue. */
  readonly curves: readonly [Float64Array, Float64Array, Float64Array];
}

/** Whether the bytes are a colour profile at all. */
export function isProfile(icc: Uint8Array): boolean {
  if (icc.length < HEADER + 4 || !startsWith(icc, "acsp", 36)) return false;
  const view = viewOf(icc);
  return view.getUint32(0) <= icc.length && view.getUint32(HEADER) <= MAX_TAGS;
}

/** The colour space of the pictures that a profile is for: "RGB ", "GRAY", "CMYK"… */
export function spaceOf(icc: Uint8Array): string {
  return textAt(icc, 16, 4);
}

/** Returns null for profiles of other kinds, and for curves that cannot be inverted. */
export function primariesOf(icc: Uint8Array): Primaries | null {
  try {
    const tags = tagsOf(icc);
    const colours = ["rXYZ", "gXYZ", "bXYZ"].map((name) => xyzOf(tags?.get(name)));
    const curves = ["rTRC", "gTRC", "bTRC"].map((name) => curveOf(tags?.get(name)));
    if (colours.includes(null) || curves.includes(null)) return null;
    const matrix = [0, 1, 2].flatMap((row) => colours.map((xyz) => xyz![row]!));
    return { matrix, curves: curves as [Float64Array, Float64Array, Float64Array] };
  } catch (error) {
    if (error instanceof RangeError) return null; // a tag that ends too early
    throw error;
  }
}

function tagsOf(icc: Uint8Array): Map<string, Uint8Array> | null {
  if (spaceOf(icc) !== "RGB " || textAt(icc, 20, 4) !== "XYZ ") return null;
  const view = viewOf(icc);
  const count = Math.min(view.getUint32(HEADER), MAX_TAGS);
  const tags = new Map<string, Uint8Array>();
  for (let index = 0; index < count; index++) {
    const entry = HEADER + 4 + 12 * index;
    const place = view.getUint32(entry + 4);
    const content = icc.subarray(place, place + view.getUint32(entry + 8));
    tags.set(textAt(icc, entry, 4), content);
  }
  return tags;
}

function xyzOf(tag: Uint8Array | undefined): number[] | null {
  if (!tag || textAt(tag, 0, 4) !== "XYZ ") return null;
  const view = viewOf(tag);
  return [8, 12, 16].map((place) => view.getInt32(place) / 65536);
}

function curveOf(tag: Uint8Array | undefined): Float64Array | null {
  if (!tag) return null;
  const kind = textAt(tag, 0, 4);
  let values: Float64Array | null = null;
  if (kind === "curv") values = table(viewOf(tag));
  else if (kind === "para") values = parametric(viewOf(tag));
  return values && rises(values) ? values : null;
}

function rises(values: Float64Array): boolean {
  for (let i = 0; i < STEPS; i++) {
    if (!Number.isFinite(values[i]!)) return false;
    if (i > 0 && values[i]! < values[i - 1]!) return false;
  }
  return values[STEPS - 1]! - values[0]! >= 0.5;
}

/** 0 to 1 in even steps. */
export function gridOf(steps: number): Float64Array {
  return Float64Array.from({ length: steps }, (_, i) => i / (steps - 1));
}

function table(view: DataView): Float64Array {
  const count = view.getUint32(8);
  if (count === 0) return gridOf(STEPS);
  if (count === 1) {
    const gamma = view.getUint16(12) / 256;
    return gridOf(STEPS).map((value) => value ** gamma);
  }
  if (12 + 2 * count > view.byteLength) throw new RangeError("a tone curve that is cut");
  const levels = new Float64Array(count);
  for (let i = 0; i < count; i++) levels[i] = view.getUint16(12 + 2 * i) / 65535;
  return interpolated(gridOf(STEPS), gridOf(count), levels);
}

/** A curve given by a formula (section 10.18, functions 0 to 4); null for other functions. */
function parametric(view: DataView): Float64Array | null {
  const kind = view.getUint16(8);
  const count = [1, 3, 4, 5, 7][kind];
  if (count === undefined) return null;
  const given = Array.from({ length: count }, (_, i) => view.getInt32(12 + 4 * i) / 65536);
  const [gamma, a = 1, b = 0, ...others] = given as [number, ...number[]];
  const values = gridOf(STEPS);
  const [slope, start, shift, lowerShift] = kind < 3 ? [0, 0, 0, 0] : [...others, 0, 0].slice(0, 4);
  for (let i = 0; i < STEPS; i++) {
    const x = values[i]!;
    const upper = Math.max(a * x + b, 0) ** gamma;
    // The first three are flat below the place where a x + b is 0.
    if (kind < 3) values[i] = upper + (others[0] ?? 0);
    else values[i] = x >= start! ? upper + shift! : slope! * x + lowerShift!;
    values[i] = Math.min(Math.max(values[i]!, 0), 1);
  }
  return values;
}

/** Values at rising places `x` on the lines between the points (xs, ys), as numpy's `interp`. */
export function interpolated(x: Float64Array, xs: Float64Array, ys: Float64Array): Float64Array {
  const last = xs.length - 1;
  const found = new Float64Array(x.length);
  let j = 0;
  for (let i = 0; i < x.length; i++) {
    const place = x[i]!;
    while (j < last && xs[j + 1]! <= place) j++;
    if (place <= xs[0]! && j === 0) found[i] = ys[0]!;
    else if (j === last) found[i] = ys[last]!;
    else {
      const slope = (ys[j + 1]! - ys[j]!) / (xs[j + 1]! - xs[j]!);
      found[i] = slope * (place - xs[j]!) + ys[j]!;
    }
  }
  return found;
}

/** A profile for Adobe RGB (1998), drawn up from the figures of its definition. */
export function adobeRgbProfile(): Uint8Array<ArrayBuffer> {
  const curve = [...numbers(1), 563 >> 8, 563 & 255, 0, 0]; // gamma 563/256
  const text = "compatible with Adobe RGB (1998)\0";
  const tags: [string, Uint8Array][] = [
    ["rXYZ", tag("XYZ ", numbers(39994, 20389, 1276))],
    ["gXYZ", tag("XYZ ", numbers(13453, 41012, 3990))],
    ["bXYZ", tag("XYZ ", numbers(9781, 4135, 48782))],
    ["wtpt", tag("XYZ ", numbers(63190, 65536, 54061))],
    ["rTRC", tag("curv", curve)],
    ["gTRC", tag("curv", curve)],
    ["bTRC", tag("curv", curve)],
    ["desc", tag("desc", [...numbers(text.length), ...bytesOf(text), ...new Uint8Array(78)])],
    ["cprt", tag("text", [...bytesOf("no copyright\0")])],
  ];
  let place = HEADER + 4 + 12 * tags.length;
  const list: Uint8Array[] = [Uint8Array.from(numbers(tags.length))];
  for (const [name, content] of tags) {
    list.push(bytesOf(name), Uint8Array.from(numbers(place, content.length)));
    place += content.length + (-content.length & 3);
  }
  const bodies = tags.flatMap(([, content]) => [content, new Uint8Array(-content.length & 3)]);
  const head = new Uint8Array(HEADER);
  head.set(numbers(place));
  head.set(numbers(0x02100000), 8);
  head.set(bytesOf("mntrRGB XYZ "), 12);
  head.set(bytesOf("acsp"), 36);
  head.set(numbers(63190, 65536, 54061), 68);
  return joined([head, ...list, ...bodies]);
}

function tag(kind: string, content: readonly number[]): Uint8Array {
  return Uint8Array.from([...bytesOf(kind), 0, 0, 0, 0, ...content]);
}

/** Big-endian bytes of 32-bit numbers. */
function numbers(...values: readonly number[]): number[] {
  return values.flatMap((value) =>
    [value >>> 24, value >>> 16, value >>> 8, value].map((v) => v & 255),
  );
}
