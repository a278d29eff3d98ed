/** A switch with a small picture for each face, where there are several. */
import type { Opened } from "../engine/protocol.ts";
import { byId, make } from "./dom.ts";
import { faceOf } from "./thumbnail.ts";
import { word } from "./words.ts";

export class FaceChips {
  readonly #onChange: (faces: readonly boolean[]) => void;
  readonly #box = byId("faces", HTMLElement);
  readonly #chips = byId("face-chips", HTMLElement);
  #opened: Opened | null = null;
  #switches: HTMLInputElement[] = [];

  constructor(onChange: (faces: readonly boolean[]) => void) {
    this.#onChange = onChange;
  }

  /** `wanted` as in `Look.faces`. */
  update(opened: Opened, wanted: readonly boolean[]): void {
    this.#box.hidden = opened.verdict.faces.length < 2;
    if (this.#box.hidden) return;
    if (opened !== this.#opened) this.#build(opened);
    for (const [index, one] of this.#switches.entries()) {
      one.checked = wanted[index] ?? true;
      one.setAttribute("aria-label", word("faces.one", { number: index + 1 }));
    }
  }

  #build(opened: Opened): void {
    this.#opened = opened;
    this.#switches = [];
    const chips = opened.verdict.faces.map((face, index) => {
      const input = make("input", { type: "checkbox", id: `face-${index + 1}` });
      input.role = "switch";
      input.addEventListener("change", () => this.#onChange(this.#switches.map((a) => a.checked)));
      this.#switches.push(input);
      const chip = make("label", { className: "chip" }, input);
      faceOf(opened, face.box).then(
        (canvas) => chip.prepend(canvas),
        // Closed in the meantime: another photograph is shown, and this chip is gone.
        () => undefined,
      );
      return chip;
    });
    this.#chips.replaceChildren(...chips);
  }
}
