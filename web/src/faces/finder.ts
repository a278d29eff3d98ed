/** All faces of a picture with their points, from thumbnails to tens of megapixels. */
import type { Network } from "../engine/network.ts";
import type { Box, Bytes } from "../image/image.ts";
import { resizeArea } from "../image/resize.ts";
import { type Detection, look, merge, overlap } from "./detector.ts";
import type { Face } from "./face.ts";
import { around, type MeshPoints, squareOfDetection, squareOfPoints } from "./mesh.ts";
import { part, type Square } from "./patch.ts";

const LEAST_SCORE = 0.5;
const REDUCED_PX = 1280;
const TILES_ACROSS = [1, 2, 3];
const SMALLEST_TILE_PX = 160;
const CANDIDATE_SCORE = 0.4;
const SAME_FACE = 0.4;
const SAME_CANDIDATE = 0.1;
const CLOSER = 2.5;
const TURN_RAD = 0.14;
const GROWTH = 0.06;
const SHIFT = 0.025;
/** Turn, scale, and moves to the right and down in shares of the square. */
const LOOKS = [
  [-TURN_RAD, 1 - GROWTH, SHIFT, SHIFT],
  [TURN_RAD, 1 + GROWTH, -SHIFT, -SHIFT],
  [-TURN_RAD, 1 + GROWTH, SHIFT, -SHIFT],
  [TURN_RAD, 1 - GROWTH, -SHIFT, SHIFT],
] as const;

/** The networks `face_detector.onnx` and `face_mesh.onnx`. */
export interface FaceNetworks {
  readonly detector: Network;
  readonly mesh: Network;
}

export class FaceFinder {
  readonly #networks: FaceNetworks;

  constructor(networks: FaceNetworks) {
    this.#networks = networks;
  }

  /**
   * Returns all faces of an upright RGB picture, the surest first.
   *
   * A head is found from a tenth of the picture's height on.
   */
  async find(picture: Bytes): Promise<Face[]> {
    const faces: Face[] = [];
    for (const candidate of await this.#candidates(picture)) {
      const face = await this.#confirmed(picture, candidate);
      if (face !== null && !isKnown(face, faces)) faces.push(face);
    }
    return faces.sort((one, other) => other.score - one.score);
  }

  async #candidates(picture: Bytes): Promise<Detection[]> {
    const { small, factor } = reduced(picture);
    const found: Detection[] = [];
    for (const tile of tiles(small.height, small.width)) {
      found.push(...(await look(this.#networks.detector, small, tile, CANDIDATE_SCORE)));
    }
    return merge(found, SAME_FACE, "smaller").map((one) => enlarged(one, factor));
  }

  /** Looks closer, and returns the face if both networks still see one. */
  async #confirmed(picture: Bytes, candidate: Detection): Promise<Face | null> {
    const closer = await this.#closer(picture, candidate);
    if (closer === null) return null;
    const found = await this.#refined(picture, squareOfDetection(closer));
    if (found.score < LEAST_SCORE) return null;
    return {
      points: found.points,
      score: Math.min(closer.score, found.score),
      box: boxAround(found.points),
      depth: found.depth,
    };
  }

  /** Returns the face that the detector sees when the candidate fills its patch well. */
  async #closer(picture: Bytes, candidate: Detection): Promise<Detection | null> {
    const [x0, y0, x1, y1] = candidate.box;
    const sidePx = Math.max(x1 - x0, y1 - y0) * CLOSER;
    const square = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, sidePx, angleRad: 0 };
    let best: Detection | null = null;
    let most = -1;
    for (const one of await look(this.#networks.detector, picture, square, LEAST_SCORE)) {
      const share = overlap(candidate.box, one.box, "union");
      if (share > most) [best, most] = [one, share];
    }
    return most >= SAME_CANDIDATE ? best : null;
  }

  /** Returns the mean of several looks, each with a square that a first look gave. */
  async #refined(picture: Bytes, square: Square): Promise<MeshPoints> {
    const first = await around(this.#networks.mesh, picture, square);
    if (first.score < LEAST_SCORE) return first;
    const looks: MeshPoints[] = [];
    for (const one of varied(squareOfPoints(first.points))) {
      looks.push(await around(this.#networks.mesh, picture, one));
    }
    return {
      points: mean(looks.map((one) => one.points)),
      depth: mean(looks.map((one) => one.depth)),
      score: Math.min(...looks.map((one) => one.score)),
    };
  }
}

/** Returns squares around one: where the crop lies sways the points; the mean holds. */
function varied(square: Square): Square[] {
  return LOOKS.map(([turn, scale, right, down]) => ({
    x: square.x + right * square.sidePx,
    y: square.y + down * square.sidePx,
    sidePx: square.sidePx * scale,
    angleRad: square.angleRad + turn,
  }));
}

/** Returns the squares that are searched: the whole picture, then smaller ones that overlap. */
export function tiles(height: number, width: number): Square[] {
  const found: Square[] = [];
  for (const across of TILES_ACROSS) {
    const sidePx = Math.max(height, width) / across;
    if (across > 1 && sidePx < SMALLEST_TILE_PX) break;
    for (const y of middles(height, sidePx)) {
      for (const x of middles(width, sidePx)) found.push({ x, y, sidePx, angleRad: 0 });
    }
  }
  return found;
}

/** Returns the middles of squares that cover a length, each overlapping the next by half. */
function middles(length: number, side: number): number[] {
  const spare = length - side;
  if (spare <= 0) return [(length - 1) / 2];
  const count = Math.ceil((2 * spare) / side) + 1;
  const step = spare / (count - 1);
  return Array.from({ length: count }, (_, index) => {
    const start = index === count - 1 ? spare : index * step;
    return start + (side - 1) / 2;
  });
}

/** Returns a smaller picture for the search, and by which whole number it is smaller. */
function reduced(picture: Bytes): { small: Bytes; factor: number } {
  const { width, height } = picture;
  const factor = Math.floor(Math.max(height, width) / REDUCED_PX);
  if (factor < 2 || Math.min(height, width) < factor) return { small: picture, factor: 1 };
  const [columns, rows] = [Math.floor(width / factor), Math.floor(height / factor)];
  const [across, down] = [columns * factor, rows * factor];
  const isWhole = across === width && down === height;
  const blocks = isWhole ? picture : part(picture, 0, 0, across, down);
  return { small: resizeArea(blocks, columns, rows), factor };
}

function enlarged(detection: Detection, factor: number): Detection {
  const place = (value: number) => Math.fround(Math.fround(value + 0.5) * factor) - 0.5;
  return { ...detection, box: detection.box.map(place), keys: detection.keys.map(place) };
}

function isKnown(face: Face, faces: readonly Face[]): boolean {
  const box = Float32Array.from(face.box);
  return faces.some((known) => overlap(box, known.box, "smaller") > Math.fround(SAME_FACE));
}

function boxAround(points: Float32Array): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < points.length; at += 2) {
    [left, right] = [Math.min(left, points[at]!), Math.max(right, points[at]!)];
    [top, bottom] = [Math.min(top, points[at + 1]!), Math.max(bottom, points[at + 1]!)];
  }
  return [left, top, right, bottom];
}

function mean(lists: readonly Float32Array[]): Float32Array {
  const total = new Float32Array(lists[0]!.length);
  for (const list of lists) {
    for (let at = 0; at < total.length; at++) total[at]! += list[at]!;
  }
  return total.map((value) => value / lists.length);
}
