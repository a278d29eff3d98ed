/** The page's words in the visitor's language. */
import type { Message } from "../message.ts";
import en from "./words/en.json" with { type: "json" };
import it from "./words/it.json" with { type: "json" };

export type Key = keyof typeof en;
export type Values = NonNullable<Message["values"]>;

const LANGUAGES: Readonly<Record<string, Readonly<Record<Key, string>>>> = { en, it };
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);
const REMEMBERED = "language";

let language = "en";
let words: Readonly<Record<Key, string>> = en;
const listeners: (() => void)[] = [];

/** Codes and own names of all languages. */
export function languages(): [code: string, name: string][] {
  return Object.entries(LANGUAGES).map(([code, said]) => [code, said["language.name"]]);
}

export function currentLanguage(): string {
  return language;
}

/** Calls back whenever the language changes. */
export function onLanguage(listener: () => void): void {
  listeners.push(listener);
}

/** Takes the remembered language, or the visitor's first one that the page speaks. */
export function startLanguage(): void {
  const wanted = [remembered(), ...navigator.languages].map((one) => one.split("-")[0]!);
  apply(wanted.find((one) => one in LANGUAGES) ?? "en");
}

export function chooseLanguage(code: string): void {
  try {
    localStorage.setItem(REMEMBERED, code);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  apply(code);
}

export function word(key: Key, values: Values = {}): string {
  return words[key].replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? decimal(value) : value;
  });
}

/** The form of a word for that many things: `KEY.one`, `KEY.other`. */
export function counted(key: "redEyes.found" | "save.savedAll", count: number): string {
  const one = new Intl.PluralRules(language).select(count) === "one";
  return word(`${key}.${one ? "one" : "other"}`, { count });
}

/** A sentence of the engine's. */
export function say(message: Message): string {
  const key = message.key in en ? (message.key as Key) : "error.unexpected";
  return word(key, message.values);
}

/** 0.5 as "50%". */
export function percent(share: number): string {
  return new Intl.NumberFormat(language, { style: "percent" }).format(share);
}

export function decimal(value: number, digits = 1): string {
  const options = { maximumFractionDigits: digits, useGrouping: false };
  return new Intl.NumberFormat(language, options).format(value);
}

/** Writes the words into everything below that names its key by `data-word`. */
export function writeWords(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLElement>("[data-word]")) {
    element.textContent = word(element.dataset.word as Key);
  }
  for (const element of root.querySelectorAll<HTMLElement>("[data-word-label]")) {
    element.setAttribute("aria-label", word(element.dataset.wordLabel as Key));
  }
  for (const element of root.querySelectorAll<HTMLImageElement>("img[data-word-alt]")) {
    element.alt = word(element.dataset.wordAlt as Key);
  }
}

function apply(code: string): void {
  language = code;
  words = LANGUAGES[code] ?? en;
  document.documentElement.lang = code;
  document.documentElement.dir = RIGHT_TO_LEFT.has(code) ? "rtl" : "ltr";
  document.title = word("title");
  writeWords(document);
  for (const listener of listeners) listener();
}

function remembered(): string {
  try {
    return localStorage.getItem(REMEMBERED) ?? "";
  } catch {
    return "";
  }
}
