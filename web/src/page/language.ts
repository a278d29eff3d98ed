/** The choice of the page's language. */
import { byId, make } from "./dom.ts";
import { chooseLanguage, currentLanguage, languages, startLanguage } from "./words.ts";

export function setUpLanguage(): void {
  startLanguage();
  const choice = byId("language", HTMLSelectElement);
  for (const [code, name] of languages()) {
    choice.append(make("option", { value: code, textContent: name, lang: code }));
  }
  choice.value = currentLanguage();
  choice.addEventListener("change", () => chooseLanguage(choice.value));
}
