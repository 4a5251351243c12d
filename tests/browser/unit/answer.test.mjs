// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {
  agedOnScreen, asOfWords, cardOf, differs, furtherAdvice, notificationWords, nowBy, patternWords, pending, planDates, unknown, whomToPhone,
} from '../../../edge/http/page/answer.js';

const NUMBER = '9990000018';
const lancashire = {code: 'E10000017', name: 'Lancashire County Council', emergency_duty_tel: '03001236722', office_hours_tel: '03001236720'};
const cpp = {
  type: 'CPP', snomed: '342191000000101', start: '2026-03-01T09:00:00Z', end: null, state: 'CURRENT', subject: 'CHILD', authority: lancashire,
};
const flagged = {
  nhs_number: NUMBER, outcome: 'FLAGGED', as_of: '2026-11-22T02:00:00Z', age_seconds: 4210, stale: false, source: 'REPLICA',
  region: ['E10000017'], notification: 'QUEUED', plans: [cpp],
  pattern: {accesses_90_days: 3, organisations_90_days: 2, frequent: true},
  accesses: [{at: '2026-11-21T23:15:00Z', viewer: 'Ms Sam Crew', role: 'Paramedic', organisation: 'NWAS'}],
  advice: ['Phone Lancashire County Council: emergency duty team 03001236722.', 'Part of the list is damaged.'], resolvable: false,
};
const none = {accesses_90_days: 0, organisations_90_days: 0, frequent: false};
const without = {...flagged, plans: [], accesses: [], pattern: none, advice: [], notification: 'NOT_NEEDED'};
const notFlagged = {...without, outcome: 'NOT_FLAGGED'};
const elsewhere = {...without, outcome: 'POSSIBLY_FLAGGED_ELSEWHERE', resolvable: true, advice: ['There may be a plan elsewhere.']};
const cannotSay = {...without, outcome: 'CANNOT_SAY', reason: 'NEVER_SYNCED', as_of: null, age_seconds: null, advice: ['Go where there is coverage.']};

test('each outcome of the contract has its words', () => {
  assert.equal(cardOf(flagged, NUMBER).title, 'On a child protection plan');
  assert.equal(cardOf(notFlagged, NUMBER).title, 'No plan known');
  assert.equal(cardOf(elsewhere, NUMBER).title, 'Possibly known elsewhere');
  assert.equal(cardOf(cannotSay, NUMBER).title, 'Cannot say');
  assert.equal(cardOf(cannotSay, NUMBER).reason, 'NEVER_SYNCED');
});

test('a plan of an authority whose name is not known yet is shown with its code', () => {
  const card = cardOf({...flagged, plans: [{...cpp, authority: {...lancashire, name: ''}}]}, NUMBER);
  assert.equal(card.outcome, 'FLAGGED');
  assert.equal(card.plans[0].authority.name, 'E10000017');
});

test('a title names every kind of current plan, and an ended one only when there is no other', () => {
  const plan = (type, state) => ({...cpp, type, state, subject: type === 'UCPP' ? 'MOTHER_OF_UNBORN' : 'CHILD'});
  const title = (...plans) => cardOf({...flagged, plans}, NUMBER).title;
  assert.equal(title(plan('UCPP', 'CURRENT')), 'Unborn child has a child protection plan');
  assert.equal(title(plan('LAC', 'ENDED')), 'Was a looked after child');
  assert.equal(title(plan('CPP', 'CURRENT'), plan('LAC', 'CURRENT'), plan('CPP', 'CURRENT')), 'On a child protection plan, and a looked after child');
  assert.equal(title(plan('LAC', 'CURRENT'), plan('CPP', 'ENDED')), 'Looked after child');
});

test('whatever is not exactly an answer is CANNOT_SAY', () => {
  const wrong = [
    null, undefined, '', 'NOT_FLAGGED', 0, [], {}, {outcome: 'NOT_FLAGGED'},
    {...notFlagged, outcome: 'not_flagged'}, {...notFlagged, outcome: 'NOT_FLAGGED '}, {...notFlagged, outcome: 'CLEAR'},
    {...notFlagged, outcome: ['NOT_FLAGGED']}, {...notFlagged, nhs_number: '9990000026'}, {...notFlagged, nhs_number: undefined},
    {...notFlagged, as_of: null, age_seconds: null}, {...notFlagged, as_of: 'yesterday'}, {...notFlagged, as_of: undefined},
    {...notFlagged, age_seconds: null}, {...notFlagged, age_seconds: -5}, {...notFlagged, age_seconds: '60'},
    {...notFlagged, stale: true}, {...notFlagged, stale: undefined}, {...notFlagged, plans: [cpp]}, {...notFlagged, plans: undefined},
    {...notFlagged, source: 'CACHE'}, {...notFlagged, notification: ''}, {...notFlagged, advice: [1]}, {...notFlagged, resolvable: 1},
    {...notFlagged, pattern: null}, {...notFlagged, accesses: {}}, {...cannotSay, reason: undefined},
    {...flagged, plans: []}, {...flagged, plans: [{...cpp, type: 'XYZ'}]}, {...flagged, plans: [{...cpp, state: 'GONE'}]},
    {...flagged, plans: [{...cpp, authority: null}]}, {...flagged, plans: [null]}, {...flagged, as_of: null, age_seconds: null},
    {...flagged, accesses: [{at: 'then'}]},
  ];
  for (const raw of wrong) {
    const card = cardOf(raw, NUMBER);
    assert.equal(card.outcome, 'CANNOT_SAY', JSON.stringify(raw));
    assert.equal(card.reason, 'NOT_UNDERSTOOD');
    assert.equal(card.title, 'Cannot say');
    assert.ok(card.advice.length > 0);
  }
});

test('taking any member away from an answer never makes it a negative', () => {
  for (const raw of [flagged, elsewhere, cannotSay]) {
    for (const name of Object.keys(raw)) {
      const {[name]: _gone, ...rest} = raw;
      assert.notEqual(cardOf(rest, NUMBER).outcome, 'NOT_FLAGGED', name);
    }
  }
  for (const name of Object.keys(notFlagged).filter((one) => one !== 'region')) {
    const {[name]: _gone, ...rest} = notFlagged;
    assert.equal(cardOf(rest, NUMBER).outcome, 'CANNOT_SAY', name);
  }
});

test('an answer that says "flagged" but cannot be read says that there may be a plan', () => {
  assert.match(cardOf({...flagged, plans: 'CPP'}, NUMBER).lead, /may say there is a plan/);
});

test('while there is no answer, nothing is known', () => {
  assert.equal(pending(NUMBER).outcome, 'PENDING');
  assert.equal(pending(NUMBER).title, 'Cannot say yet');
  assert.equal(unknown(NUMBER, 'why').outcome, 'CANNOT_SAY');
});

test('"no plan known" stands five minutes on the screen, the others stay', () => {
  const card = cardOf(notFlagged, NUMBER);
  assert.equal(agedOnScreen(card, 299).outcome, 'NOT_FLAGGED');
  assert.equal(agedOnScreen(card, 300).outcome, 'CANNOT_SAY');
  assert.equal(agedOnScreen(card, 300).reason, 'OLD_ON_SCREEN');
  const plan = cardOf(flagged, NUMBER);
  assert.equal(agedOnScreen(plan, 9999), plan);
});

test('ages go on on the screen, and the time is the vehicle\'s', () => {
  const card = cardOf(flagged, NUMBER);
  assert.deepEqual(asOfWords(card, 0), {time: 'As of Sun 22 November 2026, 02:00', age: '1 hour ago'});
  assert.equal(asOfWords(card, 3 * 3600).age, '4 hours ago');
  assert.equal(nowBy(card, 10).toISOString(), '2026-11-22T03:10:20.000Z');
});

test('whom to phone: each authority once, for the hour at the vehicle', () => {
  const card = cardOf({...flagged, plans: [cpp, {...cpp, type: 'LAC'}, {...cpp, authority: {...lancashire, code: 'X', name: 'Other', office_hours_tel: null}}]}, NUMBER);
  const found = whomToPhone(card, nowBy(card, 0)); // Sunday, 03:10
  assert.deepEqual(found.map(({name}) => name), ['Lancashire County Council', 'Other']);
  assert.equal(found[0].now.tel, '03001236722');
  assert.equal(found[0].other.tel, '03001236720');
  assert.equal(found[1].other, null);
});

test('advice beside the numbers that are shown anyway stays', () => {
  assert.deepEqual(furtherAdvice(cardOf(flagged, NUMBER)), ['Part of the list is damaged.']);
  assert.deepEqual(furtherAdvice(cardOf(cannotSay, NUMBER)), ['Go where there is coverage.']);
});

test('dates of plans, what the authority is told and frequent attendance, in words', () => {
  const card = cardOf(flagged, NUMBER);
  assert.equal(planDates(card.plans[0]), 'since 1 March 2026');
  assert.equal(planDates({...card.plans[0], current: false, end: new Date('2026-09-01T12:00:00Z')}), 'from 1 March 2026 until 1 September 2026');
  assert.equal(notificationWords(card, false), 'Lancashire County Council will be told of this look when there is coverage.');
  assert.equal(notificationWords({...card, notification: 'SILENT'}, true), 'Nobody is told of this look.');
  assert.equal(notificationWords(cardOf(cannotSay, NUMBER), true), null);
  assert.equal(patternWords(card.pattern), 'Seen 3 times in 90 days by 2 organisations. Frequent attendance can point to neglect.');
  assert.equal(patternWords(none), null);
});

test('the fleet server says something else when outcome, reason or plans differ', () => {
  const local = cardOf(elsewhere, NUMBER);
  assert.ok(differs(local, cardOf(flagged, NUMBER)));
  assert.ok(!differs(local, cardOf({...elsewhere, source: 'FLEET_SERVER', age_seconds: 0}, NUMBER)));
});
