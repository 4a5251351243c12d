// SPDX-License-Identifier: Apache-2.0
import {button, el} from './dom.js';
import {durationWords} from './time.js';

/** The warning before the idle lock. Any touch or key takes it away; the button is there for those who look for one. */
export class IdleWarning {
  /** @param {() => void} stay */
  constructor(stay) {
    this.button = button('Stay signed in', {test: 'stay', on: {click: stay}});
    this.left = el('p', {class: 'dialog__left'});
    this.dialog = el(
      'dialog', {class: 'dialog', test: 'idle-warning', role: 'alertdialog', 'aria-labelledby': 'idle-title', 'aria-describedby': 'idle-left'},
      el('h2', {id: 'idle-title'}, 'Are you still there?'),
      this.left,
      this.button,
    );
    this.left.id = 'idle-left';
    document.body.append(this.dialog);
  }

  /** Whether this touch or key presses the button: what it does then comes with the click. @param {Event} event */
  answers(event) {
    return event.target === this.button && (event.type === 'pointerdown' || event.key === 'Enter' || event.key === ' ');
  }

  /** @param {number} seconds */
  show(seconds) {
    this.left.textContent = `You will be signed out in ${durationWords(seconds)}. Touch the screen or press a key to stay.`;
    if (!this.dialog.open) this.dialog.showModal();
  }

  hide() {
    if (this.dialog.open) this.dialog.close();
  }
}
