// Small ways to put things on the page. Text from the session only ever becomes text.

export const $ = (id) => document.getElementById(id);

export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { dataset, ...rest } = properties;
  Object.assign(element, rest);
  Object.assign(element.dataset, dataset);
  element.append(...children);
  return element;
}

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  setIcon(svg, name);
  return svg;
}

export function setIcon(svg, name) {
  svg.firstElementChild.setAttribute('href', `#sign-${name}`);
}

// Wraps `action` so that what goes wrong is shown as one line, and the line leaves with success.
export function attempt(action) {
  return async (...given) => {
    try {
      const result = await action(...given);
      show($('refusal'), false);
      return result;
    } catch (error) {
      put($('refusal').firstElementChild, error.message);
      show($('refusal'), true);
      return undefined;
    }
  };
}

export function startRefusal() {
  $('refusal').querySelector('button').addEventListener('click', () => show($('refusal'), false));
}

export const words = (name) => name.replaceAll('_', ' ');
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
