/** The guided filter as a low-pass: a picture smoothed along its own edges. */
import { type Floats, floats, type Image } from "../image/image.ts";
import { fitLocally, NUMBERS } from "./localfit.ts";

type Doubles = Image<Float64Array>;

/** Returns the smoothed picture.
 *
 * @param picture three channels in [0,1]
 * @param radius of the square window, in pixels; it ends at the picture's border
 * @param epsilon variance below which a region counts as flat
 */
export function guidedPass(picture: Floats, radius: number, epsilon: number): Floats {
  // Variances are small differences of large means: in single precision they would be rounding.
  const guide: Doubles = { ...picture, data: Float64Array.from(picture.data) };
  const fitted = fitLocally(guide, guide, (values) => meanInside(values, radius), epsilon).data;
  const result = floats(picture.width, picture.height, 3);
  for (let i = 0, at = 0; i < guide.data.length; i += 3, at += NUMBERS) {
    const [r, g, b] = [guide.data[i]!, guide.data[i + 1]!, guide.data[i + 2]!];
    for (let c = 0, f = at; c < 3; c++, f += 4) {
      result.data[i + c] =
        fitted[f]! * r + fitted[f + 1]! * g + fitted[f + 2]! * b + fitted[f + 3]!;
    }
  }
  return result;
}

/** Returns the mean over the part of a square window that lies inside the picture. */
function meanInside(values: Doubles, radius: number): Doubles {
  const { width, height, channels } = values;
  const row = width * channels;
  const across = new Float64Array(values.data.length);
  for (let y = 0; y < height; y++) {
    meanAlong(values.data, across, y * row, width, channels, channels, radius);
  }
  const data = new Float64Array(values.data.length);
  meanAlong(across, data, 0, height, row, row, radius);
  return { ...values, data };
}

/** Writes running means along one axis: `count` places, `step` samples apart, `lanes` at each. */
function meanAlong(
  from: Float64Array,
  to: Float64Array,
  start: number,
  count: number,
  step: number,
  lanes: number,
  radius: number,
): void {
  const sums = new Float64Array(lanes);
  const add = (place: number, sign: number) => {
    for (let k = 0, at = start + place * step; k < lanes; k++, at++) sums[k]! += sign * from[at]!;
  };
  for (let place = 0; place < Math.min(radius, count); place++) add(place, 1);
  for (let place = 0; place < count; place++) {
    if (place + radius < count) add(place + radius, 1);
    if (place - radius > 0) add(place - radius - 1, -1);
    const inside = Math.min(place + radius, count - 1) - Math.max(place - radius, 0) + 1;
    for (let k = 0, at = start + place * step; k < lanes; k++, at++) to[at] = sums[k]! / inside;
  }
}
