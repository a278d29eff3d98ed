/** What a lens makes of points out of focus: an even disc of each. */
import { clamp, type Floats, floats } from "../image/image.ts";
import { inside } from "../image/samples.ts";

/** A row of the disc. */
interface DiscRow {
  /** Columns 0…full-1 on either side of the middle (and it) count fully; 0 for none. */
  readonly full: number;
  /** Shares of columns full, full + 1… */
  readonly ends: readonly number[];
}

/**
 * Returns each channel spread by a disc of `radius` pixels with a border of one pixel's softness;
 * outside, the picture is continued as its mirror image.
 */
export function spreadAsDiscs(image: Floats, radius: number): Floats {
  const { width, height, channels } = image;
  const reach = Math.ceil(radius);
  const rows = Array.from({ length: reach + 1 }, (_, dy) => discRow(radius, reach, dy));
  const length = width * channels;
  const source = new Float64Array(length + 2 * reach * channels);
  const sums = new Float64Array(source.length + channels);
  const across = new Float64Array(length);
  const total = new Float64Array(length * height);
  for (let y = -reach; y < height + reach; y++) {
    mirroredRow(image, inside(y, height, "reflect"), reach, source);
    for (let i = 0; i < source.length; i++) sums[i + channels] = sums[i] + source[i];
    for (let dy = 0; dy <= reach; dy++) {
      const [above, below] = [y - dy, y + dy];
      const [hasAbove, hasBelow] = [above >= 0 && above < height, below >= 0 && below < height];
      if (!hasAbove && !hasBelow) continue;
      spreadAlongRow(source, sums, rows[dy], reach, channels, across);
      if (hasAbove) addTo(total, above * length, across);
      if (hasBelow && dy > 0) addTo(total, below * length, across);
    }
  }
  const area = rows.reduce((sum, row, dy) => sum + areaOf(row) * (dy > 0 ? 2 : 1), 0);
  const result = floats(width, height, channels);
  for (let i = 0; i < total.length; i++) result.data[i] = total[i] / area;
  return result;
}

function discRow(radius: number, reach: number, dy: number): DiscRow {
  const shares = Array.from({ length: reach + 1 }, (_, dx) =>
    clamp(radius + 0.5 - Math.hypot(dx, dy), 0, 1),
  );
  const full = shares.findIndex((share) => share < 1);
  const last = shares.indexOf(0);
  const ends = full < 0 ? [] : shares.slice(full, last < 0 ? undefined : last);
  return { full: full < 0 ? shares.length : full, ends };
}

function areaOf({ full, ends }: DiscRow): number {
  const whole = Math.max(2 * full - 1, 0);
  return ends.reduce((sum, share, i) => sum + (full + i > 0 ? 2 : 1) * share, whole);
}

function mirroredRow(image: Floats, y: number, reach: number, out: Float64Array): void {
  const { width, channels, data } = image;
  const start = y * width * channels;
  out.set(data.subarray(start, start + width * channels), reach * channels);
  for (let x = 0; x < reach; x++) {
    const left = start + inside(x - reach, width, "reflect") * channels;
    const right = start + inside(width + x, width, "reflect") * channels;
    out.set(data.subarray(left, left + channels), x * channels);
    out.set(data.subarray(right, right + channels), (reach + width + x) * channels);
  }
}

/** Writes the sums of a row's neighbours along it, weighted by one row of the disc. */
function spreadAlongRow(
  source: Float64Array,
  sums: Float64Array,
  { full, ends }: DiscRow,
  reach: number,
  channels: number,
  out: Float64Array,
): void {
  if (full === 0) out.fill(0);
  const [low, high] = [(reach - full + 1) * channels, (reach + full) * channels];
  if (full > 0) for (let i = 0; i < out.length; i++) out[i] = sums[i + high] - sums[i + low];
  for (let k = 0; k < ends.length; k++) {
    const away = full + k;
    const share = away > 0 ? ends[k] : ends[k] / 2;
    const [left, right] = [(reach - away) * channels, (reach + away) * channels];
    for (let i = 0; i < out.length; i++) out[i] += share * (source[i + left] + source[i + right]);
  }
}

function addTo(total: Float64Array, at: number, row: Float64Array): void {
  for (let i = 0; i < row.length; i++) total[at + i] += row[i];
}
