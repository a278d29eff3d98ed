/** A sentence for people that the page writes in the visitor's language. */

export interface Message {
  /** Of `page/words/*.json`. */
  readonly key: string;
  readonly values?: Readonly<Record<string, string | number>>;
}

/** Something that the visitor can act on; never a fault of ours. */
export class PhotoError extends Error {
  readonly said: Message;

  constructor(key: string, values: Message["values"] = {}) {
    super(key);
    this.name = "PhotoError";
    this.said = { key, values };
  }
}
