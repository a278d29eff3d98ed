// The way to the session's process: the token, the state, commands, pictures.

const KEY = 'console-token';
const PATIENCE_MS = 12000; // More than twice what the server lets a page wait.
const RETRY_MS = 700;

let token = takeToken();

function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(KEY) ?? '';
}

// A new address pasted over the old one of the same port changes the fragment only.
addEventListener('hashchange', () => { token = takeToken(); location.reload(); });

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function ask(path, options = {}) {
  const headers = { 'X-Console-Token': token, ...options.headers };
  return fetch(path, { cache: 'no-store', credentials: 'omit', redirect: 'error', ...options, headers });
}

async function problemOf(response) {
  try {
    return (await response.json()).error ?? `the session answered ${response.status}`;
  } catch {
    return `the session answered ${response.status}; its terminal says why`;
  }
}

export async function read(path) {
  const response = await ask(path);
  if (!response.ok) throw new Error(await problemOf(response));
  return response.json();
}

export async function command(name, body = {}) {
  let response;
  try {
    response = await ask(`/command/${name}`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    });
  } catch {
    throw new Error('the session did not answer; nothing was done');
  }
  if (!response.ok) throw new Error(await problemOf(response));
  return response.json();
}

// A picture as an object URL and its tag; null if there is none. The caller revokes the URL.
export async function picture(path) {
  const address = new URL(path, location.origin);
  if (address.origin !== location.origin) return null;
  const response = await ask(address.pathname);
  if (response.status !== 200) return null;
  return { url: URL.createObjectURL(await response.blob()), tag: response.headers.get('ETag') };
}

// Calls `draw(state)` for each new state and `lost(why)` while there is none, for ever.
// why: 'refused' (the token is of another session), 'silent' (no answer), 'ended' (nobody there).
export async function follow(draw, lost) {
  let version = null;
  let failures = 0;
  for (;;) {
    const answer = await next(version);
    if (answer.state) {
      failures = 0;
      version = answer.state.version;
      draw(answer.state);
    } else if (answer.why) {
      failures += 1;
      version = null;
      // One failure alone may be a hiccup; a refusal or a long silence is none.
      if (failures > 1 || answer.why !== 'ended') lost(answer.why, answer.text);
      await pause(RETRY_MS);
    }
  }
}

async function next(version) {
  const path = version === null ? '/state' : `/state?after=${version}`;
  try {
    const response = await ask(path, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.status === 204) return {};
    if (response.status === 403) return { why: 'refused', text: await problemOf(response) };
    if (!response.ok) return { why: 'ended' };
    return { state: await response.json() };
  } catch (error) {
    return { why: error.name === 'TimeoutError' ? 'silent' : 'ended' };
  }
}
