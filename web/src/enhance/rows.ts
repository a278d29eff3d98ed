/** Rows of the full photograph corrected in place: where twelve million pixels go through. */
import type { Floats } from "../image/image.ts";
import type { TargetName } from "./correction.ts";
import { betweenRows, Spread } from "./upsample.ts";

type Pixels = Uint8ClampedArray;

/** Where rows of factors begin in the middle picture, and how many rows that has in all. */
export interface FactorRows {
  readonly first: number;
  readonly height: number;
}

/** Applies one middle correction to strips of a photograph. */
export class RowApplier {
  private readonly factors: Floats;
  private readonly isRatio: boolean;
  private readonly width: number;
  private readonly columns: Spread;
  private readonly rows: Spread;
  private readonly row: Float32Array;
  private readonly firstFactor: number;

  /**
   * @param factors of `pipeline.factors`: the whole middle picture, or those of its rows that the
   * strips lie in
   * @param width of the full photograph
   * @param height of the full photograph
   * @param part which rows `factors` are; all, if not given
   */
  constructor(
    target: TargetName,
    factors: Floats,
    width: number,
    height: number,
    part: FactorRows = { first: 0, height: factors.height },
  ) {
    this.factors = factors;
    this.isRatio = target === "log_ratio";
    this.width = width;
    this.columns = new Spread(factors.width, width);
    this.rows = new Spread(part.height, height);
    this.firstFactor = part.first;
    this.row = new Float32Array(factors.width * 3);
  }

  /** Corrects rows in place: alpha stays, and bytes whose factor changes nothing.
   *
   * @param rgba rows of the photograph, the first of them row `first`
   */
  apply(rgba: Pixels, first: number, count: number): void {
    const applied = this.isRatio ? multiplyRow : subtractRow;
    for (let y = 0; y < count; y++) {
      betweenRows(this.factors.data, this.rows, first + y, this.row, this.firstFactor);
      applied(rgba, y * this.width * 4, this.row, this.columns);
    }
  }
}

/** Corrects rows `first` to `first + count` of a photograph of RGBA pixels in place. */
export function applyRows(
  target: TargetName,
  factors: Floats,
  rgba: Pixels,
  first: number,
  count: number,
  width: number,
  height: number,
): void {
  new RowApplier(target, factors, width, height).apply(rgba, first, count);
}

// A clamped array rounds halves to even and saturates, which is what the command line does.
function multiplyRow(rgba: Pixels, start: number, row: Float32Array, columns: Spread): void {
  const { before, after, weight } = columns;
  for (let x = 0, at = start; x < before.length; x++, at += 4) {
    const left = before[x]! * 3;
    const right = after[x]! * 3;
    const share = weight[x]!;
    const r = row[left]!;
    const g = row[left + 1]!;
    const b = row[left + 2]!;
    rgba[at]! *= r + (row[right]! - r) * share;
    rgba[at + 1]! *= g + (row[right + 1]! - g) * share;
    rgba[at + 2]! *= b + (row[right + 2]! - b) * share;
  }
}

function subtractRow(rgba: Pixels, start: number, row: Float32Array, columns: Spread): void {
  const { before, after, weight } = columns;
  for (let x = 0, at = start; x < before.length; x++, at += 4) {
    const left = before[x]! * 3;
    const right = after[x]! * 3;
    const share = weight[x]!;
    const r = row[left]!;
    const g = row[left + 1]!;
    const b = row[left + 2]!;
    rgba[at]! -= 255 * (r + (row[right]! - r) * share);
    rgba[at + 1]! -= 255 * (g + (row[right + 1]! - g) * share);
    rgba[at + 2]! -= 255 * (b + (row[right + 2]! - b) * share);
  }
}
