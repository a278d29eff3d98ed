// People by poses, and how far the session is.

import { command } from './link.js';
import { $, attempt, icon, make, put, words } from './draw.js';

const CELLS = {
  open: ['off', 'open'],
  done: ['ok', 'done'],
  rejected: ['bad', 'rejected'],
  incomplete: ['partial', 'incomplete'],
  skipped: ['skip', 'skipped'],
};
const CONSENT = { missing: 'no consent', expired: 'consent expired', withdrawn: 'withdrawn' };

const GAP_PX = 6;

let next = '';

const select = attempt((participant, pose) => command('select', { participant, pose }));

export function startPlan() {
  $('grid').addEventListener('click', (event) => {
    const cell = event.target.closest('button.cell');
    if (cell) select(cell.dataset.participant, cell.dataset.pose);
  });
}

export function drawPlan(state) {
  put($('done'), `${state.done} of ${state.planned} pairs`);
  $('bar').max = Math.max(state.planned, 1);
  $('bar').value = state.done;
  put($('session'), state.session);
  const grid = $('grid');
  const key = JSON.stringify([state.people, state.next?.participant, state.next?.pose]);
  if (grid.dataset.key === key) return;
  grid.dataset.key = key;
  const focused = document.activeElement?.closest?.('#grid button.cell')?.dataset;
  const { scrollTop, scrollLeft } = grid;
  grid.replaceChildren(table(state));
  grid.scrollTop = scrollTop;
  grid.scrollLeft = scrollLeft;
  if (focused) find(focused)?.focus({ preventScroll: true });
  follow(state.next);
}

function find({ participant, pose }) {
  return [...$('grid').querySelectorAll('button.cell')]
    .find((cell) => cell.dataset.participant === participant && cell.dataset.pose === pose);
}

// The row of the next person comes into sight when it becomes another one, not while one looks around.
function follow(shot) {
  const now = shot?.participant ?? '';
  if (now === next) return;
  next = now;
  if (!shot) return;
  const row = find(shot)?.closest('tr');
  if (!row) return;
  const grid = $('grid');
  grid.scrollTop = row.offsetTop - grid.querySelector('thead').offsetHeight - GAP_PX;
}

function table(state) {
  const poses = [...new Set(state.people.flatMap((person) => person.poses.map((cell) => cell.pose)))];
  const head = make('tr', {}, make('th', { scope: 'col' }, 'Person'),
    ...poses.map((pose) => make('th', { scope: 'col' }, words(pose))));
  const rows = state.people.map((person) => {
    const name = make('th', { scope: 'row' }, person.participant);
    const trouble = CONSENT[person.consent];
    if (trouble) name.append(' ', make('span', { className: 'no-consent' }, icon('bad'), trouble));
    return make('tr', { className: person.participant === state.next?.participant ? 'now' : '' }, name,
      ...poses.map((pose) => {
        const cell = person.poses.find((one) => one.pose === pose);
        return make('td', {}, ...(cell ? [button(person, cell, state.next)] : []));
      }));
  });
  return make('table', {}, make('thead', {}, head), make('tbody', {}, ...rows));
}

function button(person, cell, shot) {
  const isNext = shot?.participant === person.participant && shot.pose === cell.pose;
  const [sign, word] = CELLS[cell.state];
  const tries = cell.attempts > 1 ? `, ${cell.attempts} tries` : '';
  const made = make('button', {
    type: 'button', className: 'cell',
    dataset: { participant: person.participant, pose: cell.pose, state: cell.state },
    title: cell.state === 'open' ? 'Take this pose next' : 'Take this pose again',
  }, icon(sign), make('span', {}, isNext ? `${word}, next` : word),
  ...(cell.attempts > 1 ? [make('span', { className: 'tries' }, `${cell.attempts}×`)] : []));
  made.setAttribute('aria-label', `${person.participant}, ${words(cell.pose)}: ${word}${tries}${isNext ? ', next' : ''}`);
  if (isNext) made.setAttribute('aria-current', 'true');
  return made;
}
