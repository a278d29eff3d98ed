/** What the bytes of a picture file say, whichever its format. */

export interface Contents {
  /** As stored, not yet turned upright; 0 where the header does not say. */
  readonly width: number;
  readonly height: number;
  /** What the stored values are. */
  readonly model: "grey" | "rgb" | "cmyk";
  /** 16 bits per sample. */
  readonly deep: boolean;
  readonly animated: boolean;
  /** False if the file ends before its end marker. */
  readonly whole: boolean;
  readonly hasAlpha: boolean;
  /** As found in the file; see `normalised` of exif.ts. */
  readonly exif: Uint8Array | null;
  readonly icc: Uint8Array | null;
  readonly xmp: Uint8Array | null;
  /** 1 to 100 of a JPEG's compression, null if unknown. */
  readonly quality: number | null;
  /** Whether the decoder of the browser turns the picture by the file itself (HEIC, AVIF). */
  readonly turnsItself: boolean;
  /** The file in pieces, without the metadata by which browsers turn pictures and change colours;
   * null where it cannot be taken out. */
  readonly bare: ((keepProfile: boolean) => Uint8Array[]) | null;
}

/** Metadata to put into a file that a browser has encoded. */
export interface Metadata {
  /** Starts with "Exif". */
  readonly exif: Uint8Array | null;
  readonly icc: Uint8Array | null;
  readonly xmp: Uint8Array | null;
}

export const UNKNOWN: Contents = {
  width: 0,
  height: 0,
  model: "rgb",
  deep: false,
  animated: false,
  whole: true,
  hasAlpha: false,
  exif: null,
  icc: null,
  xmp: null,
  quality: null,
  turnsItself: false,
  bare: null,
};
