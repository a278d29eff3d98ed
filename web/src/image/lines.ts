/** Straight lines of one pixel's width, plain or blended, by OpenCV's rules. */
import type { Image } from "./image.ts";
import { clamp } from "./image.ts";

/** Lines and edges are followed in 1/65536 pixel. */
export const ONE = 65536;

export type Segment = [x0: number, y0: number, x1: number, y1: number];

/** The part within 0…right, 0…bottom, cut to whole numbers; whether there is one. */
export function clip(
  segment: Segment,
  right: number,
  bottom: number,
): { segment: Segment; visible: boolean } {
  const [x0, y0, x1, y1] = segment;
  if (misses(y0, y1, bottom) || misses(x0, x1, right)) return { segment, visible: false };
  const [ya, xa, yb, xb] = cut([y0, x0, y1, x1], bottom);
  if (misses(xa, xb, right)) return { segment: [xa, ya, xb, yb], visible: false };
  return { segment: cut([xa, ya, xb, yb], right), visible: true };
}

function misses(from: number, to: number, most: number): boolean {
  return Math.max(from, to) < 0 || Math.min(from, to) > most;
}

/** Moves ends whose first coordinate is not in 0…most along the segment to there. */
function cut([a0, b0, a1, b1]: Segment, most: number): Segment {
  const [from, to] = [clamp(a0, 0, most), clamp(a1, 0, most)];
  const begin = from === a0 ? b0 : b0 + Math.trunc(((from - a0) * (b1 - b0)) / (a1 - a0));
  const end = to === a1 ? b1 : b1 + Math.trunc(((to - a1) * (b1 - begin)) / (a1 - from));
  return [from, begin, to, end];
}

/** Draws from pixel to pixel; the ends are whole numbers and belong to the line. */
export function drawLine(image: Image, segment: Segment, value: number): void {
  const { segment: part, visible } = clip(segment, image.width - 1, image.height - 1);
  if (!visible) return;
  const [xa, ya, xb, yb] = part;
  const leftwards = xb < xa;
  const [x, y] = leftwards ? [xb, yb] : [xa, ya];
  const [dx, dy] = leftwards ? [xa - xb, ya - yb] : [xb - xa, yb - ya];
  const down = dy < 0 ? -image.width : image.width;
  const steep = Math.abs(dy) > dx;
  const [long, short] = steep ? [Math.abs(dy), dx] : [dx, Math.abs(dy)];
  const [along, aside] = steep ? [down, 1] : [1, down];
  let at = y * image.width + x;
  let left = long - 2 * short;
  for (let i = 0; i <= long; i++) {
    image.data[at] = value;
    at += along;
    if (left < 0) {
      at += aside;
      left += 2 * long;
    }
    left -= 2 * short;
  }
}

/** How much a line covers a pixel, in 1/256, by its place in 1/32 pixel; 15.5 is the middle. */
const COVERS = Int32Array.from(
  { length: 64 },
  (_, i) => 255 * Math.exp(-(((i - 15.5) / 32) ** 2) / 0.5624),
);

/** Draws with soft borders into 8-bit samples; the ends are in 1/65536 pixel. */
export function drawSmoothLine(image: Image, segment: Segment, value: number): void {
  const { segment: part, visible } = clip(segment, image.width * ONE - 1, image.height * ONE - 1);
  if (!visible) return;
  const [x0, y0, x1, y1] = part;
  if (Math.abs(x1 - x0) > Math.abs(y1 - y0)) {
    followed(image, x0 <= x1 ? part : [x1, y1, x0, y0], false, value);
  } else {
    followed(image, y0 <= y1 ? [y0, x0, y1, x1] : [y1, x1, y0, x0], true, value);
  }
}

/** Blends the three pixels across the line at each pixel along it. */
function followed(image: Image, [a0, b0, a1, b1]: Segment, steep: boolean, value: number): void {
  const step = Math.trunc(((b1 - b0) * ONE) / ((a1 - a0) | 1));
  const [first, end] = [Math.floor(a0 / ONE), Math.floor(a1 / ONE) + 1];
  const shares = sharesOf((a0 >> 9) & 0x78, (a1 >> 9) & 0x78, strengthOf(step));
  const last = Math.min(end, (steep ? image.height : image.width) - 1);
  const breadth = steep ? image.width : image.height;
  let b = b0 + Math.floor((-(a0 & (ONE - 1)) * step) / ONE) + ONE / 2;
  for (let a = first; a <= last; a++, b += step) {
    const share = shares[Math.min(a - first, 2) * 3 + Math.min(end - a, 2)]!;
    const middle = Math.floor(b / ONE);
    const fraction = (b >> 11) & 31;
    const covers = [COVERS[fraction + 32]!, COVERS[fraction]!, COVERS[63 - fraction]!];
    for (let k = 0; k < 3; k++) {
      const across = middle + k - 1;
      if (across < 0 || across >= breadth) continue;
      const at = steep ? a * image.width + across : across * image.width + a;
      blend(image, at, ((share * covers[k]!) >> 8) & 0xff, value);
    }
  }
}

/** Steeper lines have fewer pixels for their length, so each counts more. */
function strengthOf(step: number): number {
  const slope = step < 0 ? ~(step >> 11) : step >> 11;
  return slope >= 32 ? 256 : Math.floor(256 * Math.sqrt((1 + ((slope + 0.5) / 32) ** 2) / 2));
}

/**
 * How much the pixels along a line count, by 3 × (pixels since the first, at most 2) + (pixels to
 * the last, at most 2); its ends' fractions are in 1/128 pixel.
 */
function sharesOf(begin: number, end: number, strength: number): number[] {
  const share = (covered: number) => ((covered | 4) * strength) >> 8;
  const both = share((end - begin) & 0x78);
  return [
    0,
    both,
    share(0x78 - begin),
    both,
    share(end - begin + 0x80),
    share(0x78 - begin + 0x80),
    share(end),
    share(end + 0x80),
    strength,
  ];
}

/** Twice, as OpenCV does, which makes lines fuller. */
function blend(image: Image, at: number, share: number, value: number): void {
  for (let i = 0; i < 2; i++) {
    const old = image.data[at]!;
    image.data[at] = old + (((value - old) * share + 127) >> 8);
  }
}
