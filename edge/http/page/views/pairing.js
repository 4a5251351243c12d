// SPDX-License-Identifier: Apache-2.0
import {el, field, problemBox, sentence} from '../dom.js';
import {signInView} from './sign_in.js';

/** A tablet that the vehicle does not know types, once, the code that the vehicle shows. */
export function pairingView(app) {
  const code = field({
    label: 'Pairing code', test: 'pairing-code', hint: 'Ask whoever looks after this vehicle for a code. It works once.',
    attributes: {maxlength: 64},
  });
  const problem = problemBox();
  async function pair(event) {
    event.preventDefault();
    problem.say('');
    const typed = code.input.value.trim();
    code.fault(typed ? '' : 'Type the pairing code');
    if (!typed) return code.input.focus();
    try {
      await app.vehicle.pair(typed);
      app.watch.look();
      app.show(signInView, {reason: 'This tablet is paired with the vehicle.'});
    } catch (error) {
      problem.say(`This tablet is not paired. ${sentence(error.message)}`);
      code.input.focus();
    }
  }
  const form = el(
    'form', {class: 'narrow', novalidate: true, on: {submit: pair}}, code.group, problem.box,
    el('button', {type: 'submit', class: 'nhsuk-button wide', test: 'pair'}, 'Pair'),
  );
  return {name: 'pairing', title: 'Pair this tablet', nodes: [el('h1', {tabindex: -1}, 'Pair this tablet'), form]};
}
