/** One photograph of the visitor's and all that the page knows about it. */
import type { Opened, Stage } from "../engine/protocol.ts";
import { AS_IT_COMES, type Look } from "../enhance/look.ts";
import type { Message } from "../message.ts";

/** `put-by`: it was opened once, and will be again when it is asked for. */
export type State = "waiting" | "opening" | "open" | "put-by" | "failed";

export interface Photo {
  readonly file: Blob;
  readonly name: string;
  state: State;
  stage: Stage;
  share: number;
  /** What the engine last said; its picture is closed unless `state` is `open`. */
  opened: Opened | null;
  thumbnail: HTMLCanvasElement | null;
  error: Message | null;
  look: Look;
  /** Whether the visitor wants it enhanced although no flash lit it. */
  forced: boolean;
  keepPlace: boolean;
}

export function newPhoto(file: Blob, name: string): Photo {
  return {
    file,
    name,
    state: "waiting",
    stage: "load",
    share: 0,
    opened: null,
    thumbnail: null,
    error: null,
    look: AS_IT_COMES,
    forced: false,
    keepPlace: false,
  };
}

/** Whether there is a result to show and to save. */
export function isEnhanced(photo: Photo): boolean {
  const kind = photo.opened?.verdict.kind;
  if (photo.state === "failed" || kind === undefined) return false;
  return kind === "flash_selfie" || (photo.forced && kind !== "damaged");
}
