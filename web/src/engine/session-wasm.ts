/** ONNX Runtime for processors: the smaller of its builds. */
export { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
