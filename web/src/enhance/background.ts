/** Another background behind the person: a studio's, or the photograph's own out of focus. */
import { gaussianBlur } from "../image/blur.ts";
import { type Bytes, bytes, clamp, type Floats, floats, toUnit } from "../image/image.ts";
import { dilate, erode, rectangle } from "../image/morphology.ts";
import { median } from "../image/numbers.ts";
import { spreadAsDiscs } from "./discs.ts";
import { fitMatte, type LocalMatte, spread } from "./guided.ts";
import { BACKGROUND, type Layers, MIXED, PERSON, VALUES } from "./replacing.ts";

export { type Layers, replaceRows } from "./replacing.ts";

export type Background = "studio" | "blur";

/** Of the lens's disc, in long sides of the photograph. */
const BLUR_RADIUS = 0.02;

const single = Math.fround;
const RADIUS = 2;
const EPSILON = 1e-4;
const INSIDE = single(0.98);
const OUTSIDE = single(0.02);
/** A pixel so near to a transition may show both person and background. */
const CLEAR_PX = 2;

const TONE = 0.46;
const DARKEST = single(0.3);
const BRIGHTEST = single(0.6);
const WARM = [single(1.02), 1, single(0.965)] as const;
const EDGE_OF_LIGHT = 0.62;
const LIGHT = 0.56;
const POWER = single(2.2);

/**
 * Returns what `replaceRows` needs; null where the matte names no person (it is 0 everywhere) or
 * no background (nowhere 0), so that the photograph stays.
 * @param small the photograph, area-averaged to the matte's size.
 * @param matte how much of a pixel is the person, 0 to 1.
 * @param kind `studio` is a neutral grey, slightly warm, lit from above; `blur` throws the
 *   photograph's own background out of focus.
 */
export function backgroundLayers(small: Bytes, matte: Floats, kind: Background): Layers | null {
  const inside = clearly(matte, INSIDE, 1);
  const outside = clearly(matte, -OUTSIDE, -1);
  if (!inside || !outside) return null;
  const guide = toUnit(small);
  const weight = floats(matte.width, matte.height);
  weight.data.fill(1);
  const fitted = fitMatte(matte, guide, weight, RADIUS, EPSILON);
  const person = spread(guide, inside);
  const old = spread(guide, outside);
  const added = kind === "blur" ? outOfFocus(old) : studio(matte, old);
  const { width, height } = matte;
  return { width, height, values: packed(fitted, person, old, added), places: placesOf(matte) };
}

/**
 * Returns 1 where all around `sign * matte` is above `limit`, 0 elsewhere; null if it nowhere is.
 */
function clearly(matte: Floats, limit: number, sign: 1 | -1): Floats | null {
  const chosen = bytes(matte.width, matte.height);
  for (let i = 0; i < chosen.data.length; i++) {
    chosen.data[i] = sign * matte.data[i] > limit ? 1 : 0;
  }
  if (!chosen.data.includes(1)) return null;
  const clear = erode(chosen, rectangle(2 * CLEAR_PX + 1));
  return { ...clear, data: new Float32Array(clear.data) };
}

function packed(fitted: LocalMatte, person: Floats, old: Floats, added: Floats): Float32Array {
  const count = fitted.offset.data.length;
  const values = new Float32Array(VALUES * count);
  for (let i = 0, j = 0, k = 0; i < count; i++, j += 3, k += VALUES) {
    for (let c = 0; c < 3; c++) {
      values[k + c] = fitted.slopes.data[j + c];
      values[k + 4 + c] = person.data[j + c];
      values[k + 7 + c] = old.data[j + c];
      values[k + 10 + c] = added.data[j + c];
    }
    values[k + 3] = fitted.offset.data[i];
  }
  return values;
}

function placesOf(matte: Floats): Uint8Array {
  const reach = rectangle(4 * RADIUS + 3);
  const least = erode(matte, reach).data;
  const most = dilate(matte, reach).data;
  const places = new Uint8Array(least.length);
  for (let i = 0; i < places.length; i++) {
    places[i] = least[i] >= 1 ? PERSON : most[i] <= 0 ? BACKGROUND : MIXED;
  }
  return places;
}

/**
 * Returns a background, without the person, as a lens shows it that is focused nearer: a disc for
 * each point, added up as light; lamps become discs as in photographs.
 */
function outOfFocus(old: Floats): Floats {
  const radius = BLUR_RADIUS * Math.max(old.width, old.height);
  const light = power(old, POWER);
  const discs = spreadAsDiscs(light, radius);
  return power(gaussianBlur(discs, Math.max(radius / 6, 0.5)), 1 / POWER);
}

function power(image: Floats, exponent: number): Floats {
  const result = floats(image.width, image.height, image.channels);
  for (let i = 0; i < result.data.length; i++) result.data[i] = image.data[i] ** exponent;
  return result;
}

/**
 * Returns a grey background lit from above, as bright as hair that was cut out allows: half of its
 * tone comes from the old background along the outline.
 */
function studio(matte: Floats, old: Floats): Floats {
  const { width, height } = matte;
  const tone = clamp(single(single(TONE + toneAlongOutline(matte, old)) / 2), DARKEST, BRIGHTEST);
  const { top, middle } = personIn(matte);
  const centre = top + 0.15 * (height - top);
  const longSide = Math.max(width, height);
  const across = falloff(width, middle, 0.62 * longSide);
  const down = falloff(height, centre, 0.6 * longSide);
  const result = floats(width, height, 3);
  for (let i = 0, y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      const light = (EDGE_OF_LIGHT + LIGHT * (down[y] * across[x])) * tone;
      for (let c = 0; c < 3; c++) result.data[i + c] = light * WARM[c];
    }
  }
  return result;
}

function falloff(length: number, middle: number, reach: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.exp(-(((i - middle) / reach) ** 2)));
}

function toneAlongOutline(matte: Floats, old: Floats): number {
  const around = new Float32Array(old.data.length);
  let count = 0;
  for (let i = 0, j = 0; i < matte.data.length; i++, j += 3) {
    if (matte.data[i] <= OUTSIDE || matte.data[i] >= INSIDE) continue;
    around.set(old.data.subarray(j, j + 3), count);
    count += 3;
  }
  return median(count ? around.subarray(0, count) : old.data);
}

/** Returns the first row with a person, and the column of the matte's centre of gravity. */
function personIn(matte: Floats): { top: number; middle: number } {
  const { width, height, data } = matte;
  let [top, sum, moment] = [height, 0, 0];
  for (let i = 0, y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (data[i] > 0 && top > y) top = y;
      sum += data[i];
      moment += data[i] * x;
    }
  }
  return { top, middle: moment / sum };
}
