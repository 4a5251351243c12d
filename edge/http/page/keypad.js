// SPDX-License-Identifier: Apache-2.0
//
// Ten large keys that type into the field that was touched last. The field keeps the focus of a keyboard; the keys can be
// reached by it too.
import {el} from './dom.js';

/** Replaces the selection of a field, as a key press would. @param {HTMLInputElement} input @param {string} text */
function type(input, text) {
  const start = input.selectionStart ?? input.value.length;
  const end = input.selectionEnd ?? input.value.length;
  input.setRangeText(text, start, end, 'end');
  input.dispatchEvent(new Event('input', {bubbles: true}));
}

/** @param {HTMLInputElement} input */
function deleteBack(input) {
  let start = input.selectionStart ?? input.value.length;
  const end = input.selectionEnd ?? input.value.length;
  if (start === end && start > 0) start -= input.value[start - 1] === ' ' ? 2 : 1; // a gap of the grouping is no digit
  input.setRangeText('', Math.max(start, 0), end, 'end');
  input.dispatchEvent(new Event('input', {bubbles: true}));
}

/** @param {() => HTMLInputElement} field that the keys type into @param {string} label for screen readers */
export function keypad(field, label) {
  const key = (text, test, act, name) => el(
    'button',
    {
      type: 'button', class: `key${name ? ' key--word' : ''}`, test, 'aria-label': name,
      on: {
        // The field keeps its focus and caret while keys are touched.
        pointerdown: (event) => event.preventDefault(),
        click: () => act(field()),
      },
    },
    text,
  );
  const digit = (number) => key(String(number), `key-${number}`, (input) => type(input, String(number)));
  return el(
    'div', {class: 'keypad', role: 'group', 'aria-label': label},
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map(digit),
    key('Clear', 'key-clear', (input) => {
      input.value = '';
      input.dispatchEvent(new Event('input', {bubbles: true}));
    }, 'Clear all'),
    digit(0),
    key('Delete', 'key-delete', deleteBack, 'Delete last digit'),
  );
}
