/** All photographs of the visitor: which are open, which one is shown, which one is next. */
import type { EngineClient, Opened } from "../engine/protocol.ts";
import { said } from "./errors.ts";
import { newPhoto, type Photo } from "./photo.ts";
import { thumbnailOf } from "./thumbnail.ts";

/** An open photograph holds its pixels in memory, so that only so many are. */
const MOST_OPEN = 6;

export class Photos {
  readonly #engine: EngineClient;
  readonly #pinned: Photo[] = [];
  #all: Photo[] = [];
  #current: Photo | null = null;
  #chosen = false;
  #opening = false;
  #listeners: ((photo: Photo | null) => void)[] = [];
  #waiting: (() => void)[] = [];

  constructor(engine: EngineClient) {
    this.#engine = engine;
  }

  get all(): readonly Photo[] {
    return this.#all;
  }

  get current(): Photo | null {
    return this.#current;
  }

  /** Calls back with a photograph that changed, or null where another one is shown. */
  listen(listener: (photo: Photo | null) => void): void {
    this.#listeners.push(listener);
  }

  add(files: readonly File[]): void {
    const added = files.map((file) => newPhoto(file, file.name));
    this.#all = [...this.#all, ...added];
    // Who adds one wants to see it.
    this.#current = added[0] ?? this.#current;
    this.#chosen = false;
    this.#tell(null);
    void this.#openNext();
  }

  select(photo: Photo): void {
    this.#current = photo;
    this.#chosen = true;
    this.#tell(null);
    void this.#openNext();
  }

  remove(photo: Photo): void {
    const index = this.#all.indexOf(photo);
    if (index < 0) return;
    this.#all = this.#all.filter((one) => one !== photo);
    this.#close(photo);
    if (this.#current === photo) {
      this.#current = this.#all[Math.min(index, this.#all.length - 1)] ?? null;
    }
    if (this.#all.length === 0) this.#chosen = false;
    this.#tell(null);
    void this.#openNext();
  }

  retry(photo: Photo): void {
    photo.state = "waiting";
    photo.error = null;
    photo.share = 0;
    this.#tell(photo);
    void this.#openNext();
  }

  /** Notes what the visitor asked of a photograph. */
  change(photo: Photo, asked: Partial<Pick<Photo, "look" | "forced" | "keepPlace">>): void {
    Object.assign(photo, asked);
    this.#tell(photo);
  }

  /** Lets `work` have a photograph open for as long as it takes; null if it cannot be opened. */
  async with<T>(photo: Photo, work: (opened: Opened) => Promise<T>): Promise<T | null> {
    this.#pinned.push(photo);
    try {
      void this.#openNext();
      while (photo.state !== "open") {
        if (photo.state === "failed" || !this.#all.includes(photo)) return null;
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
      return await work(photo.opened!);
    } finally {
      this.#pinned.splice(this.#pinned.indexOf(photo), 1);
    }
  }

  async #openNext(): Promise<void> {
    const photo = this.#opening ? undefined : this.#next();
    if (!photo) return;
    this.#opening = true;
    photo.state = "opening";
    this.#tell(photo);
    try {
      const opened = await this.#engine.open(photo.file, photo.name, (stage, share) => {
        Object.assign(photo, { stage, share });
        this.#tell(photo);
      });
      await this.#take(photo, opened);
    } catch (error) {
      photo.state = "failed";
      photo.error = said(error);
    }
    this.#opening = false;
    this.#putSomeBy();
    this.#tell(photo);
    void this.#openNext();
  }

  #next(): Photo | undefined {
    const needed = [this.#current, ...this.#pinned].find(
      (one) => one && (one.state === "waiting" || one.state === "put-by"),
    );
    return needed ?? this.#all.find((one) => one.state === "waiting");
  }

  async #take(photo: Photo, opened: Opened): Promise<void> {
    photo.opened = opened;
    photo.thumbnail ??= await thumbnailOf(opened);
    photo.state = "open";
    if (!this.#all.includes(photo)) this.#close(photo);
    else if (this.#current?.state === "failed" && !this.#chosen) {
      this.#current = photo;
      this.#tell(null);
    }
  }

  /** Closes those that are farthest from the one shown, for their neighbours come next. */
  #putSomeBy(): void {
    const open = this.#all.filter((one) => one.state === "open");
    const here = this.#current ? this.#all.indexOf(this.#current) : 0;
    const distance = (one: Photo) => Math.abs(this.#all.indexOf(one) - here);
    const needed = (one: Photo) => one === this.#current || this.#pinned.includes(one);
    const spare = open.filter((one) => !needed(one)).sort((a, b) => distance(b) - distance(a));
    for (const one of spare.slice(0, Math.max(open.length - MOST_OPEN, 0))) this.#close(one);
  }

  #close(photo: Photo): void {
    if (photo.state !== "open" || !photo.opened) return;
    photo.state = "put-by";
    photo.opened.before.close();
    this.#engine.close(photo.opened.id);
  }

  #tell(photo: Photo | null): void {
    for (const listener of this.#listeners) listener(photo);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
