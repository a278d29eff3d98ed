// The space bar takes a pair, Escape stops it; neither while somebody writes or a dialog is open.

import { $ } from './draw.js';
import { shoot, stop } from './shot.js';

const FIELDS = 'input, textarea, select, [contenteditable]';

let held = false;

const writing = (event) => Boolean(event.target.closest?.(FIELDS)) || Boolean(document.querySelector('dialog[open]'));

export function startKeys() {
  addEventListener('keydown', down);
  addEventListener('keyup', up);
  addEventListener('blur', () => { held = false; });
}

function down(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || writing(event)) return;
  if (event.key === ' ') {
    // Also where a button has the focus: the one that was clicked last must not be pressed again.
    event.preventDefault();
    if (!held && !event.repeat) shoot();
    held = true;
  } else if (event.key === 'Enter' && event.repeat && event.target === $('shoot')) {
    event.preventDefault();
  } else if (event.key === 'Escape' && !event.repeat) {
    stop();
  }
}

function up(event) {
  if (event.key !== ' ') return;
  held = false;
  // Firefox presses the focused button when the key comes up.
  if (!writing(event)) event.preventDefault();
}
