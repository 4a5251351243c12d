// SPDX-License-Identifier: Apache-2.0
import {button, el, field, problemBox, sentence} from '../dom.js';
import {keypad} from '../keypad.js';
import {Silent} from '../refusal.js';

function notSetUp(status) {
  if (!status || status.enrolled !== false) return null;
  return el('p', {class: 'notice', test: 'not-enrolled'}, 'This vehicle is not set up yet, so it knows no child. Tell operations.');
}

/** @param {{reason?: string}} given why one is here again */
export function signInView(app, {reason = ''} = {}) {
  const staff = field({label: 'Staff ID', test: 'staff', attributes: {maxlength: 64}});
  const pin = field({label: 'PIN', test: 'pin', type: 'password', attributes: {inputmode: 'none', maxlength: 64}});
  const problem = problemBox();
  const notice = el('div');
  let typed = staff.input;
  let busy = false;
  for (const {input, fault} of [staff, pin]) {
    input.addEventListener('focus', () => {
      typed = input;
      for (const one of [staff, pin]) one.input.classList.toggle('typed', one.input === input);
    });
    input.addEventListener('input', () => fault(''));
  }
  staff.input.classList.add('typed');

  async function signIn(event) {
    event.preventDefault();
    if (busy) return;
    problem.say('');
    staff.fault(staff.input.value.trim() ? '' : 'Type your staff ID');
    pin.fault(pin.input.value ? '' : 'Type your PIN');
    const missing = [staff, pin].find(({input}) => input.getAttribute('aria-invalid'));
    if (missing) return missing.input.focus();
    busy = true;
    const secret = pin.input.value;
    pin.input.value = '';
    try {
      app.began(await app.vehicle.signIn(staff.input.value.trim(), secret));
    } catch (error) {
      problem.say(`You are not signed in. ${sentence(error.message)}${error instanceof Silent ? ' Try again.' : ''}`);
      pin.input.focus();
    } finally {
      busy = false;
    }
  }

  /** The staff ID is followed by the PIN. */
  function next(event) {
    if (event.key !== 'Enter' || !staff.input.value || pin.input.value) return;
    event.preventDefault();
    pin.input.focus();
  }
  staff.input.addEventListener('keydown', next);

  const heard = () => notice.replaceChildren(...[notSetUp(app.status)].filter(Boolean));
  heard();
  const form = el(
    'form', {class: 'columns', novalidate: true, on: {submit: signIn}},
    el(
      'div', {class: 'columns__part'},
      reason && el('p', {class: 'notice', test: 'reason', role: 'status'}, sentence(reason)),
      notice, staff.group, pin.group, problem.box,
    ),
    el(
      'div', {class: 'columns__part'},
      keypad(() => typed, 'Digits for staff ID and PIN'),
      el('button', {type: 'submit', class: 'nhsuk-button wide', test: 'sign-in'}, 'Sign in'),
    ),
  );
  const practice = el('p', {class: 'aside'}, el('a', {href: '#practice', class: 'big-link', test: 'to-practice'}, 'Practice with made-up children'));
  return {name: 'sign-in', title: 'Sign in', nodes: [el('h1', {tabindex: -1}, 'Sign in'), form, practice], heard};
}
