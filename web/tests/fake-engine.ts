/** An engine for trials of the page alone: what a photograph is follows from its file's name.
 *
 * `noflash`, `noface`, `damaged`, `broken`, `several`, `red`, `place`, `notes`; else a plain flash
 * selfie. The result is the photograph with other brightness and contrast.
 */
import type {
  EngineClient,
  EngineInfo,
  Opened,
  Progress,
  Rendered,
} from "../src/engine/protocol.ts";
import type { FaceLight, Kind } from "../src/enhance/judged.ts";
import type { Look } from "../src/enhance/look.ts";
import type { Box } from "../src/image/image.ts";
import { type Message, PhotoError } from "../src/message.ts";

const LONG_SIDE = 1536;
const STEPS = 10;

export class FakeEngine implements EngineClient {
  readonly #pictures = new Map<number, { picture: ImageBitmap; name: string }>();
  readonly #slow: number;
  #last = 0;
  #newest = 0;

  /** `slow`: milliseconds of each step. */
  constructor(slow = 20) {
    this.#slow = slow;
  }

  async ready(progress?: Progress): Promise<EngineInfo> {
    await this.#work(["load"], progress);
    return { runtime: "wasm", threads: 1, fetched: [] };
  }

  async open(file: Blob, name: string, progress?: Progress): Promise<Opened> {
    await this.#work(["decode", "faces", "network"], progress);
    if (name.includes("broken")) throw new PhotoError("error.notPicture", { name });
    if (file.size === 0) throw new PhotoError("error.empty");
    const picture = await createImageBitmap(file);
    const id = ++this.#last;
    this.#pictures.set(id, { picture, name });
    const { width, height } = picture;
    const [kind, reason] = judged(name);
    const faces = kind === "noface" ? [] : facesOn(name, width, height);
    return {
      id,
      width,
      height,
      verdict: {
        kind: kind === "noface" ? "no_face" : kind,
        reason,
        faces,
        exifFlash: null,
        figures: {},
      },
      redPupils: name.includes("red") ? 2 : 0,
      before: await scaled(picture, "none"),
      notes: name.includes("notes") ? [{ key: "note.converted" }, { key: "note.sixteenBit" }] : [],
      hasPlace: name.includes("place"),
    };
  }

  async preview(id: number, look: Look): Promise<ImageBitmap | null> {
    const mine = ++this.#newest;
    await pause(this.#slow);
    const { picture } = this.#pictures.get(id)!;
    return mine === this.#newest ? scaled(picture, filterOf(look)) : null;
  }

  async render(
    id: number,
    look: Look,
    _options: { readonly keepPlace: boolean },
    progress?: Progress,
  ): Promise<Rendered> {
    await this.#work(["render", "encode"], progress);
    const { picture, name } = this.#pictures.get(id)!;
    const canvas = drawn(picture, picture.width, picture.height, filterOf(look));
    const file = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
    const { width, height } = picture;
    return { file, name: name.replace(/(\.\w+)?$/, "-studio.jpg"), width, height, seconds: 2.1 };
  }

  close(id: number): void {
    this.#pictures.get(id)?.picture.close();
    this.#pictures.delete(id);
  }

  async #work(
    stages: readonly ("load" | "decode" | "faces" | "network" | "render" | "encode")[],
    progress?: Progress,
  ) {
    for (let step = 0; step < STEPS; step++) {
      progress?.(stages[Math.floor((step / STEPS) * stages.length)]!, step / STEPS);
      await pause(this.#slow);
    }
    progress?.(stages.at(-1)!, 1);
  }
}

function judged(name: string): [Kind | "noface", Message] {
  if (name.includes("noface")) return ["noface", { key: "verdict.noFace" }];
  if (name.includes("noflash")) return ["not_flash", { key: "verdict.none.side.although" }];
  if (name.includes("damaged")) {
    return ["damaged", { key: "verdict.damaged.filled", values: { percent: 23 } }];
  }
  if (name.includes("several")) {
    return ["flash_selfie", { key: "verdict.flash.several", values: { lit: 2, faces: 3 } }];
  }
  return ["flash_selfie", { key: `verdict.flash.${name.includes("red") ? "pupils" : "light"}` }];
}

function facesOn(name: string, width: number, height: number): FaceLight[] {
  const count = name.includes("several") ? 3 : 1;
  return Array.from({ length: count }, (_, index) => {
    const x = (width * (index + 0.5)) / count;
    const half = (0.25 * Math.min(width, height)) / Math.sqrt(count);
    const box: Box = [x - half, 0.45 * height - half, x + half, 0.45 * height + half];
    return { box, score: 0.9, flashLit: 0.9, strength: 1 };
  });
}

function filterOf(look: Look): string {
  const s = look.strength;
  const tone = `brightness(${1 + 0.12 * s}) contrast(${1 - 0.22 * s}) saturate(${1 - 0.2 * s})`;
  return look.background === "blur" ? `${tone} blur(4px)` : tone;
}

function scaled(picture: ImageBitmap, filter: string): Promise<ImageBitmap> {
  const factor = Math.min(LONG_SIDE / Math.max(picture.width, picture.height), 1);
  const [width, height] = [picture.width * factor, picture.height * factor].map(Math.round);
  return createImageBitmap(drawn(picture, width!, height!, filter));
}

function drawn(picture: ImageBitmap, width: number, height: number, filter: string) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  context.filter = filter;
  context.drawImage(picture, 0, 0, width, height);
  return canvas;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
