/** HEIC and AVIF files: what their boxes say about the main picture. */
import { startsWith, textAt, viewOf } from "./bytes.ts";
import { type Contents, UNKNOWN } from "./contents.ts";

// ISO/IEC 14496-12 (boxes, 8.11: meta, iinf, iloc) and 23008-12 (properties).
const CONTAINERS = new Set(["meta", "iprp", "ipco"]);
const ALPHA_NAME = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha";
const MAX_BOXES = 10_000;

interface Box {
  readonly kind: string;
  readonly content: Uint8Array;
}

/** All boxes, those inside containers too, and whether the outermost lie inside the file. */
function boxesOf(data: Uint8Array): { boxes: Box[]; whole: boolean } {
  const boxes: Box[] = [];
  const walk = (part: Uint8Array): boolean => {
    let at = 0;
    while (at + 8 <= part.length && boxes.length < MAX_BOXES) {
      const [size, head] = extentOf(part, at);
      if (size < head || at + size > part.length) return false;
      const kind = textAt(part, at + 4, 4);
      const content = part.subarray(at + head, at + size);
      boxes.push({ kind, content });
      // `meta` has a version in front of its boxes.
      if (CONTAINERS.has(kind)) walk(kind === "meta" ? content.subarray(4) : content);
      at += size;
    }
    return true;
  };
  const whole = walk(data);
  return { boxes, whole };
}

/** The bytes of a box, and how many of them are its head. */
function extentOf(part: Uint8Array, at: number): [size: number, head: number] {
  const view = viewOf(part);
  const size = view.getUint32(at);
  if (size === 1 && at + 16 <= part.length) {
    return [view.getUint32(at + 8) * 2 ** 32 + view.getUint32(at + 12), 16];
  }
  return [size || part.length - at, 8];
}

/** The number of the item that holds EXIF, null if there is none. */
function exifItem(boxes: readonly Box[]): number | null {
  const list = boxes.find(({ kind }) => kind === "iinf")?.content;
  if (!list) return null;
  const entries = list.subarray(list[0] === 0 ? 6 : 8);
  for (const { kind, content } of boxesOf(entries).boxes) {
    if (kind !== "infe" || content[0]! < 2) continue;
    const wide = content[0]! > 2;
    const number = wide ? viewOf(content).getUint32(4) : viewOf(content).getUint16(4);
    if (startsWith(content, "Exif", wide ? 10 : 8)) return number;
  }
  return null;
}

/** The place and length in the file of an item of one piece, null where it lies elsewhere. */
function placeOf(table: Uint8Array, wanted: number): { place: number; length: number } | null {
  const view = viewOf(table);
  const version = table[0]!;
  const [offsetSize, lengthSize, baseSize] = [table[4]! >> 4, table[4]! & 15, table[5]! >> 4];
  const indexSize = version > 0 ? table[5]! & 15 : 0;
  let at = 6;
  const next = (size: number): number => {
    at += size;
    if (size === 0) return 0;
    if (size === 8) return view.getUint32(at - 8) * 2 ** 32 + view.getUint32(at - 4);
    return size === 4 ? view.getUint32(at - 4) : view.getUint16(at - 2);
  };
  const count = next(version < 2 ? 2 : 4);
  for (let item = 0; item < count; item++) {
    const number = next(version < 2 ? 2 : 4);
    const method = version > 0 ? next(2) & 15 : 0;
    next(2); // where the data lies: in this file
    const base = next(baseSize);
    const extents = next(2);
    for (let extent = 0; extent < extents; extent++) {
      next(indexSize);
      const [offset, length] = [next(offsetSize), next(lengthSize)];
      if (number === wanted && method === 0 && extents === 1) {
        return { place: base + offset, length };
      }
    }
  }
  return null;
}

function exifOf(data: Uint8Array, boxes: readonly Box[]): Uint8Array | null {
  try {
    const item = exifItem(boxes);
    const table = boxes.find(({ kind }) => kind === "iloc")?.content;
    const found = item === null || !table ? null : placeOf(table, item);
    if (!found) return null;
    const body = data.subarray(found.place, found.place + found.length);
    // In front stands how many bytes follow before the TIFF header.
    return body.subarray(4 + viewOf(body).getUint32(0));
  } catch (error) {
    if (error instanceof RangeError) return null; // damaged tables
    throw error;
  }
}

export function heifContents(data: Uint8Array): Contents {
  const { boxes, whole } = boxesOf(data);
  let [width, height] = [0, 0];
  for (const { kind, content } of boxes) {
    if (kind !== "ispe" || content.length < 12) continue;
    const [across, down] = [viewOf(content).getUint32(4), viewOf(content).getUint32(8)];
    // The largest is the whole picture; the others are its tiles and thumbnails.
    if (across * down > width * height) [width, height] = [across, down];
  }
  const profile = boxes.find(
    ({ kind, content }) =>
      kind === "colr" && (startsWith(content, "prof") || startsWith(content, "rICC")),
  );
  const brands = boxes.find(({ kind }) => kind === "ftyp")?.content ?? new Uint8Array();
  return {
    ...UNKNOWN,
    width,
    height,
    animated: startsWith(brands, "avis"),
    whole,
    hasAlpha: boxes.some(
      ({ kind, content }) => kind === "auxC" && startsWith(content, ALPHA_NAME, 4),
    ),
    exif: exifOf(data, boxes),
    icc: profile ? profile.content.slice(4) : null,
    turnsItself: true,
  };
}
