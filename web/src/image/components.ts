/** Connected parts of a mask, numbered and measured. */
import type { Bytes } from "./image.ts";

/** What a part of a mask covers, in pixels. */
export interface Figure {
  left: number;
  top: number;
  width: number;
  height: number;
  area: number;
}

export interface Components {
  /** Per pixel, 0 for the background, else the number of the part. */
  readonly labels: Int32Array;
  /** By number; the background is first. */
  readonly figures: Figure[];
}

/** Numbers the connected parts of non-zero pixels. */
export function connectedComponents(mask: Bytes, connectivity: 4 | 8): Components {
  const { width, height, data } = mask;
  const labels = new Int32Array(width * height);
  const parents = provisional(data, width, height, connectivity === 8, labels);
  // OpenCV looks at squares of 2 by 2 pixels when corners connect, and numbers in that order.
  const count = renumber(labels, parents, width, height, connectivity === 8 ? 2 : 1);
  return { labels, figures: measure(labels, width, height, count) };
}

/** Labels each pixel; labels of one part lead to the same root by `parents`. */
function provisional(
  data: Uint8Array,
  width: number,
  height: number,
  corners: boolean,
  labels: Int32Array,
): Int32Array {
  // Two pixels of one row that get new labels have a gap between them.
  const parents = new Int32Array(height * Math.ceil(width / 2) + 1);
  // Rows with a border of zeros: the one before and this one, swapped at each row.
  let before = new Int32Array(width + 2);
  let current = new Int32Array(width + 2);
  let next = 1;
  for (let start = 0; start < data.length; start += width) {
    for (let x = 1; x <= width; x++) {
      current[x] = 0;
      if (data[start + x - 1] === 0) continue;
      let label = joined(parents, current[x - 1]!, before[x]!);
      // A pixel above connects those beside it already.
      if (corners && before[x] === 0) {
        label = joined(parents, joined(parents, label, before[x - 1]!), before[x + 1]!);
      }
      if (label === 0) {
        label = next++;
        parents[label] = label;
      }
      current[x] = label;
    }
    labels.set(current.subarray(1, width + 1), start);
    [before, current] = [current, before];
  }
  return parents;
}

function rootOf(parents: Int32Array, label: number): number {
  let root = label;
  while (parents[root] !== root) {
    parents[root] = parents[parents[root]!]!;
    root = parents[root]!;
  }
  return root;
}

/** Makes two labels one part; 0 is no label. */
function joined(parents: Int32Array, one: number, other: number): number {
  if (one === other || other === 0) return one;
  if (one === 0) return other;
  const [a, b] = [rootOf(parents, one), rootOf(parents, other)];
  const least = Math.min(a, b);
  parents[a] = least;
  parents[b] = least;
  return least;
}

/** Gives the parts consecutive numbers in the order of rows of squares; returns their count. */
function renumber(
  labels: Int32Array,
  parents: Int32Array,
  width: number,
  height: number,
  side: number,
): number {
  const numbers = new Int32Array(parents.length);
  let count = 0;
  for (let top = 0; top < height; top += side) {
    const bottom = Math.min(top + side, height);
    for (let x = 0; x < width; x++) {
      // All of a square's pixels belong to one part: its columns' order does not matter.
      for (let y = top; y < bottom; y++) {
        const i = y * width + x;
        if (labels[i] === 0) continue;
        const root = rootOf(parents, labels[i]!);
        if (numbers[root] === 0) numbers[root] = ++count;
        labels[i] = numbers[root]!;
      }
    }
  }
  return count;
}

function measure(labels: Int32Array, width: number, height: number, count: number): Figure[] {
  const [left, top] = [new Int32Array(count + 1), new Int32Array(count + 1)];
  const [right, bottom] = [new Int32Array(count + 1), new Int32Array(count + 1)];
  const area = new Int32Array(count + 1);
  left.fill(width);
  right.fill(-1);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const label = labels[i]!;
      if (area[label]!++ === 0) top[label] = y;
      bottom[label] = y;
      if (x < left[label]!) left[label] = x;
      if (x > right[label]!) right[label] = x;
    }
  }
  return Array.from(area, (pixels, i) => ({
    left: left[i]!,
    top: top[i]!,
    width: pixels > 0 ? right[i]! - left[i]! + 1 : 0,
    height: pixels > 0 ? bottom[i]! - top[i]! + 1 : 0,
    area: pixels,
  }));
}
