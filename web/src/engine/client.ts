/** The engine as the page sees it: everything happens in another thread. */

import type { Look } from "../enhance/look.ts";
import { PhotoError } from "../message.ts";
import type { EngineClient, EngineInfo, Opened, Progress, Rendered, Stage } from "./protocol.ts";
import { Caller } from "./rpc.ts";

/** Returns what this browser lacks for the engine, or an empty string. */
export function lacking(): string {
  if (typeof Worker === "undefined" || typeof WebAssembly === "undefined") return "WebAssembly";
  if (typeof OffscreenCanvas === "undefined") return "OffscreenCanvas";
  if (typeof createImageBitmap === "undefined") return "createImageBitmap";
  return "";
}

/** Starts the engine's thread. Throws PhotoError where the browser is too old. */
export function createEngine(): EngineClient {
  if (lacking()) throw new PhotoError("error.browser", { missing: lacking() });
  return new Client(() => new Worker("engine-worker.js", { type: "module", name: "engine" }));
}

/** Notes in the browser's own timeline when each step began, for whoever measures. */
function timed(progress?: Progress): (...values: readonly unknown[]) => void {
  let last = "";
  return (stage, share) => {
    if (stage !== last) performance.mark(`deepflash ${stage}`);
    last = stage as string;
    progress?.(stage as Stage, share as number);
  };
}

class Client implements EngineClient {
  private readonly start: () => Worker;
  private worker: Worker;
  private caller: Caller;
  private started: Promise<EngineInfo> | null = null;
  private readonly listeners = new Set<Progress>();
  private newest = 0;
  private working: Promise<unknown> = Promise.resolve();

  constructor(start: () => Worker) {
    this.start = start;
    this.worker = start();
    this.caller = new Caller(this.worker);
  }

  ready(progress?: Progress): Promise<EngineInfo> {
    if (progress) this.listeners.add(progress);
    this.started ??= this.begin();
    return this.started;
  }

  private async begin(): Promise<EngineInfo> {
    const report = timed((stage, share) => {
      for (const listener of this.listeners) listener(stage, share);
    });
    try {
      const info = await this.caller.call<EngineInfo>("ready", [], { report });
      performance.mark("deepflash ready");
      return info;
    } catch (error) {
      // Whoever went online again may try again: in a new thread, since the runtime remembers that
      // it failed.
      this.worker.terminate();
      this.worker = this.start();
      this.caller = new Caller(this.worker);
      this.started = null;
      throw error;
    } finally {
      this.listeners.clear();
    }
  }

  async open(file: Blob, name: string, progress?: Progress): Promise<Opened> {
    await this.ready(progress);
    const opened = await this.caller.call<Opened>("open", [file, name], {
      report: timed(progress),
    });
    performance.mark("deepflash opened");
    return opened;
  }

  async preview(id: number, look: Look): Promise<ImageBitmap | null> {
    const mine = ++this.newest;
    // One at a time, so that of many asked for while one is made only the last is made.
    const before = this.working;
    const made = before
      .catch(() => undefined)
      .then(() =>
        mine === this.newest ? this.caller.call<ImageBitmap>("preview", [id, look]) : null,
      );
    this.working = made;
    return made;
  }

  async render(
    id: number,
    look: Look,
    options: { readonly keepPlace: boolean },
    progress?: Progress,
  ): Promise<Rendered> {
    const rendered = await this.caller.call<Rendered>("render", [id, look, options], {
      report: timed(progress),
    });
    performance.mark("deepflash rendered");
    return rendered;
  }

  close(id: number): void {
    void this.caller.call("close", [id]);
  }
}
