/** The settings of one photograph's look. */
import { AS_IT_COMES, type Look } from "../enhance/look.ts";
import { byId, setText } from "./dom.ts";
import { FaceChips } from "./face-chips.ts";
import { isEnhanced, type Photo } from "./photo.ts";
import { counted, percent, word } from "./words.ts";

type Changed = (asked: Partial<Pick<Photo, "look" | "keepPlace">>) => void;

export class Controls {
  readonly #onChange: Changed;
  readonly #box = byId("controls", HTMLElement);
  readonly #strength = byId("strength", HTMLInputElement);
  readonly #redEyes = byId("red-eyes", HTMLInputElement);
  readonly #region = byId("region", HTMLFieldSetElement);
  readonly #keepPlace = byId("keep-place", HTMLInputElement);
  readonly #reset = byId("reset", HTMLButtonElement);
  readonly #faces: FaceChips;
  #look: Look = AS_IT_COMES;

  constructor(onChange: Changed) {
    this.#onChange = onChange;
    this.#faces = new FaceChips((faces) => this.#change({ faces }));
    this.#strength.addEventListener("input", () =>
      this.#change({ strength: this.#strength.valueAsNumber / 100 }),
    );
    this.#redEyes.addEventListener("change", () =>
      this.#change({ redEyes: this.#redEyes.checked }),
    );
    for (const radio of this.#radios()) {
      radio.addEventListener("change", () => this.#change({ [radio.name]: radio.value }));
    }
    this.#keepPlace.addEventListener("change", () =>
      onChange({ keepPlace: this.#keepPlace.checked }),
    );
    this.#reset.addEventListener("click", () => {
      onChange({ look: AS_IT_COMES, keepPlace: false });
      // The button hides, and would take the keyboard's place with it.
      this.#strength.focus();
    });
  }

  update(photo: Photo): void {
    const opened = photo.state === "open" ? photo.opened : null;
    this.#box.hidden = !opened || !isEnhanced(photo);
    if (!opened || this.#box.hidden) return;
    const look = photo.look;
    this.#look = look;
    this.#updateStrength(look.strength);
    this.#updateRedEyes(look.redEyes, opened.redPupils);
    for (const radio of this.#radios()) {
      radio.checked = look[radio.name as "background" | "region"] === radio.value;
    }
    this.#region.hidden = opened.verdict.faces.length === 0;
    this.#faces.update(opened, look.faces);
    this.#keepPlace.checked = photo.keepPlace;
    byId("place", HTMLElement).hidden = !opened.hasPlace;
    this.#reset.hidden = sameLook(look, AS_IT_COMES) && !photo.keepPlace;
  }

  #change(part: Partial<Look>): void {
    // Noted at once: several inputs may come before the page is drawn again.
    this.#look = { ...this.#look, ...part };
    this.#onChange({ look: this.#look });
  }

  #updateStrength(strength: number): void {
    const value = `${Math.round(strength * 100)}`;
    if (this.#strength.value !== value) this.#strength.value = value;
    this.#strength.style.setProperty("--share", `${strength / 1.5}`);
    this.#strength.setAttribute("aria-valuetext", percent(strength));
    setText(byId("strength-value", HTMLOutputElement), percent(strength));
  }

  #updateRedEyes(wanted: boolean, redPupils: number): void {
    this.#redEyes.disabled = redPupils === 0;
    this.#redEyes.checked = wanted && redPupils > 0;
    const text = redPupils === 0 ? word("redEyes.none") : counted("redEyes.found", redPupils);
    setText(byId("red-eyes-text", HTMLElement), text);
  }

  #radios(): NodeListOf<HTMLInputElement> {
    return this.#box.querySelectorAll("input[type=radio]");
  }
}

function sameLook(one: Look, other: Look): boolean {
  const { faces, ...rest } = one;
  return (
    faces.every(Boolean) && Object.entries(rest).every(([key, v]) => other[key as keyof Look] === v)
  );
}
