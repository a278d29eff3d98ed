/** Where the page begins. */
import { createEngine } from "../engine/client.ts";
import { startApp } from "./app.ts";
import { byId } from "./dom.ts";
import { said } from "./errors.ts";
import { setUpLanguage } from "./language.ts";
import { Toast } from "./toast.ts";
import { onLanguage, say } from "./words.ts";

setUpLanguage();
try {
  startApp(createEngine());
} catch (error) {
  const message = said(error);
  const toast = new Toast();
  const tell = () => toast.show(say(message));
  for (const id of ["choose", "take"]) byId(id, HTMLButtonElement).disabled = true;
  onLanguage(tell);
  tell();
}
