/** The service worker: the page without a connection, and new versions of it. */
import { byId } from "./dom.ts";

/** Starts it; a browser without one, or a page that is not served safely, goes on without. */
export async function startServiceWorker(): Promise<void> {
  if (!navigator.serviceWorker) return;
  const registration = await navigator.serviceWorker
    .register("service-worker.js")
    .catch(() => null);
  if (!registration) return;
  if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const next = registration.installing;
    next?.addEventListener("statechange", () => {
      // The very first one takes nothing over.
      if (next.state === "installed" && navigator.serviceWorker.controller) offer(next);
    });
  });
}

/** Has what the page and its threads fetched kept, so that the next visit needs no connection. */
export async function keepForOffline(more: readonly string[] = []): Promise<void> {
  if (!navigator.serviceWorker) return;
  const registration = await navigator.serviceWorker.ready;
  const fetched = performance.getEntriesByType("resource").map((entry) => entry.name);
  const own = [...fetched, ...more].filter((url) => url.startsWith(registration.scope));
  registration.active?.postMessage({ kind: "keep", urls: [...new Set(own)] });
}

function offer(waiting: ServiceWorker): void {
  byId("update", HTMLElement).hidden = false;
  const reload = byId("reload", HTMLButtonElement);
  reload.addEventListener("click", () => {
    reload.disabled = true;
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
    waiting.postMessage({ kind: "skip-waiting" });
  });
}
