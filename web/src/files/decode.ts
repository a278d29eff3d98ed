/** Photographs as people have them, decoded by the browser; runs in a Worker. */
import { type Message, PhotoError } from "../message.ts";
import { type Conversion, conversionOf, isSrgb } from "./colour.ts";
import type { Contents } from "./contents.ts";
import * as exif from "./exif.ts";
import { adobeRgbProfile, isProfile, spaceOf } from "./icc.ts";
import { contentsOf, type Format, formatOf, HEAD } from "./sniff.ts";
import { keptXmp, xmpHasPlace } from "./xmp.ts";

/** Long side below which no face has pixels enough. */
const SMALLEST_PX = 64;

/** A photograph in memory, and what is needed to write its like. */
export interface Photo {
  /** Upright; values as stored where a profile is kept. To be closed by who asked for it. */
  readonly bitmap: ImageBitmap;
  readonly width: number;
  readonly height: number;
  readonly format: Format;
  /** True of the upright picture; starts with "Exif". */
  readonly exif: Uint8Array | null;
  /** The profile of the values; null is sRGB without a tag. */
  readonly icc: Uint8Array | null;
  readonly xmp: Uint8Array | null;
  /** Between the colour space of the values and sRGB; null if they are sRGB. */
  readonly profile: Conversion | null;
  readonly flashFired: boolean | null;
  /** Whether EXIF or XMP say where it was taken. */
  readonly hasPlace: boolean;
  /** Of a JPEG's compression, 1 to 100; null if unknown. */
  readonly quality: number | null;
  readonly hasAlpha: boolean;
  /** What the visitor should know. */
  readonly notes: readonly Message[];
}

/** Decodes a file; its first frame if it moves. Throws PhotoError. */
export async function decodePhoto(
  file: Blob,
  name: string,
  limits: { readonly pixels: number },
): Promise<Photo> {
  if (file.size === 0) throw new PhotoError("error.empty");
  // The beginning alone, so that a film is not read into memory only to be refused.
  const format = formatOf(await bytesOf(file.slice(0, HEAD)), name);
  if (format === "unknown") throw new PhotoError("error.notPicture", { name });
  if (format === "raw") throw new PhotoError("error.raw");
  const data = await bytesOf(file);
  const contents = await contentsFrom(data, format);
  checkSize(contents.width, contents.height, limits.pixels);
  const block = exif.normalised(contents.exif);
  const colours = colourOf(contents, contents.icc ?? markedProfile(format, block));
  const turned = contents.turnsItself ? 1 : (exif.numberOf(block, exif.ORIENTATION) ?? 1);
  const decoded = await bitmapOf(data, format, contents, colours);
  checkSize(decoded.width, decoded.height, limits.pixels);
  if (Math.max(decoded.width, decoded.height) < SMALLEST_PX) {
    decoded.close();
    throw new PhotoError("error.tooSmall");
  }
  const bitmap = upright(decoded, turned, contents.hasAlpha);
  const { width, height } = bitmap;
  const xmp = keptXmp(contents.xmp);
  const profile = colours.icc && conversionOf(colours.icc);
  return {
    bitmap,
    width,
    height,
    format,
    exif: block && refreshed(block, width, height, colours.converted),
    icc: colours.icc,
    xmp,
    profile: profile && !isSrgb(profile) ? profile : null,
    flashFired: exif.flashFired(block),
    hasPlace: exif.hasGps(block) || xmpHasPlace(xmp),
    quality: contents.quality,
    hasAlpha: contents.hasAlpha,
    notes: notesOn(contents, colours),
  };
}

async function bytesOf(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    // What a browser says of a file that went away, and of one that does not fit.
    const gone = error instanceof DOMException && error.name === "NotFoundError";
    throw new PhotoError(gone ? "error.damaged" : "error.memory");
  }
}

async function contentsFrom(data: Uint8Array, format: Format): Promise<Contents> {
  let contents: Contents;
  try {
    contents = await contentsOf(data, format);
  } catch (error) {
    if (error instanceof RangeError) throw new PhotoError("error.damaged");
    throw error;
  }
  // A decoder fills what is missing with grey and says nothing.
  if (!contents.whole) throw new PhotoError("error.damaged");
  return contents;
}

function checkSize(width: number, height: number, most: number): void {
  const pixels = width * height;
  if (pixels <= most) return;
  const values = { megapixels: Math.ceil(pixels / 1e6), limit: Math.floor(most / 1e6) };
  throw new PhotoError("error.tooLarge", values);
}

interface Colours {
  /** Kept with the values. */
  readonly icc: Uint8Array | null;
  /** Whether the browser converts the values to sRGB. */
  readonly converted: boolean;
}

/** The profile that DCF means without naming it. */
function markedProfile(format: Format, block: Uint8Array | null): Uint8Array | null {
  return format === "jpeg" && exif.meansAdobeRgb(block) ? adobeRgbProfile() : null;
}

/**
 * RGB with a profile of primaries and curves keeps values and profile. A picture without a
 * profile, or with one that is damaged or made for another kind of picture, is taken to be sRGB.
 * The rest (grey, CMYK, tables of colours) is converted.
 */
function colourOf(contents: Contents, icc: Uint8Array | null): Colours {
  const { model, bare } = contents;
  const space = icc && isProfile(icc) ? spaceOf(icc) : null;
  if (model === "cmyk") return { icc: null, converted: true };
  const conversion = icc && space === "RGB " ? conversionOf(icc) : null;
  if (conversion && bare) return { icc, converted: false };
  // Where a profile cannot be taken out, the browser has converted by it.
  if (conversion) return { icc: null, converted: !isSrgb(conversion) };
  const meant = space === "RGB " || (space === "GRAY" && model === "grey");
  return { icc: null, converted: meant };
}

async function bitmapOf(
  data: Uint8Array,
  format: Format,
  { bare, width, height }: Contents,
  { converted }: Colours,
): Promise<ImageBitmap> {
  const pieces = (bare?.(converted) ?? [data]) as Uint8Array<ArrayBuffer>[];
  const conversion = bare && !converted ? "none" : "default";
  try {
    const file = new Blob(pieces, { type: `image/${format}` });
    const bitmap = await createImageBitmap(file, { colorSpaceConversion: conversion });
    // Some browsers make large pictures smaller, and say nothing.
    if (bare && bitmap.width * bitmap.height < width * height) throw new PhotoError("error.memory");
    return bitmap;
  } catch (error) {
    if (error instanceof PhotoError) throw error;
    if (format === "heic") throw new PhotoError("error.heic");
    if (format === "tiff") throw new PhotoError("error.tiff");
    throw new PhotoError(fits(width * height) ? "error.damaged" : "error.memory");
  }
}

/** Whether there is memory for so many pixels: browsers give one error for all failures. */
function fits(pixels: number): boolean {
  try {
    return new Uint8Array(4 * pixels).length === 4 * pixels;
  } catch {
    return false;
  }
}

// [a, b, c, d] of a canvas's transformation, and whether it starts from the right and the bottom.
type Turn = readonly [number, number, number, number, boolean, boolean];
const TURNS: Readonly<Record<number, Turn>> = {
  2: [-1, 0, 0, 1, true, false],
  3: [-1, 0, 0, -1, true, true],
  4: [1, 0, 0, -1, false, true],
  5: [0, 1, 1, 0, false, false],
  6: [0, 1, -1, 0, true, false],
  7: [0, -1, -1, 0, true, true],
  8: [0, -1, 1, 0, false, true],
};

/** The picture as it is to be looked at; closes the given one. Orientation as in EXIF, 1 to 8. */
function upright(bitmap: ImageBitmap, orientation: number, hasAlpha: boolean): ImageBitmap {
  const turn = TURNS[orientation];
  if (!turn) return bitmap;
  const lying = orientation >= 5;
  const width = lying ? bitmap.height : bitmap.width;
  const height = lying ? bitmap.width : bitmap.height;
  try {
    const canvas = new OffscreenCanvas(width, height);
    // Graphics processors have a largest size, and turn less exactly.
    const context = canvas.getContext("2d", { alpha: hasAlpha, willReadFrequently: true });
    if (!context) throw new PhotoError("error.memory");
    const [a, b, c, d, right, bottom] = turn;
    context.imageSmoothingEnabled = false;
    context.setTransform(a, b, c, d, right ? width : 0, bottom ? height : 0);
    context.drawImage(bitmap, 0, 0);
    return canvas.transferToImageBitmap();
  } catch {
    throw new PhotoError("error.memory");
  } finally {
    bitmap.close();
  }
}

/** The EXIF block, true of the upright picture; its thumbnail is still the old one. */
function refreshed(block: Uint8Array, width: number, height: number, converted: boolean) {
  const values: [number, number][] = [
    [exif.ORIENTATION, 1],
    [exif.WIDTH, width],
    [exif.HEIGHT, height],
  ];
  if (converted) values.push([exif.COLOUR_SPACE, 1]);
  return exif.withNumbers(block, values);
}

function notesOn({ deep, animated }: Contents, { converted }: Colours): Message[] {
  const notes: Message[] = [];
  if (deep) notes.push({ key: "note.sixteenBit" });
  if (animated) notes.push({ key: "note.animated" });
  if (converted) notes.push({ key: "note.converted" });
  return notes;
}
