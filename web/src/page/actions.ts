/** The buttons below the settings: download, share, download all, remove. */
import type { Rendered } from "../engine/protocol.ts";
import { byId, setText } from "./dom.ts";
import { isEnhanced, type Photo } from "./photo.ts";
import type { Photos } from "./photos.ts";
import { type Job, type Saving, save } from "./saving.ts";
import { counted, decimal, percent, say, word } from "./words.ts";

export class Actions {
  readonly #photos: Photos;
  readonly #saving: Saving;
  readonly #download = byId("download", HTMLButtonElement);
  readonly #share = byId("share", HTMLButtonElement);
  readonly #all = byId("download-all", HTMLButtonElement);
  readonly #stop = byId("stop", HTMLButtonElement);
  readonly #canShare = canShare();
  #result: () => string = () => "";
  /** A result that took so long that the browser wants the button pressed once more. */
  #ready: { readonly made: Photo; readonly rendered: Rendered } | null = null;

  constructor(photos: Photos, saving: Saving) {
    this.#photos = photos;
    this.#saving = saving;
    this.#download.addEventListener("click", () => void this.#downloadOne());
    this.#share.addEventListener("click", () => void this.#shareOne());
    this.#all.addEventListener("click", () => void this.#downloadAll());
    this.#stop.addEventListener("click", () => saving.stop());
    byId("remove", HTMLButtonElement).addEventListener("click", () => {
      if (photos.current) photos.remove(photos.current);
    });
  }

  update(photo: Photo): void {
    const { job, enhanced } = this.#saving;
    for (const button of [this.#download, this.#share]) {
      button.hidden = !isEnhanced(photo);
      button.disabled = job !== null || photo.state !== "open";
    }
    this.#share.hidden ||= !this.#canShare;
    this.#all.hidden = enhanced.length < 2;
    this.#all.disabled = job !== null;
    byId("actions", HTMLElement).hidden = !job && this.#download.hidden && this.#all.hidden;
    setText(this.#all, word("save.all", { count: enhanced.length }));
    this.#stop.hidden = job === null || job.count === 1;
    this.#updateProgress(job);
    setText(byId("saved", HTMLElement), job ? "" : this.#result());
  }

  /** Forgets what was said about the photograph that was shown before. */
  clear(): void {
    if (!this.#saving.job) this.#result = () => "";
  }

  #updateProgress(job: Job | null): void {
    byId("saving", HTMLElement).hidden = !job;
    if (!job) return;
    const { number, count } = job;
    const values = { stage: say({ key: `stage.${job.stage}` }), share: percent(job.share) };
    const words =
      count > 1
        ? word("save.progressOf", { ...values, number, count })
        : word("save.progress", values);
    setText(byId("saving-words", HTMLElement), words);
    byId("saving-progress", HTMLProgressElement).value = job.share;
  }

  async #downloadOne(): Promise<void> {
    const photo = this.#photos.current;
    if (!photo?.opened || this.#saving.job) return;
    const whole = photo.opened.width;
    this.#result = () => "";
    const rendered = await this.#saving.make(photo);
    if (!rendered) return;
    save(rendered.file, rendered.name);
    this.#say(() => {
      const { name, width, height } = rendered;
      const saved = word("save.saved", { name, width, height, seconds: decimal(rendered.seconds) });
      return width === whole ? saved : `${saved}. ${word("note.reduced")}`;
    });
  }

  async #downloadAll(): Promise<void> {
    const wanted = this.#saving.enhanced;
    if (this.#saving.job) return;
    this.#result = () => "";
    const { saved, stopped } = await this.#saving.saveAll(wanted);
    const count = wanted.length;
    this.#say(() => {
      if (saved === count) return counted("save.savedAll", saved);
      return word(stopped ? "save.stopped" : "save.savedSome", { saved, count });
    });
  }

  async #shareOne(): Promise<void> {
    const photo = this.#photos.current;
    if (!photo || this.#saving.job) return;
    // A copy stands for the wishes at that time: with others the result has to be made anew.
    const same =
      this.#ready?.made.file === photo.file &&
      this.#ready.made.look === photo.look &&
      this.#ready.made.keepPlace === photo.keepPlace;
    const made = { ...photo };
    const rendered = same ? this.#ready!.rendered : await this.#saving.make(photo);
    this.#ready = null;
    if (!rendered) return;
    const { name, file } = rendered;
    try {
      await navigator.share({ files: [new File([file], name, { type: file.type })] });
      this.#say(() => word("save.shared", { name }));
    } catch (error) {
      const why = (error as DOMException).name;
      if (why === "AbortError") return;
      if (why === "NotAllowedError" && !same) {
        this.#ready = { made, rendered };
        this.#say(() => word("save.shareReady", { name }));
      } else {
        this.#say(() => word("save.shareFailed", { name }));
      }
    }
  }

  #say(result: () => string): void {
    this.#result = result;
    const photo = this.#photos.current;
    if (photo) this.update(photo);
  }
}

/** Whether this is a phone or tablet that hands pictures to other apps. */
function canShare(): boolean {
  const probe = new File([], "portrait.jpg", { type: "image/jpeg" });
  const able = navigator.canShare?.({ files: [probe] }) ?? false;
  return able && matchMedia("(pointer: coarse)").matches;
}
