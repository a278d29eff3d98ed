// Camera, phone, lights, disk and clock as fields, and what is wrong in words.

import { $, icon, make, put, setIcon } from './draw.js';

const NAMES = { camera: 'Camera', phone: 'Phone', lights: 'Lights', disk: 'Disk', clock: 'Clock' };
const WORDS = { ok: 'OK', busy: 'Busy', warn: 'Check', bad: 'Fault', off: 'Off' };
const SEVERITY = ['bad', 'warn', 'busy', 'off', 'ok'];
const fields = {};

export function startDevices() {
  for (const [key, name] of Object.entries(NAMES)) {
    const word = make('span', { className: 'word' });
    const text = make('p', { className: 'text' });
    const title = make('span', { className: 'title' });
    const advice = make('p', { className: 'advice' });
    const sign = icon('off');
    const field = make('div', { className: 'device', id: `device-${key}` },
      sign, make('div', {}, make('p', { className: 'name' }, make('span', {}, name), title, word), text, advice));
    field.setAttribute('role', 'group');
    field.setAttribute('aria-label', name);
    fields[key] = { field, sign, word, title, text, advice };
    $('devices').append(field);
  }
}

export function drawDevices(state) {
  for (const [key, part] of Object.entries(fields)) {
    const device = state[key];
    const well = device.level === 'ok' || device.level === 'busy';
    part.field.dataset.level = device.level;
    setIcon(part.sign, device.level);
    put(part.word, WORDS[device.level]);
    put(part.title, device.text ? device.title : '');
    put(part.text, device.text || device.title || (device.level === 'off' ? 'not there' : ''));
    put(part.advice, well ? '' : device.advice);
    part.field.title = [device.title, device.text, device.advice].filter(Boolean).join('\n');
  }
}

export function drawProblems(state) {
  const rank = (problem) => SEVERITY.indexOf(problem.level);
  const sorted = [...state.problems].sort((a, b) => rank(a) - rank(b));
  const key = JSON.stringify(sorted);
  const list = $('problems');
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...sorted.map((problem) => make('li', { dataset: { level: problem.level } },
    icon(problem.level),
    make('p', {}, make('strong', {}, problem.text), ' ', make('span', {}, problem.advice)))));
}
