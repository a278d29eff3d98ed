/** The low-pass filters that networks were trained behind, as their files name them. */
import { bilateral } from "../image/bilateral.ts";
import { gaussianBlur } from "../image/blur.ts";
import { type Floats, rint } from "../image/image.ts";
import { guidedPass } from "./guidedpass.ts";
import { classAndArguments, modelError, type Spec } from "./header.ts";

/** Takes and returns colours, sRGB-encoded in [0,1]. */
export type LowPass = (picture: Floats) => Floats;

type Check = (value: unknown) => boolean;
type Arguments = Readonly<Record<string, number | null | undefined>>;

interface Filter {
  readonly make: (given: Arguments) => LowPass;
  readonly checks: Readonly<Record<string, Check>>;
}

const aboveZero: Check = (value) =>
  typeof value === "number" && value > 0 && Number.isFinite(value);
const pixels: Check = (value) => Number.isInteger(value) && (value as number) >= 1;

const FILTERS: Readonly<Record<string, Filter>> = {
  "deepflash.filters.Bilateral": {
    make: ({ sigma_s = 7, sigma_r = 0.4, radius = null }) => {
      const reach = radius ?? Math.max(rint(1.5 * sigma_s!), 1);
      return (picture) => bilateral(picture, reach, sigma_r!, sigma_s!);
    },
    checks: {
      sigma_s: aboveZero,
      sigma_r: aboveZero,
      radius: (value) => value === null || pixels(value),
    },
  },
  "deepflash.filters.Gaussian": {
    make: ({ sigma_s = 7 }) => {
      const side = 2 * Math.max(rint(3 * sigma_s!), 1) + 1;
      return (picture) => gaussianBlur(picture, sigma_s!, "reflect101", side);
    },
    checks: { sigma_s: aboveZero },
  },
  "deepflash.filters.Guided": {
    make: ({ radius = 7, epsilon = 0.02 }) => {
      return (picture) => guidedPass(picture, radius!, epsilon!);
    },
    checks: { radius: pixels, epsilon: aboveZero },
  },
  "deepflash.filters.NoFilter": { make: () => (picture) => picture, checks: {} },
};
// How the same filter is computed elsewhere, and nothing about its result.
const IGNORED = new Set(["compiled"]);

/** Returns the filter that `filter` of a model file's header names.
 *
 * @throws PhotoError no filter of deepflash, or arguments that it does not take
 */
export function lowPassOf(spec: Spec, file: string): LowPass {
  const { path, args } = classAndArguments(spec, file);
  const filter = Object.hasOwn(FILTERS, path) ? FILTERS[path]! : null;
  if (!filter) throw modelError(file, `it asks for the filter ${path}`);
  const kept: Record<string, number | null> = {};
  for (const [name, value] of Object.entries(args)) {
    if (IGNORED.has(name)) continue;
    if (!Object.hasOwn(filter.checks, name) || !filter.checks[name]!(value)) {
      throw modelError(file, `it asks for ${path} with ${name}=${JSON.stringify(value)}`);
    }
    kept[name] = value as number | null;
  }
  return filter.make(kept);
}
