/** Fetches the networks that lie beside the page and makes them ready to run. */
import { CorrectionModel } from "../enhance/correction.ts";
import { readHeader } from "../enhance/header.ts";
import { FaceFinder } from "../faces/finder.ts";
import { PhotoError } from "../message.ts";
import type { Network } from "./network.ts";
import type { EngineInfo } from "./protocol.ts";
import { configureRuntime, loadNetwork, type Runtime, runtimeOf, startRuntime } from "./session.ts";

export interface Models {
  readonly info: EngineInfo;
  readonly correction: CorrectionModel;
  readonly finder: FaceFinder;
  readonly person: Network;
}

/** The networks are so small that more threads gain nothing, and each of them keeps a processor
 * busy for seconds after its work, which the row threads would have used. */
const THREADS = 1;
/** Two for each network. */
const STEPS = 8;

interface Loaded {
  readonly content: Uint8Array;
  readonly network: Network;
}

/**
 * Loads everything.
 *
 * @param base folder of the page.
 * @param report is told how much is done, 0 to 1.
 */
export async function loadModels(base: URL, report: (share: number) => void): Promise<Models> {
  configureRuntime({ base: new URL("ort/", base).href, threads: THREADS });
  startRuntime("webgpu");
  let done = 0;
  const step = () => report(++done / STEPS);
  const load = async (name: string, runtime: Runtime): Promise<Loaded> => {
    const content = await fetched(new URL(`models/${name}.onnx`, base));
    step();
    const network = await loadNetwork(content, { runtime }).catch((error: unknown) => {
      console.warn("The runtime does not start:", error);
      throw new PhotoError(navigator.onLine ? "error.runtime" : "error.offline");
    });
    step();
    return { content, network };
  };
  // The small networks are asked so briefly that a graphics card would only cost their way.
  const [portrait, detector, mesh, person] = await Promise.all([
    load("portrait", "webgpu"),
    load("face_detector", "wasm"),
    load("face_mesh", "wasm"),
    load("person", "wasm"),
  ]);
  const runtime = runtimeOf(portrait.network) ?? "wasm";
  return {
    info: { runtime, threads: THREADS, fetched: fetchedBelow(base) },
    correction: new CorrectionModel(
      portrait.network,
      readHeader(portrait.content, "portrait.onnx"),
    ),
    finder: new FaceFinder({ detector: detector.network, mesh: mesh.network }),
    person: person.network,
  };
}

/** Addresses of all that this thread has fetched from the page's folder. */
function fetchedBelow(base: URL): string[] {
  const names = performance.getEntriesByType("resource").map((entry) => entry.name);
  return names.filter((name) => name.startsWith(base.href));
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
