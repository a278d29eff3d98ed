/** What is asked of the result: everything that can change without asking the network again. */

export interface Look {
  /** Factor on the correction: 0 (unchanged) to 1.5. */
  readonly strength: number;
  /** Repairs pupils that the flash turned red. */
  readonly redEyes: boolean;
  readonly background: "keep" | "studio" | "blur";
  /** `face` leaves every pixel outside of the faces as it is. */
  readonly region: "picture" | "face";
  /** Which faces are enhanced, in the verdict's order; empty for all of them. */
  readonly faces: readonly boolean[];
}

export const AS_IT_COMES: Look = {
  strength: 1,
  redEyes: true,
  background: "keep",
  region: "picture",
  faces: [],
};
