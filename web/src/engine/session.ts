/** Runs networks by ONNX Runtime: through WebGPU where that works, otherwise by WebAssembly. */
import type * as OnnxRuntime from "onnxruntime-web";
import type { Network, Tensor } from "./network.ts";

export type Runtime = "wasm" | "webgpu";

export interface RuntimeSetting {
  /** Absolute address of the folder of the `ort-wasm-*` files, with a slash at its end; without
   * one they are looked for beside the script. */
  readonly base?: string;
  /** Of the processor; more than one only where the page is cross-origin isolated. */
  readonly threads?: number;
}

type Ort = Pick<typeof OnnxRuntime, "env" | "InferenceSession" | "Tensor">;

interface Build {
  readonly ort: Ort;
  readonly runtime: Runtime;
}

let setting: RuntimeSetting = {};
let build: Promise<Build> | null = null;
let lastTurn: Promise<unknown> = Promise.resolve();
const runtimes = new WeakMap<Network, Runtime>();

/** Says where the runtime's files are; of no effect once the first network is asked for. */
export function configureRuntime(wanted: RuntimeSetting): void {
  setting = { ...setting, ...wanted };
}

/**
 * Loads a network from the content of an ONNX file.
 *
 * The first call decides which build of ONNX Runtime is fetched, so ask for the network that is to
 * run on the graphics processor first: the build for WebGPU also runs networks for `wasm`. Where
 * there is no WebGPU, or a network fails there, it runs on the processor instead.
 */
export async function loadNetwork(
  bytes: Uint8Array,
  options: { readonly runtime?: Runtime; readonly threads?: number } = {},
): Promise<Network> {
  if (options.threads !== undefined) configureRuntime({ threads: options.threads });
  const { ort, runtime } = await startRuntime(options.runtime ?? "wasm");
  if (options.runtime === "webgpu" && runtime === "webgpu") {
    try {
      return unlessItFails(await started(ort, bytes, "webgpu"), bytes);
    } catch (error) {
      console.warn("WebGPU refused a network:", error);
    }
  }
  return onProcessor(bytes);
}

/** Begins to load the build that also runs networks for `runtime`, unless one was begun before. */
export function startRuntime(runtime: Runtime): Promise<Build> {
  if (build === null) {
    build = runtime === "webgpu" ? chosenBuild() : plainBuild();
    // Whoever went online again may try again.
    build.catch(() => {
      build = null;
    });
  }
  return build;
}

/** Where networks can run, as far as that is known before one is loaded. */
export async function pickRuntime(): Promise<Runtime> {
  if (!("Suspending" in WebAssembly)) return "wasm";
  try {
    const adapter = await globalThis.navigator?.gpu?.requestAdapter();
    // An emulated graphics processor is slower than WebAssembly.
    return adapter == null || adapter.info.isFallbackAdapter ? "wasm" : "webgpu";
  } catch {
    return "wasm";
  }
}

/** Where a network of `loadNetwork` runs now; null for any other one. */
export function runtimeOf(network: Network): Runtime | null {
  return runtimes.get(network) ?? null;
}

async function onProcessor(bytes: Uint8Array): Promise<Network> {
  const { ort, runtime } = await build!;
  try {
    return await started(ort, bytes, "wasm");
  } catch (error) {
    if (runtime === "wasm") throw error;
    console.warn("The build for WebGPU does not start:", error);
    build = plainBuild();
    return started((await build).ort, bytes, "wasm");
  }
}

/** Graphics processors lose devices and run out of memory: then the processor takes over. */
function unlessItFails(first: Network, bytes: Uint8Array): Network {
  let instead: Promise<Network> | null = null;
  const network: Network = async (input) => {
    if (instead !== null) return (await instead)(input);
    try {
      return await first(input);
    } catch (error) {
      console.warn("WebGPU failed:", error);
      instead ??= onProcessor(bytes);
      runtimes.set(network, "wasm");
      return (await instead)(input);
    }
  };
  runtimes.set(network, "webgpu");
  return network;
}

async function chosenBuild(): Promise<Build> {
  if ((await pickRuntime()) === "wasm") return plainBuild();
  try {
    return { ort: configured(await import("./session-webgpu.ts")), runtime: "webgpu" };
  } catch (error) {
    console.warn("The build for WebGPU cannot be loaded:", error);
    return plainBuild();
  }
}

async function plainBuild(): Promise<Build> {
  return { ort: configured(await import("./session-wasm.ts")), runtime: "wasm" };
}

function configured(ort: Ort): Ort {
  const mayShare = globalThis.crossOriginIsolated ?? true;
  ort.env.logLevel = "error";
  ort.env.wasm.proxy = false;
  ort.env.wasm.numThreads = mayShare ? (setting.threads ?? 1) : 1;
  if (setting.base !== undefined) ort.env.wasm.wasmPaths = setting.base;
  return ort;
}

async function started(ort: Ort, bytes: Uint8Array, provider: Runtime): Promise<Network> {
  const session = await inTurn(() =>
    ort.InferenceSession.create(bytes, { executionProviders: [provider], logSeverityLevel: 3 }),
  );
  const network: Network = (input) => inTurn(() => answered(ort, session, input));
  runtimes.set(network, provider);
  return network;
}

async function answered(
  ort: Ort,
  session: OnnxRuntime.InferenceSession,
  input: Tensor,
): Promise<Record<string, Tensor>> {
  const given = new ort.Tensor("float32", input.data, input.dims);
  try {
    const found = await session.run({ [session.inputNames[0]!]: given });
    const answers: Record<string, Tensor> = {};
    for (const [name, tensor] of Object.entries(found)) {
      answers[name] = { dims: tensor.dims, data: (await tensor.getData()) as Float32Array };
      tensor.dispose();
    }
    return answers;
  } finally {
    given.dispose();
  }
}

/** The runtime starts once and does one thing at a time, whoever asks. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = lastTurn.then(work);
  lastTurn = turn.catch(() => undefined);
  return turn;
}
