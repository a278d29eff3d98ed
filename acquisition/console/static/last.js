// The pair that was taken last: verdict in words, reasons, both pictures, skew.

import { picture } from './link.js';
import { $, make, put, setIcon, show, words } from './draw.js';

const VERDICTS = {
  committed: ['ok', 'Accepted'],
  rejected: ['bad', 'Rejected'],
  incomplete: ['partial', 'Incomplete'],
  aborted: ['off', 'Stopped'],
};
const held = { phone: { path: '' }, studio: { path: '' } };

export function startLast() {
  $('pictures').addEventListener('click', () => {
    const [phone, studio] = $('large').querySelectorAll('img');
    for (const [image, side] of [[phone, 'phone'], [studio, 'studio']]) {
      show(image, Boolean(held[side].url));
      if (held[side].url) image.src = held[side].url;
    }
    $('large').showModal();
  });
}

export function drawLast({ last }) {
  const [sign, title] = last ? VERDICTS[last.state] : ['off', 'No pair yet'];
  $('verdict').dataset.state = last?.state ?? 'none';
  setIcon($('verdict').querySelector('svg'), sign);
  put($('verdict').querySelector('h2'), title);
  const reasons = last?.reasons ?? [];
  if ($('reasons').dataset.key !== JSON.stringify(reasons)) {
    $('reasons').dataset.key = JSON.stringify(reasons);
    $('reasons').replaceChildren(...reasons.map((reason) => make('li', {}, reason)));
  }
  put($('skew'), skewOf(last));
  put($('which'), last ? `${last.participant}, ${words(last.pose)}` : '');
  show($('pictures'), Boolean(last?.phone_picture || last?.studio_picture));
  load('phone', last?.phone_picture ?? '');
  load('studio', last?.studio_picture ?? '');
}

export function spoken(last) {
  const whom = `${last.participant}, ${words(last.pose)}`;
  return [VERDICTS[last.state][1], ...last.reasons, whom, skewOf(last)].filter(Boolean).join('. ');
}

function skewOf(last) {
  if (typeof last?.skew_ms !== 'number') return '';
  const spread = typeof last.skew_pm_ms === 'number' ? ` ± ${Math.ceil(last.skew_pm_ms)}` : '';
  return `Skew ${Math.round(last.skew_ms)}${spread} ms`;
}

async function load(side, path) {
  const place = held[side];
  if (place.path === path) return;
  place.path = path;
  let fresh = null;
  try {
    fresh = path ? await picture(path) : null;
  } catch {
    // The loop that follows the session says that it is gone.
  }
  // Another pair came while this picture was on its way.
  if (place.path !== path) {
    if (fresh) URL.revokeObjectURL(fresh.url);
    return;
  }
  if (place.url) URL.revokeObjectURL(place.url);
  place.url = fresh?.url;
  const frame = document.querySelector(`.picture[data-side=${side}] .frame`);
  const image = frame.firstElementChild;
  frame.dataset.empty = String(!fresh);
  if (fresh) image.src = fresh.url;
  else image.removeAttribute('src');
}
