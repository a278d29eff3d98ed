/** Makes results at full size, one at a time, and tells how far that is. */
import type { EngineClient, Rendered, Stage } from "../engine/protocol.ts";
import type { Message } from "../message.ts";
import { make } from "./dom.ts";
import { said } from "./errors.ts";
import { isEnhanced, type Photo } from "./photo.ts";
import type { Photos } from "./photos.ts";

/** Long enough for every browser to have read the file. */
const KEPT_MS = 60_000;

export interface Job {
  readonly number: number;
  readonly count: number;
  stage: Stage;
  share: number;
}

export class Saving {
  readonly #engine: EngineClient;
  readonly #photos: Photos;
  readonly #onProgress: () => void;
  readonly #onError: (photo: Photo, message: Message) => void;
  #stopped = false;
  /** What is being made just now. */
  job: Job | null = null;

  constructor(
    engine: EngineClient,
    photos: Photos,
    onProgress: () => void,
    onError: (photo: Photo, message: Message) => void,
  ) {
    this.#engine = engine;
    this.#photos = photos;
    this.#onProgress = onProgress;
    this.#onError = onError;
  }

  /** All that "Download all" would make. */
  get enhanced(): readonly Photo[] {
    return this.#photos.all.filter(isEnhanced);
  }

  /** Returns the photograph's result, or null where the visitor was told why there is none. */
  async make(photo: Photo): Promise<Rendered | null> {
    try {
      return await this.#render(photo, 1, 1);
    } finally {
      this.#end();
    }
  }

  /** Saves all results one after the other, and returns how many. */
  async saveAll(photos: readonly Photo[]): Promise<{ saved: number; stopped: boolean }> {
    let saved = 0;
    this.#stopped = false;
    try {
      for (const [index, photo] of photos.entries()) {
        if (this.#stopped) break;
        const rendered = await this.#render(photo, index + 1, photos.length);
        if (!rendered) continue;
        save(rendered.file, rendered.name);
        saved++;
      }
    } finally {
      this.#end();
    }
    return { saved, stopped: this.#stopped };
  }

  /** Ends after the one that is being made. */
  stop(): void {
    this.#stopped = true;
  }

  async #render(photo: Photo, number: number, count: number): Promise<Rendered | null> {
    const job: Job = { number, count, stage: "load", share: 0 };
    this.job = job;
    this.#onProgress();
    try {
      return await this.#photos.with(photo, (opened) =>
        this.#engine.render(
          opened.id,
          photo.look,
          { keepPlace: photo.keepPlace },
          (stage, share) => {
            Object.assign(job, { stage, share });
            this.#onProgress();
          },
        ),
      );
    } catch (error) {
      this.#onError(photo, said(error));
      return null;
    }
  }

  #end(): void {
    this.job = null;
    this.#onProgress();
  }
}

/** Puts a file into the visitor's folder for downloads. */
export function save(file: Blob, name: string): void {
  const link = make("a", { href: URL.createObjectURL(file), download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
