/** ONNX Runtime for processors and, through WebGPU, for graphics processors. */
export { env, InferenceSession, Tensor } from "onnxruntime-web/jspi";
