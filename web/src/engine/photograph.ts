/** One opened photograph: what of it stays in memory, and what is read from its file again. */
import { Analysis } from "../enhance/analysis.ts";
import { personMatte } from "../enhance/matte.ts";
import { personProbability } from "../enhance/person.ts";
import { MIDDLE_PX } from "../enhance/pipeline.ts";
import { repairRedEyes } from "../enhance/redeye/redeye.ts";
import { judge } from "../enhance/verdict.ts";
import { scaled } from "../faces/face.ts";
import { decodePhoto, type Photo } from "../files/decode.ts";
import { type Bytes, type Floats, toUnit } from "../image/image.ts";
import { resizeArea } from "../image/resize.ts";
import type { Models } from "./models.ts";
import type { Progress } from "./protocol.ts";
import { type Patch, reducedTo, sizeWithin, sourceOf } from "./strips.ts";

/** Long side of the picture in which faces are found and light is judged. */
const LOOK_PX = 1280;
const MATTE_PX = 640;
/** More than any phone takes, and as much as a browser can decode. */
const LIMITS = { pixels: 100_000_000 };

export class Photograph {
  readonly name: string;
  readonly photo: Photo;
  readonly analysis: Analysis;
  /** Pupils without red, for the full photograph. */
  readonly patches: readonly Patch[];
  private readonly file: Blob;
  private readonly middle: Bytes;
  private repaired: Bytes | null = null;
  private bitmap: ImageBitmap | null;

  private constructor(
    file: Blob,
    name: string,
    photo: Photo,
    found: { analysis: Analysis; patches: readonly Patch[]; middle: Bytes },
  ) {
    this.file = file;
    this.name = name;
    this.photo = photo;
    this.bitmap = photo.bitmap;
    this.analysis = found.analysis;
    this.patches = found.patches;
    this.middle = found.middle;
  }

  /** Decodes and judges a file. Throws PhotoError. */
  static async open(
    file: Blob,
    name: string,
    models: Models,
    progress: Progress,
  ): Promise<Photograph> {
    progress("decode", 0.05);
    const photo = await decodePhoto(file, name, LIMITS);
    const [small, middle] = reducedTo(photo.bitmap, [LOOK_PX, MIDDLE_PX]) as [Bytes, Bytes];
    progress("faces", 0.35);
    const seen = inSrgb(small, photo);
    const faces = await models.finder.find(seen);
    const scale = Math.max(photo.width, photo.height) / Math.max(seen.width, seen.height);
    const verdict = judge(seen, faces, { exifFlash: photo.flashFired, scale });
    progress("network", 0.7);
    const whole = faces.map((face) => scaled(face, scale));
    const patches = faces.length ? repairRedEyes(sourceOf(photo.bitmap), whole) : [];
    const analysis = new Analysis({
      seen,
      width: photo.width,
      height: photo.height,
      faces,
      verdict,
      model: models.correction,
      matte: () => {
        const [width, height] = sizeWithin(seen.width, seen.height, MATTE_PX);
        const picture = width === seen.width ? seen : resizeArea(seen, width, height);
        const there = faces.map((face) => scaled(face, Math.min(1, MATTE_PX / longSide(seen))));
        return personMatte((part) => personProbability(models.person, part), picture, there);
      },
      profile: photo.profile,
    });
    return new Photograph(file, name, photo, { analysis, patches, middle });
  }

  /** Returns the photograph at a long side of at most 1536, in its own encoding. */
  async middleWith(redEyes: boolean): Promise<Bytes> {
    if (!redEyes || !this.patches.length) return this.middle;
    this.repaired ??= reducedTo(await this.pixels(), [MIDDLE_PX], this.patches)[0]!;
    return this.repaired;
  }

  /** Returns all pixels, decoded again if they were let go. */
  async pixels(): Promise<ImageBitmap> {
    this.bitmap ??= (await decodePhoto(this.file, this.name, LIMITS)).bitmap;
    return this.bitmap;
  }

  /** Lets go of what can be had from the file again: 48 MB for 12 megapixels. */
  release(): void {
    this.bitmap?.close();
    this.bitmap = null;
  }
}

function longSide(picture: Bytes): number {
  return Math.max(picture.width, picture.height);
}

/** Returns a small picture as sRGB. */
export function inSrgb(picture: Bytes, photo: Photo): Bytes {
  if (!photo.profile) return picture;
  const converted: Floats = photo.profile.toSrgb(toUnit(picture));
  const rounded = Uint8ClampedArray.from(converted.data, (value) => Math.floor(value * 255 + 0.5));
  return { ...picture, data: new Uint8Array(rounded.buffer) };
}
