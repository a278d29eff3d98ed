/** The light of a look, ready to be applied: what stands between red eyes and the background.
 *
 * A photograph is finished in this order: red eyes (before the light: pupils are judged by the
 * colours that the flash gave them), the light of `lightOf`, and the background.
 */
import { type Floats, floats } from "../image/image.ts";
import { resizeLinear } from "../image/resize.ts";
import { type Analysis, clip } from "./analysis.ts";
import { applyCorrection, type TargetName } from "./correction.ts";
import type { Look } from "./look.ts";
import type { Small } from "./pipeline.ts";
import { wallShadowCorrection } from "./shadow.ts";

/** What `pipeline.middleRows` needs for a look. */
export interface Light {
  readonly small: Small;
  /** Factor on the correction at the size of `Analysis.seen`; null is 1 everywhere. */
  readonly mask: Floats | null;
}

/** Returns the light of a look; null if it leaves the light alone. */
export async function lightOf(analysis: Analysis, look: Look): Promise<Light | null> {
  if (!look.strength) return null;
  if (look.region === "face") {
    return { small: await analysis.small(look), mask: analysis.faceMask(look.faces) };
  }
  return { small: await smallWithShadow(analysis, look), mask: null };
}

/** Returns the correction of a look that also lifts the flash's shadow from the wall. */
export async function smallWithShadow(analysis: Analysis, look: Look): Promise<Small> {
  const small = await analysis.small(look);
  if (look.background !== "keep" || !analysis.faces.length) return small;
  const after = applyCorrection(small.target, small.picture, small.correction);
  clip(after);
  const matte = resizeLinear(await analysis.matte(), after.width, after.height);
  const lift = wallShadowCorrection(after, matte, analysis.facesAt(after.width));
  const strength = Math.fround(Math.min(look.strength, 1));
  return { ...small, correction: lifted(small, after, lift, strength) };
}

/** Adds a log-ratio, times `strength`, to a correction of the model's kind. */
function lifted(small: Small, after: Floats, lift: Floats, strength: number): Floats {
  const result = floats(after.width, after.height, 3);
  const { data } = result;
  for (let i = 0; i < lift.data.length; i++) {
    const ratio = Math.fround(lift.data[i]! * strength);
    for (let c = 3 * i; c < 3 * i + 3; c++) {
      data[c] = small.correction.data[c]! + inTarget(small.target, after.data[c]!, ratio);
    }
  }
  return result;
}

function inTarget(target: TargetName, after: number, ratio: number): number {
  return target === "log_ratio" ? ratio : after - after * Math.exp(-ratio);
}
