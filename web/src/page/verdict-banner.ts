/** What a photograph was found to be, and the choice to enhance it all the same. */
import { byId, make, setText } from "./dom.ts";
import type { Photo } from "./photo.ts";
import { say, word } from "./words.ts";

export class VerdictBanner {
  readonly #box = byId("verdict", HTMLElement);
  readonly #words = byId("verdict-words", HTMLElement);
  readonly #anyway = byId("enhance-anyway", HTMLButtonElement);
  readonly #notes = byId("notes", HTMLElement);
  #noted = "";

  constructor(onForce: () => void) {
    this.#anyway.addEventListener("click", onForce);
  }

  update(photo: Photo): void {
    const opened = photo.state === "open" ? photo.opened : null;
    this.#box.hidden = !opened;
    if (!opened) return;
    const { kind, reason } = opened.verdict;
    this.#box.dataset.kind = kind;
    setText(this.#words, [say(reason), this.#consequence(photo)].filter(Boolean).join(" "));
    this.#anyway.hidden = kind === "flash_selfie" || kind === "damaged";
    setText(this.#anyway, word(photo.forced ? "verdict.leave" : "verdict.anyway"));
    this.#updateNotes(opened.notes.map(say));
  }

  #consequence(photo: Photo): string {
    const kind = photo.opened?.verdict.kind;
    if (kind === "damaged") return word("verdict.damagedLeft");
    return kind === "flash_selfie" || photo.forced ? "" : word("verdict.left");
  }

  #updateNotes(notes: readonly string[]): void {
    if (notes.join("\n") === this.#noted) return;
    this.#noted = notes.join("\n");
    this.#notes.replaceChildren(...notes.map((note) => make("li", {}, note)));
  }
}
