/** A thread that works on rows: of the guide, of the light, of the full photograph. */
import type { Layers } from "../enhance/background.ts";
import { replaceRows } from "../enhance/background.ts";
import type { TargetName } from "../enhance/correction.ts";
import { factors, guideRows, withGuide } from "../enhance/pipeline.ts";
import { applyRows, RowApplier } from "../enhance/rows.ts";
import type { LocalLinear } from "../enhance/upsample.ts";
import type { Bytes, Floats } from "../image/image.ts";
import { type Handler, Moved, type Port, serve } from "./rpc.ts";

/** Some rows of a picture that has more. */
export interface Band {
  readonly first: number;
  readonly count: number;
  /** Of the whole picture. */
  readonly height: number;
}

/** A correction that is brought up along the guide's edges. */
export interface Light {
  readonly target: TargetName;
  readonly functions: LocalLinear;
  /** Of `withGuide`. */
  readonly mask: Floats | null;
}

/** Rows of the light that a strip of the full photograph lies in. */
export interface LightRows {
  readonly target: TargetName;
  readonly rows: Floats;
  /** Where `rows` begin, and how many there are in all. */
  readonly first: number;
  readonly height: number;
}

export interface Strip {
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  readonly first: number;
  readonly count: number;
  /** Of the full photograph. */
  readonly width: number;
  readonly height: number;
}

let guide: Floats | null = null;
let band: Band | null = null;
let pixels: Uint8ClampedArray<ArrayBuffer> | null = null;
let layers: Layers | null = null;

function takeGuide(part: Bytes, top: number, wanted: Band, radius: number): void {
  const rows = { first: wanted.first - top, last: wanted.first - top + wanted.count };
  guide = guideRows(part, radius, rows);
  band = wanted;
  const skipped = (wanted.first - top) * part.width * 3;
  pixels = new Uint8ClampedArray(part.width * wanted.count * 4).fill(255);
  for (let from = skipped, to = 0; to < pixels.length; from += 3, to += 4) {
    pixels[to] = part.data[from]!;
    pixels[to + 1] = part.data[from + 1]!;
    pixels[to + 2] = part.data[from + 2]!;
  }
}

function lit({ target, functions, mask }: Light): Floats {
  const { first, height } = band!;
  return factors(target, withGuide(functions, guide!, first, height, mask));
}

function show(light: Light | null): Moved {
  const shown = pixels!.slice();
  if (light) {
    const rows = lit(light);
    applyRows(light.target, rows, shown, 0, rows.height, rows.width, rows.height);
  }
  return new Moved(shown, [shown.buffer]);
}

function light(wanted: Light): Moved {
  const { data } = lit(wanted);
  return new Moved(data, [data.buffer as ArrayBuffer]);
}

function correct(strip: Strip, lit: LightRows): Moved {
  const part = { first: lit.first, height: lit.height };
  const applier = new RowApplier(lit.target, lit.rows, strip.width, strip.height, part);
  applier.apply(strip.rgba, strip.first, strip.count);
  return new Moved(strip.rgba, [strip.rgba.buffer]);
}

function replace(strip: Strip): Moved {
  replaceRows(layers!, strip.rgba, strip.first, strip.count, strip.width, strip.height);
  return new Moved(strip.rgba, [strip.rgba.buffer]);
}

const handlers: Record<string, Handler> = {
  ready: () => undefined,
  guide: (_, part: Bytes, top: number, wanted: Band, radius: number) =>
    takeGuide(part, top, wanted, radius),
  show: (_, wanted: Light | null) => show(wanted),
  light: (_, wanted: Light) => light(wanted),
  correct: (_, strip: Strip, lit: LightRows) => correct(strip, lit),
  background: (_, wanted: Layers | null) => {
    layers = wanted;
  },
  replace: (_, strip: Strip) => replace(strip),
};

serve(self as unknown as Port, handlers);
