// Who is next, what to say, the big button, and the steps of the running pair.

import { command } from './link.js';
import { $, attempt, capital, make, put, show, words } from './draw.js';

const RESTING = new Set(['', 'idle', 'committed', 'rejected', 'incomplete', 'aborted', 'done',
  'paused', 'finished', 'ended', 'closed']);
const STEPS = {
  phone_first: ['check', 'dim', 'reference', 'phone', 'guard', 'studio', 'reference_after', 'fetch', 'quality'],
  studio_first: ['check', 'dim', 'reference', 'studio', 'guard', 'phone', 'reference_after', 'fetch', 'quality'],
};
const LARGEST_REM = 5;
const LEAST_REM = 1.7;

let ready = false;
let asked = false;
let lit = -1;

export const isRunning = (state) => !RESTING.has(state.phase);

export const shoot = attempt(async () => {
  if (!ready || asked) return;
  asked = true;
  $('shoot').dataset.pressed = '';
  try {
    await command('shoot');
  } finally {
    asked = false;
    delete $('shoot').dataset.pressed;
  }
});

export const stop = attempt(async () => {
  if (!$('stop').hidden) await command('stop');
});

export function startShot() {
  $('shoot').addEventListener('click', shoot);
  $('stop').addEventListener('click', stop);
  new ResizeObserver(fit).observe($('saying'));
}

// The words to say are as large as their place allows.
function fit() {
  const words = $('instruction');
  const place = $('saying');
  let size = LARGEST_REM;
  do {
    words.style.fontSize = `${size}rem`;
    size -= 0.2;
  } while (size >= LEAST_REM && (words.offsetHeight > place.clientHeight || words.scrollWidth > place.clientWidth));
}

export function loseShot() {
  ready = false;
  $('shoot').setAttribute('aria-disabled', 'true');
}

export function drawShot(state) {
  const running = isRunning(state);
  ready = state.can_shoot && !running;
  drawNext(state, running);
  drawSteps(state, running);
  drawButton(state, running);
  show($('stop'), running);
}

function drawNext(state, running) {
  const { next } = state;
  put($('next-label'), running ? 'Now' : next ? 'Next' : '');
  put($('participant'), next?.participant ?? '');
  put($('pose'), next ? words(next.pose) : '');
  const empty = state.people.length
    ? 'All planned poses are taken.' : 'Nobody is in the plan yet. Begin with New person.';
  const text = next?.instruction || (next ? capital(words(next.pose)) : empty);
  $('instruction').dataset.kind = next ? 'say' : 'note';
  if ($('instruction').textContent !== text) {
    put($('instruction'), text);
    fit();
  }
  $('new-person').dataset.wanted = String(!state.people.length);
}

function drawButton(state, running) {
  const button = $('shoot');
  button.setAttribute('aria-disabled', String(!ready));
  button.dataset.mode = running ? 'running' : ready ? 'ready' : 'blocked';
  put($('shoot-text'), running ? 'Taking the pair' : ready ? 'Take the pair' : 'Not ready');
  put($('shoot-why'), running ? capital(words(state.phase)) : ready ? 'Space bar' : capital(state.why_not));
}

function drawSteps(state, running) {
  const steps = STEPS[state.order] ?? STEPS.phone_first;
  const list = $('steps');
  if (list.dataset.order !== state.order) {
    list.dataset.order = state.order;
    list.replaceChildren(...steps.map((step) => make('li', {}, words(step).replace(' after', ''))));
  }
  lit = running ? place(steps, state.phase) : -1;
  list.dataset.running = String(running);
  [...list.children].forEach((item, index) => {
    item.className = !running ? '' : index < lit ? 'past' : index === lit ? 'present' : '';
    if (index === lit) item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
  });
}

// A phase without a step of its own leaves the last one lit; `reference` comes twice.
function place(steps, phase) {
  const second = steps.indexOf('reference_after');
  if (phase === 'reference' && lit > steps.indexOf('reference')) return second;
  const found = steps.indexOf(phase);
  return found < 0 ? lit : found;
}
