/** The modules of photograph files in a form that the Python tests can call. */
import { type Conversion, conversionOf, isSrgb } from "../src/files/colour.ts";
import { contentsOf, formatOf } from "../src/files/sniff.ts";
import type { Floats } from "../src/image/image.ts";

/** Format and contents of a file; `bare` joined, without and with its profile. */
export async function looked(data: Uint8Array, name: string) {
  const format = formatOf(data.subarray(0, 65536), name);
  const { bare, ...contents } = await contentsOf(data, format);
  const joined = (keep: boolean) => bare && Uint8Array.from(bare(keep).flatMap((one) => [...one]));
  return { format, ...contents, bare: joined(false), bareWithProfile: joined(true) };
}

export function converted(icc: Uint8Array, picture: Floats, back: boolean): Floats {
  const conversion = conversionOf(icc) as Conversion;
  return back ? conversion.fromSrgb(picture) : conversion.toSrgb(picture);
}

export function facts(icc: Uint8Array) {
  const conversion = conversionOf(icc);
  if (!conversion) return null;
  const curves = conversion.curves.flatMap((curve) => [...curve]);
  const matrix = Float64Array.from(conversion.toLinearSrgb);
  return { matrix, curves: Float64Array.from(curves), isSrgb: isSrgb(conversion) };
}
