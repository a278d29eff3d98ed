/** A page and its Worker that decode and encode one file for the tests in a real browser. */
import { decodePhoto } from "../src/files/decode.ts";
import { encodePhoto } from "../src/files/encode.ts";
import { PhotoError } from "../src/message.ts";

interface Asked {
  readonly url: string;
  readonly name: string;
  readonly pixels: number;
  readonly keepPlace: boolean;
  /** A share of its size that the result has. */
  readonly scale: number;
}

function base64(data: Uint8Array): string {
  let text = "";
  for (const byte of data) text += String.fromCharCode(byte);
  return btoa(text);
}

async function worked({ url, name, pixels, keepPlace, scale }: Asked): Promise<unknown> {
  try {
    const file = await (await fetch(url)).blob();
    const photo = await decodePhoto(file, name, { pixels });
    const { width, height, bitmap } = photo;
    const canvas = new OffscreenCanvas(width * scale, height * scale);
    const context = canvas.getContext("2d", { alpha: photo.hasAlpha, willReadFrequently: true })!;
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const seen = context.getImageData(0, 0, canvas.width, canvas.height);
    const encoded = await encodePhoto(photo, canvas, { keepPlace });
    return {
      width,
      height,
      format: photo.format,
      exif: photo.exif && base64(photo.exif),
      icc: photo.icc && base64(photo.icc),
      converts: photo.profile !== null,
      flashFired: photo.flashFired,
      hasPlace: photo.hasPlace,
      quality: photo.quality,
      hasAlpha: photo.hasAlpha,
      notes: photo.notes.map(({ key }) => key),
      pixels: base64(new Uint8Array(seen.data.buffer)),
      suffix: encoded.suffix,
      type: encoded.file.type,
      file: base64(new Uint8Array(await encoded.file.arrayBuffer())),
    };
  } catch (error) {
    if (error instanceof PhotoError) return { said: error.said };
    return { failed: String(error) };
  }
}

if (typeof document === "undefined") {
  addEventListener("message", async ({ data }) => {
    (self as unknown as Worker).postMessage(await worked(data));
  });
} else {
  const worker = new Worker("page.js", { type: "module" });
  Object.assign(globalThis, {
    ask: (asked: Asked) =>
      new Promise((resolve) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.postMessage(asked);
      }),
  });
}
