/** A network as the algorithm sees it; `session.ts` runs one by ONNX Runtime. */

export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Answers one input, float32, with all outputs by their names. */
export type Network = (input: Tensor) => Promise<Readonly<Record<string, Tensor>>>;
