/** Networks from the disk, for tests that run them in Node. */
import { readFile } from "node:fs/promises";
import type { Network, Tensor } from "../src/engine/network.ts";
import { loadNetwork, runtimeOf } from "../src/engine/session.ts";

const loaded = new Map<string, Promise<Network>>();

/** Returns one of the networks in `models/`, loaded once. */
export function networkNamed(name: string): Promise<Network> {
  let network = loaded.get(name);
  if (network === undefined) {
    const file = new URL(`../models/${name}.onnx`, import.meta.url);
    network = readFile(file).then((content) => loadNetwork(content, { runtime: "webgpu" }));
    loaded.set(name, network);
  }
  return network;
}

export async function answers(
  name: string,
  dims: readonly number[],
  data: Float32Array,
): Promise<Readonly<Record<string, Tensor>>> {
  return (await networkNamed(name))({ dims, data });
}

export async function answersAtOnce(
  name: string,
  dims: readonly number[],
  inputs: readonly Float32Array[],
): Promise<Readonly<Record<string, Tensor>>[]> {
  const network = await networkNamed(name);
  return Promise.all(inputs.map((data) => network({ dims, data })));
}

export async function runtimeNamed(name: string): Promise<string | null> {
  return runtimeOf(await networkNamed(name));
}
