// SPDX-License-Identifier: Apache-2.0
import {el, field} from '../dom.js';
import {keypad} from '../keypad.js';
import {digitsOf, grouped, LENGTH, verdict} from '../number.js';
import {answerView} from './answer.js';

/** Groups what is in the field, and leaves the caret after the digit it was after. @param {HTMLInputElement} input */
function regroup(input) {
  const before = digitsOf(input.value.slice(0, input.selectionStart ?? input.value.length)).length;
  const digits = digitsOf(input.value);
  input.value = grouped(digits);
  let caret = 0;
  for (let seen = 0; seen < before && caret < input.value.length; ++caret) if (input.value[caret] !== ' ') ++seen;
  input.setSelectionRange(caret, caret);
  return digits;
}

function incidentField(app) {
  const incident = field({
    label: 'Incident number', test: 'incident', hint: 'Kept for your next lookups', attributes: {maxlength: 100, value: app.incident},
  });
  incident.input.addEventListener('input', () => { app.incident = incident.input.value.trim(); });
  const clear = el('button', {
    type: 'button', class: 'plain-button plain-button--field', test: 'incident-clear',
    on: {
      click: () => {
        incident.input.value = app.incident = '';
        incident.input.focus();
      },
    },
  }, 'Clear', el('span', {class: 'nhsuk-u-visually-hidden'}, ' incident number'));
  const row = el('div', {class: 'with-button'});
  incident.input.replaceWith(row);
  row.append(incident.input, clear);
  return incident.group;
}

function practiceChildren(app, choose) {
  if (!app.vehicle.practice) return null;
  return el(
    'section', {class: 'practice-children', 'aria-labelledby': 'practice-children'},
    el('h2', {id: 'practice-children'}, 'Made-up children to try'),
    el(
      'ul', {class: 'plain-list'},
      app.vehicle.children.map((child) => el(
        'li', {},
        el('button', {type: 'button', class: 'choice', test: 'practice-child', on: {click: () => choose(child.number)}},
          el('strong', {}, grouped(child.number)), el('span', {}, child.words)),
      )),
    ),
  );
}

export function numberView(app) {
  const number = field({
    label: 'NHS number', test: 'nhs-number', class: 'nhs-number',
    attributes: {inputmode: 'none', placeholder: '', 'aria-required': 'true'},
  });
  const check = el('p', {class: 'check', test: 'number-check', 'data-state': 'empty'});
  const spoken = el('div', {class: 'nhsuk-u-visually-hidden', role: 'status'});
  let last = '';

  function typed() {
    let digits = regroup(number.input);
    if (digits.length === LENGTH + 1 && last.length === LENGTH && digits.startsWith(last)) {
      digits = last; // one key too many, as on a rough road, changes nothing
      number.input.value = grouped(digits);
    }
    last = digits;
    const {state, words} = verdict(digits);
    number.fault('');
    check.hidden = false;
    check.textContent = words;
    check.dataset.state = state;
    // Said aloud only when there is something to decide: every digit would be a chatter.
    spoken.textContent = digits.length >= LENGTH ? words : '';
  }
  number.input.addEventListener('input', typed);

  function confirm(event) {
    event.preventDefault();
    const {state, words} = verdict(last);
    if (state === 'possible') return app.show(answerView, {number: last, incident: app.incident});
    number.fault(words);
    check.hidden = true; // said once
    number.input.focus();
  }
  function choose(digits) {
    number.input.value = digits;
    typed();
    number.input.focus();
  }

  const attends = app.session.duty === 'event-only';
  const title = attends ? 'Record an attendance' : 'Look up a child';
  typed();
  const form = el(
    'form', {class: 'columns', novalidate: true, on: {submit: confirm}},
    el('div', {class: 'columns__part'}, number.group, check, spoken, incidentField(app)),
    el(
      'div', {class: 'columns__part'},
      keypad(() => number.input, 'Digits for the NHS number'),
      el('button', {type: 'submit', class: 'nhsuk-button wide', test: 'look-up'}, attends ? 'Continue' : 'Look up'),
    ),
  );
  const stop = () => {
    number.input.value = last = '';
  };
  return {
    name: 'number', title, focus: number.input, stop,
    nodes: [el('h1', {tabindex: -1}, title), form, practiceChildren(app, choose)].filter(Boolean),
  };
}
