/** Loads the engine in advance, with a quiet line about it. */
import type { EngineClient, EngineInfo } from "../engine/protocol.ts";
import type { Message } from "../message.ts";
import { byId, setText } from "./dom.ts";
import { said } from "./errors.ts";
import { percent, say, word } from "./words.ts";

/** How long an idle moment may keep us waiting. */
const PATIENCE_MS = 1500;

export class Readiness {
  readonly #engine: EngineClient;
  readonly #onReady: (info: EngineInfo) => void;
  readonly #onError: (message: Message) => void;
  readonly #words = byId("engine-words", HTMLElement);
  readonly #bar = byId("engine-progress", HTMLProgressElement);
  readonly #again = byId("engine-again", HTMLButtonElement);
  #share = 0;
  #state: "waiting" | "loading" | "ready" | Message = "waiting";

  constructor(
    engine: EngineClient,
    onReady: (info: EngineInfo) => void,
    onError: (message: Message) => void,
  ) {
    this.#engine = engine;
    this.#onReady = onReady;
    this.#onError = onError;
    this.#again.addEventListener("click", () => void this.#load());
  }

  /** Begins once the page has been painted and nothing else is to be done. */
  start(): void {
    const load = () => void this.#load();
    if (typeof requestIdleCallback === "undefined") setTimeout(load, 200);
    else requestIdleCallback(load, { timeout: PATIENCE_MS });
  }

  update(): void {
    const state = this.#state;
    const loading = state === "loading";
    this.#bar.hidden = !loading;
    this.#bar.value = this.#share;
    this.#again.hidden = typeof state === "string";
    const share = percent(this.#share);
    if (typeof state !== "string") setText(this.#words, say(state));
    else if (loading) setText(this.#words, word("engine.loading", { share }));
    else setText(this.#words, state === "ready" ? word("engine.ready") : "");
  }

  async #load(): Promise<void> {
    this.#state = "loading";
    this.update();
    try {
      const info = await this.#engine.ready((_stage, share) => {
        this.#share = share;
        this.update();
      });
      this.#state = "ready";
      this.#onReady(info);
    } catch (error) {
      const message = said(error);
      this.#state = message;
      this.#onError(message);
    }
    this.update();
  }
}
