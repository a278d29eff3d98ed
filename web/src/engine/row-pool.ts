/** The threads that work on rows, and which rows each of them has. */
import type { Layers } from "../enhance/background.ts";
import type { TargetName } from "../enhance/correction.ts";
import { type Bytes, type Floats, floats } from "../image/image.ts";
import type { Band, Light, LightRows, Strip } from "./row-worker.ts";
import { Caller } from "./rpc.ts";

const MOST_THREADS = 4;

export class RowPool {
  private readonly threads: Caller[];
  private bands: Band[] = [];
  private width = 0;
  private height = 0;
  private turn = 0;

  constructor(base: URL, count = Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1)) {
    this.threads = Array.from({ length: count }, (_, at) => {
      const url = new URL("row-worker.js", base);
      return new Caller(new Worker(url, { type: "module", name: `rows ${at}` }));
    });
  }

  /** Resolves when all threads are there; rejects if one of them cannot start. */
  async ready(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.call("ready", [])));
  }

  get size(): number {
    return this.threads.length;
  }

  /** Gives each thread its rows of a middle picture, and has it make their guide. */
  async guide(middle: Bytes, radius: number): Promise<void> {
    const { width, height } = middle;
    const share = Math.ceil(height / this.size);
    this.width = width;
    this.height = height;
    this.bands = this.threads.map((_, at) => {
      const first = Math.min(at * share, height);
      return { first, count: Math.min(share, height - first), height };
    });
    await this.eachBand(async (thread, band) => {
      const top = Math.max(band.first - radius, 0);
      const bottom = Math.min(band.first + band.count + radius, height);
      const data = middle.data.slice(top * width * 3, bottom * width * 3);
      const part = { width, height: bottom - top, channels: 3, data };
      await thread.call("guide", [part, top, band, radius], { transfer: [data.buffer] });
    });
  }

  /** Returns the middle picture in a light as RGBA; null leaves it as it is. */
  async show(light: Light | null): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const shown = new Uint8ClampedArray(this.width * this.height * 4);
    await this.eachBand(async (thread, { first }) => {
      shown.set(await thread.call<Uint8ClampedArray>("show", [light]), first * this.width * 4);
    });
    return shown;
  }

  /** Returns what the full photograph is corrected with. */
  async light(light: Light): Promise<Floats> {
    const whole = floats(this.width, this.height, 3);
    await this.eachBand(async (thread, { first }) => {
      whole.data.set(await thread.call<Float32Array>("light", [light]), first * this.width * 3);
    });
    return whole;
  }

  /** Returns a strip of the full photograph, corrected. */
  correct(
    strip: Strip,
    target: TargetName,
    factors: Floats,
  ): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const lit = rowsUnder(strip, target, factors);
    const transfer = [strip.rgba.buffer, lit.rows.data.buffer as ArrayBuffer];
    return this.next().call("correct", [strip, lit], { transfer });
  }

  async background(layers: Layers | null): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.call("background", [layers])));
  }

  /** Returns a strip of the full photograph with another background. */
  replace(strip: Strip): Promise<Uint8ClampedArray<ArrayBuffer>> {
    return this.next().call("replace", [strip], { transfer: [strip.rgba.buffer] });
  }

  private async eachBand(work: (thread: Caller, band: Band) => Promise<void>): Promise<void> {
    const busy = this.bands.map((band, at) => (band.count ? work(this.threads[at]!, band) : null));
    await Promise.all(busy);
  }

  private next(): Caller {
    this.turn = (this.turn + 1) % this.size;
    return this.threads[this.turn]!;
  }
}

/** Returns the rows of the light that a strip is interpolated from. */
function rowsUnder(strip: Strip, target: TargetName, factors: Floats): LightRows {
  const scale = factors.height / strip.height;
  const first = Math.max(Math.floor((strip.first + 0.5) * scale - 0.5), 0);
  const end = Math.floor((strip.first + strip.count - 0.5) * scale - 0.5) + 2;
  const last = Math.min(end, factors.height);
  const row = factors.width * 3;
  const data = factors.data.slice(first * row, last * row);
  const rows = { width: factors.width, height: last - first, channels: 3, data };
  return { target, rows, first, height: factors.height };
}
