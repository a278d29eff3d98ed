/** Which eyes of a face are red: one that is clearly so, or two that are so together. */
import { type ColourMap, goldenness, redness } from "./colours.ts";
import { brightestSpot, type Spot, type View } from "./pupils.ts";

/** Spots below this radius are one or two pixels of a small picture, and must glow more. */
const SMALL_PX = 5;
const SMALL_GLOW = 0.9;
const SMALL_ABOVE = 0.7;
/** Both eyes look the same way: by how much their pupils' places may differ, in widths. */
const APART = 0.3;
/** Of a spot's middle that is dark, and of the skin around it that glows as well. */
const MOST_HOLLOW = 0.2;
const MOST_BEYOND = 0.35;

/** What a spot must reach. */
interface Limits {
  readonly glow: number;
  /** By how much it glows more than the ring around it. */
  readonly above: number;
  readonly round: number;
}

/** Limits for one eye alone, for each of two, and for the other eye of a clearly red one. */
interface Levels {
  readonly alone: Limits;
  readonly both: Limits;
  readonly other: Limits;
}

const RED: Levels = {
  alone: { glow: 0.42, above: 0.55, round: 0.57 },
  both: { glow: 0.3, above: 0.45, round: 0.54 },
  other: { glow: 0.1, above: 0.3, round: 0.45 },
};
const GOLDEN: Levels = {
  alone: { glow: 0.9, above: 0.7, round: 0.57 },
  both: { glow: 0.75, above: 0.6, round: 0.5 },
  other: { glow: 0.6, above: 0.5, round: 0.5 },
};
const SEARCHES: readonly (readonly [ColourMap, Levels])[] = [
  [redness, RED],
  [goldenness, GOLDEN],
];

export interface Pupil {
  readonly spot: Spot;
  /** What it was found by. */
  readonly colours: ColourMap;
}

/** Returns for each eye of one face the pupil that the flash coloured, null where it did not. */
export function redPupils(views: readonly View[], skin: Float32Array): (Pupil | null)[] {
  const found: (Pupil | null)[] = views.map(() => null);
  for (const [colours, levels] of SEARCHES) {
    const spots = views.map((view) => brightestSpot(view, colours(view.light, skin)));
    const red = judged(views, spots, levels);
    spots.forEach((spot, at) => {
      if (spot !== null && red[at]) found[at] ??= { spot, colours };
    });
  }
  return found;
}

function judged(
  views: readonly View[],
  spots: readonly (Spot | null)[],
  levels: Levels,
): readonly boolean[] {
  const alone = spots.map((spot) => exceeds(spot, levels.alone));
  if (spots.length < 2 || alone.every(Boolean) || !lookTheSameWay(views, spots)) return alone;
  if (alone.some(Boolean)) {
    return spots.map((spot, at) => alone[at]! || exceeds(spot, levels.other));
  }
  const both = spots.every((spot) => exceeds(spot, levels.both));
  return spots.map(() => both);
}

function exceeds(spot: Spot | null, limits: Limits): boolean {
  if (spot === null) return false;
  const small = spot.radius < SMALL_PX;
  return (
    spot.glow >= Math.max(limits.glow, small ? SMALL_GLOW : 0) &&
    spot.glow - spot.around >= Math.max(limits.above, small ? SMALL_ABOVE : 0) &&
    spot.roundness >= limits.round &&
    spot.hollow <= MOST_HOLLOW &&
    spot.beyond <= MOST_BEYOND
  );
}

function lookTheSameWay(views: readonly View[], spots: readonly (Spot | null)[]): boolean {
  const places: number[] = [];
  for (const [at, spot] of spots.entries()) {
    if (spot === null) return false;
    const { contour, width } = views[at]!;
    let left = contour[0]!;
    for (let i = 2; i < contour.length; i += 2) left = Math.min(left, contour[i]!);
    places.push((spot.x - left) / width);
  }
  return Math.max(...places) - Math.min(...places) < APART;
}
