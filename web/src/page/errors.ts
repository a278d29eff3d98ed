/** From whatever was thrown to a sentence for people. */
import type { Message } from "../message.ts";
import { say, word } from "./words.ts";

const PASSING = new Set(
  ["memory", "model", "runtime", "offline", "unexpected"].map((one) => `error.${one}`),
);

/** What the visitor is told of an error; one that nobody foresaw also goes to the console. */
export function said(error: unknown): Message {
  const found = (error as { said?: Message } | null)?.said;
  if (found) return found;
  console.error(error);
  return { key: "error.unexpected" };
}

/** Whether another try may help; what is wrong with the file itself stays wrong. */
export function mayPass({ key }: Message): boolean {
  return PASSING.has(key);
}

/** The sentence with the file's name before it, unless it has that already. */
export function aboutFile(name: string, message: Message): string {
  if (message.values && "name" in message.values) return say(message);
  return word("error.of", { name, sentence: say(message) });
}
