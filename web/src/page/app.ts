/** Puts the page's parts together around an engine. */
import type { EngineClient } from "../engine/protocol.ts";
import { Actions } from "./actions.ts";
import { Camera } from "./camera.ts";
import { Controls } from "./controls.ts";
import { byId } from "./dom.ts";
import { aboutFile } from "./errors.ts";
import { FilmStrip } from "./film-strip.ts";
import { takeFiles } from "./intake.ts";
import type { Photo } from "./photo.ts";
import { Photos } from "./photos.ts";
import { Readiness } from "./readiness.ts";
import { Saving } from "./saving.ts";
import { Stage } from "./stage.ts";
import { Toast } from "./toast.ts";
import { keepForOffline, startServiceWorker } from "./updates.ts";
import { VerdictBanner } from "./verdict-banner.ts";
import { onLanguage, say, word } from "./words.ts";

export function startApp(engine: EngineClient): void {
  new App(engine);
}

class App {
  readonly #photos: Photos;
  readonly #toast = new Toast();
  readonly #strip: FilmStrip;
  readonly #stage: Stage;
  readonly #verdict: VerdictBanner;
  readonly #controls: Controls;
  readonly #actions: Actions;
  readonly #told = new WeakSet<object>();
  #shown: Photo | null = null;
  #asked = 0;

  constructor(engine: EngineClient) {
    const photos = new Photos(engine);
    const draw = () => this.#draw();
    this.#photos = photos;
    this.#strip = new FilmStrip(photos);
    this.#stage = new Stage(engine, (message) => {
      if (photos.current) this.#toast.show(aboutFile(photos.current.name, message));
    });
    this.#verdict = new VerdictBanner(() => {
      const { current } = photos;
      if (current) photos.change(current, { forced: !current.forced });
    });
    this.#controls = new Controls((asked) => {
      if (photos.current) photos.change(photos.current, asked);
    });
    const saving = new Saving(engine, photos, draw, (photo, message) =>
      this.#toast.show(aboutFile(photo.name, message)),
    );
    this.#actions = new Actions(photos, saving);
    photos.listen(draw);
    onLanguage(draw);
    this.#takePhotographs();
    this.#mendFailed();
    const readiness = new Readiness(
      engine,
      (info) => void keepForOffline(info.fetched),
      (message) => this.#toast.show(say(message)),
    );
    onLanguage(() => readiness.update());
    readiness.start();
    void startServiceWorker();
  }

  #takePhotographs(): void {
    const intake = takeFiles((files) => this.#add(files));
    const camera = new Camera((file) => this.#add([file]));
    for (const id of ["choose", "add"]) {
      byId(id, HTMLButtonElement).addEventListener("click", () => intake.choose());
    }
    for (const id of ["take", "add-camera"]) {
      byId(id, HTMLButtonElement).addEventListener("click", () => {
        if (Camera.usable) camera.open();
        else intake.useApp();
      });
    }
  }

  #add(files: File[]): void {
    if (files.length === 0) {
      this.#toast.show(word("drop.nothing"));
    } else {
      this.#toast.hide();
      this.#photos.add(files);
    }
  }

  #mendFailed(): void {
    byId("retry", HTMLButtonElement).addEventListener("click", () => {
      if (this.#photos.current) this.#photos.retry(this.#photos.current);
    });
    byId("remove-failed", HTMLButtonElement).addEventListener("click", () => {
      if (this.#photos.current) this.#photos.remove(this.#photos.current);
    });
  }

  /** Draws everything anew before the next frame, however often it is asked to. */
  #draw(): void {
    if (this.#asked) return;
    this.#asked = requestAnimationFrame(() => {
      this.#asked = 0;
      this.#drawNow();
    });
  }

  #drawNow(): void {
    const { all, current } = this.#photos;
    this.#switchView(all.length > 0);
    this.#tellErrors();
    if (current !== this.#shown) this.#actions.clear();
    this.#shown = current;
    this.#strip.update();
    if (!current) return;
    this.#stage.update(current);
    this.#verdict.update(current);
    this.#controls.update(current);
    this.#actions.update(current);
  }

  #switchView(working: boolean): void {
    const work = byId("work", HTMLElement);
    if (work.hidden !== working) return;
    work.hidden = !working;
    byId("start", HTMLElement).hidden = working;
    byId("top-actions", HTMLElement).hidden = !working;
    document.body.classList.toggle("working", working);
    // What had the keyboard's place is hidden now.
    byId(working ? "work-title" : "choose", HTMLElement).focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }

  /** Says once what is wrong with a photograph; where it is shown, the eye has it already. */
  #tellErrors(): void {
    for (const { error, name } of this.#photos.all) {
      if (!error || this.#told.has(error)) continue;
      this.#told.add(error);
      this.#toast.announce(aboutFile(name, error));
    }
  }
}
