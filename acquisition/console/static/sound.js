// A short sound for each verdict, so that nobody needs to look.

import { $, put } from './draw.js';

const KEY = 'console-sound';
// Hertz and seconds from the start: up for good, down for bad, three alike for incomplete.
const TUNES = {
  committed: [[660, 0], [990, 0.13]],
  rejected: [[440, 0], [262, 0.18]],
  incomplete: [[349, 0], [349, 0.2], [349, 0.4]],
};
const NOTE_S = 0.14;
const LOUDNESS = 0.18;

let context = null;
let audible = localStorage.getItem(KEY) !== 'off';

export function startSound() {
  $('sound').addEventListener('click', () => {
    audible = !audible;
    localStorage.setItem(KEY, audible ? 'on' : 'off');
    drawSound();
    if (audible) play('committed');
  });
  // A browser lets a page sound only after somebody touched it.
  for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, wake, { capture: true });
  drawSound();
}

function wake() {
  context ??= new AudioContext();
  if (context.state === 'suspended') context.resume();
}

function drawSound() {
  $('sound').setAttribute('aria-pressed', String(audible));
  put($('sound'), audible ? 'Sound on' : 'Sound off');
}

export function play(verdict) {
  const tune = TUNES[verdict];
  if (!tune || !audible || !context) return;
  for (const [hertz, at_s] of tune) {
    const start = context.currentTime + at_s;
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(LOUDNESS, start + 0.01);
    volume.gain.setValueAtTime(LOUDNESS, start + NOTE_S - 0.03);
    volume.gain.linearRampToValueAtTime(0, start + NOTE_S);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + NOTE_S);
  }
}
