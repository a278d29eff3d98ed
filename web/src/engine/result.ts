/** The picture that is written: as large as the photograph, or as this device can hold. */
import { AreaReducer } from "../image/resize.ts";
import { PhotoError } from "../message.ts";
import { canvasOf, emptied, strips, withAlpha } from "./strips.ts";

/** The least that any browser's canvas holds; some phones hold no more than that. */
const CERTAIN_PIXELS = 4096 * 4096;

/** Collects finished rows, top to bottom. */
export class Result {
  readonly context: OffscreenCanvasRenderingContext2D;
  private readonly width: number;
  private readonly reducer: AreaReducer | null;

  /**
   * @param width of the photograph, in pixels
   * @throws PhotoError no canvas of a useful size can be had
   */
  constructor(width: number, height: number) {
    this.width = width;
    this.context = workingCanvas(width, height);
    const { width: newWidth, height: newHeight } = this.context.canvas;
    const isWhole = newWidth === width && newHeight === height;
    this.reducer = isWhole ? null : new AreaReducer(width, height, 3, newWidth, newHeight);
  }

  /** Takes `count` rows from row `first` on. */
  put(rgba: Uint8ClampedArray<ArrayBuffer>, first: number, count: number): void {
    if (this.reducer) this.reducer.add(rgba, count, 4);
    else this.context.putImageData(new ImageData(rgba, this.width, count), 0, first);
  }

  /** Returns the canvas once all rows were put. */
  finish(): OffscreenCanvas {
    const { canvas } = this.context;
    if (!this.reducer) return canvas;
    const { data } = this.reducer.finish();
    for (const { first, count } of strips(canvas.height)) {
      const rows = data.subarray(first * canvas.width * 3, (first + count) * canvas.width * 3);
      const part = { width: canvas.width, height: count, channels: 3, data: rows };
      this.context.putImageData(new ImageData(withAlpha(part), canvas.width, count), 0, first);
    }
    return canvas;
  }
}

function workingCanvas(width: number, height: number): OffscreenCanvasRenderingContext2D {
  for (const pixels of [width * height, CERTAIN_PIXELS]) {
    const scale = Math.min(1, Math.sqrt(pixels / (width * height)));
    const size = [width, height].map((side) => Math.max(1, Math.floor(side * scale)));
    const context = canvasOf(size[0]!, size[1]!);
    if (holds(context)) return context;
    emptied(context.canvas);
  }
  throw new PhotoError("error.memory");
}

/** Whether a canvas keeps what is drawn: one that is too large stays empty without a word. */
function holds(context: OffscreenCanvasRenderingContext2D): boolean {
  const { width, height } = context.canvas;
  try {
    context.fillRect(width - 1, height - 1, 1, 1);
    const { data } = context.getImageData(width - 1, height - 1, 1, 1);
    context.clearRect(width - 1, height - 1, 1, 1);
    return data[3] === 255;
  } catch {
    return false;
  }
}
