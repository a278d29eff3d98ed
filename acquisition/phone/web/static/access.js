// Who this page is: the session's token, the phone's own name, and this load of the page.

const TOKEN = "token";
const DEVICE = "device";

function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The token comes in the fragment, which no server log sees, and leaves the address bar at once.
export function takeToken() {
  const token = location.hash.slice(1);
  if (token) {
    sessionStorage.setItem(TOKEN, token);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(TOKEN) || "";
}

export function deviceName() {
  let name = localStorage.getItem(DEVICE);
  if (!name) {
    name = randomName();
    localStorage.setItem(DEVICE, name);
  }
  return name;
}

export const pageName = randomName();
