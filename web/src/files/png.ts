/** PNG files: their chunks, read and put into what a browser has encoded. */
import { bytesOf, joined, latin1, startsWith, textAt, through, viewOf } from "./bytes.ts";
import type { Contents, Metadata } from "./contents.ts";

// PNG, third edition: 5.3, 11.2.1, 11.3.2.3, 11.3.3.4 and 11.3.4.5.
const SIGNATURE = 8;
const XMP_NAME = "XML:com.adobe.xmp\0";
// The rest is metadata, or has browsers change colours, or is the film of an animation.
const NEEDED = new Set(["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]);
const LARGEST_TEXT = 2 ** 24;

interface Chunk {
  readonly kind: string;
  /** Of the length. */
  readonly start: number;
  readonly end: number;
}

function chunksOf(data: Uint8Array): Chunk[] {
  const view = viewOf(data);
  const found: Chunk[] = [];
  let at = SIGNATURE;
  while (at + 12 <= data.length) {
    const end = at + 12 + view.getUint32(at);
    if (end > data.length) break;
    const kind = textAt(data, at + 4, 4);
    found.push({ kind, start: at, end });
    if (kind === "IEND") break;
    at = end;
  }
  return found;
}

function content(data: Uint8Array, chunk: Chunk): Uint8Array {
  return data.subarray(chunk.start + 8, chunk.end - 4);
}

async function inflated(data: Uint8Array): Promise<Uint8Array | null> {
  try {
    return await through(data, new DecompressionStream("deflate"));
  } catch {
    return null; // damaged; the picture is worth more than it is
  }
}

async function iccOf(data: Uint8Array, chunks: readonly Chunk[]): Promise<Uint8Array | null> {
  const chunk = chunks.find((one) => one.kind === "iCCP");
  if (!chunk) return null;
  const body = content(data, chunk);
  const name = body.indexOf(0);
  return name < 0 || body[name + 1] !== 0 ? null : inflated(body.subarray(name + 2));
}

async function xmpOf(data: Uint8Array, chunks: readonly Chunk[]): Promise<Uint8Array | null> {
  const texts = chunks.filter((one) => one.kind === "iTXt").map((one) => content(data, one));
  const body = texts.findLast((text) => startsWith(text, XMP_NAME));
  if (!body || body.length > LARGEST_TEXT) return null;
  const packed = body[XMP_NAME.length] === 1;
  // Behind flag and method: a language and a translated name, each with its zero.
  const language = body.indexOf(0, XMP_NAME.length + 2);
  const translated = language < 0 ? -1 : body.indexOf(0, language + 1);
  if (translated < 0) return null;
  const packet = body.slice(translated + 1);
  return packed ? inflated(packet) : packet;
}

export async function pngContents(data: Uint8Array): Promise<Contents> {
  const chunks = chunksOf(data);
  const has = (kind: string) => chunks.some((one) => one.kind === kind);
  const header = chunks[0]?.kind === "IHDR" ? content(data, chunks[0]) : new Uint8Array(13);
  const view = viewOf(header);
  const colours = header[9]!;
  const exif = chunks.find((one) => one.kind === "eXIf");
  const film = chunks.find((one) => one.kind === "acTL");
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    model: colours === 0 || colours === 4 ? "grey" : "rgb",
    deep: header[8] === 16,
    animated: film !== undefined && viewOf(content(data, film)).getUint32(0) > 1,
    whole: has("IHDR") && has("IDAT") && has("IEND"),
    hasAlpha: colours === 4 || colours === 6 || has("tRNS"),
    exif: exif ? content(data, exif) : null,
    icc: await iccOf(data, chunks),
    xmp: await xmpOf(data, chunks),
    quality: null,
    turnsItself: false,
    bare: (keepProfile) => {
      const kept = chunks.filter(
        ({ kind }) => NEEDED.has(kind) || (keepProfile && kind === "iCCP"),
      );
      return [
        data.subarray(0, SIGNATURE),
        ...kept.map(({ start, end }) => data.subarray(start, end)),
      ];
    },
  };
}

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(data: Uint8Array): number {
  let value = 0xffffffff;
  for (let i = 0; i < data.length; i++) value = (value >>> 8) ^ CRC[(value ^ data[i]!) & 255]!;
  return ~value >>> 0;
}

function chunk(kind: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = joined([bytesOf(kind), ...parts]);
  const ends = new DataView(new ArrayBuffer(8));
  ends.setUint32(0, body.length - 4);
  ends.setUint32(4, crc32(body));
  const [length, crc] = [new Uint8Array(ends.buffer, 0, 4), new Uint8Array(ends.buffer, 4, 4)];
  return joined([length, body, crc]);
}

/** Puts metadata into an encoded PNG in place of what is there. */
export async function assemblePng(
  encoded: Uint8Array,
  { exif, icc, xmp }: Metadata,
): Promise<Uint8Array<ArrayBuffer>> {
  const added: Uint8Array[] = [];
  if (icc) {
    const packed = await through(icc, new CompressionStream("deflate"));
    added.push(chunk("iCCP", bytesOf("ICC profile\0\0"), packed));
  }
  if (exif)
    added.push(chunk("eXIf", latin1(exif.subarray(0, 4)) === "Exif" ? exif.subarray(6) : exif));
  if (xmp) added.push(chunk("iTXt", bytesOf(`${XMP_NAME}\0\0\0\0`), xmp));
  const kept = chunksOf(encoded)
    .filter(({ kind }) => NEEDED.has(kind))
    .map(({ start, end }) => encoded.subarray(start, end));
  return joined([encoded.subarray(0, SIGNATURE), ...kept.slice(0, 1), ...added, ...kept.slice(1)]);
}
