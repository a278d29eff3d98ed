/** WebP files: their chunks, read and put into what a browser has encoded. */
import { bytesOf, joined, textAt, viewOf } from "./bytes.ts";
import type { Contents, Metadata } from "./contents.ts";

// RFC 9649: RIFF chunks, VP8X in front where there is more than pixels.
const HEADER = 12;
const ICC_FLAG = 0x20;
const ALPHA_FLAG = 0x10;
const EXIF_FLAG = 0x08;
const XMP_FLAG = 0x04;
const ANIMATION_FLAG = 0x02;
const METADATA = new Set(["EXIF", "XMP ", "ICCP"]);

interface Chunk {
  readonly kind: string;
  readonly content: Uint8Array;
}

/** The chunks, and whether the file goes on as far as it says. */
function chunksOf(data: Uint8Array): { chunks: Chunk[]; whole: boolean } {
  const view = viewOf(data);
  const chunks: Chunk[] = [];
  const end = 8 + view.getUint32(4, true);
  let at = HEADER;
  while (at + 8 <= Math.min(end, data.length)) {
    const length = view.getUint32(at + 4, true);
    if (at + 8 + length > data.length) return { chunks, whole: false };
    chunks.push({ kind: textAt(data, at, 4), content: data.subarray(at + 8, at + 8 + length) });
    at += 8 + length + (length & 1);
  }
  // Some writers forget the last filling byte.
  return { chunks, whole: chunks.length > 0 && end <= data.length + 1 };
}

function uint24(data: Uint8Array, place: number): number {
  return data[place]! | (data[place + 1]! << 8) | (data[place + 2]! << 16);
}

interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly alpha: boolean;
}

function canvasOf(chunks: readonly Chunk[]): Canvas {
  for (const { kind, content } of chunks) {
    if (kind === "VP8X" && content.length >= 10) {
      const alpha = (content[0]! & ALPHA_FLAG) !== 0;
      return { width: 1 + uint24(content, 4), height: 1 + uint24(content, 7), alpha };
    }
    if (kind === "VP8L" && content.length >= 5) {
      const bits = viewOf(content).getUint32(1, true);
      const height = 1 + ((bits >>> 14) & 0x3fff);
      return { width: 1 + (bits & 0x3fff), height, alpha: ((bits >>> 28) & 1) === 1 };
    }
    if (kind === "VP8 " && content.length >= 10) {
      const view = viewOf(content);
      const [width, height] = [view.getUint16(6, true), view.getUint16(8, true)];
      return { width: width & 0x3fff, height: height & 0x3fff, alpha: false };
    }
  }
  return { width: 0, height: 0, alpha: false };
}

function riff(chunks: readonly Chunk[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (const { kind, content } of chunks) {
    pieces.push(bytesOf(kind), number(content.length), content, new Uint8Array(content.length & 1));
  }
  const length = 4 + pieces.reduce((sum, piece) => sum + piece.length, 0);
  return [bytesOf("RIFF"), number(length), bytesOf("WEBP"), ...pieces];
}

function number(value: number, length = 4): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (value >>> (8 * i)) & 255);
}

export function webpContents(data: Uint8Array): Contents {
  const { chunks, whole } = chunksOf(data);
  const canvas = canvasOf(chunks);
  const of = (kind: string) => chunks.find((one) => one.kind === kind)?.content ?? null;
  const extended = of("VP8X");
  return {
    width: canvas.width,
    height: canvas.height,
    model: "rgb",
    deep: false,
    animated: extended !== null && (extended[0]! & ANIMATION_FLAG) !== 0,
    whole,
    hasAlpha: canvas.alpha,
    exif: of("EXIF"),
    icc: of("ICCP"),
    xmp: of("XMP ")?.slice() ?? null,
    quality: null,
    turnsItself: false,
    bare: (keepProfile) => riff(without(chunks, keepProfile)),
  };
}

function without(chunks: readonly Chunk[], keepProfile: boolean): Chunk[] {
  const dropped = EXIF_FLAG | XMP_FLAG | (keepProfile ? 0 : ICC_FLAG);
  return chunks
    .filter(({ kind }) => !METADATA.has(kind) || (keepProfile && kind === "ICCP"))
    .map(({ kind, content }) => {
      if (kind !== "VP8X") return { kind, content };
      const flags = content.slice();
      flags[0] = flags[0]! & ~dropped;
      return { kind, content: flags };
    });
}

/** Puts metadata into an encoded WebP of one frame in place of what is there. */
export function assembleWebp(
  encoded: Uint8Array,
  { exif, icc, xmp }: Metadata,
): Uint8Array<ArrayBuffer> {
  const { chunks } = chunksOf(encoded);
  const { width, height, alpha } = canvasOf(chunks);
  const pixels = without(chunks, false).filter(({ kind }) => kind !== "VP8X");
  if (!exif && !icc && !xmp && !pixels.some(({ kind }) => kind === "ALPH")) {
    return joined(riff(pixels));
  }
  const flags =
    (icc ? ICC_FLAG : 0) | (alpha ? ALPHA_FLAG : 0) | (exif ? EXIF_FLAG : 0) | (xmp ? XMP_FLAG : 0);
  const sizes = [number(width - 1, 3), number(height - 1, 3)];
  const all: Chunk[] = [{ kind: "VP8X", content: joined([number(flags), ...sizes]) }];
  if (icc) all.push({ kind: "ICCP", content: icc });
  all.push(...pixels);
  if (exif) all.push({ kind: "EXIF", content: exif });
  if (xmp) all.push({ kind: "XMP ", content: xmp });
  return joined(riff(all));
}
