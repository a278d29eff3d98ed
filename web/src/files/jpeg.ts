/** JPEG files: their segments, read and put into what a browser has encoded. */
import { bytesOf, joined, startsWith, viewOf } from "./bytes.ts";
import type { Contents, Metadata } from "./contents.ts";
import { LARGEST_BLOCK } from "./exif.ts";
import { LARGEST_IN_JPEG } from "./xmp.ts";

const EXIF_NAME = "Exif\0\0";
const XMP_NAME = "http://ns.adobe.com/xap/1.0/\0";
const ICC_NAME = "ICC_PROFILE\0";
const ICC_HEAD = ICC_NAME.length + 2;
const LARGEST_CONTENT = 65533;

const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP14 = 0xee;
const COMMENT = 0xfe;
const TABLES = 0xdb;
const SCAN = 0xda;
const END = 0xd9;

/** Have a length; other markers among compressed data are part of it, or damage. */
const BETWEEN_SCANS = new Set([SCAN, TABLES, 0xc4, 0xcc, 0xdc, 0xdd]);

/** Of the luminance table in the JPEG standard (ITU T.81, annex K.1), in zigzag order. */
const LUMINANCE = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37,
  29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
  95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];

export interface Segment {
  readonly marker: number;
  /** Of the 0xff in front of the marker. */
  readonly start: number;
  readonly end: number;
}

/** The segments up to the first scan. Ends silently where the file does. */
export function segmentsOf(data: Uint8Array): Segment[] {
  const found: Segment[] = [];
  let at = data.indexOf(0xff, 2);
  // Decoders skip what stands between segments, filling and rubbish.
  for (; at >= 0 && at + 4 <= data.length; at = data.indexOf(0xff, at)) {
    const marker = data[at + 1]!;
    if (marker === 0xff || marker === 0) {
      at += 1;
      continue;
    }
    if (marker === SCAN || marker === END) break;
    const bare = marker === 1 || (marker >= 0xd0 && marker <= 0xd7);
    const end = at + 2 + (bare ? 0 : (data[at + 2]! << 8) | data[at + 3]!);
    if (end > data.length) break;
    found.push({ marker, start: at, end });
    at = end;
  }
  return found;
}

/** Whether the compressed data goes on to the end marker, from where it begins. */
function endsProperly(data: Uint8Array, start: number): boolean {
  let at = start;
  for (;;) {
    at = data.indexOf(0xff, at);
    if (at < 0 || at + 1 >= data.length) return false;
    const marker = data[at + 1]!;
    if (marker === END) return true;
    if (marker === 0xff) at += 1;
    else if (!BETWEEN_SCANS.has(marker) && !isPrivate(marker)) at += 2;
    else if (at + 4 > data.length) return false;
    else at += 2 + ((data[at + 2]! << 8) | data[at + 3]!);
  }
}

function content(data: Uint8Array, segment: Segment, skipped = 0): Uint8Array {
  return data.subarray(segment.start + 4 + skipped, segment.end);
}

function named(data: Uint8Array, segments: readonly Segment[], marker: number, name: string) {
  return segments.filter(
    (one) =>
      one.marker === marker && startsWith(data, name, one.start + 4) && one.end > one.start + 4,
  );
}

function exifOf(data: Uint8Array, segments: readonly Segment[]): Uint8Array | null {
  const parts = named(data, segments, APP1, EXIF_NAME);
  if (parts.length === 0) return null;
  const tiff = parts.map((part) => content(data, part, EXIF_NAME.length));
  return joined([bytesOf(EXIF_NAME), ...tiff]);
}

function iccOf(data: Uint8Array, segments: readonly Segment[]): Uint8Array | null {
  const number = (part: Segment) => data[part.start + 4 + ICC_NAME.length]!;
  const parts = named(data, segments, APP2, ICC_NAME).filter((p) => p.end - p.start > 4 + ICC_HEAD);
  if (parts.length === 0 || data[parts[0]!.start + 4 + ICC_HEAD - 1] !== parts.length) return null;
  parts.sort((one, other) => number(one) - number(other));
  return joined(parts.map((part) => content(data, part, ICC_HEAD)));
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** The quantisation table of the first component. */
  readonly table: number;
}

function frameOf(data: Uint8Array, segments: readonly Segment[]): Frame | null {
  const frame = segments.find(
    ({ marker }) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker),
  );
  if (!frame || frame.end - frame.start < 13) return null;
  const view = viewOf(data);
  return {
    width: view.getUint16(frame.start + 7),
    height: view.getUint16(frame.start + 5),
    components: data[frame.start + 9]!,
    table: data[frame.start + 12]!,
  };
}

/** Returns a quantisation table in zigzag order, null where the file has none of that number. */
function tableOf(data: Uint8Array, segments: readonly Segment[], wanted: number): number[] | null {
  let found: number[] | null = null;
  for (const segment of segments.filter(({ marker }) => marker === TABLES)) {
    let at = segment.start + 4;
    while (at < segment.end) {
      const wide = data[at]! >> 4 ? 2 : 1;
      const end = at + 1 + 64 * wide;
      if (end > segment.end) break;
      if ((data[at]! & 15) === wanted) {
        const start = at + 1;
        found = Array.from({ length: 64 }, (_, i) =>
          wide === 1 ? data[start + i]! : (data[start + 2 * i]! << 8) | data[start + 2 * i + 1]!,
        );
      }
      at = end;
    }
  }
  return found;
}

/** The quality 1 to 100 of the standard's tables, scaled as libjpeg does, nearest to a table. */
export function qualityOf(table: readonly number[]): number {
  let [best, least] = [100, Number.POSITIVE_INFINITY];
  for (let quality = 100; quality >= 1; quality--) {
    const scale = quality < 50 ? Math.trunc(5000 / quality) : 200 - 2 * quality;
    let distance = 0;
    for (let i = 0; i < 64; i++) {
      const step = Math.trunc((LUMINANCE[i]! * scale + 50) / 100);
      distance += Math.abs(Math.min(Math.max(step, 1), 255) - table[i]!);
    }
    if (distance < least) [best, least] = [quality, distance];
  }
  return best;
}

export function jpegContents(data: Uint8Array): Contents {
  const segments = segmentsOf(data);
  const scan = segments.at(-1)?.end ?? 2;
  const frame = frameOf(data, segments);
  const xmp = named(data, segments, APP1, XMP_NAME).at(-1);
  const cmyk = frame?.components === 4;
  const table = cmyk || !frame ? null : tableOf(data, segments, frame.table);
  return {
    width: frame?.width ?? 0,
    height: frame?.height ?? 0,
    model: cmyk ? "cmyk" : frame?.components === 1 ? "grey" : "rgb",
    deep: false,
    animated: false,
    whole: frame !== null && endsProperly(data, scan),
    hasAlpha: false,
    exif: exifOf(data, segments),
    icc: iccOf(data, segments),
    xmp: xmp ? content(data, xmp, XMP_NAME.length).slice() : null,
    quality: table && qualityOf(table),
    turnsItself: false,
    bare: (keepProfile) => {
      const kept = segments.filter((one) => {
        const isProfile = one.marker === APP2 && startsWith(data, ICC_NAME, one.start + 4);
        return !isPrivate(one.marker) || (isProfile && keepProfile);
      });
      return [data.subarray(0, 2), ...pieces(data, kept), data.subarray(scan)];
    },
  };
}

/** Whether a segment holds nothing that a decoder needs. */
function isPrivate(marker: number): boolean {
  return (marker > APP0 && marker <= 0xef && marker !== APP14) || marker === COMMENT;
}

function pieces(data: Uint8Array, segments: readonly Segment[]): Uint8Array[] {
  return segments.map(({ start, end }) => data.subarray(start, end));
}

function segment(marker: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = 2 + parts.reduce((sum, part) => sum + part.length, 0);
  return joined([Uint8Array.of(0xff, marker, length >> 8, length & 255), ...parts]);
}

/** Puts metadata into an encoded JPEG in place of what is there; leaves out what is too long. */
export function assemble(
  encoded: Uint8Array,
  { exif, icc, xmp }: Metadata,
): Uint8Array<ArrayBuffer> {
  const segments = segmentsOf(encoded);
  const kept = segments.filter((one) => !isPrivate(one.marker));
  const first = kept.filter((one) => one.marker === APP0);
  const others = kept.filter((one) => one.marker !== APP0);
  const added: Uint8Array[] = [];
  if (exif && exif.length <= LARGEST_BLOCK) added.push(segment(APP1, exif));
  if (xmp && xmp.length <= LARGEST_IN_JPEG) added.push(segment(APP1, bytesOf(XMP_NAME), xmp));
  if (icc) {
    const most = LARGEST_CONTENT - ICC_HEAD;
    const count = Math.ceil(icc.length / most);
    for (let i = 0; i < count && count < 256; i++) {
      const part = icc.subarray(i * most, (i + 1) * most);
      added.push(segment(APP2, bytesOf(ICC_NAME), Uint8Array.of(i + 1, count), part));
    }
  }
  const scan = segments.at(-1)?.end ?? 2;
  return joined([
    encoded.subarray(0, 2),
    ...pieces(encoded, first),
    ...added,
    ...pieces(encoded, others),
    encoded.subarray(scan),
  ]);
}
