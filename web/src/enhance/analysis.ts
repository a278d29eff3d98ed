/** What is known about one photograph before a look is chosen, found out when it is needed. */
import { type Face, scaled } from "../faces/face.ts";
import type { Conversion } from "../files/colour.ts";
import { convexHull, fillConvexPoly } from "../image/draw.ts";
import { type Bytes, bytes, clamp, type Floats, floats, rint } from "../image/image.ts";
import { distanceTransform } from "../image/morphology.ts";
import { type Answering, type Canvas, canvasOf, canvasSize, nearFaces } from "./canvas.ts";
import { applyCorrection, type TargetName } from "./correction.ts";
import { offset } from "./exposure.ts";
import { evenOverFeatures } from "./features.ts";
import type { Verdict } from "./judged.ts";
import type { Look } from "./look.ts";
import type { Small } from "./pipeline.ts";

// Of a face's height; walls beside it are to stay.
const FACE_GROWTH = 0.02;
const FACE_FADE = 0.07;
/** Below it 8-bit pictures hold no ratio that could be believed. */
const DARKEST = 1 / 64;

/** What an analysis starts from. */
export interface Given {
  /** The photograph at a long side of at most 1280, sRGB. */
  readonly seen: Bytes;
  /** Of the full photograph, in pixels. */
  readonly width: number;
  readonly height: number;
  /** In pixels of `seen`. */
  readonly faces: readonly Face[];
  readonly verdict: Verdict;
  readonly model: Answering & { readonly target: TargetName };
  /** How much of each pixel belongs to a person; asked at most once. */
  readonly matte: () => Promise<Floats>;
  /** Of the photograph; null is sRGB. */
  readonly profile: Conversion | null;
}

/** What is known about one photograph; what takes time is found out once. */
export class Analysis {
  readonly seen: Bytes;
  readonly width: number;
  readonly height: number;
  /** In pixels of `seen`. */
  readonly faces: readonly Face[];
  readonly verdict: Verdict;
  private readonly given: Given;
  private asked: Promise<Canvas> | null = null;
  private cutOut: Promise<Floats> | null = null;

  constructor(given: Given) {
    this.given = given;
    this.seen = given.seen;
    this.width = given.width;
    this.height = given.height;
    this.faces = given.faces;
    this.verdict = given.verdict;
  }

  /** Pixels of the photograph per pixel of `seen`. */
  get scale(): number {
    return Math.max(this.width, this.height) / Math.max(this.seen.width, this.seen.height);
  }

  get target(): TargetName {
    return this.given.model.target;
  }

  /** Returns the faces in pixels of the photograph brought to `width`. */
  facesAt(width: number): Face[] {
    return this.faces.map((face) => scaled(face, width / this.seen.width));
  }

  /** Returns the network's answer, all faces at full strength. */
  canvas(): Promise<Canvas> {
    this.asked ??= this.look();
    return this.asked;
  }

  /** Width and height of the canvas, which are known before the network has answered. */
  get canvasSize(): { readonly width: number; readonly height: number } {
    const boxes = this.faces.map((face) => face.box);
    const [width, height] = canvasSize(this.given.model.size, this.seen, boxes);
    return { width, height };
  }

  /** Returns how much of each pixel belongs to a person, at a long side of at most 640. */
  matte(): Promise<Floats> {
    this.cutOut ??= this.given.matte();
    return this.cutOut;
  }

  /** Returns 1 on the faces, fading to exactly 0 around them, at the size of `seen`.
   *
   * @param switched which faces count, in their order; empty for all
   */
  faceMask(switched: readonly boolean[] = []): Floats {
    const { width, height } = this.seen;
    const mask = floats(width, height);
    for (const [i, face] of this.faces.entries()) {
      if (switched[i] === false) continue;
      const tall = Math.max(face.box[3] - face.box[1], 1);
      const inside = outlined([face], width, height).data;
      const beyond = bytes(width, height);
      for (let k = 0; k < inside.length; k++) beyond.data[k] = inside[k] === 0 ? 1 : 0;
      const away = distanceTransform(beyond).data;
      for (let k = 0; k < away.length; k++) {
        const share = clamp(1 - (away[k]! / tall - FACE_GROWTH) / FACE_FADE, 0, 1);
        if (share > mask.data[k]!) mask.data[k] = share;
      }
    }
    return mask;
  }

  /** Returns the correction of a look, in the photograph's own encoding. */
  async small(look: Look): Promise<Small> {
    const { picture, correction } = await this.canvas();
    const { width, height } = picture;
    const faces = this.facesAt(width);
    const boxes = faces.map((face) => face.box);
    const moved = faces.length ? this.anchored({ picture, correction }, faces) : correction;
    // Last, so that a face which no flash lit is not moved by its offset either.
    const strengths = nearFaces(width, height, boxes, this.strengths(look.faces));
    const weighted = timesMap(moved, strengths);
    const wanted = times(weighted, Math.fround(look.strength));
    return this.encoded({ picture, correction: wanted, target: this.target });
  }

  /** Returns the correction after which each face keeps the exposure and hue that it has. */
  private anchored({ picture, correction }: Canvas, faces: readonly Face[]): Floats {
    const { width, height } = picture;
    const boxes = faces.map((face) => face.box);
    const offsets = faces.map((face) =>
      offset(this.target, picture, correction, outlined([face], width, height)),
    );
    const result = floats(width, height, 3);
    for (let c = 0; c < 3; c++) {
      const values = offsets.map((one) => one[c]!);
      const map = nearFaces(width, height, boxes, values).data;
      for (let k = 0, i = c; k < map.length; k++, i += 3) {
        result.data[i] = correction.data[i]! + map[k]!;
      }
    }
    return result;
  }

  /** Returns the faces' factors; 1 each where none is flash-lit and all were forced. */
  private strengths(switched: readonly boolean[]): number[] {
    const own = this.verdict.faces.map((face) => face.strength);
    const isForced = own.length !== this.faces.length || !own.some(Boolean);
    return this.faces.map((_, i) => (switched[i] === false ? 0 : isForced ? 1 : own[i]!));
  }

  private async look(): Promise<Canvas> {
    const boxes = this.faces.map((face) => face.box);
    const { picture, correction } = await canvasOf(this.given.model, this.seen, boxes);
    const even = evenOverFeatures(correction, this.facesAt(picture.width));
    return { picture, correction: even };
  }

  /** Says what a correction does in sRGB in the photograph's encoding. */
  private encoded(small: Small): Small {
    const { profile } = this.given;
    if (!profile) return small;
    const { target, correction } = small;
    const own = profile.fromSrgb(small.picture);
    const changed = applyCorrection(target, small.picture, correction);
    clip(changed);
    const after = profile.fromSrgb(changed);
    return { picture: own, correction: between(target, own, after, correction), target };
  }
}

/** Cuts values to [0,1] in place. */
export function clip(picture: Floats): void {
  const data = picture.data;
  for (let i = 0; i < data.length; i++) data[i] = clamp(data[i]!, 0, 1);
}

/** Returns the correction that turns one picture into the other; 0 where `asked` is 0. */
function between(target: TargetName, before: Floats, after: Floats, asked: Floats): Floats {
  const result = floats(before.width, before.height, 3);
  const [from, to, data] = [before.data, after.data, result.data];
  for (let i = 0; i < data.length; i++) {
    if (asked.data[i] === 0) continue;
    data[i] =
      target === "log_ratio"
        ? Math.log(Math.max(from[i]!, DARKEST) / Math.max(to[i]!, DARKEST))
        : from[i]! - to[i]!;
  }
  return result;
}

function times(values: Floats, factor: number): Floats {
  return { ...values, data: values.data.map((value) => value * factor) };
}

function timesMap(values: Floats, map: Floats): Floats {
  const result = floats(values.width, values.height, 3);
  for (let i = 0; i < map.data.length; i++) {
    for (let c = 3 * i; c < 3 * i + 3; c++) result.data[c] = values.data[c]! * map.data[i]!;
  }
  return result;
}

/** Returns 1 inside the faces' outlines and 0 elsewhere. */
function outlined(faces: readonly Face[], width: number, height: number): Floats {
  const mask = floats(width, height);
  for (const face of faces) fillConvexPoly(mask, convexHull(face.points.map(rint)), 1);
  return mask;
}
