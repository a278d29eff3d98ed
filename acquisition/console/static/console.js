// Draws each state of the session and says plainly when there is none.

import { startConsent } from './consent.js';
import { drawDevices, drawProblems, startDevices } from './devices.js';
import { $, attempt, put, show, startRefusal } from './draw.js';
import { startKeys } from './keys.js';
import { drawLast, spoken, startLast } from './last.js';
import { command, follow } from './link.js';
import { drawPlan, startPlan } from './plan.js';
import { drawPreview, losePreview, startPreview } from './preview.js';
import { drawShot, isRunning, loseShot, startShot } from './shot.js';
import { play, startSound } from './sound.js';

let session = '';
let verdict = null;
let open = 0;

function draw(state) {
  session = state.session;
  open = state.planned - state.done;
  document.title = `${state.session} console`;
  document.body.dataset.phase = state.phase;
  show($('gone'), false);
  show($('simulated'), state.simulated);
  drawDevices(state);
  drawProblems(state);
  drawPreview(state, isRunning(state));
  drawShot(state);
  drawLast(state);
  drawPlan(state);
  announce(state.last);
}

function announce(last) {
  const fresh = last ? `${last.pair} ${last.state}` : '';
  // What was already there when the page was opened is no news.
  if (verdict !== null && fresh && fresh !== verdict) {
    play(last.state);
    put($('spoken'), spoken(last));
  }
  verdict = fresh;
}

function lost(why, text) {
  loseShot();
  losePreview();
  const name = session || 'NAME';
  const [title, advice] = {
    ended: ['The session has ended or was closed', `Run \`acquire session ${name}\` again; nothing is lost.`],
    silent: ['The session does not answer', 'Wait a little and look at its terminal. Pictures stay on camera and phone.'],
    refused: ['This page does not belong to the running session', text],
  }[why];
  put($('gone').querySelector('h1'), title);
  put($('gone').querySelector('p'), advice);
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  show($('gone'), true);
}

function startActions() {
  $('skip').addEventListener('click', attempt(() => command('skip')));
  $('restart').addEventListener('click', attempt(() => command('restart_camera')));
  const dialog = $('finish-dialog');
  $('finish').addEventListener('click', () => {
    const rest = open > 0 ? `${open} planned ${open === 1 ? 'pair is' : 'pairs are'} not taken yet. ` : '';
    put($('finish-text'), `${rest}A running pair is completed first. \`acquire session ${session}\` goes on with it at any time.`);
    dialog.returnValue = 'no';
    dialog.showModal();
  });
  dialog.addEventListener('close', attempt(async () => {
    if (dialog.returnValue === 'yes') await command('finish');
  }));
}

for (const start of [startRefusal, startDevices, startShot, startLast, startPlan, startPreview,
  startSound, startConsent, startKeys, startActions]) start();
follow(draw, lost);
