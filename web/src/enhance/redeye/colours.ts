/** Numbers for the colours of eyes, by the face's own skin: how red, how golden. */
import type { Floats } from "../../image/image.ts";

/** Gives every pixel a number, given linear light and the skin's. */
export type ColourMap = (light: Floats, skin: Float32Array) => Float32Array;

/** Of the skin's red light: noise and chroma blur outweigh the colour of darker pixels. */
const DARK = 0.04;
/**
 * How much being yellower than the skin counts against a red: brown irises are. Being bluer counts
 * for it, up to a limit: pupils that the camera shows in wine red.
 */
const YELLOWER = 0.7;
const BLUEST = -0.4;
/** Logarithm of red by green of the palest skin; less is overexposed and says nothing. */
const PALEST = 0.4;
const FAIR = 0.4;
const HEADROOM = 1;

const { fround } = Math;

/**
 * Returns how much redder pixels are than the face's own skin.
 *
 * By how much the natural logarithm of red by green exceeds the skin's, less where a pixel is also
 * yellower than skin, more where it is bluer. 0 is skin; white, brown and all other irises lie below
 * or near.
 */
export function redness(light: Floats, skin: Float32Array): Float32Array {
  const { data } = light;
  const found = new Float32Array(data.length / 3);
  const dark = darkest(skin);
  const usual = logarithms(skin, dark);
  const washed = Math.max(PALEST - Math.log(skin[0]! / Math.max(skin[1]!, 1e-4)), 0);
  for (let at = 0, i = 0; i < found.length; i++, at += 3) {
    const red = Math.log(data[at]! + dark) - usual[0];
    const green = Math.log(data[at + 1]! + dark) - usual[1];
    const yellow = green - Math.log(data[at + 2]! + dark) + usual[2];
    found[i] = red - green - washed - YELLOWER * Math.max(yellow, BLUEST);
  }
  return found;
}

/**
 * Returns how much yellower than skin pixels are that are as bright as fair skin.
 *
 * By how much the natural logarithm of red by blue exceeds the skin's, but no more than its
 * brightness earns: amber irises are as yellow as a golden pupil, but dark.
 */
export function goldenness(light: Floats, skin: Float32Array): Float32Array {
  const { data } = light;
  const found = new Float32Array(data.length / 3);
  const dark = darkest(skin);
  const usual = logarithms(skin, dark);
  const fair = Math.log(Math.max(skin[0]!, FAIR)) - HEADROOM;
  for (let at = 0, i = 0; i < found.length; i++, at += 3) {
    const red = Math.log(data[at]! + dark) - usual[0];
    const blue = Math.log(data[at + 2]! + dark) - usual[2];
    found[i] = Math.min(Math.log(data[at]! + 1e-3) - fair, red - blue);
  }
  return found;
}

function darkest(skin: Float32Array): number {
  return fround(DARK * Math.max(skin[0]!, 0.02));
}

function logarithms(light: Float32Array, dark: number): [number, number, number] {
  return [Math.log(light[0]! + dark), Math.log(light[1]! + dark), Math.log(light[2]! + dark)];
}
