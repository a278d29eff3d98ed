/** The disc of a map that exceeds the ring around it most. */

/** Of pupils, in pixels of a view: 6 % of the eye's width (small, in light) to 27 % (a wide one). */
const RADII = [4, 5, 6, 7, 8, 9.5, 11, 13, 15, 17];
/** The iris around a pupil of radius 1. */
export const RING = [1.2, 1.7] as const;
const FAINT = 1e-3;

const { fround } = Math;

export interface Disc {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** A disc with a smooth edge as stacked runs: in row `dy`, from `-reach` to `reach`. */
interface Runs {
  readonly dy: Int32Array;
  readonly reach: Int32Array;
  readonly weight: Float64Array;
  readonly area: number;
}

interface Size {
  readonly radius: number;
  readonly disc: Runs;
  readonly outer: Runs;
  readonly hole: Runs;
}

/** Sums along rows, from which the sum of any run is one subtraction. */
interface Sums {
  readonly counts: Float64Array;
  readonly values: Float64Array;
  /** From row to row of the sums. */
  readonly stride: number;
  /** Rows that have anything to sum. */
  readonly first: number;
  readonly last: number;
}

const SIZES: readonly Size[] = RADII.map((radius) => ({
  radius,
  disc: runsOf(radius),
  outer: runsOf(radius * RING[1]),
  hole: runsOf(radius * RING[0]),
}));
/** Runs begin and end within it. */
const MARGIN = Math.ceil(RADII.at(-1)! * RING[1]) + 2;

/**
 * Returns the disc that exceeds the ring around it most, null where none does.
 *
 * @param glowing the map.
 * @param known where it may be relied on, 1 or 0.
 * @param centres where a disc's middle may be, 1 or 0.
 * @param width of all three.
 */
export function bestDisc(
  glowing: Float32Array,
  known: Uint8Array,
  centres: Uint8Array,
  width: number,
): Disc | null {
  const sums = summed(glowing, known, width);
  const inner: [number, number] = [0, 0];
  const outer: [number, number] = [0, 0];
  const hole: [number, number] = [0, 0];
  let best = 0;
  let found: Disc | null = null;
  for (const size of SIZES) {
    const ringArea = size.outer.area - size.hole.area;
    for (let i = 0; i < centres.length; i++) {
      if (!centres[i]) continue;
      const x = i % width;
      const y = (i - x) / width;
      add(sums, size.disc, x, y, inner);
      const seen = fround(inner[0] / size.disc.area);
      if (!(seen > 0.4)) continue;
      add(sums, size.outer, x, y, outer);
      add(sums, size.hole, x, y, hole);
      const count = outer[0] - hole[0];
      if (!(count > 0.2 * ringArea)) continue;
      const around = (outer[1] - hole[1]) / Math.max(count, FAINT);
      const above = inner[1] / Math.max(inner[0], FAINT) - around;
      // Of two discs that fit, the larger and fuller one is the pupil.
      const score = fround(above * Math.sqrt(Math.min(seen, 1)) * (1 + 0.02 * size.radius));
      if (score > best) {
        best = score;
        found = { x, y, radius: size.radius };
      }
    }
  }
  return found;
}

/** Calculates the sums of known pixels, and of their values, under a disc around a place. */
function add(sums: Sums, runs: Runs, x: number, y: number, into: [number, number]): void {
  const { counts, values, stride, first, last } = sums;
  const { dy, reach, weight } = runs;
  const middle = x + MARGIN;
  let [count, value] = [0, 0];
  for (let i = 0; i < dy.length; i++) {
    const row = y + dy[i]!;
    if (row < first || row > last) continue;
    const start = row * stride + middle;
    const [from, to] = [start - reach[i]!, start + reach[i]! + 1];
    count += weight[i]! * (counts[to]! - counts[from]!);
    value += weight[i]! * (values[to]! - values[from]!);
  }
  into[0] = count;
  into[1] = value;
}

function summed(glowing: Float32Array, known: Uint8Array, width: number): Sums {
  const height = known.length / width;
  const stride = width + 2 * MARGIN + 1;
  const counts = new Float64Array(stride * height);
  const values = new Float64Array(stride * height);
  let [first, last] = [height, -1];
  for (let y = 0; y < height; y++) {
    let [count, value] = [0, 0];
    for (let x = 0; x < stride - MARGIN; x++) {
      const at = y * stride + MARGIN + x;
      counts[at] = count;
      values[at] = value;
      if (x >= width || !known[y * width + x]) continue;
      count += 1;
      value += Math.min(Math.max(glowing[y * width + x]!, -0.5), 1.5);
    }
    if (count === 0) continue;
    first = Math.min(first, y);
    last = y;
  }
  return { counts, values, stride, first, last };
}

/** Returns a disc whose edge falls from 1 to 0 over a pixel. */
function runsOf(radius: number): Runs {
  const far = Math.ceil(radius) + 1;
  const dys: number[] = [];
  const reaches: number[] = [];
  const weights: number[] = [];
  const weightAt = (dx: number, dy: number) =>
    fround(Math.min(Math.max(radius + 0.5 - Math.hypot(dx, dy), 0), 1));
  let area = 0;
  for (let dy = -far; dy <= far; dy++) {
    for (let dx = 0; dx <= far; dx++) {
      const step = weightAt(dx, dy) - weightAt(dx + 1, dy);
      if (step === 0) continue;
      dys.push(dy);
      reaches.push(dx);
      weights.push(step);
      area += step * (2 * dx + 1);
    }
  }
  return {
    dy: Int32Array.from(dys),
    reach: Int32Array.from(reaches),
    weight: Float64Array.from(weights),
    area,
  };
}
