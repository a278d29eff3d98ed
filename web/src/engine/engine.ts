/** The engine: opens photographs, shows them in a look, and writes them at their full size. */
import type { Analysis } from "../enhance/analysis.ts";
import { backgroundLayers, type Layers } from "../enhance/background.ts";
import { lightOf } from "../enhance/finish.ts";
import type { Look } from "../enhance/look.ts";
import { fitted, guideRadius } from "../enhance/pipeline.ts";
import { encodePhoto } from "../files/encode.ts";
import type { Bytes, Floats } from "../image/image.ts";
import { AreaReducer, resizeArea } from "../image/resize.ts";
import { loadModels, type Models } from "./models.ts";
import { inSrgb, Photograph } from "./photograph.ts";
import type { EngineInfo, Opened, Progress, Rendered } from "./protocol.ts";
import { Result } from "./result.ts";
import { RowPool } from "./row-pool.ts";
import type { Light } from "./row-worker.ts";
import {
  canvasOf,
  emptied,
  patchStrip,
  StripReader,
  strips,
  withAlpha,
  withoutAlpha,
} from "./strips.ts";

type Rgba = Uint8ClampedArray<ArrayBuffer>;

export class Engine {
  private readonly base: URL;
  private models: Promise<Models> | null = null;
  private pool: RowPool | null = null;
  private readonly photographs = new Map<number, Photograph>();
  private last = 0;
  /** Which middle picture the row threads have. */
  private guided: Bytes | null = null;
  private working: Promise<unknown> = Promise.resolve();

  constructor(base: URL) {
    this.base = base;
  }

  async ready(progress: Progress): Promise<EngineInfo> {
    this.models ??= loadModels(this.base, (share) => progress("load", share));
    this.pool ??= new RowPool(this.base);
    try {
      const [{ info }] = await Promise.all([this.models, this.pool.ready()]);
      return info;
    } catch (error) {
      this.models = null;
      throw error;
    }
  }

  open(file: Blob, name: string, progress: Progress): Promise<Opened> {
    return this.inTurn(async () => {
      const models = await this.models!;
      this.releaseAllBut(null);
      const photograph = await Photograph.open(file, name, models, progress);
      const { photo, analysis, patches } = photograph;
      progress("preview", 0.9);
      const before = bitmapOf(inSrgb(await photograph.middleWith(false), photo));
      const id = ++this.last;
      this.photographs.set(id, photograph);
      return {
        id,
        width: photo.width,
        height: photo.height,
        verdict: analysis.verdict,
        redPupils: patches.length,
        before,
        notes: photo.notes,
        hasPlace: photo.hasPlace,
      };
    });
  }

  preview(id: number, look: Look): Promise<ImageBitmap> {
    return this.inTurn(async () => {
      const photograph = this.photograph(id);
      this.releaseAllBut(photograph);
      const { photo } = photograph;
      const middle = await photograph.middleWith(look.redEyes);
      const shown = await this.pool!.show(await this.light(photograph, middle, look));
      const { width, height } = middle;
      if (look.background !== "keep" && photograph.analysis.faces.length) {
        const matte = await photograph.analysis.matte();
        const small = resizeArea(withoutAlpha(shown, width, height), matte.width, matte.height);
        await this.replaceAll(shown, width, height, small, matte, look.background);
      }
      if (!photo.profile) return bitmapFrom(shown, width, height);
      return bitmapOf(inSrgb(withoutAlpha(shown, width, height), photo));
    });
  }

  render(
    id: number,
    look: Look,
    options: { readonly keepPlace: boolean },
    progress: Progress,
  ): Promise<Rendered> {
    return this.inTurn(async () => {
      const started = performance.now();
      const photograph = this.photograph(id);
      this.releaseAllBut(photograph);
      progress("network", 0.02);
      const middle = await photograph.middleWith(look.redEyes);
      const light = await this.light(photograph, middle, look);
      const factors = light && (await this.pool!.light(light));
      const canvas = await this.renderLight(photograph, look, factors, progress);
      progress("encode", 0.85);
      // Most people save once, and the encoder takes as much memory again.
      photograph.release();
      const { width, height } = canvas;
      const { file, suffix } = await encodePhoto(photograph.photo, canvas, options).finally(() =>
        emptied(canvas),
      );
      const stem = photograph.name.replace(/\.[^.]*$/, "") || "photograph";
      const seconds = (performance.now() - started) / 1000;
      return { file, name: `${stem}-studio${suffix}`, width, height, seconds };
    });
  }

  close(id: number): Promise<void> {
    // Not while it is being worked on.
    return this.inTurn(async () => {
      this.photographs.get(id)?.release();
      this.photographs.delete(id);
    });
  }

  /** Returns the light of a look, once the row threads have the guide for it. */
  private async light({ analysis }: Photograph, middle: Bytes, look: Look): Promise<Light | null> {
    // The row threads have their own work before they need the light.
    const [, light] = await Promise.all([this.guide(middle, analysis), lightOf(analysis, look)]);
    if (!light) return null;
    return { target: analysis.target, functions: fitted(light.small), mask: light.mask };
  }

  private async guide(middle: Bytes, analysis: Analysis): Promise<void> {
    if (this.guided === middle) return;
    this.guided = null;
    await this.pool!.guide(middle, guideRadius(middle, analysis.canvasSize));
    this.guided = middle;
  }

  private async renderLight(
    photograph: Photograph,
    look: Look,
    factors: Floats | null,
    progress: Progress,
  ): Promise<OffscreenCanvas> {
    const reader = new StripReader(await photograph.pixels());
    const { width, height } = reader;
    const target = photograph.analysis.target;
    const patches = look.redEyes ? photograph.patches : [];
    const replaces = look.background !== "keep" && photograph.analysis.faces.length > 0;
    const matte = replaces ? await photograph.analysis.matte() : null;
    const small = matte && new AreaReducer(width, height, 3, matte.width, matte.height);
    const result = new Result(width, height);
    const corrected = async (first: number, count: number) => {
      progress("render", 0.1 + (first / height) * (replaces ? 0.4 : 0.7));
      const rgba = reader.rows(first, count) as Rgba;
      patchStrip(rgba, first, count, width, patches);
      if (!factors) return rgba;
      return this.pool!.correct({ rgba, first, count, width, height }, target, factors);
    };
    await this.inStrips(height, corrected, (rgba, first, count) => {
      small?.add(rgba, count, 4);
      result.put(rgba, first, count);
    });
    reader.close();
    const canvas = result.finish();
    if (matte && small && look.background !== "keep") {
      const layers = backgroundLayers(small.finish(), matte, look.background);
      if (layers) await this.renderBackground(result.context, layers, progress);
    }
    return canvas;
  }

  /** Replaces the background of a finished canvas. */
  private async renderBackground(
    context: OffscreenCanvasRenderingContext2D,
    layers: Layers,
    progress: Progress,
  ): Promise<void> {
    const { width, height } = context.canvas;
    await this.pool!.background(layers);
    const replaced = (first: number, count: number) => {
      progress("render", 0.5 + (first / height) * 0.3);
      const rgba = context.getImageData(0, first, width, count).data as Rgba;
      return this.pool!.replace({ rgba, first, count, width, height });
    };
    await this.inStrips(height, replaced, (rgba, first, count) =>
      context.putImageData(new ImageData(rgba, width, count), 0, first),
    );
  }

  /** Has strips made in the row threads, and gives them away in their order. */
  private async inStrips(
    height: number,
    make: (first: number, count: number) => Promise<Rgba> | Rgba,
    give: (rgba: Rgba, first: number, count: number) => void,
  ): Promise<void> {
    const waiting: { first: number; count: number; rgba: Promise<Rgba> | Rgba }[] = [];
    const finish = async () => {
      const { first, count, rgba } = waiting.shift()!;
      give(await rgba, first, count);
    };
    for (const { first, count } of strips(height)) {
      waiting.push({ first, count, rgba: make(first, count) });
      // A strip more than there are threads, so that none of them waits for this one.
      if (waiting.length > this.pool!.size) await finish();
    }
    while (waiting.length) await finish();
  }

  private async replaceAll(
    rgba: Rgba,
    width: number,
    height: number,
    small: Bytes,
    matte: Floats,
    kind: "studio" | "blur",
  ): Promise<void> {
    const layers = backgroundLayers(small, matte, kind);
    if (!layers) return;
    await this.pool!.background(layers);
    const parts = [...strips(height)].map(async ({ first, count }) => {
      const part = rgba.slice(first * width * 4, (first + count) * width * 4);
      const made = await this.pool!.replace({ rgba: part, first, count, width, height });
      rgba.set(made, first * width * 4);
    });
    await Promise.all(parts);
  }

  /** Only one photograph's pixels are in memory. */
  private releaseAllBut(wanted: Photograph | null): void {
    for (const one of this.photographs.values()) if (one !== wanted) one.release();
  }

  private photograph(id: number): Photograph {
    const found = this.photographs.get(id);
    if (!found) throw new Error(`photograph ${id} is closed`);
    return found;
  }

  /** One piece of work at a time: networks, canvases and threads are there once. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.working.then(work);
    this.working = turn.catch(() => undefined);
    return turn;
  }
}

function bitmapFrom(rgba: Rgba, width: number, height: number): ImageBitmap {
  const context = canvasOf(width, height);
  context.putImageData(new ImageData(rgba, width, height), 0, 0);
  return context.canvas.transferToImageBitmap();
}

function bitmapOf(rgb: Bytes): ImageBitmap {
  return bitmapFrom(withAlpha(rgb), rgb.width, rgb.height);
}
