/** Colour spaces of photographs: to sRGB, which the network knows, and back, exactly. */
import { type Floats, floats } from "../image/image.ts";
import { gridOf, interpolated, primariesOf, STEPS } from "./icc.ts";

/** XYZ under D50 of red, green and blue (columns), as every sRGB profile has them. */
const SRGB_PRIMARIES = [
  0.4360747, 0.3850649, 0.1430804, 0.2225045, 0.7168786, 0.0606169, 0.0139322, 0.0971045, 0.7141733,
];

/**
 * Between the colour space of a photograph and sRGB, for small float pictures.
 *
 * Nothing is clipped: colours outside sRGB come out below 0 or above 1, and go back to what they
 * were. Clip before a network looks at them.
 */
export class Conversion {
  /** Linear light of the photograph's space to linear light with sRGB primaries, row-major. */
  readonly toLinearSrgb: readonly number[];
  /** Linear light at evenly spaced encoded values, for red, green and blue. */
  readonly curves: readonly Float64Array[];
  readonly #decoding: readonly Table[];
  readonly #encoding: readonly Table[];

  constructor(toLinearSrgb: readonly number[], curves: readonly Float64Array[]) {
    this.toLinearSrgb = toLinearSrgb;
    this.curves = curves;
    this.#decoding = curves.map((curve) => ({
      levels: Float32Array.from(curve),
      slope: Math.fround(slopeAtOne(curve)),
    }));
    this.#encoding = curves.map((curve) => ({
      levels: Float32Array.from(inverse(curve)),
      slope: Math.fround(1 / slopeAtOne(curve)),
    }));
  }

  /** sRGB-encoded values of a picture that is encoded in the photograph's space. */
  toSrgb(picture: Floats): Floats {
    const linear = floats(picture.width, picture.height, 3);
    for (let channel = 0; channel < 3; channel++) {
      lookUp(picture.data, linear.data, channel, this.#decoding[channel]!, false);
    }
    multiply(linear.data, this.toLinearSrgb);
    encodeSrgb(linear.data);
    return linear;
  }

  /** Values in the photograph's space of a picture that is sRGB-encoded. */
  fromSrgb(picture: Floats): Floats {
    const linear = floats(picture.width, picture.height, 3);
    decodeSrgb(picture.data, linear.data);
    multiply(linear.data, inverted(this.toLinearSrgb)!);
    for (let channel = 0; channel < 3; channel++) {
      lookUp(linear.data, linear.data, channel, this.#encoding[channel]!, true);
    }
    return linear;
  }
}

type Nine = [number, number, number, number, number, number, number, number, number];

interface Table {
  readonly levels: Float32Array;
  /** Above 1. */
  readonly slope: number;
}

function slopeAtOne(curve: Float64Array): number {
  return Math.max(((curve[STEPS - 1]! - curve[STEPS - 9]!) * (STEPS - 1)) / 8, 0.1);
}

/**
 * Encoded values at evenly spaced square roots of linear light.
 *
 * Roots, because encoded values rise too steeply from black for even steps of light.
 */
function inverse(curve: Float64Array): Float64Array {
  const grid = gridOf(STEPS);
  return interpolated(
    grid.map((value) => value * value),
    curve,
    grid,
  );
}

/** The values of a table over [0,1], straight on above 1 and mirrored below 0. */
function lookUp(
  from: Float32Array,
  to: Float32Array,
  channel: number,
  { levels, slope }: Table,
  ofRoot: boolean,
): void {
  for (let i = channel; i < from.length; i += 3) {
    const value = from[i]!;
    const size = Math.abs(value);
    const within = Math.min(size, 1);
    const place = Math.fround((ofRoot ? Math.fround(Math.sqrt(within)) : within) * (STEPS - 1));
    const index = Math.min(Math.trunc(place), STEPS - 2);
    const lower = levels[index]!;
    let found = lower + Math.fround(levels[index + 1]! - lower) * (place - index);
    if (size > 1) found += slope * (size - 1);
    to[i] = value < 0 ? -found : found;
  }
}

function multiply(data: Float32Array, matrix: readonly number[]): void {
  const [a, b, c, d, e, f, g, h, k] = matrix.map(Math.fround) as Nine;
  for (let i = 0; i < data.length; i += 3) {
    const [x, y, z] = [data[i]!, data[i + 1]!, data[i + 2]!];
    data[i] = a * x + b * y + c * z;
    data[i + 1] = d * x + e * y + f * z;
    data[i + 2] = g * x + h * y + k * z;
  }
}

/** IEC 61966-2-1 in place, mirrored below 0. */
function encodeSrgb(data: Float32Array): void {
  for (let i = 0; i < data.length; i++) {
    const light = Math.abs(data[i]!);
    const encoded = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
    data[i] = data[i]! < 0 ? -encoded : encoded;
  }
}

function decodeSrgb(from: Float32Array, to: Float32Array): void {
  for (let i = 0; i < from.length; i++) {
    const value = Math.abs(from[i]!);
    const light = value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    to[i] = from[i]! < 0 ? -light : light;
  }
}

function determinant(m: readonly number[]): number {
  const [a, b, c, d, e, f, g, h, k] = m as Nine;
  return a * (e * k - f * h) - b * (d * k - f * g) + c * (d * h - e * g);
}

function inverted(m: readonly number[]): number[] {
  const by = determinant(m);
  const minor = (r1: number, c1: number, r2: number, c2: number) =>
    (m[3 * r1 + c1]! * m[3 * r2 + c2]! - m[3 * r1 + c2]! * m[3 * r2 + c1]!) / by;
  return [
    minor(1, 1, 2, 2),
    -minor(0, 1, 2, 2),
    minor(0, 1, 1, 2),
    -minor(1, 0, 2, 2),
    minor(0, 0, 2, 2),
    -minor(0, 0, 1, 2),
    minor(1, 0, 2, 1),
    -minor(0, 0, 2, 1),
    minor(0, 0, 1, 1),
  ];
}

function product(a: readonly number[], b: readonly number[]): number[] {
  const cell = (row: number, column: number) =>
    a[3 * row]! * b[column]! + a[3 * row + 1]! * b[3 + column]! + a[3 * row + 2]! * b[6 + column]!;
  return Array.from({ length: 9 }, (_, i) => cell(Math.trunc(i / 3), i % 3));
}

/** The conversion of an RGB profile of primaries and curves, null for all others. */
export function conversionOf(icc: Uint8Array): Conversion | null {
  const found = primariesOf(icc);
  if (found === null) return null;
  const matrix = product(inverted(SRGB_PRIMARIES), found.matrix);
  const white = [0, 1, 2].map((r) => matrix[3 * r]! + matrix[3 * r + 1]! + matrix[3 * r + 2]!);
  if (Math.abs(determinant(matrix)) < 1e-3 || Math.min(...white) < 0.5) return null;
  // Rounded primaries do not add up to white exactly; grey must stay grey.
  return new Conversion(
    matrix.map((value, i) => value / white[Math.trunc(i / 3)]!),
    found.curves,
  );
}

/** Whether a conversion changes nothing that an 8-bit picture shows. */
export function isSrgb(conversion: Conversion): boolean {
  const colours = floats(27, 27, 3);
  for (let i = 0; i < 729; i++) {
    const cube = [Math.trunc(i / 81), Math.trunc(i / 9) % 9, i % 9];
    for (let c = 0; c < 3; c++) colours.data[3 * i + c] = cube[c]! / 8;
  }
  const seen = conversion.toSrgb(colours).data;
  return seen.every((value, i) => Math.abs(value - colours.data[i]!) < 2 / 255);
}
