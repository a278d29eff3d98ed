// A new person: the text to read, separate permissions, age, operator, agreement.

import { command, read } from './link.js';
import { $, make, put, show } from './draw.js';
import { paragraphs } from './markdown.js';

const KEY = 'console-operator';
const NEEDED = 'train';
const SCOPES = [
  [NEEDED, 'train DeepFlash (needed to take part)'],
  ['figures', 'be shown in publications and talks about it'],
  ['redistribute', 'be passed on to other researchers with the data set'],
  ['demo', 'be shown in demonstrations of the program'],
];

let shown = null;
let sending = false;

export function startConsent() {
  for (const [scope, text] of SCOPES) {
    const box = make('input', { type: 'checkbox', name: 'scope', value: scope });
    $('scopes').append(make('label', { className: 'check' }, box, make('span', {}, text)));
  }
  $('new-person').addEventListener('click', open);
  $('language').addEventListener('change', loadText);
  $('consent').addEventListener('input', review);
  // Enter in the name field would otherwise close the dialog as if cancelled.
  $('consent').addEventListener('submit', (event) => event.preventDefault());
  $('consent-cancel').addEventListener('click', () => $('person').close());
  $('welcome-close').addEventListener('click', () => $('person').close());
  $('agree').addEventListener('click', agree);
  $('operator').addEventListener('change', () => localStorage.setItem(KEY, $('operator').value.trim()));
}

async function open() {
  $('consent').reset();
  $('operator').value = localStorage.getItem(KEY) ?? '';
  show($('consent'), true);
  show($('welcome'), false);
  shown = null;
  review();
  $('person').showModal();
  try {
    if (!$('language').options.length) fillLanguages((await read('/consent')).languages);
    $('language').selectedIndex = 0;
  } catch (error) {
    complain(error);
    return;
  }
  await loadText();
}

function fillLanguages(languages) {
  $('language').append(...languages.map((tag) => {
    const name = new Intl.DisplayNames([tag], { type: 'language' }).of(tag);
    return make('option', { value: tag }, name);
  }));
}

async function loadText() {
  const language = $('language').value;
  shown = null;
  put($('consent-text'), '');
  review();
  try {
    const fresh = await read(`/consent/${language}`);
    if ($('language').value !== language) return;
    shown = fresh;
    $('consent-text').replaceChildren(...paragraphs(fresh.text));
    $('consent-text').lang = language;
    $('consent-text').scrollTop = 0;
    review();
  } catch (error) {
    complain(error);
  }
}

const scopes = () => [...$('scopes').querySelectorAll('input:checked')].map((box) => box.value);

function lacks() {
  const lacking = [];
  if (!shown) lacking.push('the text');
  if (!scopes().includes(NEEDED)) lacking.push('leave to train');
  if (!$('adult').checked) lacking.push('the age');
  if (!$('operator').value.trim()) lacking.push("the operator's name");
  return lacking;
}

function review() {
  const lacking = lacks();
  $('agree').disabled = sending || lacking.length > 0;
  delete $('consent-missing').dataset.level;
  put($('consent-missing'), lacking.length ? `Still to come: ${lacking.join(', ')}.` : 'Complete.');
}

function complain(error) {
  $('consent-missing').dataset.level = 'bad';
  put($('consent-missing'), error.message);
}

async function agree() {
  if (sending || lacks().length) return;
  sending = true;
  review();
  try {
    const { participant } = await command('add_person', {
      language: shown.language,
      scopes: scopes(),
      is_adult: $('adult').checked,
      operator: $('operator').value.trim(),
      text_sha256: shown.sha256,
    });
    put($('new-id'), participant);
    show($('consent'), false);
    show($('welcome'), true);
    $('welcome-close').focus();
    sending = false;
  } catch (error) {
    sending = false;
    review();
    complain(error);
  }
}
