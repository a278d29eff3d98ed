/** Sentences about what went wrong: for screen readers always, for the eye where nothing else shows it. */
import { byId, setText } from "./dom.ts";

export class Toast {
  readonly #box = byId("toast", HTMLElement);
  readonly #words = byId("toast-words", HTMLElement);
  readonly #announcer = byId("announcer", HTMLElement);

  constructor() {
    byId("toast-dismiss", HTMLButtonElement).addEventListener("click", () => this.hide());
  }

  show(sentence: string): void {
    setText(this.#words, sentence);
    this.#box.hidden = false;
    this.announce(sentence);
  }

  hide(): void {
    this.#box.hidden = true;
  }

  announce(sentence: string): void {
    // The same sentence about another event has to be heard again.
    this.#announcer.textContent = "";
    requestAnimationFrame(() => setText(this.#announcer, sentence));
  }
}
