// SPDX-License-Identifier: Apache-2.0
//
// A card of answer.js as elements. The outcome comes first, in words, with a shape and a colour of its own.
import {asOfWords, furtherAdvice, notificationWords, nowBy, patternWords, planDates, whomToPhone} from './answer.js';
import {el, icon} from './dom.js';
import {OFFICE_HOURS, officeIsOpen, telGrouped, telHref} from './hours.js';
import {grouped, spoken} from './number.js';
import {timeWords} from './time.js';

const LOOKS = {
  FLAGGED: 'flagged', NOT_FLAGGED: 'not-flagged', POSSIBLY_FLAGGED_ELSEWHERE: 'elsewhere', CANNOT_SAY: 'cannot-say', PENDING: 'pending',
};

function outcomePanel(card, seconds) {
  const look = LOOKS[card.outcome];
  const {time, age} = asOfWords(card, seconds);
  return el(
    'div', {class: `outcome outcome--${look}`},
    el('span', {class: 'outcome__shape'}, icon(look)),
    el(
      'div', {class: 'outcome__words'},
      el('h1', {tabindex: -1}, card.title),
      card.asOf && el('p', {class: 'outcome__as-of'}, el('span', {test: 'as-of'}, time), ' – ', el('strong', {test: 'age'}, age)),
      el('p', {class: 'outcome__lead'}, card.lead),
    ),
  );
}

function phoneLink({who, tel}, authority, main) {
  return el(
    'a', {class: main ? 'phone phone--now' : 'phone', href: telHref(tel)},
    icon('phone'),
    el('span', {class: 'phone__words'}, el('span', {}, `${who}, ${authority}`), el('strong', {class: 'phone__number'}, telGrouped(tel))),
  );
}

function phoneNow(card, now) {
  const authorities = whomToPhone(card, now);
  if (authorities.length === 0) return null;
  const open = officeIsOpen(now);
  return el(
    'section', {class: 'panel', 'aria-labelledby': 'phone-title'},
    el('h2', {id: 'phone-title'}, 'Phone now'),
    el('p', {class: 'quiet'}, open ? `Offices are open (${OFFICE_HOURS}).` : `Offices are closed (open ${OFFICE_HOURS}).`),
    authorities.map(({name, now: first, other}) => el(
      'div', {class: 'phones'},
      first ? el('div', {test: 'phone-now'}, phoneLink(first, name, true))
        : el('p', {test: 'phone-now'}, `No number of ${name} is held here: ask control for its emergency duty team.`),
      other && el('div', {test: 'phone-other'}, el('p', {class: 'quiet'}, `Other number, ${other.when}:`), phoneLink(other, name, false)),
    )),
  );
}

function planRow(plan) {
  return el(
    'li', {class: `plan${plan.current ? '' : ' plan--ended'}`, test: 'plan'},
    el('p', {class: 'plan__type'}, plan.words, ' ', el('span', {class: 'badge'}, plan.current ? 'Current' : 'Ended')),
    el('p', {}, `${plan.subject}: ${planDates(plan)}`),
    el('p', {class: 'quiet'}, plan.authority.name),
  );
}

function plans(card) {
  if (card.plans.length === 0) return null;
  return el(
    'section', {class: 'panel', 'aria-labelledby': 'plans-title'},
    el('h2', {id: 'plans-title'}, card.plans.length === 1 ? 'Plan' : 'Plans'),
    el('ul', {class: 'plain-list'}, card.plans.map(planRow)),
  );
}

function advice(card) {
  const lines = furtherAdvice(card);
  if (lines.length === 0) return null;
  return el(
    'section', {class: 'panel', 'aria-labelledby': 'advice-title'},
    el('h2', {id: 'advice-title'}, 'What to do'),
    el('ul', {class: 'nhsuk-list nhsuk-list--bullet'}, lines.map((line) => el('li', {test: 'advice'}, line))),
  );
}

function accesses(card) {
  if (card.outcome !== 'FLAGGED') return null;
  const words = patternWords(card.pattern);
  const rows = card.accesses.map((access) => el(
    'li', {class: 'access', test: 'access'},
    el('strong', {}, timeWords(access.at)),
    el('span', {}, [access.viewer, access.role].filter(Boolean).join(', ') || 'Name not held'),
    el('span', {class: 'quiet'}, access.organisation),
  ));
  return el(
    'section', {class: 'panel', 'aria-labelledby': 'accesses-title'},
    el('h2', {id: 'accesses-title'}, 'Seen by unscheduled care'),
    words && el('p', {class: 'notice', test: 'pattern'}, words),
    rows.length ? el('ol', {class: 'plain-list'}, rows) : el('p', {}, 'Nobody else has looked, as far as is known here.'),
  );
}

/**
 * What stands above and beside the attendance form.
 * @param {object} card of answer.js @param {{seconds: number, online: boolean}} now
 * @returns {{panel: HTMLElement, facts: Node[], history: Node|null}}
 */
export function cardElements(card, {seconds, online}) {
  const number = el(
    'p', {class: 'card-number', test: 'card-number'}, 'NHS number ',
    el('strong', {'aria-hidden': 'true'}, grouped(card.number)), el('span', {class: 'nhsuk-u-visually-hidden'}, spoken(card.number)),
  );
  const stale = card.stale && card.outcome === 'FLAGGED'
    && el('p', {class: 'notice', test: 'stale'}, 'This list is old: plans may have changed since. Ask by phone.');
  const told = notificationWords(card, online);
  return {
    panel: outcomePanel(card, seconds),
    number,
    facts: [
      stale, phoneNow(card, nowBy(card, seconds)), plans(card), advice(card),
      told && el('p', {class: 'told', test: 'notification'}, told),
    ].filter(Boolean),
    history: accesses(card),
  };
}

/** Only what grows older by itself. @param {HTMLElement} root that holds the elements */
export function refreshAge(root, card, seconds) {
  const age = root.querySelector('[data-test="age"]');
  const {age: words} = asOfWords(card, seconds);
  if (age && age.textContent !== words) age.textContent = words;
}
