/** Fetches the networks that lie beside the page and makes them ready to run. */
import { CorrectionModel } from "../enhance/correction.ts";
import { readHeader } from "../enhance/header.ts";
import { FaceFinder } from "../faces/finder.ts";
import { PhotoError } from "../message.ts";
import type { Network } from "./network.ts";
import type { EngineInfo } from "./protocol.ts";
import { configureRuntime, loadNetwork, runtimeOf } from "./session.ts";

export interface Models {
  readonly info: EngineInfo;
  readonly correction: CorrectionModel;
  readonly finder: FaceFinder;
  readonly person: Network;
}

const FILES = ["portrait", "face_detector", "face_mesh", "person"] as const;
const MOST_THREADS = 4;

/** Threads need memory that they share, which browsers give to isolated pages only. */
export function threadCount(): number {
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated;
  return isolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
}

/**
 * Loads everything.
 *
 * @param base folder of the page.
 * @param report is told how much is done, 0 to 1.
 */
export async function loadModels(base: URL, report: (share: number) => void): Promise<Models> {
  const threads = threadCount();
  configureRuntime({ base: new URL("ort/", base).href, threads });
  let done = 0;
  const contents = await Promise.all(
    FILES.map(async (name) => {
      const content = await fetched(new URL(`models/${name}.onnx`, base));
      report((++done / FILES.length) * 0.6);
      return content;
    }),
  );
  const networks: Network[] = [];
  for (const [at, content] of contents.entries()) {
    // The small networks are asked so briefly that a graphics card would only cost their way.
    networks.push(await loadNetwork(content, { runtime: at === 0 ? "webgpu" : "wasm", threads }));
    report(0.6 + ((at + 1) / FILES.length) * 0.4);
  }
  const [portrait, detector, mesh, person] = networks as [Network, Network, Network, Network];
  return {
    info: { runtime: runtimeOf(portrait) ?? "wasm", threads },
    correction: new CorrectionModel(portrait, readHeader(contents[0]!, "portrait.onnx")),
    finder: new FaceFinder({ detector, mesh }),
    person,
  };
}

async function fetched(url: URL): Promise<Uint8Array> {
  try {
    const answer = await fetch(url);
    if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
  } catch {
    // Said below: whoever is offline can do the same about it.
  }
  throw new PhotoError("error.offline");
}
