/** Thumbnails of all photographs, where there are several. */
import { byId, icon, make } from "./dom.ts";
import { aboutFile } from "./errors.ts";
import { isEnhanced, type Photo } from "./photo.ts";
import type { Photos } from "./photos.ts";
import { word } from "./words.ts";

interface Frame {
  readonly item: HTMLLIElement;
  readonly button: HTMLButtonElement;
  readonly remove: HTMLButtonElement;
  readonly bar: HTMLProgressElement;
}

export class FilmStrip {
  readonly #photos: Photos;
  readonly #list = byId("strip", HTMLUListElement);
  readonly #frames = new Map<Photo, Frame>();
  #shown: Photo | null = null;

  constructor(photos: Photos) {
    this.#photos = photos;
  }

  update(): void {
    const { all, current } = this.#photos;
    this.#list.hidden = all.length < 2;
    for (const [photo, { item }] of this.#frames) {
      if (all.includes(photo)) continue;
      item.remove();
      this.#frames.delete(photo);
    }
    for (const photo of all) this.#updateFrame(photo, this.#frames.get(photo) ?? this.#add(photo));
    if (current === this.#shown) return;
    this.#shown = current;
    const frame = current && this.#frames.get(current);
    frame?.item.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #add(photo: Photo): Frame {
    const bar = make("progress", { max: 1, ariaHidden: "true" });
    const button = make("button", { type: "button", className: "frame" }, bar);
    const remove = make("button", { type: "button", className: "remove" }, icon("close"));
    const item = make("li", {}, button, remove);
    button.addEventListener("click", () => this.#photos.select(photo));
    remove.addEventListener("click", () => this.#remove(photo));
    const frame = { item, button, remove, bar };
    this.#frames.set(photo, frame);
    this.#list.append(item);
    return frame;
  }

  #updateFrame(photo: Photo, { button, remove, bar }: Frame): void {
    const failed = photo.state === "failed";
    button.dataset.state = failed ? "failed" : photo.state;
    if (photo === this.#photos.current) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    button.setAttribute("aria-label", label(photo));
    button.title = photo.error ? aboutFile(photo.name, photo.error) : photo.name;
    remove.setAttribute("aria-label", word("strip.remove", { name: photo.name }));
    bar.hidden = photo.state !== "opening";
    bar.value = photo.share;
    if (photo.thumbnail && !photo.thumbnail.isConnected) button.prepend(photo.thumbnail);
    const sign = button.querySelector("svg");
    if (failed && !sign) button.append(icon("warning"));
    else if (!failed) sign?.remove();
  }

  #remove(photo: Photo): void {
    const index = this.#photos.all.indexOf(photo);
    this.#photos.remove(photo);
    const next = this.#photos.all[Math.min(index, this.#photos.all.length - 1)];
    // The keyboard's place would be lost with the removed button.
    if (next) this.#frames.get(next)?.button.focus();
  }
}

function label(photo: Photo): string {
  const { name } = photo;
  if (photo.state === "failed") return word("strip.failed", { name });
  if (photo.state === "waiting") return word("strip.waiting", { name });
  if (photo.state === "opening" && !photo.opened) return word("strip.opening", { name });
  return word(isEnhanced(photo) ? "strip.enhanced" : "strip.left", { name });
}
