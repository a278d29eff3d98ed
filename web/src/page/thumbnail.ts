/** Small square pictures: of a photograph, and of one face on it. */
import type { Opened } from "../engine/protocol.ts";
import type { Box } from "../image/image.ts";
import { make, showBitmap } from "./dom.ts";

const SIDE_PX = 160;
/** Of the face's longer side: hair and chin belong to it. */
const AROUND_FACE = 1.4;

/** The photograph's middle, or as near to it as the largest face allows. */
export function thumbnailOf(opened: Opened): Promise<HTMLCanvasElement> {
  const { width, height } = opened.before;
  const largest = opened.verdict.faces
    .map((face) => onPreview(opened, face.box))
    .sort((a, b) => b.side - a.side)[0];
  const x = largest?.x ?? width / 2;
  return square(opened.before, x, largest?.y ?? height / 2, Math.min(width, height));
}

export function faceOf(opened: Opened, box: Box): Promise<HTMLCanvasElement> {
  const { x, y, side } = onPreview(opened, box);
  return square(opened.before, x, y, side * AROUND_FACE);
}

/** Centre and longer side of a box in the pixels of the preview. */
function onPreview(opened: Opened, [x0, y0, x1, y1]: Box): { x: number; y: number; side: number } {
  const scale = opened.before.width / opened.width;
  const side = Math.max(x1 - x0, y1 - y0) * scale;
  return { x: ((x0 + x1) / 2) * scale, y: ((y0 + y1) / 2) * scale, side };
}

async function square(
  picture: ImageBitmap,
  x: number,
  y: number,
  wanted: number,
): Promise<HTMLCanvasElement> {
  const side = Math.max(Math.floor(Math.min(wanted, picture.width, picture.height)), 1);
  const from = (centre: number, size: number) =>
    Math.round(Math.min(Math.max(centre - side / 2, 0), size - side));
  const canvas = make("canvas", { width: SIDE_PX, height: SIDE_PX });
  const [left, top] = [from(x, picture.width), from(y, picture.height)];
  const bitmap = await createImageBitmap(picture, left, top, side, side, {
    resizeWidth: SIDE_PX,
    resizeHeight: SIDE_PX,
    resizeQuality: "medium",
  });
  showBitmap(canvas, bitmap);
  return canvas;
}
