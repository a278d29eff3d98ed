/** Serves the page's own files from this device, so that it works without a connection.
 *
 * The answers also carry the headers that threads need, for hosts that do not send them.
 */

/** Set by the build: what the first visit fetches, and a name for this state of the page. */
declare const FILES: readonly string[];
declare const VERSION: string;

/** The part of a service worker's scope that is used; its own library contradicts the page's. */
interface Scope {
  readonly registration: ServiceWorkerRegistration;
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: Lasting) => void): void;
  addEventListener(type: "message", listener: (event: Lasting & MessageEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetched) => void): void;
}

interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface Fetched extends Lasting {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const scope = self as unknown as Scope;
const PREFIX = "deepflash-";
const NAME = `${PREFIX}${VERSION}`;
/** What the build leaves to the browser's choice. */
const RUNTIME = /\/ort\//;

scope.addEventListener("install", (event) => {
  event.waitUntil(keepAll());
});

scope.addEventListener("activate", (event) => {
  event.waitUntil(dropOld());
});

scope.addEventListener("message", (event) => {
  const data = event.data as { kind?: string; urls?: readonly string[] } | null;
  if (data?.kind === "skip-waiting") event.waitUntil(scope.skipWaiting());
  if (data?.kind === "keep") event.waitUntil(keepMore(data.urls ?? []));
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && isOwn(request.url)) event.respondWith(answer(request));
});

async function keepAll(): Promise<void> {
  const cache = await caches.open(NAME);
  // Past the browser's own cache, which may still hold files of the last version.
  await cache.addAll(FILES.map((file) => newest(own(file))));
  await keepRuntime(cache);
}

/** The next visit may be without a connection, and needs the runtime that this browser chose. */
async function keepRuntime(cache: Cache): Promise<void> {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
  for (const name of names) {
    for (const { url } of await (await caches.open(name)).keys()) {
      const known = await cache.match(url);
      if (!known && RUNTIME.test(url)) await cache.add(newest(url)).catch(() => undefined);
    }
  }
}

function newest(url: string): Request {
  return new Request(url, { cache: "no-cache" });
}

async function dropOld(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function keepMore(urls: readonly string[]): Promise<void> {
  const cache = await caches.open(NAME);
  for (const url of urls.filter(isOwn)) {
    // One that cannot be had now is fetched when it is needed.
    if (!(await cache.match(url))) await cache.add(url).catch(() => undefined);
  }
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  const navigates = request.mode === "navigate";
  const kept = await cache.match(request, { ignoreSearch: navigates });
  if (kept) return isolated(kept);
  const fetched = await fetch(request).catch(async (error: unknown) => {
    const page = navigates ? await cache.match(own("index.html")) : undefined;
    if (page) return page;
    throw error;
  });
  if (fetched.status === 200 && !navigates && !request.headers.has("range")) {
    // Where no room is left the page goes on with what it was given.
    await cache.put(request, fetched.clone()).catch(() => undefined);
  }
  return isolated(fetched);
}

/** The address of a file of the page's folder; the folder itself has an empty name. */
function own(file: string): string {
  return new URL(file, scope.registration.scope).href;
}

function isOwn(url: string): boolean {
  return url.startsWith(scope.registration.scope);
}

function isolated(response: Response): Response {
  // Such an answer says nothing of its headers, and takes none.
  if (response.type === "opaque" || response.type === "opaqueredirect") return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
