/** The large picture: before and after, or how far it is, or why it cannot be shown. */
import type { EngineClient, Opened } from "../engine/protocol.ts";
import type { Look } from "../enhance/look.ts";
import type { Message } from "../message.ts";
import { BeforeAfter } from "./before-after.ts";
import { byId, setText, showBitmap } from "./dom.ts";
import { aboutFile, mayPass, said } from "./errors.ts";
import { isEnhanced, type Photo } from "./photo.ts";
import { percent, say, word } from "./words.ts";

export class Stage {
  readonly #engine: EngineClient;
  readonly #onError: (message: Message) => void;
  readonly #box = byId("stage", HTMLElement);
  readonly #compare = byId("compare", BeforeAfter);
  readonly #before = byId("before", HTMLCanvasElement);
  readonly #after = byId("after", HTMLCanvasElement);
  readonly #opening = byId("opening", HTMLElement);
  readonly #bar = byId("opening-progress", HTMLProgressElement);
  readonly #failed = byId("failed", HTMLElement);
  #shown: Opened | null = null;
  #asked: Look | null = null;
  #pending = 0;

  constructor(engine: EngineClient, onError: (message: Message) => void) {
    this.#engine = engine;
    this.#onError = onError;
  }

  update(photo: Photo): void {
    const open = photo.state === "open";
    this.#compare.hidden = !open;
    this.#failed.hidden = photo.state !== "failed";
    this.#opening.hidden = open || photo.state === "failed";
    if (open) this.#updatePicture(photo, photo.opened!);
    else this.#updateWords(photo);
  }

  #updateWords(photo: Photo): void {
    this.#shown = null;
    if (photo.error) {
      setText(byId("failed-words", HTMLElement), aboutFile(photo.name, photo.error));
      byId("retry", HTMLButtonElement).hidden = !mayPass(photo.error);
    }
    const values = { stage: say({ key: `stage.${photo.stage}` }), share: percent(photo.share) };
    const words = photo.state === "opening" ? word("work.opening", values) : word("work.waiting");
    setText(byId("opening-name", HTMLElement), photo.name);
    setText(byId("opening-words", HTMLElement), words);
    this.#bar.value = photo.share;
  }

  #updatePicture(photo: Photo, opened: Opened): void {
    if (opened !== this.#shown) {
      this.#shown = opened;
      this.#asked = null;
      this.#compare.single = true;
      this.#box.style.setProperty("--ratio", `${opened.width / opened.height}`);
      void this.#showBefore(opened);
    }
    if (!isEnhanced(photo)) {
      this.#asked = null;
      this.#compare.single = true;
    } else if (photo.look !== this.#asked) {
      this.#asked = photo.look;
      void this.#showAfter(photo, opened, photo.look);
    }
  }

  async #showBefore(opened: Opened): Promise<void> {
    // A copy, since showing a bitmap takes it away.
    const copy = await createImageBitmap(opened.before);
    if (opened === this.#shown) showBitmap(this.#before, copy);
    else copy.close();
  }

  async #showAfter(photo: Photo, opened: Opened, look: Look): Promise<void> {
    this.#box.setAttribute("aria-busy", `${++this.#pending > 0}`);
    try {
      const bitmap = await this.#engine.preview(opened.id, look);
      if (bitmap && opened === this.#shown && this.#asked) {
        showBitmap(this.#after, bitmap);
        this.#compare.single = false;
      } else {
        bitmap?.close();
      }
    } catch (error) {
      // One that was closed in the meantime is missed by nobody.
      if (opened === this.#shown && photo.state === "open") this.#onError(said(error));
    } finally {
      this.#box.setAttribute("aria-busy", `${--this.#pending > 0}`);
    }
  }
}
