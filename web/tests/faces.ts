/** Faces and people in pictures, for tests that run in Node. */
import { personProbability } from "../src/enhance/person.ts";
import type { Face } from "../src/faces/face.ts";
import { FaceFinder } from "../src/faces/finder.ts";
import * as points from "../src/faces/points.ts";
import type { Bytes, Floats } from "../src/image/image.ts";
import { networkNamed } from "./networks.ts";

export async function finder(): Promise<FaceFinder> {
  const [detector, mesh] = await Promise.all([
    networkNamed("face_detector"),
    networkNamed("face_mesh"),
  ]);
  return new FaceFinder({ detector, mesh });
}

export async function find(picture: Bytes): Promise<Face[]> {
  return (await finder()).find(picture);
}

export async function secondsToFind(picture: Bytes): Promise<number> {
  const one = await finder();
  const start = performance.now();
  await one.find(picture);
  return (performance.now() - start) / 1000;
}

export async function probability(picture: Bytes): Promise<Floats> {
  return personProbability(await networkNamed("person"), picture);
}

export function namedPoints(): Record<string, unknown> {
  return Object.fromEntries(Object.entries(points).filter(([name]) => name === name.toUpperCase()));
}
