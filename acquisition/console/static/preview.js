// What the phone sees, for framing; the code to connect a phone while there is none.

import { pause, picture } from './link.js';
import { $, put, show } from './draw.js';

const EVERY_MS = 250;
const STILL_MS = 3000;

let wanted = false;
let running = false;
let simulated = false;
let codeFor = null;
let opened = null; // What the operator chose; null follows the phone.

export function startPreview() {
  $('toggle-code').addEventListener('click', () => {
    opened = $('connect').hidden;
    arrange();
  });
  $('preview').addEventListener('load', () => {
    const { naturalWidth, naturalHeight } = $('preview');
    $('view').style.setProperty('--ratio', naturalWidth / naturalHeight);
  });
  watch();
}

export function losePreview() {
  wanted = false;
}

export function drawPreview(state, isRunning) {
  const there = ['ok', 'busy', 'warn'].includes(state.phone.level);
  if (there !== wanted) opened = null;
  wanted = there;
  running = isRunning;
  simulated = state.simulated;
  $('toggle-code').dataset.address = state.phone_url;
  put($('phone-url'), state.phone_url);
  if (state.phone_url && state.phone_url !== codeFor) loadCode(state.phone_url);
  arrange();
}

function arrange() {
  const address = $('toggle-code').dataset.address;
  const code = Boolean(address) && (opened ?? !wanted);
  show($('connect'), code);
  show($('toggle-code'), Boolean(address) && wanted);
  $('toggle-code').setAttribute('aria-expanded', String(code));
  put($('toggle-code'), code ? "Hide the phone's code" : "Show the phone's code");
  const seen = wanted && !code && $('preview').hasAttribute('src');
  show($('view'), seen);
  show($('view-empty'), !seen && !code);
  put($('view-empty'), wanted ? "The phone's view comes as soon as it sends one." : 'The phone is not there.');
}

async function loadCode(address) {
  codeFor = address;
  try {
    const fresh = await picture('/qr.svg');
    const old = $('code').src;
    if (fresh) $('code').src = fresh.url;
    if (old) URL.revokeObjectURL(old);
  } catch {
    codeFor = null;
  }
}

async function watch() {
  let tag = null;
  let since = 0;
  for (;;) {
    await pause(EVERY_MS);
    if (!wanted || document.hidden) continue;
    let fresh = null;
    try {
      fresh = await picture('/preview.jpg');
    } catch {
      continue;
    }
    if (fresh && fresh.tag !== tag) {
      tag = fresh.tag;
      since = performance.now();
    }
    await swap(fresh);
    // A picture that stands still invites framing by what is no longer so; a simulated one may.
    const still = Boolean(fresh) && !simulated && performance.now() - since > STILL_MS;
    $('view').dataset.still = String(still && !running);
    show($('view-note'), still);
    put($('view-note'), running ? 'Paused while the pair is taken' : 'This view stands still');
  }
}

async function swap(fresh) {
  const image = $('preview');
  const old = image.src;
  if (fresh) {
    image.src = fresh.url;
    await image.decode().catch(() => {});
  } else {
    image.removeAttribute('src');
  }
  if (old) URL.revokeObjectURL(old);
  arrange();
}
