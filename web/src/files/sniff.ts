/** Which format a file has, by its content and not by its name, and what its header says. */
import { startsWith, textAt, viewOf } from "./bytes.ts";
import { type Contents, UNKNOWN } from "./contents.ts";
import { heifContents } from "./heif.ts";
import { jpegContents } from "./jpeg.ts";
import { pngContents } from "./png.ts";
import { webpContents } from "./webp.ts";

export type Format =
  | "jpeg"
  | "png"
  | "webp"
  | "gif"
  | "avif"
  | "heic"
  | "tiff"
  | "bmp"
  | "raw"
  | "unknown";

/** How many bytes from the start of a file `formatOf` looks at. */
export const HEAD = 65536;

const HEIF_BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "mif2", "msf1"];
// Fujifilm, Olympus, Panasonic, Minolta; Canon's CR3 is told by its brand.
const RAW_BEGINNINGS = ["FUJIFILMCCD-RAW", "IIRO", "IIRS", "MMOR", "IIU\0", "\0MRM"];
const RAW_SUFFIX =
  /\.(3fr|arw|cr2|cr3|dcr|dng|erf|fff|iiq|kdc|mef|mos|mrw|nef|nrw|orf|pef|raf|rw2|rwl|sr2|srf|srw)$/i;
const BMP_HEADERS = [12, 40, 52, 56, 64, 108, 124];

const SUBFILE = 254;
const WIDTH = 256;
const HEIGHT = 257;
const COMPRESSION = 259;
const MAKE = 271;
const SUB_DIRECTORIES = 330;
const DNG_VERSION = 50706;
const RAW_COMPRESSIONS = [32767, 32769, 32770, 34713, 65000, 65535];

/**
 * @param head the first `HEAD` bytes of a file, or all
 * @param name only tells raw files from other files that are built like a TIFF
 */
export function formatOf(head: Uint8Array, name = ""): Format {
  if (startsWith(head, "\xff\xd8\xff")) return "jpeg";
  if (startsWith(head, "\x89PNG\r\n\x1a\n")) return "png";
  if (startsWith(head, "RIFF") && startsWith(head, "WEBP", 8)) return "webp";
  if (startsWith(head, "GIF87a") || startsWith(head, "GIF89a")) return "gif";
  if (RAW_BEGINNINGS.some((beginning) => startsWith(head, beginning))) return "raw";
  if (startsWith(head, "ftyp", 4)) return formatOfBrand(head);
  if (["II*\0", "MM\0*"].some((beginning) => startsWith(head, beginning))) {
    return isRaw(head, name) ? "raw" : "tiff";
  }
  if (startsWith(head, "II+\0") || startsWith(head, "MM\0+")) return "tiff"; // larger than 4 GB
  const isBmp = startsWith(head, "BM") && head.length >= 26;
  return isBmp && BMP_HEADERS.includes(viewOf(head).getUint32(14, true)) ? "bmp" : "unknown";
}

function formatOfBrand(head: Uint8Array): Format {
  const end = Math.min(viewOf(head).getUint32(0), 256);
  const brands = textAt(head, 8, end - 8);
  if (brands.startsWith("crx ")) return "raw";
  if (brands.includes("avif") || brands.startsWith("avis")) return "avif";
  return HEIF_BRANDS.includes(brands.slice(0, 4)) ? "heic" : "unknown";
}

/** Number tags of the first directory of a TIFF; empty where it lies beyond the bytes. */
function tiffTags(data: Uint8Array): Map<number, number> {
  const little = data[0] === 0x49;
  const view = viewOf(data);
  const tags = new Map<number, number>();
  try {
    const directory = view.getUint32(4, little);
    const count = view.getUint16(directory, little);
    for (let index = 0; index < count; index++) {
      const place = directory + 2 + 12 * index;
      const isShort = view.getUint16(place + 2, little) === 3;
      const value = isShort ? view.getUint16(place + 8, little) : view.getUint32(place + 8, little);
      tags.set(view.getUint16(place, little), value);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return tags;
}

function isRaw(head: Uint8Array, name: string): boolean {
  if (RAW_SUFFIX.test(name) || startsWith(head, "CR", 8)) return true;
  const tags = tiffTags(head);
  if (tags.has(DNG_VERSION) || RAW_COMPRESSIONS.includes(tags.get(COMPRESSION) ?? 0)) return true;
  // Cameras put a small picture first and the sensor's values into a directory below it.
  return tags.has(MAKE) && tags.get(SUBFILE) === 1 && tags.has(SUB_DIRECTORIES);
}

/** Returns what the file says of itself. Raises RangeError where it is too damaged for that. */
export async function contentsOf(data: Uint8Array, format: Format): Promise<Contents> {
  switch (format) {
    case "jpeg":
      return jpegContents(data);
    case "png":
      return pngContents(data);
    case "webp":
      return webpContents(data);
    case "avif":
    case "heic":
      return heifContents(data);
    case "gif":
      return gifContents(data);
    case "bmp":
      return bmpContents(data);
    case "tiff": {
      const tags = tiffTags(data);
      const [width, height] = [tags.get(WIDTH) ?? 0, tags.get(HEIGHT) ?? 0];
      return { ...UNKNOWN, width, height, turnsItself: true };
    }
    default:
      return UNKNOWN;
  }
}

function bmpContents(data: Uint8Array): Contents {
  const view = viewOf(data);
  const header = view.getUint32(14, true);
  const wide = header >= 40;
  const width = wide ? view.getInt32(18, true) : view.getUint16(18, true);
  const height = Math.abs(wide ? view.getInt32(22, true) : view.getUint16(20, true));
  const bits = view.getUint16(wide ? 28 : 24, true);
  const packing = wide ? view.getUint32(30, true) : 0;
  const packed = packing === 1 || packing === 2 || packing > 3;
  const line = 4 * Math.ceil((width * bits) / 32);
  const whole = packed || view.getUint32(10, true) + line * height <= data.length;
  const hasAlpha = packing === 3 && header >= 56 && view.getUint32(66, true) !== 0;
  return { ...UNKNOWN, width, height, whole, hasAlpha, bare: () => [data] };
}

/** GIF89a: a canvas, then frames and extensions made of short blocks. */
function gifContents(data: Uint8Array): Contents {
  const view = viewOf(data);
  const palette = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let at = 13 + palette(data[10]!);
  let [frames, seeThrough] = [0, false];
  while (at < data.length && data[at] !== 0x3b && frames < 2) {
    if (data[at] === 0x21) {
      if (data[at + 1] === 0xf9 && frames === 0) seeThrough = (data[at + 3]! & 1) === 1;
      at += 2;
    } else if (data[at] === 0x2c) {
      frames += 1;
      at += 11 + palette(data[at + 9]!);
    } else break;
    while (at < data.length && data[at] !== 0) at += data[at]! + 1;
    at += 1;
  }
  return {
    ...UNKNOWN,
    width: view.getUint16(6, true),
    height: view.getUint16(8, true),
    whole: frames > 0 && at <= data.length,
    animated: frames > 1,
    hasAlpha: seeThrough,
    bare: () => [data],
  };
}
