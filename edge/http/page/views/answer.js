// SPDX-License-Identifier: Apache-2.0
//
// One lookup: what the vehicle knows, at once; then what the fleet server knows, when it can be asked. The child's data lives in
// this closure and these elements only, and goes with them.
import {agedOnScreen, cardOf, differs, pending, unknown} from '../answer.js';
import {cardElements, refreshAge} from '../card.js';
import {button, el, sentence} from '../dom.js';
import {Dropped, Refused} from '../refusal.js';
import {Elapsed, timeWords} from '../time.js';
import {attendancePanel} from './attendance.js';
import {numberView} from './number.js';

const TICK = 5000; // ms
const SILENT = 'The vehicle\'s computer does not answer any more, so a "no plan known" does not count.';

function whyNoAnswer(error) {
  if (error instanceof Refused) return `The vehicle gave no answer. ${sentence(error.message)}`;
  return 'The vehicle gave no answer in time.';
}

/** @param {{number: string, incident: string}} given */
export function answerView(app, {number, incident}) {
  const left = new AbortController();
  const stage = el('div', {class: 'stage', test: 'card'});
  const resolving = el('p', {class: 'resolving', role: 'status', test: 'resolving', hidden: true});
  const changed = el('div', {class: 'changed', test: 'changed', hidden: true});
  const panelPlace = el('div');
  const factsPlace = el('div', {class: 'columns__part'});
  const historyPlace = el('div', {class: 'columns__part'});
  const looks = app.session.duty !== 'event-only';
  let card = null;
  let since = new Elapsed();
  let ticking = null;

  const context = () => ({seconds: since.seconds, online: app.online});

  function draw(next) {
    card = next;
    const {panel, number: numberLine, facts, history} = cardElements(card, context());
    stage.dataset.outcome = card.outcome;
    card.reason ? stage.dataset.reason = card.reason : delete stage.dataset.reason;
    panelPlace.replaceChildren(panel);
    factsPlace.replaceChildren(numberLine, ...facts, ...(card.outcome === 'CANNOT_SAY' ? [again()] : []));
    historyPlace.replaceChildren(...(history ? [history] : []));
    app.retitle(card.title);
  }

  /** An answer has come: who reads with the ears hears it, unless they are typing. */
  function present(next) {
    draw(next);
    const heading = panelPlace.querySelector('h1');
    if (document.activeElement?.tagName !== 'INPUT') heading.focus();
    else app.announce(card.title);
  }

  const again = () => button('Look again', {
    kind: 'nhsuk-button--secondary wide', test: 'look-again', on: {click: () => app.show(answerView, {number, incident: app.incident})},
  });

  function tick() {
    if (!card) return;
    const aged = app.silent && card.outcome === 'NOT_FLAGGED' ? unknown(number, SILENT) : agedOnScreen(card, since.seconds);
    if (aged !== card) return present(aged);
    refreshAge(stage, card, since.seconds);
  }

  function replaceBy(resolved) {
    resolving.hidden = true;
    const before = card;
    since = new Elapsed();
    if (differs(before, resolved)) {
      const asOf = before.asOf ? ` (as of ${timeWords(before.asOf)})` : '';
      changed.hidden = false;
      changed.replaceChildren(
        el('p', {class: 'changed__mark'}, 'Changed: this is what the fleet server says now.'),
        el('p', {}, `Before, this vehicle said: ${before.title}${asOf}.`),
      );
      present(resolved);
      app.announce(`The answer has changed: ${resolved.title}`);
    } else {
      draw(resolved);
      resolving.hidden = false;
      resolving.textContent = 'The fleet server says the same.';
    }
  }

  async function resolve() {
    resolving.hidden = false;
    resolving.textContent = 'The fleet server is asked too…';
    try {
      const resolved = cardOf(await app.vehicle.resolve({number, incident}, left.signal), number);
      if (resolved.reason === 'NOT_UNDERSTOOD') throw new Error();
      replaceBy(resolved);
    } catch (error) {
      if (error instanceof Dropped) return;
      resolving.textContent = 'The fleet server could not be asked. This is what the vehicle itself knows.';
    }
  }

  async function lookUp() {
    draw(pending(number));
    let found;
    try {
      found = cardOf(await app.vehicle.lookUp({number, incident}, left.signal), number);
    } catch (error) {
      if (error instanceof Dropped || left.signal.aborted) return;
      found = unknown(number, whyNoAnswer(error));
    }
    if (left.signal.aborted) return;
    since = new Elapsed();
    present(found);
    app.watch.look(); // a look may have queued an attendance
    ticking = setInterval(tick, TICK);
    if (found.resolvable) resolve();
  }

  function stop() {
    left.abort();
    clearInterval(ticking);
    card = null;
    stage.replaceChildren();
  }

  const next = button('Next number', {kind: 'nhsuk-button--secondary wide', test: 'next', on: {click: () => app.show(numberView)}});
  const attendance = attendancePanel(app, number);
  if (looks) {
    stage.append(panelPlace, changed, resolving, el('div', {class: 'columns'}, factsPlace, el('div', {class: 'columns__part'}, attendance, next, historyPlace)));
    queueMicrotask(lookUp);
  } else {
    stage.append(el('h1', {tabindex: -1}, 'Record attendance'), cardElements(pending(number), context()).number, attendance, next);
  }
  return {name: 'answer', title: 'Answer', nodes: [stage], stop, heard: tick};
}
