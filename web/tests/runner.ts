/** Runs functions of the page for the Python tests: frames of JSON and arrays, in and out. */
import process from "node:process";

const KINDS: Record<string, (data: ArrayBuffer) => unknown> = {
  float32: (data) => new Float32Array(data),
  float64: (data) => new Float64Array(data),
  uint8: (data) => new Uint8Array(data),
  int32: (data) => new Int32Array(data),
};

function given(value: unknown, body: Buffer): unknown {
  if (Array.isArray(value)) return value.map((one) => given(one, body));
  if (value === null || typeof value !== "object") return value;
  const record = value as Record<string, unknown>;
  if (!("$kind" in record)) {
    return Object.fromEntries(Object.entries(record).map(([k, v]) => [k, given(v, body)]));
  }
  const [from, to] = [record.$from as number, record.$to as number];
  const data = KINDS[record.$kind as string]!(Uint8Array.from(body.subarray(from, to)).buffer);
  const shape = record.$shape as number[];
  if (shape.length < 2) return data;
  return { width: shape[1], height: shape[0], channels: shape[2] ?? 1, data };
}

function returned(value: unknown, parts: Uint8Array[]): unknown {
  if (ArrayBuffer.isView(value)) {
    const kind = value.constructor.name.replace("Array", "").replace("Clamped", "").toLowerCase();
    const from = parts.reduce((sum, part) => sum + part.length, 0);
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    // Typed arrays of eight bytes begin at multiples of eight.
    parts.push(bytes, new Uint8Array((8 - (bytes.length % 8)) % 8));
    return { $kind: kind, $from: from, $to: from + bytes.length };
  }
  if (Array.isArray(value)) return value.map((one) => returned(one, parts));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, returned(v, parts)]));
}

async function answer(header: Buffer, body: Buffer): Promise<void> {
  const parts: Uint8Array[] = [];
  let reply: unknown;
  try {
    const call = JSON.parse(header.toString("utf8"));
    const module = await import(new URL(`../${call.module}.ts`, import.meta.url).href);
    const result = await module[call.name](...(given(call.arguments, body) as unknown[]));
    reply = { result: returned(result, parts) ?? null };
  } catch (error) {
    const said = (error as { said?: unknown }).said;
    reply = { error: error instanceof Error ? error.stack : String(error), said };
    parts.length = 0;
  }
  const text = Buffer.from(JSON.stringify(reply));
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32LE(text.length, 0);
  sizes.writeUInt32LE(
    parts.reduce((sum, part) => sum + part.length, 0),
    4,
  );
  process.stdout.write(Buffer.concat([sizes, text, ...parts]));
}

let waiting = Buffer.alloc(0);
for await (const chunk of process.stdin) {
  waiting = Buffer.concat([waiting, chunk as Buffer]);
  while (waiting.length >= 8) {
    const [first, second] = [waiting.readUInt32LE(0), waiting.readUInt32LE(4)];
    if (waiting.length < 8 + first + second) break;
    await answer(waiting.subarray(8, 8 + first), waiting.subarray(8 + first, 8 + first + second));
    waiting = waiting.subarray(8 + first + second);
  }
}
