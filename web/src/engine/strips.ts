/** A photograph read strip by strip: the whole of it as samples would not fit into a phone. */
import type { PixelSource } from "../enhance/redeye/source.ts";
import { type Bytes, bytes, rint } from "../image/image.ts";
import { AreaReducer } from "../image/resize.ts";
import { PhotoError } from "../message.ts";

export const STRIP_ROWS = 256;

/** Rectangles of finished pixels that replace what a photograph has there. */
export interface Patch {
  readonly left: number;
  readonly top: number;
  readonly pixels: Bytes;
}

/** First row and number of rows of each strip, top to bottom. */
export function* strips(height: number): Generator<{ first: number; count: number }> {
  for (let first = 0; first < height; first += STRIP_ROWS) {
    yield { first, count: Math.min(STRIP_ROWS, height - first) };
  }
}

/** Returns a canvas for reading and writing samples; PhotoError where no memory is left. */
export function canvasOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new PhotoError("error.memory");
  return context;
}

/** Lets go of a canvas's memory now, which else waits for a collection of garbage. */
export function emptied(canvas: OffscreenCanvas): void {
  canvas.width = 0;
  canvas.height = 0;
}

/** Reads the pixels of a bitmap, none of which are scaled or converted. */
export class StripReader {
  readonly width: number;
  readonly height: number;
  private readonly bitmap: ImageBitmap;
  private readonly strip: OffscreenCanvasRenderingContext2D;

  constructor(bitmap: ImageBitmap) {
    this.bitmap = bitmap;
    this.width = bitmap.width;
    this.height = bitmap.height;
    this.strip = canvasOf(this.width, Math.min(STRIP_ROWS, this.height));
    // Otherwise what is transparent would lie over the strip before.
    this.strip.globalCompositeOperation = "copy";
  }

  /** Returns at most `STRIP_ROWS` rows as RGBA. */
  rows(first: number, count: number): Uint8ClampedArray {
    this.strip.drawImage(this.bitmap, 0, -first);
    return this.strip.getImageData(0, 0, this.width, count).data;
  }

  close(): void {
    emptied(this.strip.canvas);
  }
}

/** Returns the photograph as what red eyes are looked for in. */
export function sourceOf(bitmap: ImageBitmap): PixelSource {
  return {
    width: bitmap.width,
    height: bitmap.height,
    read(left, top, width, height) {
      const part = canvasOf(width, height);
      part.drawImage(bitmap, -left, -top);
      return withoutAlpha(part.getImageData(0, 0, width, height).data, width, height);
    },
  };
}

export function withoutAlpha(rgba: Uint8ClampedArray, width: number, height: number): Bytes {
  const rgb = bytes(width, height, 3);
  for (let from = 0, to = 0; to < rgb.data.length; from += 4, to += 3) {
    rgb.data[to] = rgba[from]!;
    rgb.data[to + 1] = rgba[from + 1]!;
    rgb.data[to + 2] = rgba[from + 2]!;
  }
  return rgb;
}

export function withAlpha(rgb: Bytes): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(rgb.width * rgb.height * 4).fill(255);
  for (let from = 0, to = 0; from < rgb.data.length; from += 3, to += 4) {
    rgba[to] = rgb.data[from]!;
    rgba[to + 1] = rgb.data[from + 1]!;
    rgba[to + 2] = rgb.data[from + 2]!;
  }
  return rgba;
}

/** Writes patches into the rows of an RGBA strip that they cover; alpha stays. */
export function patchStrip(
  rgba: Uint8ClampedArray,
  first: number,
  count: number,
  width: number,
  patches: readonly Patch[],
): void {
  for (const { left, top, pixels } of patches) {
    const last = Math.min(top + pixels.height, first + count);
    for (let y = Math.max(top, first); y < last; y++) {
      let to = ((y - first) * width + left) * 4;
      let from = (y - top) * pixels.width * 3;
      for (let x = 0; x < pixels.width; x++, to += 4, from += 3) {
        rgba[to] = pixels.data[from]!;
        rgba[to + 1] = pixels.data[from + 1]!;
        rgba[to + 2] = pixels.data[from + 2]!;
      }
    }
  }
}

/** Width and height at a long side of at most `longSide`, rounded as the command line does. */
export function sizeWithin(width: number, height: number, longSide: number): [number, number] {
  const scale = Math.min(1, longSide / Math.max(width, height));
  if (scale === 1) return [width, height];
  return [Math.max(1, rint(width * scale)), Math.max(1, rint(height * scale))];
}

/** Returns the photograph at several long sides, by one way through it. */
export function reducedTo(
  bitmap: ImageBitmap,
  longSides: readonly number[],
  patches: readonly Patch[] = [],
): Bytes[] {
  const { width, height } = bitmap;
  const reducers = longSides.map((longSide) => {
    const [newWidth, newHeight] = sizeWithin(width, height, longSide);
    return new AreaReducer(width, height, 3, newWidth, newHeight);
  });
  const reader = new StripReader(bitmap);
  for (const { first, count } of strips(height)) {
    const rgba = reader.rows(first, count);
    patchStrip(rgba, first, count, width, patches);
    for (const reducer of reducers) reducer.add(rgba, count, 4);
  }
  reader.close();
  return reducers.map((reducer) => reducer.finish());
}
