/** `<before-after>`: two pictures on top of each other and a divider between them.
 *
 * Its children with the classes `before` and `after` are the pictures: `<img>` or `<canvas>`. The
 * attribute `single` shows the first one alone. A drag anywhere moves the divider, a double click
 * or tap lets it jump there, the range input serves keyboard and screen readers.
 */
import { icon, make } from "./dom.ts";
import { onLanguage, percent, word } from "./words.ts";

const DOUBLE_MS = 350;
const DOUBLE_PX = 30;

export class BeforeAfter extends HTMLElement {
  readonly #range = make("input", { type: "range", min: "0", max: "100", step: "1", value: "50" });
  readonly #tags = [make("span"), make("span")];
  /** Finer than the steps of the range, so that a drag runs smoothly. */
  #at = 0.5;
  #dragged: { pointer: number; x: number; at: number } | null = null;
  #tapped = { time: 0, x: 0, y: 0 };

  connectedCallback(): void {
    if (this.#range.isConnected) return;
    const [before, after] = this.#tags as [HTMLElement, HTMLElement];
    before.className = "tag tag-before";
    after.className = "tag tag-after";
    for (const tag of this.#tags) tag.ariaHidden = "true";
    const handle = make("span", { className: "handle", ariaHidden: "true" }, icon("compare"));
    // The range comes first, so that its focus can be shown on the handle.
    this.append(this.#range, before, after, handle);
    this.#range.addEventListener("input", () => {
      this.position = this.#range.valueAsNumber / 100;
    });
    this.addEventListener("pointerdown", (event) => this.#press(event));
    this.addEventListener("pointermove", (event) => this.#move(event));
    this.addEventListener("pointerup", (event) => this.#release(event));
    this.addEventListener("pointercancel", () => this.#stop());
    this.addEventListener("dragstart", (event) => event.preventDefault());
    onLanguage(() => this.#name());
    this.#name();
  }

  /** Whether the picture before stands alone. */
  set single(value: boolean) {
    this.toggleAttribute("single", value);
    this.#range.disabled = value;
  }

  /** Where the divider is, 0 to 1 from the side where lines begin. */
  get position(): number {
    return this.#at;
  }

  set position(value: number) {
    this.#at = Math.min(Math.max(value, 0), 1);
    this.#range.valueAsNumber = Math.round(this.#at * 100);
    this.#show();
  }

  #name(): void {
    this.#range.setAttribute("aria-label", word("compare.label"));
    this.#tags[0]!.textContent = word("compare.before");
    this.#tags[1]!.textContent = word("compare.after");
    this.#show();
  }

  #show(): void {
    const at = this.#at;
    this.style.setProperty("--at", `${at * 100}%`);
    this.#tags[0]!.classList.toggle("gone", at < 0.2);
    this.#tags[1]!.classList.toggle("gone", at > 0.8);
    const values = { before: percent(at), after: percent(1 - at) };
    this.#range.setAttribute("aria-valuetext", word("compare.value", values));
  }

  #press(event: PointerEvent): void {
    if (!event.isPrimary || event.button !== 0 || this.#range.disabled) return;
    this.#dragged = { pointer: event.pointerId, x: event.clientX, at: this.position };
    this.setPointerCapture(event.pointerId);
    this.classList.add("dragged");
  }

  #move(event: PointerEvent): void {
    const dragged = this.#dragged;
    if (dragged?.pointer !== event.pointerId) return;
    this.position = dragged.at + this.#along(event.clientX - dragged.x);
  }

  #release(event: PointerEvent): void {
    if (this.#dragged?.pointer !== event.pointerId) return;
    this.#stop();
    const { time, x, y } = this.#tapped;
    const near = Math.hypot(event.clientX - x, event.clientY - y) < DOUBLE_PX;
    this.#tapped = { time: event.timeStamp, x: event.clientX, y: event.clientY };
    if (!near || event.timeStamp - time > DOUBLE_MS) return;
    const box = this.getBoundingClientRect();
    this.position = this.#along(event.clientX - (this.#rightToLeft() ? box.right : box.left));
  }

  #stop(): void {
    this.#dragged = null;
    this.classList.remove("dragged");
  }

  /** Pixels to the right as a share of the width, in the direction of reading. */
  #along(pixels: number): number {
    return (pixels / Math.max(this.clientWidth, 1)) * (this.#rightToLeft() ? -1 : 1);
  }

  #rightToLeft(): boolean {
    return getComputedStyle(this).direction === "rtl";
  }
}

customElements.define("before-after", BeforeAfter);
