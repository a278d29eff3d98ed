/** The matte with a network whose answers are given in the order in which they are asked for. */
import { personMatte } from "../src/enhance/matte.ts";
import type { Face } from "../src/faces/face.ts";
import type { Bytes, Floats } from "../src/image/image.ts";

/** Returns the matte, and which pictures the network was asked about. */
export async function matteByAnswers(
  answers: readonly Floats[],
  picture: Bytes,
  faces: readonly Face[],
): Promise<{ matte: Floats; asked: Bytes[] }> {
  const asked: Bytes[] = [];
  const probability = async (one: Bytes) => {
    asked.push(one);
    return answers[asked.length - 1];
  };
  return { matte: await personMatte(probability, picture, faces), asked };
}
