/** Whether a photograph is a flash selfie at all, which is asked before it is touched. */
import type { Face } from "../faces/face.ts";
import { type Box, type Bytes, clamp, rint } from "../image/image.ts";
import type { Message } from "../message.ts";
import { damage, filledShare, spread } from "./damage.ts";
import { contributions, type Light, lightOn, likelihood, MEASURES } from "./flash-lit.ts";
import type { Kind, Verdict } from "./judged.ts";
import { countRedPupils } from "./redeye/redeye.ts";
import { sourceOf } from "./redeye/source.ts";

/**
 * Nearly every flash passes. Wrongly refused, a photograph costs its owner a click; wrongly taken, it
 * comes out a little changed.
 */
const LEAST_FLASH_LIT = 0.2;
/** Up to the first likelihood a face is left alone, from the second on it is corrected fully. */
const WEAKEST = 0.05;
const FULL = 0.35;
/** Log odds for a flash where EXIF says that one fired: it may still have been too far away. */
const EXIF_FIRED = 3;
/** No lamp but one beside the lens can make them. */
const RED_PUPILS = 6;
const FAINT = 1e-6;

/** What a face says. */
export interface Seen {
  readonly face: Face;
  readonly light: Light;
  readonly redPupils: number;
}

interface Weighed extends Seen {
  /** How likely a flash lit it, by its light alone. */
  readonly byLight: number;
  readonly flashLit: number;
}

export interface Context {
  /** Whether the flash fired; null where nothing says so. */
  readonly exifFlash: boolean | null;
  /** Pixels of the full picture for one of the picture. */
  readonly scale: number;
}

/**
 * Returns what a photograph is.
 *
 * EXIF outweighs what is seen: where it says that the flash fired, only light that is clearly another
 * one speaks against it; where it says that none did, only red pupils do.
 *
 * @param picture upright, sRGB-encoded, with a long side of about 1280 pixels at most.
 * @param faces in pixels of `picture`.
 */
export function judge(picture: Bytes, faces: readonly Face[], options: Context): Verdict {
  const figures = { contrast: spread(picture), filled: filledShare(picture) };
  const wrong = damage(picture);
  if (wrong !== null) return verdict("damaged", wrong, [], options, figures);
  const source = sourceOf(picture);
  const seen = faces.map((face) => ({
    face,
    light: lightOn(picture, face),
    redPupils: countRedPupils(source, face),
  }));
  return judgeSeen(seen, options, figures);
}

/** Returns what a whole photograph is by what its faces say; `figures` are those of the picture. */
export function judgeSeen(
  seen: readonly Seen[],
  options: Context,
  figures: Record<string, number>,
): Verdict {
  if (seen.length === 0) return verdict("no_face", { key: "verdict.noFace" }, [], options, figures);
  const { exifFlash } = options;
  const red = seen.reduce((sum, one) => sum + one.redPupils, 0);
  // One red pupil proves the flash, for whoever sat beside it too.
  const heard = exifFlash === false && red > 0 ? null : exifFlash;
  const weighed = seen.map((one) => {
    const byLight = likelihood(one.light);
    return { ...one, byLight, flashLit: likely(byLight, one.redPupils, heard) };
  });
  const best = weighed.reduce((most, one) => (exceeds(one, most) ? one : most));
  const all = { ...figures, ...best.light, byLight: best.byLight, redPupils: red };
  const kind = best.flashLit >= LEAST_FLASH_LIT ? "flash_selfie" : "not_flash";
  const said = kind === "flash_selfie" ? flash(weighed, exifFlash) : noFlash(best, exifFlash);
  return verdict(kind, said, weighed, options, all);
}

/** Returns the factor on the correction of a face, 0 to 1. */
export function strengthOf(flashLit: number): number {
  return clamp((flashLit - WEAKEST) / (FULL - WEAKEST), 0, 1);
}

function exceeds(one: Weighed, other: Weighed): boolean {
  if (one.flashLit !== other.flashLit) return one.flashLit > other.flashLit;
  return one.byLight > other.byLight;
}

/** Returns the likelihood of a flash after pupils and EXIF were heard. */
function likely(byLight: number, redPupils: number, exifFlash: boolean | null): number {
  if (exifFlash === false) return 0;
  const heard = (exifFlash ? EXIF_FIRED : 0) + (redPupils > 0 ? RED_PUPILS : 0);
  const seen = clamp(byLight, FAINT, 1 - FAINT);
  return 1 / (1 + ((1 - seen) / seen) * Math.exp(-heard));
}

function flash(seen: readonly Weighed[], exifFlash: boolean | null): Message {
  if (exifFlash) return { key: "verdict.flash.exif" };
  if (seen.some((one) => one.redPupils > 0)) return { key: "verdict.flash.pupils" };
  if (seen.length === 1) return { key: "verdict.flash.light" };
  const lit = seen.filter((one) => one.flashLit >= LEAST_FLASH_LIT).length;
  return { key: "verdict.flash.several", values: { lit, faces: seen.length } };
}

function noFlash(best: Weighed, exifFlash: boolean | null): Message {
  const against = contributions(best.light);
  const worst = MEASURES.reduce((most, name) => (against[name] < against[most] ? name : most));
  const key = `verdict.none.${worst}`;
  if (exifFlash === null) return { key };
  if (exifFlash) return { key: `${key}.although` };
  if (best.byLight >= LEAST_FLASH_LIT) return { key: "verdict.none.exif" };
  return { key: `${key}.and` };
}

function verdict(
  kind: Kind,
  reason: Message,
  seen: readonly Weighed[],
  { exifFlash, scale }: Context,
  figures: Record<string, number>,
): Verdict {
  const faces = seen.map(({ face, flashLit }) => ({
    box: face.box.map((value) => rounded(value * scale, 1)) as unknown as Box,
    score: rounded(face.score, 3),
    flashLit: rounded(flashLit, 3),
    strength: kind === "flash_selfie" ? rounded(strengthOf(flashLit), 3) : 0,
  }));
  const entries = Object.entries(figures).map(([name, value]) => [name, rounded(value, 3)]);
  return { kind, reason, faces, exifFlash, figures: Object.fromEntries(entries) };
}

/** Returns a number of so many decimals, a half to the even neighbour. */
function rounded(value: number, digits: number): number {
  // A half of the last digit that binary fractions hold exactly has few of their digits.
  const half = Number.isInteger(value * 2 ** (digits + 1));
  return half ? rint(value * 10 ** digits) / 10 ** digits : Number(value.toFixed(digits));
}
