/** Drawing for the Python tests, which get the picture back. */
import { fillCircle, fillConvexPoly, fillPoly } from "../src/image/draw.ts";
import type { Image } from "../src/image/image.ts";

type Fill = (image: Image, ...rest: never[]) => void;

const FILLS: Record<string, Fill> = { fillCircle, fillConvexPoly, fillPoly };

export function drawn(name: string, image: Image, ...rest: unknown[]): Image {
  FILLS[name]!(image, ...(rest as never[]));
  return image;
}
