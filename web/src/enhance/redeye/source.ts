/** Pixels of a photograph that are read in parts, so that nobody has to hold all of them. */
import { type Bytes, bytes } from "../../image/image.ts";

export interface PixelSource {
  readonly width: number;
  readonly height: number;
  /** RGB of a rectangle that lies within the photograph; whoever asks may keep it. */
  read(left: number, top: number, width: number, height: number): Bytes;
}

export function sourceOf(picture: Bytes): PixelSource {
  const { width, height, channels, data } = picture;
  return {
    width,
    height,
    read(left, top, partWidth, partHeight) {
      const part = bytes(partWidth, partHeight, channels);
      const length = partWidth * channels;
      for (let row = 0; row < partHeight; row++) {
        const start = ((top + row) * width + left) * channels;
        part.data.set(data.subarray(start, start + length), row * length);
      }
      return part;
    },
  };
}
