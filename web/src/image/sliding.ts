/** Gaussian means of many neighbours, at a cost that does not depend on how many. */

/** With that many cosines, and this many sigmas beyond the reach, errors stay below 1e-7. */
const COSINES = 8;
const BEYOND_SIGMAS = 5.7;

interface Cosine {
  /** Twice the cosine of what it turns by from one pixel to the next. */
  readonly turn: number;
  /** From the middle to one beyond the reach. */
  readonly weights: Float64Array;
}

/**
 * A Gaussian cut off at `reach`, as a constant and cosines.
 *
 * Within the reach a few cosines, of a period larger than the window, add up to the Gaussian. The
 * sum of a window weighted with a cosine follows from those of the two windows before it and from
 * the samples at the ends.
 */
export class SlidingGaussian {
  readonly reach: number;
  private readonly constant: number;
  private readonly cosines: Cosine[] = [];

  constructor(reach: number, sigma: number) {
    this.reach = reach;
    const period = reach + BEYOND_SIGMAS * sigma;
    let sum = (2 * reach + 1) / 2;
    for (let k = 1; k <= COSINES; k++) {
      const rate = (2 * Math.PI * k) / period;
      const height = Math.exp(-0.5 * (rate * sigma) ** 2);
      const weights = new Float64Array(reach + 2);
      for (let i = 0; i <= reach + 1; i++) weights[i] = height * Math.cos(rate * i);
      for (let i = -reach; i <= reach; i++) sum += weights[Math.abs(i)]!;
      this.cosines.push({ turn: 2 * Math.cos(rate), weights });
    }
    this.constant = 0.5 / sum;
    for (const { weights } of this.cosines) {
      for (let i = 0; i < weights.length; i++) weights[i] = weights[i]! / sum;
    }
  }

  /** `line` has reach + 1 samples more than `out` on either side. */
  filter(line: Float64Array, out: Float64Array): void {
    const side = 2 * this.reach + 1;
    let sum = 0;
    for (let i = 1; i < side; i++) sum += line[i]!;
    for (let i = 0; i < out.length; i++) {
      sum += line[i + side]!;
      out[i] = sum * this.constant;
      sum -= line[i + 1]!;
    }
    for (const { turn, weights } of this.cosines) this.addCosine(line, turn, weights, out);
  }

  private addCosine(
    line: Float64Array,
    turn: number,
    weights: Float64Array,
    out: Float64Array,
  ): void {
    const { reach } = this;
    let before = weights[0]! * line[reach]!;
    let now = weights[0]! * line[reach + 1]!;
    for (let i = 1, low = reach - 1, high = reach + 1; i <= reach; i++, low--, high++) {
      before += weights[i]! * (line[low]! + line[high]!);
      now += weights[i]! * (line[low + 1]! + line[high + 1]!);
    }
    const outer = weights[reach]!;
    const inner = weights[reach + 1]!;
    for (let i = 0, end = 2 * reach + 1; i < out.length; i++, end++) {
      out[i] = out[i]! + now;
      const ends = outer * (line[i]! + line[end + 1]!) - inner * (line[i + 1]! + line[end]!);
      const next = ends - before + turn * now;
      before = now;
      now = next;
    }
  }
}
