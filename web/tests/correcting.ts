/** The correction of a photograph for the Python tests, with networks run by ONNX Runtime. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import process from "node:process";
import * as ort from "onnxruntime-web/wasm";
import type { Network, Tensor } from "../src/engine/network.ts";
import { Analysis, type Given } from "../src/enhance/analysis.ts";
import { type Answering, type Canvas, canvasOf } from "../src/enhance/canvas.ts";
import { CorrectionModel, type TargetName } from "../src/enhance/correction.ts";
import { lightOf, smallWithShadow } from "../src/enhance/finish.ts";
import { readHeader } from "../src/enhance/header.ts";
import type { Look } from "../src/enhance/look.ts";
import { lowPassOf } from "../src/enhance/lowpass.ts";
import * as pipeline from "../src/enhance/pipeline.ts";
import { applyRows, RowApplier } from "../src/enhance/rows.ts";
import { Spread } from "../src/enhance/upsample.ts";
import type { Box, Bytes, Floats } from "../src/image/image.ts";

ort.env.wasm.numThreads = 1;

const models = new Map<string, Promise<CorrectionModel>>();

function modelAt(path: string): Promise<CorrectionModel> {
  if (!models.has(path)) models.set(path, load(path));
  return models.get(path)!;
}

async function load(path: string): Promise<CorrectionModel> {
  const content = new Uint8Array(await readFile(path));
  const header = readHeader(content, basename(path));
  const session = await ort.InferenceSession.create(content);
  const network: Network = async ({ dims, data }) => {
    const feeds = { [session.inputNames[0]!]: new ort.Tensor("float32", data, dims) };
    const found = Object.entries(await session.run(feeds));
    return Object.fromEntries(found.map(([name, one]) => [name, one as unknown as Tensor]));
  };
  return new CorrectionModel(network, header, basename(path));
}

export async function header(path: string): Promise<unknown> {
  return readHeader(new Uint8Array(await readFile(path)), basename(path));
}

export async function described(path: string): Promise<unknown> {
  const { size, target } = await modelAt(path);
  return { size, target };
}

export async function correction(path: string, picture: Floats): Promise<Floats> {
  return (await modelAt(path)).correction(picture);
}

/** A model with any network: `answers` in place of what it would say. */
export function answered(header: never, picture: Floats, answers: never): Promise<Floats> {
  return new CorrectionModel(async () => answers, header).correction(picture);
}

export function lowPass(spec: unknown, picture: Floats): Floats {
  return lowPassOf(spec, "model.onnx")(picture);
}

export async function canvas(path: string, photo: Bytes, boxes: Box[]): Promise<Canvas> {
  return canvasOf(await modelAt(path), photo, boxes);
}

/** The canvas of a model that says a tenth of what it sees, and the sizes that it saw. */
export async function canvasOfTenths(size: number, photo: Bytes, boxes: Box[]): Promise<unknown> {
  const seen: number[][] = [];
  const model: Answering = {
    size,
    correction: async (picture) => {
      seen.push([picture.height, picture.width]);
      // What was seen so often counts, so that windows show in the result.
      return { ...picture, data: picture.data.map((value) => 0.1 * value + 0.05 * seen.length) };
    },
  };
  return { ...(await canvasOf(model, photo, boxes)), seen };
}

type Told = Omit<Given, "model" | "matte" | "profile"> & {
  readonly matte: Floats | null;
  /** Exponent of a colour space that is a power of sRGB's values; null is sRGB. */
  readonly power: number | null;
};

async function analysisOf(path: string, told: Told): Promise<Analysis> {
  const raised = (picture: Floats, power: number): Floats => ({
    ...picture,
    data: picture.data.map((value) => Math.abs(value) ** power),
  });
  const power = told.power;
  return new Analysis({
    ...told,
    model: await modelAt(path),
    matte: async () => {
      if (!told.matte) throw new Error("nobody may ask for the matte");
      return told.matte;
    },
    profile: power && {
      toSrgb: (picture) => raised(picture, power),
      fromSrgb: (picture) => raised(picture, 1 / power),
    },
  } as Given);
}

export async function analysisCanvas(path: string, told: Told): Promise<Canvas> {
  return (await analysisOf(path, told)).canvas();
}

export async function faceMask(path: string, told: Told, switched?: boolean[]): Promise<Floats> {
  return (await analysisOf(path, told)).faceMask(switched);
}

export async function small(path: string, told: Told, look: Look): Promise<pipeline.Small> {
  return (await analysisOf(path, told)).small(look);
}

export async function shadowed(path: string, told: Told, look: Look): Promise<pipeline.Small> {
  return smallWithShadow(await analysisOf(path, told), look);
}

/** All of `pipeline.corrected` for the photograph of a look. */
export async function lit(path: string, told: Told, look: Look, photo: Bytes): Promise<unknown> {
  const light = await lightOf(await analysisOf(path, told), look);
  return light ? corrected(photo, light.small, light.mask) : photo;
}

/** `pipeline.corrected` in strips of uneven heights, as workers do it. */
export function corrected(
  photo: Bytes,
  small: pipeline.Small,
  mask: Floats | null = null,
  middlePx = pipeline.MIDDLE_PX,
): Bytes {
  const { width, height } = photo;
  const middle = pipeline.shrunk(photo, middlePx);
  const fitted = pipeline.fitted(small);
  const values = {
    ...middle,
    data: new Float32Array(middle.data.length),
  };
  for (const [first, last] of pieces(middle.height, 61)) {
    const rows = pipeline.middleRows(middle, fitted, small.picture, { first, last }, mask);
    values.data.set(pipeline.factors(small.target, rows).data, first * middle.width * 3);
  }
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    rgba.set(photo.data.subarray(3 * i, 3 * i + 3), 4 * i);
    rgba[4 * i + 3] = i % 256;
  }
  for (const [first, last] of pieces(height, 37)) {
    const strip = rgba.subarray(first * width * 4, last * width * 4);
    const size = [width, height] as const;
    if (first % 2) applyRows(small.target, values, strip, first, last - first, ...size);
    else applyPart(small.target, values, strip, first, last - first, ...size);
  }
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data.set(rgba.subarray(4 * i, 4 * i + 3), 3 * i);
    if (rgba[4 * i + 3] !== i % 256) throw new Error("alpha changed");
  }
  return { width, height, channels: 3, data };
}

/** `applyRows` with no more of the factors than these rows need. */
function applyPart(
  target: TargetName,
  factors: Floats,
  rgba: Uint8ClampedArray,
  first: number,
  count: number,
  width: number,
  height: number,
): void {
  const rows = new Spread(factors.height, height);
  const [top, bottom] = [rows.before[first]!, rows.after[first + count - 1]! + 1];
  const row = factors.width * 3;
  const data = factors.data.slice(top * row, bottom * row);
  const part = { first: top, height: factors.height };
  const some = { ...factors, height: bottom - top, data };
  new RowApplier(target, some, width, height, part).apply(rgba, first, count);
}

function pieces(height: number, rows: number): [number, number][] {
  const found: [number, number][] = [];
  for (let first = 0; first < height; first += rows) {
    found.push([first, Math.min(first + rows, height)]);
  }
  return found;
}

/** Milliseconds of processor time that the parts take for a photograph of 12 megapixels. */
export function timings(target: TargetName): Record<string, number> {
  const noise = (count: number, most: number) =>
    Float32Array.from({ length: count }, () => most * Math.random());
  const timed = <T>(run: () => T): [T, number] => {
    const started = process.cpuUsage();
    const result = run();
    return [result, process.cpuUsage(started).user / 1000];
  };
  const small = { width: 320, height: 240, channels: 3 };
  const picture = { ...small, data: noise(320 * 240 * 3, 1) };
  const correction = { ...small, data: noise(320 * 240 * 3, 0.5) };
  const middle: Bytes = {
    width: 1536,
    height: 1152,
    channels: 3,
    data: Uint8Array.from(noise(1536 * 1152 * 3, 255)),
  };
  const [fitted, fit] = timed(() => pipeline.fitted({ picture, correction, target }));
  const radius = pipeline.guideRadius(middle, small);
  const rows = { first: 0, last: middle.height };
  const [guide, guiding] = timed(() => pipeline.guideRows(middle, radius, rows));
  const [along, rowsTook] = timed(() => pipeline.withGuide(fitted, guide, 0, middle.height));
  const [whole, exponent] = timed(() => pipeline.factors(target, along));
  const rgba = new Uint8ClampedArray(4000 * 3000 * 4).fill(127);
  const applier = new RowApplier(target, whole, 4000, 3000);
  const [, apply] = timed(() => {
    for (let first = 0; first < 3000; first += 250) {
      applier.apply(rgba.subarray(first * 16000, (first + 250) * 16000), first, 250);
    }
  });
  return { fit, guiding, withGuide: rowsTook, factors: exponent, apply };
}
