/** What a photograph is, as `deepflash.enhance.verdict` says it. */
import type { Box } from "../image/image.ts";
import type { Message } from "../message.ts";

export type Kind = "flash_selfie" | "not_flash" | "no_face" | "damaged";

export interface FaceLight {
  /** In pixels of the full picture. */
  readonly box: Box;
  readonly score: number;
  /** How likely a flash lit it, 0 to 1. */
  readonly flashLit: number;
  /** Factor on the correction, 0 to 1; 0 for all faces of a picture without flash. */
  readonly strength: number;
}

export interface Verdict {
  readonly kind: Kind;
  /** One sentence for people; keys `verdict.*`. */
  readonly reason: Message;
  readonly faces: readonly FaceLight[];
  readonly exifFlash: boolean | null;
  readonly figures: Readonly<Record<string, number>>;
}
