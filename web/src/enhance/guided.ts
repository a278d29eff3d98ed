/** A matte as a local linear function of the picture's colours, and known colours spread out. */
import { boxMean } from "../image/blur.ts";
import { clamp, type Floats, floats } from "../image/image.ts";
import { resizeArea, resizeLinear } from "../image/resize.ts";

/** The guided filter of He, Sun and Tang (TPAMI 35, 2013, section 3.4), with weights. */
export interface LocalMatte {
  /** Three a pixel; the matte of a pixel is `slopes * guide + offset`. */
  readonly slopes: Floats;
  readonly offset: Floats;
}

// Differences of large sums are small here. Their rounding decides in even areas, so that every
// step is rounded to single precision, as in the command line tool.
const single = Math.fround;

/**
 * Returns the averaged linear functions that explain `matte` by `guide`.
 * @param matte 0 to 1.
 * @param guide colours in [0,1].
 * @param weight of each pixel in the windows' fits, above 0.
 * @param radius of the square windows, in pixels.
 * @param epsilon variance of the guide below which a window counts as even.
 */
export function fitMatte(
  matte: Floats,
  guide: Floats,
  weight: Floats,
  radius: number,
  epsilon: number,
): LocalMatte {
  const means = windowMeans(matte, guide, weight, radius);
  const { width, height } = matte;
  const slopes = floats(width, height, 3);
  const offset = floats(width, height);
  solve(means, single(epsilon), slopes.data, offset.data);
  const meanSlopes = boxMean(slopes, radius);
  const meanOffset = boxMean(offset, radius);
  uncentre(meanSlopes.data, meanOffset.data);
  return { slopes: meanSlopes, offset: meanOffset };
}

/** Returns the matte of a guide of the same size, 0 to 1. */
export function matteOf(fitted: LocalMatte, guide: Floats): Floats {
  const result = floats(guide.width, guide.height);
  const [out, slopes, offset, colours] = [
    result.data,
    fitted.slopes.data,
    fitted.offset.data,
    guide.data,
  ];
  for (let i = 0, j = 0; i < out.length; i++, j += 3) {
    const first = single(slopes[j] * colours[j]);
    const second = single(slopes[j + 1] * colours[j + 1]);
    const third = single(slopes[j + 2] * colours[j + 2]);
    const found = single(single(single(first + second) + third) + offset[i]);
    out[i] = clamp(found, 0, 1);
  }
  return result;
}

/** Weighted means over the windows, as sums; colours are centred around the middle grey. */
interface WindowMeans {
  readonly total: Float32Array;
  readonly guide: Float32Array;
  readonly matte: Float32Array;
  /** rr, gg, bb. */
  readonly squares: Float32Array;
  /** rg, gb, br. */
  readonly mixed: Float32Array;
  readonly matteGuide: Float32Array;
}

function windowMeans(matte: Floats, guide: Floats, weight: Floats, radius: number): WindowMeans {
  const { width, height } = matte;
  const weighted = floats(width, height, 3);
  const squares = floats(width, height, 3);
  const mixed = floats(width, height, 3);
  const product = floats(width, height, 3);
  const weightedMatte = floats(width, height);
  const m = matte.data;
  const g = guide.data;
  const w = weight.data;
  for (let i = 0, j = 0; i < m.length; i++, j += 3) {
    const each = w[i];
    const is = m[i];
    const r = single(g[j] - 0.5);
    const n = single(g[j + 1] - 0.5);
    const b = single(g[j + 2] - 0.5);
    const wr = single(r * each);
    const wn = single(n * each);
    const wb = single(b * each);
    weightedMatte.data[i] = each * is;
    setThree(weighted.data, j, wr, wn, wb);
    setThree(squares.data, j, wr * r, wn * n, wb * b);
    setThree(mixed.data, j, wr * n, wn * b, wb * r);
    setThree(product.data, j, wr * is, wn * is, wb * is);
  }
  return {
    total: boxMean(weight, radius).data,
    guide: boxMean(weighted, radius).data,
    matte: boxMean(weightedMatte, radius).data,
    squares: boxMean(squares, radius).data,
    mixed: boxMean(mixed, radius).data,
    matteGuide: boxMean(product, radius).data,
  };
}

function setThree(out: Float32Array, at: number, a: number, b: number, c: number): void {
  out[at] = a;
  out[at + 1] = b;
  out[at + 2] = c;
}

/** Solves the symmetric 3 x 3 system of each window by its cofactors. */
function solve(
  means: WindowMeans,
  epsilon: number,
  slopes: Float32Array,
  offset: Float32Array,
): void {
  const least = single(epsilon ** 3);
  const { total, guide, matte, squares, mixed, matteGuide } = means;
  for (let i = 0, j = 0; i < total.length; i++, j += 3) {
    const each = total[i];
    const r = single(guide[j] / each);
    const g = single(guide[j + 1] / each);
    const b = single(guide[j + 2] / each);
    const m = single(matte[i] / each);
    const rr = single(covariance(squares[j], each, r, r) + epsilon);
    const gg = single(covariance(squares[j + 1], each, g, g) + epsilon);
    const bb = single(covariance(squares[j + 2], each, b, b) + epsilon);
    const rg = covariance(mixed[j], each, r, g);
    const gb = covariance(mixed[j + 1], each, g, b);
    const br = covariance(mixed[j + 2], each, b, r);
    const right = covariance(matteGuide[j], each, r, m);
    const green = covariance(matteGuide[j + 1], each, g, m);
    const blue = covariance(matteGuide[j + 2], each, b, m);
    const c00 = minor(gg, bb, gb, gb);
    const c01 = minor(br, gb, rg, bb);
    const c02 = minor(rg, gb, br, gg);
    const c11 = minor(rr, bb, br, br);
    const c12 = minor(rg, br, rr, gb);
    const c22 = minor(rr, gg, rg, rg);
    const determinant = Math.max(dot(rr, rg, br, c00, c01, c02), least);
    const x = single(dot(c00, c01, c02, right, green, blue) / determinant);
    const y = single(dot(c01, c11, c12, right, green, blue) / determinant);
    const z = single(dot(c02, c12, c22, right, green, blue) / determinant);
    setThree(slopes, j, x, y, z);
    offset[i] = m - dot(x, y, z, r, g, b);
  }
}

function covariance(product: number, total: number, one: number, other: number): number {
  return single(single(product / total) - single(one * other));
}

function minor(a: number, b: number, c: number, d: number): number {
  return single(single(a * b) - single(c * d));
}

function dot(a: number, b: number, c: number, x: number, y: number, z: number): number {
  return single(single(single(a * x) + single(b * y)) + single(c * z));
}

/** Changes the offset of functions of centred colours to that for colours as they are. */
function uncentre(slopes: Float32Array, offset: Float32Array): void {
  for (let i = 0, j = 0; i < offset.length; i++, j += 3) {
    const sum = single(single(slopes[j] + slopes[j + 1]) + slopes[j + 2]);
    offset[i] = offset[i] - single(sum * 0.5);
  }
}

/**
 * Returns the picture with its known colours (weight above 0) spread over all others: each pixel
 * takes the mean of the smallest neighbourhood, of a pyramid's, that knows something.
 * @param picture three channels of any range.
 * @param known 0 to 1; where it is 1 the picture stays.
 */
export function spread(picture: Floats, known: Floats): Floats {
  const { width, height } = known;
  const shares = known.data;
  if (Math.min(width, height) === 1 || !shares.includes(0)) return withMean(picture, shares);
  const [halfWidth, halfHeight] = [(width + 1) >> 1, (height + 1) >> 1];
  const weight = resizeArea(known, halfWidth, halfHeight);
  const mean = resizeArea(weighted(picture, shares), halfWidth, halfHeight);
  for (let i = 0, j = 0; i < weight.data.length; i++, j += 3) {
    const share = weight.data[i];
    const divisor = Math.max(share, single(1e-6));
    mean.data[j] /= divisor;
    mean.data[j + 1] /= divisor;
    mean.data[j + 2] /= divisor;
    weight.data[i] = Math.min(share * 4, 1);
  }
  const result = resizeLinear(spread(mean, weight), width, height);
  mixIn(result.data, picture.data, shares);
  return result;
}

function weighted(picture: Floats, shares: Float32Array): Floats {
  const result = floats(picture.width, picture.height, 3);
  for (let i = 0, j = 0; i < shares.length; i++, j += 3) {
    const share = shares[i];
    for (let c = j; c < j + 3; c++) result.data[c] = picture.data[c] * share;
  }
  return result;
}

/** Returns the picture with the mean of what is known where nothing is. */
function withMean(picture: Floats, shares: Float32Array): Floats {
  const result = { ...picture, data: picture.data.slice() };
  const sum = [0, 0, 0];
  let total = 0;
  for (let i = 0; i < shares.length; i++) {
    total += shares[i];
    for (let c = 0; c < 3; c++) sum[c] += picture.data[3 * i + c] * shares[i];
  }
  for (let i = 0; i < shares.length; i++) {
    if (shares[i] > 0) continue;
    for (let c = 0; c < 3; c++) result.data[3 * i + c] = sum[c] / Math.max(total, 1e-6);
  }
  return result;
}

function mixIn(coarse: Float32Array, picture: Float32Array, shares: Float32Array): void {
  for (let i = 0, j = 0; i < shares.length; i++, j += 3) {
    const share = shares[i];
    if (share === 0) continue;
    for (let c = j; c < j + 3; c++) {
      const from = coarse[c];
      coarse[c] = from + single(single(picture[c] - from) * share);
    }
  }
}
