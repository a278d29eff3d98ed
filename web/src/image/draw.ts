/** Filled polygons and circles in pictures of one channel, by OpenCV's rules. */
import type { Image } from "./image.ts";
import { rint } from "./image.ts";
import { clip, drawLine, drawSmoothLine, ONE, type Segment } from "./lines.ts";

export { type Circle, contourArea, convexHull, minEnclosingCircle } from "./outline.ts";

/** Fills pixels first…last of a row as far as they are in the picture. */
function fillRow(image: Image, y: number, first: number, last: number, value: number): void {
  if (y < 0 || y >= image.height || last < 0 || first >= image.width) return;
  const start = y * image.width;
  image.data.fill(value, start + Math.max(first, 0), start + Math.min(last, image.width - 1) + 1);
}

/** Fills a convex outline and its border; the points are whole numbers. */
export function fillConvexPoly(image: Image, points: Float32Array, value: number): void {
  const count = points.length / 2;
  if (count === 0) return;
  let top = 0;
  let bottom = points[1]!;
  for (let i = 0, j = count - 1; i < count; j = i++) {
    const [x, y] = [points[2 * i]!, points[2 * i + 1]!];
    if (y < points[2 * top + 1]!) top = i;
    bottom = Math.max(bottom, y);
    drawLine(image, [points[2 * j]!, points[2 * j + 1]!, x, y], value);
  }
  if (count < 3) return;
  const [one, other] = [sideFrom(points, top, 1), sideFrom(points, top, count - 1)];
  let left = count;
  for (let y = points[2 * top + 1]!; y <= Math.min(bottom, image.height - 1); y++) {
    // Of an outline that is not convex, nothing is filled once all edges were used.
    left = follow(other, points, y, follow(one, points, y, left));
    if (left < 0) break;
    const [first, last] = [Math.min(one.x, other.x), Math.max(one.x, other.x)];
    fillRow(image, y, Math.floor(first / ONE + 0.5), Math.floor(last / ONE + 0.5), value);
    one.x += one.slope;
    other.x += other.slope;
  }
}

/** One side of a convex outline, followed from its top downwards. */
interface Side {
  /** In 1/65536 pixel, at the row that is being filled. */
  x: number;
  slope: number;
  corner: number;
  until: number;
  readonly step: number;
}

function sideFrom(points: Float32Array, corner: number, step: number): Side {
  return { x: -ONE, slope: 0, corner, until: points[2 * corner + 1]!, step };
}

/** Goes on to the edge that crosses row `y`; takes and returns how many edges are left. */
function follow(side: Side, points: Float32Array, y: number, left: number): number {
  if (y < side.until) return left;
  const count = points.length / 2;
  let corner = side.corner;
  for (let rest = left; rest > 0; rest--) {
    const from = points[2 * corner]!;
    corner = (corner + side.step) % count;
    const bottom = points[2 * corner + 1]!;
    if (bottom <= y) continue;
    const run = (points[2 * corner]! - from) * ONE;
    side.slope = Math.trunc((2 * run + bottom - y) / (2 * (bottom - y)));
    side.x = from * ONE;
    side.until = bottom;
    side.corner = corner;
    return rest - 1;
  }
  return -1;
}

export interface FillOptions {
  /** Blends the border; for 8-bit pictures. */
  readonly antialias?: boolean;
  /** Points are rounded to 1 / 2^fractionBits pixel. */
  readonly fractionBits?: number;
}

interface Edge {
  readonly top: number;
  readonly bottom: number;
  /** In 1/65536 pixel, at the row that is being filled. */
  x: number;
  readonly slope: number;
}

/** Fills rings and their borders; where two rings overlap, only borders. Points are in pixels. */
export function fillPoly(
  image: Image,
  rings: readonly Float32Array[],
  value: number,
  options: FillOptions = {},
): void {
  const edges: Edge[] = [];
  for (const ring of rings) collectEdges(image, ring, value, options, edges);
  edges.sort((a, b) => a.top - b.top);
  let active: Edge[] = [];
  let next = 0;
  for (let y = edges[0]?.top ?? 0; y < image.height; y++) {
    active = active.filter((edge) => edge.bottom > y);
    while (next < edges.length && edges[next]!.top === y) active.push(edges[next++]!);
    if (active.length === 0 && next === edges.length) break;
    active.sort((a, b) => a.x - b.x);
    for (let i = 0; i + 1 < active.length; i += 2) {
      const [first, last] = [active[i]!.x, active[i + 1]!.x];
      fillRow(image, y, Math.ceil(first / ONE), Math.floor(last / ONE), value);
    }
    for (const edge of active) edge.x += edge.slope;
  }
}

/** Draws a ring's border and adds its edges that cross rows. */
function collectEdges(
  image: Image,
  ring: Float32Array,
  value: number,
  options: FillOptions,
  edges: Edge[],
): void {
  const scale = 2 ** (options.fractionBits ?? 0);
  const corners: [x: number, y: number][] = [];
  for (let i = 0; i < ring.length; i += 2) {
    const [x, y] = [rint(ring[i]! * scale), rint(ring[i + 1]! * scale)];
    // Borders begin and end in the middle of rows; along a row their place is kept.
    corners.push([x / scale, roundUp(y / scale)]);
  }
  corners.forEach(([x1, y1], i) => {
    const [x0, y0] = corners.at(i - 1)!;
    let through: Segment = [x0 * ONE, y0, x1 * ONE, y1];
    if (options.antialias) {
      drawSmoothLine(image, [x0 * ONE, y0 * ONE, x1 * ONE, y1 * ONE], value);
    } else {
      const line: Segment = [roundUp(x0), y0, roundUp(x1), y1];
      drawLine(image, line, value);
      // Of a border that leaves the picture, the slope of the part within counts.
      const [xa, ya, xb, yb] = clip(line, image.width - 1, image.height - 1).segment;
      through = ya === yb ? [xa * ONE, y0, xb * ONE, y1] : [xa * ONE, ya, xb * ONE, yb];
    }
    if (y0 !== y1) edges.push(edgeThrough(through, y0, y1));
  });
}

function roundUp(value: number): number {
  return Math.floor(value + 0.5);
}

/** The edge from row to row, of which two places are known. */
function edgeThrough([x0, y0, x1, y1]: Segment, from: number, to: number): Edge {
  const slope = Math.trunc((x1 - x0) / (y1 - y0));
  return from < to
    ? { top: from, bottom: to, x: x0 + (from - y0) * slope, slope }
    : { top: to, bottom: from, x: x1 + (to - y1) * slope, slope };
}

/** Fills a circle around whole numbers of pixels. */
export function fillCircle(
  image: Image,
  x: number,
  y: number,
  radius: number,
  value: number,
): void {
  let error = 0;
  let growth = 1;
  let decline = 2 * radius - 1;
  for (let dx = radius, dy = 0; dx >= dy; dy++) {
    for (const side of [-1, 1]) {
      fillRow(image, y + side * dy, x - dx, x + dx, value);
      fillRow(image, y + side * dx, x - dy, x + dy, value);
    }
    error += growth;
    growth += 2;
    if (error > 0) {
      error -= decline;
      decline -= 2;
      dx--;
    }
  }
}
