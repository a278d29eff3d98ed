/** What a network says about a photograph: the correction, and how it is applied.
 *
 * 0 always means "change nothing".
 */
import type { Network } from "../engine/network.ts";
import { type Floats, floats } from "../image/image.ts";
import { classAndArguments, type ModelHeader, modelError, type Spec } from "./header.ts";
import { type LowPass, lowPassOf } from "./lowpass.ts";

export type TargetName = "difference" | "direct" | "log_ratio";

/** What a network's output means. */
export interface Decoding {
  readonly target: TargetName;
  /** Of `log_ratio` only: the largest change, in doublings. */
  readonly maxStops: number;
}

const TARGETS: Readonly<Record<string, TargetName>> = {
  "deepflash.targets.Difference": "difference",
  "deepflash.targets.DirectImage": "direct",
  "deepflash.targets.LogRatio": "log_ratio",
};
const MAX_STOPS = 3;
const OUTPUT = "y";

/** A trained network with its filter and its target. */
export class CorrectionModel {
  /** Long side in pixels that the network was trained at. */
  readonly size: number;
  /** How its correction is applied; see `applyCorrection`. */
  readonly target: TargetName;
  private readonly network: Network;
  private readonly lowPass: LowPass;
  private readonly decoding: Decoding;
  private readonly file: string;

  /** @throws PhotoError the header names what this page does not have */
  constructor(network: Network, header: ModelHeader, file = "model.onnx") {
    this.network = network;
    this.file = file;
    this.lowPass = lowPassOf(header.filter, file);
    this.decoding = decodingOf(header.target, file);
    this.size = header.size;
    this.target = this.decoding.target;
  }

  /** Returns the correction of a picture, sRGB-encoded in [0,1], of any size.
   *
   * @throws PhotoError the network's answer has another size or is not finite
   */
  async correction(picture: Floats): Promise<Floats> {
    const low = this.lowPass(picture);
    const { width, height } = low;
    const y = (await this.network({ dims: [1, 3, height, width], data: planes(low) }))[OUTPUT];
    if (!y || y.dims.join() !== [1, 3, height, width].join()) {
      throw modelError(this.file, `it answers ${width} x ${height} with ${y?.dims.join(" x ")}`);
    }
    const decoded = decode(this.decoding, y.data, low);
    if (!decoded.data.every(Number.isFinite)) {
      throw modelError(this.file, "it predicts values that are not finite");
    }
    return decoded;
  }
}

/** Returns the meaning that `target` of a model file's header gives to the output. */
export function decodingOf(spec: Spec, file: string): Decoding {
  const { path, args } = classAndArguments(spec, file);
  if (!Object.hasOwn(TARGETS, path)) throw modelError(file, `it asks for the target ${path}`);
  const stops = args.max_stops ?? MAX_STOPS;
  if (typeof stops !== "number" || !(stops > 0 && stops < Number.POSITIVE_INFINITY)) {
    throw modelError(file, `it has max_stops ${JSON.stringify(stops)}`);
  }
  return { target: TARGETS[path]!, maxStops: stops };
}

/** Returns the corrected picture, not clipped: for a log-ratio `photo` * exp(-`correction`), for
 * the others `photo` - `correction`.
 *
 * @param photo sRGB-encoded in [0,1]
 * @param correction decoded, as large as `photo`
 */
export function applyCorrection(target: TargetName, photo: Floats, correction: Floats): Floats {
  const result = floats(photo.width, photo.height, photo.channels);
  const [from, change, to] = [photo.data, correction.data, result.data];
  if (target === "log_ratio") {
    for (let i = 0; i < to.length; i++) to[i] = from[i]! * Math.exp(-change[i]!);
  } else {
    for (let i = 0; i < to.length; i++) to[i] = from[i]! - change[i]!;
  }
  return result;
}

function planes(picture: Floats): Float32Array {
  const count = picture.width * picture.height;
  const from = picture.data;
  const to = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    to[i] = from[3 * i]!;
    to[count + i] = from[3 * i + 1]!;
    to[2 * count + i] = from[3 * i + 2]!;
  }
  return to;
}

/** Returns the correction for y, planes in [0,1], that was predicted from `low`. */
function decode(decoding: Decoding, y: Float32Array, low: Floats): Floats {
  const result = floats(low.width, low.height, 3);
  const count = low.width * low.height;
  const scale = decoding.target === "log_ratio" ? Math.fround(decoding.maxStops * Math.LN2) : 1;
  const to = result.data;
  for (let channel = 0; channel < 3; channel++) {
    const plane = y.subarray(channel * count, (channel + 1) * count);
    for (let i = 0, at = channel; i < count; i++, at += 3) {
      const value = plane[i]!;
      to[at] = decoding.target === "direct" ? low.data[at]! - value : (2 * value - 1) * scale;
    }
  }
  return result;
}
