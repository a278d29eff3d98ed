/** Hull, area and enclosing circle of points; points are x, y, x, y, … in pixels. */

/** The corners of the smallest convex outline around the points. */
export function convexHull(points: Float32Array): Float32Array {
  const order = Array.from({ length: points.length / 2 }, (_, i) => i);
  order.sort((a, b) => points[2 * a]! - points[2 * b]! || points[2 * a + 1]! - points[2 * b + 1]!);
  const lower = chain(points, order);
  const upper = chain(points, order.reverse());
  // Each chain's last corner is the other one's first.
  const corners = lower.length > 1 ? [...lower.slice(0, -1), ...upper.slice(0, -1)] : lower;
  return Float32Array.from(corners.flatMap((i) => [points[2 * i]!, points[2 * i + 1]!]));
}

/** The corners that turn to one side only, from the first point to the last one. */
function chain(points: Float32Array, order: readonly number[]): number[] {
  const corners: number[] = [];
  for (const next of order) {
    const [x, y] = [points[2 * next]!, points[2 * next + 1]!];
    while (corners.length > 0) {
      const b = corners[corners.length - 1]!;
      const [dx, dy] = [points[2 * b]! - x, points[2 * b + 1]! - y];
      const a = corners[corners.length - 2];
      const turns =
        a === undefined
          ? dx !== 0 || dy !== 0
          : dx * (points[2 * a + 1]! - y) - dy * (points[2 * a]! - x) < 0;
      if (turns) break;
      corners.pop();
    }
    corners.push(next);
  }
  return corners;
}

/** The area in square pixels within a closed ring. */
export function contourArea(points: Float32Array): number {
  let doubled = 0;
  for (let i = 0, j = points.length - 2; i < points.length; j = i, i += 2) {
    doubled += points[j]! * points[i + 1]! - points[j + 1]! * points[i]!;
  }
  return Math.abs(doubled) / 2;
}

export interface Circle {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** The smallest circle that holds all points. */
export function minEnclosingCircle(points: Float32Array): Circle {
  const corners = convexHull(points);
  let circle: Circle = { x: corners[0] ?? 0, y: corners[1] ?? 0, radius: 0 };
  // Whatever lies outside of the circle of the points before it is on the border of theirs.
  for (let i = 2; i < corners.length; i += 2) {
    if (holds(circle, corners, i)) continue;
    circle = { x: corners[i]!, y: corners[i + 1]!, radius: 0 };
    for (let j = 0; j < i; j += 2) {
      if (holds(circle, corners, j)) continue;
      circle = across(corners, i, j);
      for (let k = 0; k < j; k += 2) {
        if (!holds(circle, corners, k)) circle = through(corners, i, j, k);
      }
    }
  }
  return circle;
}

function holds(circle: Circle, points: Float32Array, i: number): boolean {
  const away = Math.hypot(points[i]! - circle.x, points[i + 1]! - circle.y);
  return away <= circle.radius + 1e-9 * (1 + circle.radius);
}

function across(points: Float32Array, i: number, j: number): Circle {
  const [dx, dy] = [points[j]! - points[i]!, points[j + 1]! - points[i + 1]!];
  return { x: points[i]! + dx / 2, y: points[i + 1]! + dy / 2, radius: Math.hypot(dx, dy) / 2 };
}

function through(points: Float32Array, i: number, j: number, k: number): Circle {
  const [x, y] = [points[i]!, points[i + 1]!];
  const [bx, by] = [points[j]! - x, points[j + 1]! - y];
  const [cx, cy] = [points[k]! - x, points[k + 1]! - y];
  const twice = 2 * (bx * cy - by * cx);
  const [b, c] = [bx * bx + by * by, cx * cx + cy * cy];
  const [ux, uy] = [(cy * b - by * c) / twice, (bx * c - cx * b) / twice];
  return { x: x + ux, y: y + uy, radius: Math.hypot(ux, uy) };
}
