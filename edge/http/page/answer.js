// SPDX-License-Identifier: Apache-2.0
//
// From what the node said to what a card may say. Silence never reads as "no flag": whatever is not exactly one of the
// contract's answers, about the number that was asked, becomes CANNOT_SAY.
import {ageWords, dateWords, timeOf, timeWords} from './time.js';
import {phones} from './hours.js';

const PLANS = {
  CPP: {words: 'Child protection plan', current: 'On a child protection plan', was: 'Was on a child protection plan'},
  LAC: {
    words: 'Looked after child', current: 'Looked after child', was: 'Was a looked after child', furtherCurrent: 'a looked after child',
  },
  UCPP: {
    words: 'Child protection plan for the unborn child',
    current: 'Unborn child has a child protection plan',
    was: 'Unborn child had a child protection plan',
  },
};
const SUBJECTS = {CHILD: 'The child', MOTHER_OF_UNBORN: 'The mother of an unborn child'};
const NOTIFICATIONS = ['QUEUED', 'ALREADY_QUEUED', 'NOT_NEEDED', 'SILENT'];
const SOURCES = ['REPLICA', 'FLEET_SERVER'];

/** A negative answer stays on the screen this long; then it has to be asked again. */
export const NEGATIVE_STANDS_SECONDS = 5 * 60;

export const CANNOT_SAY_ADVICE = 'Treat this as not known. If you are worried about a child, phone the emergency duty team of the local authority where you are.';

/** What is wrong with an answer that cannot be understood; never shown, so that it quotes nothing. */
class NotUnderstood extends Error {}

const need = (right, what) => {
  if (!right) throw new NotUnderstood(what);
};
const text = (value, what) => {
  need(typeof value === 'string' && value !== '', what);
  return value;
};
const textOrNull = (value, what) => (value === null || value === '' ? null : text(value, what));
const time = (value, what) => {
  const found = timeOf(value);
  need(found, what);
  return found;
};
const list = (value, what) => {
  need(Array.isArray(value), what);
  return value;
};
const oneOf = (value, known, what) => {
  need(typeof value === 'string' && known.includes(value), what);
  return value;
};

export function readPlan(raw) {
  need(raw !== null && typeof raw === 'object', 'plan');
  const authority = raw.authority;
  need(authority !== null && typeof authority === 'object', 'authority');
  const type = oneOf(raw.type, Object.keys(PLANS), 'type');
  return {
    type,
    words: PLANS[type].words,
    current: oneOf(raw.state, ['CURRENT', 'ENDED'], 'state') === 'CURRENT',
    subject: SUBJECTS[oneOf(raw.subject, Object.keys(SUBJECTS), 'subject')],
    start: time(raw.start, 'start'),
    end: raw.end === null ? null : time(raw.end, 'end'),
    authority: {
      code: text(authority.code, 'code'),
      name: text(authority.name || authority.code, 'name'), // the directory may not know it yet
      emergency_duty_tel: textOrNull(authority.emergency_duty_tel, 'tel'),
      office_hours_tel: textOrNull(authority.office_hours_tel, 'tel'),
    },
  };
}

function readAccess(raw) {
  need(raw !== null && typeof raw === 'object', 'access');
  for (const name of ['viewer', 'role', 'organisation']) need(typeof raw[name] === 'string', name);
  return {at: time(raw.at, 'at'), viewer: raw.viewer, role: raw.role, organisation: raw.organisation};
}

function readPattern(raw) {
  need(raw !== null && typeof raw === 'object' && typeof raw.frequent === 'boolean', 'pattern');
  need(Number.isInteger(raw.accesses_90_days) && Number.isInteger(raw.organisations_90_days), 'pattern');
  return {accesses: raw.accesses_90_days, organisations: raw.organisations_90_days, frequent: raw.frequent};
}

function readCommon(raw, asked) {
  need(raw.nhs_number === asked, 'the answer is about another number');
  need(typeof raw.stale === 'boolean' && typeof raw.resolvable === 'boolean', 'stale');
  const asOf = raw.as_of === null ? null : time(raw.as_of, 'as_of');
  need(asOf === null ? raw.age_seconds === null : Number.isFinite(raw.age_seconds) && raw.age_seconds >= 0, 'age');
  return {
    number: asked,
    outcome: oneOf(raw.outcome, ['FLAGGED', 'NOT_FLAGGED', 'POSSIBLY_FLAGGED_ELSEWHERE', 'CANNOT_SAY'], 'outcome'),
    reason: raw.outcome === 'CANNOT_SAY' ? text(raw.reason, 'reason') : null,
    asOf,
    age: asOf === null ? null : raw.age_seconds,
    stale: raw.stale,
    resolvable: raw.resolvable,
    source: oneOf(raw.source, SOURCES, 'source'),
    notification: oneOf(raw.notification, NOTIFICATIONS, 'notification'),
    plans: list(raw.plans, 'plans').map(readPlan),
    accesses: list(raw.accesses, 'accesses').map(readAccess),
    pattern: readPattern(raw.pattern),
    advice: list(raw.advice, 'advice').map((line) => text(line, 'advice')),
  };
}

/** "On a child protection plan, and a looked after child" */
function flaggedTitle(plans) {
  const current = plans.filter((plan) => plan.current);
  const types = [...new Set((current.length ? current : plans).map((plan) => plan.type))];
  const [first, ...further] = types.map((type) => PLANS[type]);
  const when = current.length ? 'current' : 'was';
  const joined = further.map((one) => (current.length && one.furtherCurrent) || one[when][0].toLowerCase() + one[when].slice(1));
  return [first[when], ...joined].join(', and ');
}

/** Shown while an answer is on its way: no answer is not "no plan". */
export function pending(asked) {
  return {
    ...unknown(asked, 'The vehicle is asked now. Until it answers, nothing is known.'),
    outcome: 'PENDING',
    title: 'Cannot say yet',
    advice: [],
  };
}

/** CANNOT_SAY of the page's own. @param {string} asked @param {string} lead @param {string} [reason] */
export function unknown(asked, lead, reason = 'NO_ANSWER') {
  return {
    number: asked, outcome: 'CANNOT_SAY', reason, title: 'Cannot say', lead, advice: [CANNOT_SAY_ADVICE], plans: [], accesses: [],
    pattern: {accesses: 0, organisations: 0, frequent: false}, asOf: null, age: null, stale: false, resolvable: false,
    source: 'REPLICA', notification: 'NOT_NEEDED',
  };
}

function titled(card) {
  switch (card.outcome) {
    case 'FLAGGED':
      return {title: flaggedTitle(card.plans), lead: 'Share your concerns with the local authority.'};
    case 'NOT_FLAGGED':
      return {
        title: 'No plan known',
        lead: 'No plan was known for this number at that time. That does not mean that there is no concern.',
      };
    case 'POSSIBLY_FLAGGED_ELSEWHERE':
      return {title: 'Possibly known elsewhere', lead: 'This is neither a yes nor a no.'};
    default:
      return {title: 'Cannot say', lead: 'It is not known whether there is a plan. This is not a no.'};
  }
}

function read(raw, asked) {
  need(raw !== null && typeof raw === 'object' && !Array.isArray(raw), 'not an object');
  const card = readCommon(raw, asked);
  const answered = card.outcome === 'FLAGGED' || card.outcome === 'NOT_FLAGGED';
  need(!answered || card.asOf !== null, 'an answer without its time');
  need((card.outcome === 'FLAGGED') === card.plans.length > 0, 'plans');
  need(card.outcome !== 'NOT_FLAGGED' || !card.stale, 'a stale negative');
  if (!answered && card.advice.length === 0) card.advice.push(CANNOT_SAY_ADVICE);
  return {...card, ...titled(card)};
}

/**
 * The card of an answer. Never throws.
 * @param {unknown} raw the node's JSON @param {string} asked ten digits
 */
export function cardOf(raw, asked) {
  try {
    return read(raw, asked);
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    const positive = raw !== null && typeof raw === 'object' && raw.outcome === 'FLAGGED';
    return unknown(
      asked,
      positive ? 'An answer came that may say there is a plan, but this page could not read it.'
        : 'An answer came that this page could not read.',
      'NOT_UNDERSTOOD',
    );
  }
}

/** A negative that stood too long is none any more; anything else stays. @param {number} seconds since it came */
export function agedOnScreen(card, seconds) {
  if (card.outcome !== 'NOT_FLAGGED' || seconds < NEGATIVE_STANDS_SECONDS) return card;
  return {...unknown(card.number, 'The answer on this screen is old. Look again.', 'OLD_ON_SCREEN'), title: 'Cannot say any more'};
}

/** Whether the fleet server said something else than the vehicle. */
export function differs(before, after) {
  const essence = (card) => JSON.stringify([card.outcome, card.reason, card.plans]);
  return essence(before) !== essence(after);
}

/** The node's own time when it answered, plus what went by since: a tablet's clock may be wrong. */
export function nowBy(card, seconds) {
  if (card.asOf === null) return new Date();
  return new Date(card.asOf.getTime() + (card.age + seconds) * 1000);
}

/** Whom to phone for each authority of the plans, current ones first. @param {Date} now */
export function whomToPhone(card, now) {
  const seen = new Map();
  for (const plan of card.plans) if (!seen.has(plan.authority.code)) seen.set(plan.authority.code, plan.authority);
  return [...seen.values()].map((authority) => ({name: authority.name, ...phones(authority, now)}));
}

/** @param {{current: boolean, start: Date, end: Date|null, type: string}} plan */
export function planDates(plan) {
  const from = `since ${dateWords(plan.start)}`;
  if (plan.current && plan.type === 'UCPP' && plan.end) return `${from}, child due ${dateWords(plan.end)}`;
  if (plan.current) return plan.end ? `${from}, until ${dateWords(plan.end)}` : from;
  return plan.end ? `from ${dateWords(plan.start)} until ${dateWords(plan.end)}` : `from ${dateWords(plan.start)}, ended`;
}

/** What the authority is told of this look, in words; null where nothing is sure. @param {boolean} online */
export function notificationWords(card, online) {
  const names = [...new Set(card.plans.map((plan) => plan.authority.name))];
  const who = names.length ? names.join(' and ') : 'The local authority';
  switch (card.notification) {
    case 'QUEUED':
      return online ? `${who} will be told of this look in a moment.` : `${who} will be told of this look when there is coverage.`;
    case 'ALREADY_QUEUED':
      return `${who} was told of this incident already, or will be when there is coverage.`;
    case 'SILENT':
      return 'Nobody is told of this look.';
    default:
      if (card.outcome === 'FLAGGED') return 'Nobody needs to be told of this look.';
      if (card.outcome === 'PENDING' || card.outcome === 'CANNOT_SAY') return null;
      return 'If a plan becomes known in the next days, this vehicle shows an alert.';
  }
}

/** "As of Sun 22 November 2026, 02:00" and "4 hours ago". @param {number} seconds since the answer came */
export function asOfWords(card, seconds) {
  if (card.asOf === null) return {time: 'The time of the list is not known', age: ''};
  return {time: `As of ${timeWords(card.asOf)}`, age: ageWords(card.age + seconds)};
}

/** What to do beside phoning the numbers that the card shows anyway. */
export function furtherAdvice(card) {
  return card.outcome === 'FLAGGED' ? card.advice.filter((line) => !line.startsWith('Phone ')) : card.advice;
}

export function patternWords(pattern) {
  if (!pattern.frequent) return null;
  const places = pattern.organisations > 1 ? ` by ${pattern.organisations} organisations` : '';
  return `Seen ${pattern.accesses} times in 90 days${places}. Frequent attendance can point to neglect.`;
}
