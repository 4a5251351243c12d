// SPDX-License-Identifier: Apache-2.0
//
// Elements from data: text is only ever text, so nothing that was typed or sent can become markup.

let ids = 0;
/** A new id for an element that another one names. */
export const newId = (/** @type {string} */ stem) => `${stem}-${++ids}`;

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === 'test') element.setAttribute('data-test', value);
  else if (name === 'on') Object.entries(value).forEach(([event, act]) => element.addEventListener(event, act));
  else if (name === 'class') element.setAttribute('class', value);
  else element.setAttribute(name, value === true ? '' : String(value));
}

/**
 * el('p', {class: 'lead', test: 'reason'}, 'Some text', another)
 * @param {string} tag @param {object} properties attributes; `test` is data-test, `on` is {event: listener}
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {HTMLElement}
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) set(element, name, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Shapes, so that no outcome is told by colour alone. Each is a list of paths in a square of 24. */
const SHAPES = {
  flagged: ['M12 2 23 21H1Z', '!M12 9v6', '!M12 17.6v.9'],
  'not-flagged': ['M12 1a11 11 0 1 0 0 22 11 11 0 0 0 0-22Z', '!M7 12h10'],
  elsewhere: ['M12 1 23 12 12 23 1 12Z', '!M9.3 9.6a2.7 2.7 0 1 1 4 2.4c-.9.5-1.3 1-1.3 2', '!M12 16.7v.9'],
  'cannot-say': ['M7.5 1h9L23 7.5v9L16.500 23h-9L1 16.500v-9Z', '!M7 7l10 10', '!M17 7 7 17'],
  pending: ['M12 1a11 11 0 1 0 0 22 11 11 0 0 0 0-22Z', '!M12 6v6l4 3'],
  phone: ['M6 2 9.500 2 11 8 8.500 9.800a12 12 0 0 0 5.700 5.700L16 13l6 1.500V18a4 4 0 0 1-4 4A16 16 0 0 1 2 6a4 4 0 0 1 4-4Z'],
  online: ['M3 17h3v4H3Z', 'M9 13h3v8H9Z', 'M15 8h3v13h-3Z', 'M20.500 3h2v18h-2Z'],
  offline: ['!M3 3l18 18', 'M3 17h3v4H3Z', 'M9 13h3v8H9Z'],
  alert: ['M12 2a6 6 0 0 1 6 6v5l2.500 4h-17L6 13V8a6 6 0 0 1 6-6Z', 'M9.500 19h5a2.500 2.500 0 0 1-5 0Z'],
  list: ['!M4 6h16', '!M4 12h16', '!M4 18h16'],
  waiting: ['M4 14h5l1.500 3h3L15 14h5v7H4Z', '!M12 3v8', '!M8.500 8 12 11.500 15.500 8'],
};

/** A picture that adds nothing to the words beside it. @param {keyof typeof SHAPES} name */
export function icon(name) {
  const picture = document.createElementNS(SVG, 'svg');
  for (const [attribute, value] of Object.entries({viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true', focusable: 'false'})) {
    picture.setAttribute(attribute, value);
  }
  for (const shape of SHAPES[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('class', shape.startsWith('!') ? 'icon__line' : 'icon__body');
    path.setAttribute('d', shape.replace('!', ''));
    picture.append(path);
  }
  return picture;
}

/** @param {string} label @param {object} properties */
export function button(label, {kind = '', test, on, ...more} = {}) {
  return el('button', {type: 'button', class: `nhsuk-button ${kind}`.trim(), test, on, ...more}, label);
}

/**
 * A labelled text field with room for a hint and an error.
 * @param {{label: string, test: string, hint?: string, type?: string, class?: string, attributes?: object}} field
 */
export function field({label, test, hint, type = 'text', attributes = {}, class: extra = ''}) {
  const id = newId(test);
  const input = el('input', {
    id, type, test, class: `nhsuk-input ${extra}`.trim(), autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false',
    'aria-describedby': `${hint ? `${id}-hint ` : ''}${id}-error`, ...attributes,
  });
  const error = el('div', {id: `${id}-error`, class: 'nhsuk-error-message field-error', hidden: true});
  const group = el(
    'div', {class: 'nhsuk-form-group'},
    el('label', {class: 'nhsuk-label', for: id}, label),
    hint && el('div', {id: `${id}-hint`, class: 'nhsuk-hint'}, hint),
    error, input,
  );
  /** Says what is wrong beside the field, or takes it away. */
  const fault = (/** @type {string} */ words) => {
    error.hidden = !words;
    error.replaceChildren(...(words ? [el('span', {class: 'nhsuk-u-visually-hidden'}, 'Error: '), words] : []));
    group.classList.toggle('nhsuk-form-group--error', Boolean(words));
    input.classList.toggle('nhsuk-input--error', Boolean(words));
    words ? input.setAttribute('aria-invalid', 'true') : input.removeAttribute('aria-invalid');
  };
  return {group, input: /** @type {HTMLInputElement} */ (input), fault};
}

/** Where a view says at once, aloud, what went wrong. */
export function problemBox() {
  const box = el('div', {role: 'alert', test: 'problem', class: 'problem'});
  return {
    box,
    say: (/** @type {string} */ words) => box.replaceChildren(...(words ? [el('p', {class: 'problem__words'}, words)] : [])),
  };
}

/** "the disk is full" → "The disk is full." @param {string} words */
export function sentence(words) {
  const start = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?)]$/.test(start) ? start : `${start}.`;
}
