/** Which pixels of those that show people belong to a person whose face was found. */
import { connectedComponents } from "../image/components.ts";
import { fillCircle, fillConvexPoly } from "../image/draw.ts";
import { type Bytes, bytes, type Floats, floats, rint } from "../image/image.ts";
import { dilate, ellipse } from "../image/morphology.ts";

// In widths of a face; a standing person is about seven and a half heads tall.
const REACH = 8;
const HOLE = 0.25;

/** How far around the outline a matte is looked for, in widths of a face. */
export const BAND = 0.06;

/**
 * Returns the probability, 0 where no face's person is, 1 in faces and in small holes.
 * @param outlines convex polygons of faces: x, y, x, y… in pixels.
 * @param facePx usual width of a face.
 */
export function belonging(
  probability: Floats,
  outlines: readonly Float32Array[],
  facePx: number,
): Floats {
  const { width, height } = probability;
  const faces = bytes(width, height);
  const near = bytes(width, height);
  for (const outline of outlines) {
    fillConvexPoly(faces, outline.map(rint), 1);
    const [x, y] = middle(outline);
    fillCircle(near, rint(x), rint(y), rint(REACH * facePx), 1);
  }
  const kept = withFace(probability, near, faces);
  const around = dilate(kept, disc(BAND * facePx));
  const holes = smallHoles(kept, HOLE * facePx);
  const found = floats(width, height);
  for (let i = 0; i < found.data.length; i++) {
    if (faces.data[i] || holes.data[i]) found.data[i] = 1;
    else if (around.data[i]) found.data[i] = probability.data[i];
  }
  return found;
}

/** Returns the mean of an outline's corners. */
export function middle(outline: Float32Array): [number, number] {
  let [x, y] = [0, 0];
  for (let i = 0; i < outline.length; i += 2) {
    x += outline[i];
    y += outline[i + 1];
  }
  const count = outline.length / 2;
  return [x / count, y / count];
}

/** Returns an element for dilating or eroding by so many pixels, at least one. */
export function disc(radiusPx: number): Bytes {
  return ellipse(2 * Math.max(1, rint(radiusPx)) + 1);
}

/** Returns the regions of likely people, near enough to a face, that hold a face. */
function withFace(probability: Floats, near: Bytes, faces: Bytes): Bytes {
  const person = bytes(near.width, near.height);
  for (let i = 0; i < person.data.length; i++) {
    const likely = probability.data[i] > 0.5 && near.data[i] > 0;
    person.data[i] = likely || faces.data[i] ? 1 : 0;
  }
  const { labels, figures } = connectedComponents(person, 4);
  const chosen = new Uint8Array(figures.length);
  for (let i = 0; i < labels.length; i++) if (faces.data[i]) chosen[labels[i]] = 1;
  chosen[0] = 0;
  for (let i = 0; i < labels.length; i++) person.data[i] = chosen[labels[i]];
  return person;
}

/** Returns the holes of less than a square of `sidePx`: the network's, not those of arms akimbo. */
function smallHoles(person: Bytes, sidePx: number): Bytes {
  const { width, height } = person;
  const holes = bytes(width, height);
  for (let i = 0; i < holes.data.length; i++) holes.data[i] = person.data[i] ? 0 : 1;
  const { labels, figures } = connectedComponents(holes, 4);
  const filled = Uint8Array.from(figures, (one) => {
    const inner =
      one.left > 0 && one.top > 0 && one.left + one.width < width && one.top + one.height < height;
    return inner && one.area < sidePx ** 2 ? 1 : 0;
  });
  filled[0] = 0;
  for (let i = 0; i < labels.length; i++) holes.data[i] = filled[labels[i]];
  return holes;
}
