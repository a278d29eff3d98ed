// The few marks of Markdown that a consent text uses: headings, notes, lists, bold words.

import { make } from './draw.js';

const BOLD = /\*\*(.+?)\*\*/;

// Returns the text as elements; what is no mark stays as it was written.
export function paragraphs(text) {
  const blocks = text.trim().split(/\n\s*\n/).map((block) => block.split('\n'));
  return blocks.map((lines) => {
    if (lines.every((line) => /^[*-] /.test(line))) {
      return make('ul', {}, ...lines.map((line) => make('li', {}, ...words(line.slice(2)))));
    }
    if (lines.every((line) => line.startsWith('>'))) {
      return make('blockquote', {}, ...words(lines.map((line) => line.replace(/^> ?/, '')).join('\n')));
    }
    if (lines.length === 1 && /^#{1,3} /.test(lines[0])) {
      return make('h3', {}, ...words(lines[0].replace(/^#+ /, '')));
    }
    return make('p', {}, ...words(lines.join('\n')));
  });
}

// `split` with a group gives plain and bold words by turns.
function words(text) {
  return text.split(BOLD).map((part, index) => (index % 2 ? make('strong', {}, part) : part));
}
