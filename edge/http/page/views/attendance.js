// SPDX-License-Identifier: Apache-2.0
import {el, field, problemBox, sentence} from '../dom.js';
import {Refused} from '../refusal.js';

const SILENT_RIGHT = 'Your right B0170 looks silently: you cannot record attendances. Somebody with B0107 can.';

/** Records that a crew attended this person. It says "recorded" only when the vehicle has said so. */
export function attendancePanel(app, number) {
  const title = el('h2', {id: 'attend-title'}, 'Record attendance');
  if (app.session.right === 'B0170') {
    return el('section', {class: 'panel', 'aria-labelledby': 'attend-title'}, title, el('p', {}, SILENT_RIGHT));
  }
  const incident = field({label: 'Incident number', test: 'attend-incident', attributes: {maxlength: 100, value: app.incident}});
  const problem = problemBox();
  const result = el('div', {role: 'status', class: 'attend-result', test: 'attend-result'});
  let busy = false;

  function recorded(reply) {
    const again = reply.notification === 'ALREADY_QUEUED';
    result.dataset.recorded = 'true';
    const kept = app.vehicle.practice ? ' This is practice: nothing is kept or sent.' : ' It is kept in this vehicle and sent when there is coverage.';
    result.replaceChildren(el('p', {class: 'recorded'}, again ? 'Recorded before, for this incident.' : 'Recorded.', kept));
    app.watch.look();
  }

  async function record(event) {
    event.preventDefault();
    const reference = incident.input.value.trim();
    incident.fault(reference ? '' : 'Type the incident number');
    if (!reference) return incident.input.focus();
    if (busy) return;
    busy = true;
    problem.say('');
    delete result.dataset.recorded;
    result.replaceChildren(el('p', {}, 'Recording…'));
    try {
      const reply = await app.vehicle.attend({number, incident: reference});
      if (typeof reply?.id !== 'string') throw new Error('the vehicle\'s answer could not be read');
      app.incident = reference;
      recorded(reply);
    } catch (error) {
      // No answer may still mean that it was kept; recording it again is safe, for it is then the same attendance.
      const doubt = error instanceof Refused ? '' : ' Record it again: it is never counted twice.';
      result.dataset.recorded = 'false';
      result.replaceChildren();
      problem.say(`The attendance was not recorded. ${sentence(error.message)}${doubt}`);
    } finally {
      busy = false;
    }
  }

  return el(
    'section', {class: 'panel', 'aria-labelledby': 'attend-title'}, title,
    el(
      'form', {novalidate: true, on: {submit: record}}, incident.group, problem.box, result,
      el('button', {type: 'submit', class: 'nhsuk-button wide', test: 'attend'}, 'Record attendance'),
    ),
  );
}
