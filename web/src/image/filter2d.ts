/** Weighted sums of neighbours, with the results of cv2.filter2D. */
import type { Floats } from "./image.ts";
import { floats } from "./image.ts";
import { extendRow, inside } from "./samples.ts";

/** Equal weights side by side, from that many on, are two differences of running sums. */
const LEAST_RUN = 3;

/** What one row of the kernel adds: samples this far from the result, times a weight. */
interface Terms {
  readonly offsets: Int32Array;
  readonly weights: Float64Array;
}

/** Correlation, the kernel's middle on the pixel; outside of the picture is 0 or mirrored. */
export function filter2d(image: Floats, kernel: Floats, border: "constant" | "reflect"): Floats {
  const { width, height, channels } = image;
  const length = width * channels;
  const reach = kernel.width >> 1;
  const stride = (width + kernel.width) * channels;
  const rows = withRunningSums(image, reach, stride, border);
  const terms = kernelTerms(kernel, channels, stride);
  const result = floats(width, height, channels);
  const out = new Float64Array(length);
  for (let y = 0; y < height; y++) {
    out.fill(0);
    for (let i = 0; i < kernel.height; i++) {
      const wanted = y + i - (kernel.height >> 1);
      if (border === "constant" && (wanted < 0 || wanted >= height)) continue;
      addTerms(rows, inside(wanted, height, "reflect") * 2 * stride, terms[i]!, out);
    }
    result.data.set(out, y * length);
  }
  return result;
}

/** For each row its samples with a border, then the sums of all samples before each. */
function withRunningSums(
  image: Floats,
  reach: number,
  stride: number,
  border: "constant" | "reflect",
): Float64Array {
  const { width, height, channels, data } = image;
  const length = width * channels;
  const rows = new Float64Array(2 * stride * height);
  for (let y = 0; y < height; y++) {
    const row = rows.subarray(2 * stride * y, 2 * stride * (y + 1));
    if (border === "reflect") extendRow(image, y, reach, border, row);
    else row.set(data.subarray(y * length, (y + 1) * length), reach * channels);
    for (let i = channels; i < stride; i++) {
      row[stride + i] = row[stride + i - channels]! + row[i - channels]!;
    }
  }
  return rows;
}

function kernelTerms(kernel: Floats, channels: number, stride: number): Terms[] {
  const { width, height, data } = kernel;
  const found: Terms[] = [];
  for (let y = 0; y < height; y++) {
    const offsets: number[] = [];
    const weights: number[] = [];
    for (let x = 0, end = 0; x < width; x = end) {
      const weight = data[y * width + x]!;
      end = x + 1;
      while (end < width && data[y * width + end] === weight) end++;
      if (weight === 0) continue;
      if (end - x >= LEAST_RUN) {
        offsets.push(stride + end * channels, stride + x * channels);
        weights.push(weight, -weight);
      } else {
        for (let i = x; i < end; i++) {
          offsets.push(i * channels);
          weights.push(weight);
        }
      }
    }
    found.push({ offsets: Int32Array.from(offsets), weights: Float64Array.from(weights) });
  }
  return found;
}

function addTerms(rows: Float64Array, start: number, terms: Terms, out: Float64Array): void {
  const { offsets, weights } = terms;
  let k = 0;
  // Four at once, as each pass over the results costs time too.
  for (; k + 4 <= offsets.length; k += 4) {
    const a = start + offsets[k]!;
    const b = start + offsets[k + 1]!;
    const c = start + offsets[k + 2]!;
    const d = start + offsets[k + 3]!;
    const toA = weights[k]!;
    const toB = weights[k + 1]!;
    const toC = weights[k + 2]!;
    const toD = weights[k + 3]!;
    for (let i = 0; i < out.length; i++) {
      out[i] =
        out[i]! + toA * rows[a + i]! + toB * rows[b + i]! + toC * rows[c + i]! + toD * rows[d + i]!;
    }
  }
  for (; k < offsets.length; k++) {
    const from = start + offsets[k]!;
    const weight = weights[k]!;
    for (let i = 0; i < out.length; i++) out[i] = out[i]! + weight * rows[from + i]!;
  }
}
