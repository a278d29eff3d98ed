/** What a model file says about itself, read from the bytes of its ONNX file. */
import { PhotoError } from "../message.ts";

const VERSION = 1;
const KEY = "deepflash";
const METADATA_PROPS = 14; // field of ModelProto; of its entries 1 is the key and 2 the value
const NEEDED = ["network", "filter", "target", "size"] as const;

/** `{"class_path": ..., "init_args": {...}}`, as deepflash writes it; check before use. */
export type Spec = unknown;

export interface ModelHeader {
  readonly network: Spec;
  readonly filter: Spec;
  readonly target: Spec;
  /** Long side in pixels that the network was trained at. */
  readonly size: number;
}

/** An error about a model file; `why` is for whoever put the file there. */
export function modelError(file: string, why: string): PhotoError {
  return new PhotoError("error.model", { file, why });
}

/** Returns the header of an ONNX file.
 *
 * @param content the whole file
 * @param file its name, for errors
 * @throws PhotoError the file is not of this project, is newer than this page, or not whole
 */
export function readHeader(content: Uint8Array, file = "model.onnx"): ModelHeader {
  return decodeHeader(metadata(content, KEY), file);
}

/** Returns the header that a file holds, null if it holds none. */
export function decodeHeader(text: string | null, file: string): ModelHeader {
  const header = parsed(text);
  const version = wholeNumber(header?.version);
  if (header === null || version === null) throw modelError(file, "its header is missing");
  if (version > VERSION) {
    throw modelError(file, `it has version ${version}, this page reads up to ${VERSION}`);
  }
  const missing = NEEDED.filter((key) => !(key in header));
  if (missing.length) throw modelError(file, `it lacks ${missing.join(", ")} in its header`);
  const size = header.size;
  if (!Number.isInteger(size) || (size as number) < 1) {
    throw modelError(file, `it has the size ${JSON.stringify(size)}, expected whole pixels`);
  }
  return header as unknown as ModelHeader;
}

/** Returns the class path and the arguments of a spec. */
export function classAndArguments(
  spec: Spec,
  file: string,
): { path: string; args: Readonly<Record<string, unknown>> } {
  const args = isRecord(spec) ? spec.init_args || {} : null;
  if (!isRecord(spec) || !isRecord(args)) {
    throw modelError(file, `it names no class where one is expected: ${JSON.stringify(spec)}`);
  }
  return { path: String(spec.class_path), args };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(text: string | null): Record<string, unknown> | null {
  try {
    const header: unknown = JSON.parse(text ?? "");
    return isRecord(header) ? header : null;
  } catch {
    return null;
  }
}

/** Returns what Python's `int` makes of numbers and of digits; null for anything else. */
function wholeNumber(value: unknown): number | null {
  const digits = typeof value === "string" && /^\s*[+-]?\d+\s*$/.test(value);
  const number = digits ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? Math.trunc(number) : null;
}

function metadata(content: Uint8Array, key: string): string | null {
  const words = new TextDecoder();
  let found: string | null = null;
  for (const entry of fields(content, METADATA_PROPS)) {
    const name = fields(entry, 1).at(-1);
    if (!name || words.decode(name) !== key) continue;
    found = words.decode(fields(entry, 2).at(-1) ?? new Uint8Array());
  }
  return found;
}

/** Returns the contents of a message's fields of one number; none if the message is damaged. */
function fields(message: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 0;
  while (at < message.length) {
    const tag = varint(message, at);
    if (!tag) return [];
    const length = lengthOf(message, tag.end, tag.value % 8);
    if (!length) return [];
    const end = length.start + length.count;
    if (end > message.length) return [];
    const isWanted = tag.value % 8 === 2 && Math.floor(tag.value / 8) === wanted;
    if (isWanted) found.push(message.subarray(length.start, end));
    at = end;
  }
  return found;
}

/** Returns where the content of a field lies, by its wire type; null for unknown ones. */
function lengthOf(message: Uint8Array, at: number, type: number) {
  if (type === 1) return { start: at, count: 8 };
  if (type === 5) return { start: at, count: 4 };
  const number = varint(message, at);
  if (!number || (type !== 0 && type !== 2)) return null;
  return { start: number.end, count: type === 2 ? number.value : 0 };
}

function varint(message: Uint8Array, at: number): { value: number; end: number } | null {
  let value = 0;
  // Numbers beyond 2 ** 53 lose their last bits: they are only skipped, never lengths or tags.
  for (let i = 0; i < 10 && at + i < message.length; i++) {
    const byte = message[at + i]!;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  return null;
}
