/** What the page asks of the engine, which works in threads of its own. */
import type { Verdict } from "../enhance/judged.ts";
import type { Look } from "../enhance/look.ts";
import type { Message } from "../message.ts";

/** Steps of the work, in their order; the page has a word for each. */
export type Stage = "load" | "decode" | "faces" | "network" | "preview" | "render" | "encode";

/** `share` of the whole work that is done, 0 to 1. */
export type Progress = (stage: Stage, share: number) => void;

export interface EngineInfo {
  readonly runtime: "webgpu" | "wasm";
  readonly threads: number;
  /** Addresses of what the engine's threads have fetched, which no page sees by itself. */
  readonly fetched: readonly string[];
}

export interface Opened {
  readonly id: number;
  /** Of the full photograph, upright, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly verdict: Verdict;
  /** Red pupils that will be repaired unless that is switched off. */
  readonly redPupils: number;
  /** At a long side of at most 1536 pixels. */
  readonly before: ImageBitmap;
  /** What the visitor should know, e.g. that 16 bits became 8; keys `note.*`. */
  readonly notes: readonly Message[];
  /** Whether the file says where the photograph was taken. */
  readonly hasPlace: boolean;
}

export interface Rendered {
  readonly file: Blob;
  /** For the download: the photograph's own with `-studio`. */
  readonly name: string;
  /** Less than the photograph's where this device cannot hold all of it. */
  readonly width: number;
  readonly height: number;
  readonly seconds: number;
}

export interface EngineClient {
  /** Loads runtime and networks; resolves at once the next time. */
  ready(progress?: Progress): Promise<EngineInfo>;
  /** Decodes and judges a photograph. Rejects with PhotoError: one sentence for people. */
  open(file: Blob, name: string, progress?: Progress): Promise<Opened>;
  /** The whole photograph with a look, as large as `before`. A newer call overtakes waiting ones,
   * which then resolve with null. */
  preview(id: number, look: Look): Promise<ImageBitmap | null>;
  /** The photograph with a look at its full size, as a file. */
  render(
    id: number,
    look: Look,
    options: { readonly keepPlace: boolean },
    progress?: Progress,
  ): Promise<Rendered>;
  close(id: number): void;
}
