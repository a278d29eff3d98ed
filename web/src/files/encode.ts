/** Results as files of the photograph's own kind, with its own metadata; runs in a Worker. */
import { PhotoError } from "../message.ts";
import type { Metadata } from "./contents.ts";
import type { Photo } from "./decode.ts";
import * as exif from "./exif.ts";
import { assemble } from "./jpeg.ts";
import { assemblePng } from "./png.ts";
import { assembleWebp } from "./webp.ts";
import { xmpHasPlace } from "./xmp.ts";

const DEFAULT_QUALITY = 95;
const LEAST_QUALITY = 80;
const THUMBNAIL_PX = 160;
const THUMBNAIL_QUALITIES = [85, 75, 60, 40, 20];
/** For a thumbnail that does not fit into the place of the old one. */
const THUMBNAIL_QUALITY = 75;

type Kind = "jpeg" | "png" | "webp";
const SUFFIXES: Readonly<Record<Kind, string>> = { jpeg: ".jpg", png: ".png", webp: ".webp" };

/**
 * Encodes a canvas as JPEG, PNG or WebP, as the photograph was; other formats become JPEG, or PNG
 * if they can be seen through.
 *
 * @param photo where the picture comes from; its bitmap is not looked at
 * @param canvas the result, in the photograph's colours; it may be smaller than the photograph
 */
export async function encodePhoto(
  photo: Photo,
  canvas: OffscreenCanvas,
  options: { readonly keepPlace: boolean },
): Promise<{ file: Blob; suffix: string }> {
  const metadata = await metadataFor(photo, canvas, options.keepPlace);
  let kind = kindFor(photo);
  const quality = Math.max(photo.quality ?? DEFAULT_QUALITY, LEAST_QUALITY);
  let encoded = await encodedAs(canvas, kind, quality);
  if (!encoded) {
    // Not every browser writes WebP.
    kind = photo.hasAlpha ? "png" : "jpeg";
    encoded = await encodedAs(canvas, kind, quality);
  }
  if (!encoded) throw new PhotoError("error.memory");
  const put = { jpeg: assemble, png: assemblePng, webp: assembleWebp }[kind];
  const file = new Blob([await put(encoded, metadata)], { type: `image/${kind}` });
  return { file, suffix: SUFFIXES[kind] };
}

function kindFor({ format, hasAlpha }: Photo): Kind {
  if (format === "jpeg" || format === "png" || format === "webp") return format;
  return hasAlpha ? "png" : "jpeg";
}

/** Returns null if the browser cannot write the format. Throws PhotoError if it fails. */
async function encodedAs(
  canvas: OffscreenCanvas,
  kind: Kind,
  quality: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const type = `image/${kind}`;
    const blob = await canvas.convertToBlob({ type, quality: quality / 100 });
    return blob.type === type ? new Uint8Array(await blob.arrayBuffer()) : null;
  } catch {
    throw new PhotoError("error.memory");
  }
}

async function metadataFor(
  { exif: block, icc, xmp }: Photo,
  canvas: OffscreenCanvas,
  keepPlace: boolean,
): Promise<Metadata> {
  const keptXmp = keepPlace || !xmpHasPlace(xmp) ? xmp : null;
  if (block === null) return { exif: null, icc, xmp: keptXmp };
  const sized = exif.withNumbers(block, [
    [exif.WIDTH, canvas.width],
    [exif.HEIGHT, canvas.height],
  ]);
  const kept = keepPlace ? sized : exif.withoutPlace(sized);
  const room = exif.thumbnailRoom(kept);
  const thumbnail = room === null ? null : await thumbnailFor(canvas, room);
  return { exif: exif.withThumbnail(kept, thumbnail), icc, xmp: keptXmp };
}

/** A small JPEG of the canvas, of the best quality that has the room. */
async function thumbnailFor(canvas: OffscreenCanvas, room: number): Promise<exif.Thumbnail | null> {
  const scale = Math.min(1, THUMBNAIL_PX / Math.max(canvas.width, canvas.height));
  const width = Math.max(1, Math.round(canvas.width * scale));
  const height = Math.max(1, Math.round(canvas.height * scale));
  const small = new OffscreenCanvas(width, height);
  const context = small.getContext("2d", { alpha: false });
  if (!context) return null;
  context.imageSmoothingQuality = "high";
  context.drawImage(canvas, 0, 0, width, height);
  const none = { exif: null, icc: null, xmp: null };
  const jpegOf = async (quality: number) => {
    const encoded = await encodedAs(small, "jpeg", quality);
    return encoded && assemble(encoded, none);
  };
  for (const quality of THUMBNAIL_QUALITIES) {
    const jpeg = await jpegOf(quality);
    if (jpeg && jpeg.length <= room) return { jpeg, width, height };
  }
  const jpeg = await jpegOf(THUMBNAIL_QUALITY);
  return jpeg && { jpeg, width, height };
}
