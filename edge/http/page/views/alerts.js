// SPDX-License-Identifier: Apache-2.0
import {planDates, readPlan, whomToPhone} from '../answer.js';
import {button, el, icon, problemBox, sentence} from '../dom.js';
import {telGrouped, telHref} from '../hours.js';
import {grouped} from '../number.js';
import {timeOf, timeWords} from '../time.js';

const TOLD = {
  NOT_FLAGGED: 'No plan known', POSSIBLY_FLAGGED_ELSEWHERE: 'Possibly known elsewhere', CANNOT_SAY: 'Cannot say', FLAGGED: 'A plan',
};

/** Plans that cannot be read are none that can be shown; that there is an alert stands. */
function plansOf(alert) {
  try {
    return alert.plans.map(readPlan);
  } catch {
    return [];
  }
}

const timeOr = (text) => {
  const time = timeOf(text);
  return time ? timeWords(time) : 'a time that is not known';
};

function phoneRows(plans) {
  return whomToPhone({plans}, new Date()).filter(({now}) => now).map(({name, now}) => el(
    'a', {class: 'phone phone--now', href: telHref(now.tel)},
    icon('phone'), el('span', {class: 'phone__words'}, el('span', {}, `${now.who}, ${name}`), el('strong', {class: 'phone__number'}, telGrouped(now.tel))),
  ));
}

function alertRow(app, alert, redraw) {
  const plans = plansOf(alert);
  const problem = problemBox();
  async function acknowledge() {
    try {
      await app.alerts.acknowledge(alert.id);
      app.announce('Acknowledged.');
      redraw();
    } catch (error) {
      problem.say(`Not acknowledged. ${sentence(error.message)}`);
    }
  }
  const done = alert.acknowledged_at
    ? el('p', {class: 'recorded', test: 'acknowledged'}, `Acknowledged by ${alert.acknowledged_by}, ${timeOr(alert.acknowledged_at)}.`)
    : button('Acknowledge', {kind: 'wide', test: 'acknowledge', on: {click: acknowledge}});
  return el(
    'li', {class: 'panel alert', test: 'alert', 'data-id': alert.id},
    el('h2', {}, `NHS number ${grouped(String(alert.nhs_number))}`),
    el('p', {}, `Looked up or attended ${timeOr(alert.occurred_at)} by ${alert.staff}${alert.incident ? `, incident ${alert.incident}` : ''}.`),
    el('p', {}, `Said then: ${TOLD[alert.outcome_at_node] ?? 'not known'}. Now there is a plan:`),
    plans.length ? el('ul', {class: 'nhsuk-list nhsuk-list--bullet'}, plans.map((plan) => el('li', {}, `${plan.words}, ${planDates(plan)} (${plan.authority.name})`)))
      : el('p', {}, 'The plan could not be read here. Look the number up.'),
    phoneRows(plans), problem.box, done,
  );
}

export function alertsView(app) {
  const heading = el('h1', {tabindex: -1}, 'Late alerts');
  const list = el('ul', {class: 'plain-list'});
  function draw() {
    list.replaceChildren(...app.alerts.list.map((alert) => alertRow(app, alert, () => {
      draw();
      heading.focus();
    })));
    if (app.alerts.list.length === 0) {
      list.replaceChildren(el('li', {class: 'panel'}, app.alerts.waiting ? 'The alerts cannot be read now.' : 'There are no alerts.'));
    }
  }
  draw();
  app.alerts.onChange = draw;
  app.alerts.refresh();
  const back = button('Back', {kind: 'nhsuk-button--secondary wide', test: 'back', on: {click: () => app.home()}});
  return {
    name: 'alerts', title: 'Late alerts', stop: () => { app.alerts.onChange = null; list.replaceChildren(); },
    nodes: [heading, el('p', {}, 'A child who was looked up or attended turned out to have a plan that was not known then.'), list, back],
  };
}
