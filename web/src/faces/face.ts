/** One face; the middle of the picture's first pixel is (0, 0). */
import type { Box } from "../image/image.ts";

export interface Face {
  /** 468 times x, y in pixels, in FaceMesh's order: `points.ts` names some. */
  readonly points: Float32Array;
  /** 0 to 1. */
  readonly score: number;
  /** Around all points. */
  readonly box: Box;
  /** In pixels, away from the camera; only differences mean something. */
  readonly depth: Float32Array | null;
}

/** Returns the face in pixels of a picture that is so many times larger. */
export function scaled(face: Face, factor: number): Face {
  // Pixel centres are whole numbers, corners are what scales.
  const place = (value: number) => (value + 0.5) * factor - 0.5;
  const [x0, y0, x1, y1] = face.box;
  return {
    ...face,
    points: face.points.map(place),
    box: [place(x0), place(y0), place(x1), place(y1)],
    depth: face.depth?.map((value) => value * factor) ?? null,
  };
}
