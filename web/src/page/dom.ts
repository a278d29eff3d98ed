/** Small helpers around the page's elements. */

/** Returns the element with that id; the page is broken without it. */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`#${id} is missing from the page`);
  return found;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Writes a text only where it is another one, so that screen readers do not repeat it. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

const ICONS = "http://www.w3.org/2000/svg";

/** One of the `<symbol>`s of `index.html`. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS(ICONS, "svg");
  const use = document.createElementNS(ICONS, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.classList.add("icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A canvas that only ever shows bitmaps which are handed over, without a copy. */
export function showBitmap(canvas: HTMLCanvasElement, bitmap: ImageBitmap): void {
  // A canvas keeps its own proportions, and would stretch the picture to them.
  if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
  if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
  canvas.getContext("bitmaprenderer")?.transferFromImageBitmap(bitmap);
}
