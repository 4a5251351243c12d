// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {ageWords, clockWords, dateWords, durationWords, Elapsed, oldWords, timeOf, timeWords} from '../../../edge/http/page/time.js';

const HOUR = 3600;

test('ages are whole units that have gone by, never less than they are by a unit', () => {
  assert.deepEqual([0, 59, 60, 119, 120, HOUR - 1, HOUR, 4210, 4 * HOUR, 47 * HOUR, 48 * HOUR, 75 * HOUR].map(ageWords), [
    'less than a minute ago', 'less than a minute ago', '1 minute ago', '1 minute ago', '2 minutes ago', '59 minutes ago',
    '1 hour ago', '1 hour ago', '4 hours ago', '47 hours ago', '2 days ago', '3 days ago',
  ]);
  assert.equal(oldWords(5), '0 minutes old');
  assert.equal(oldWords(4 * HOUR), '4 hours old');
});

test('an age that is none is not said to be young', () => {
  for (const age of [NaN, -1, undefined]) assert.equal(ageWords(age), 'of unknown age');
});

test('times are those of the clock in England, in winter and in summer', () => {
  assert.equal(timeWords(timeOf('2026-11-22T02:00:00Z')), 'Sun 22 November 2026, 02:00');
  assert.equal(timeWords(timeOf('2026-07-01T23:30:00Z')), 'Thu 2 July 2026, 00:30');
  assert.equal(clockWords(timeOf('2026-07-01T12:05:00Z')), '13:05');
  assert.equal(dateWords(timeOf('2026-07-01T23:30:00Z')), '2 July 2026');
});

test('what is not a time of the contract is none', () => {
  for (const text of ['', 'yesterday', '2026-11-22', '2026-13-22T02:00:00Z', 1764000000, null, undefined, {}]) assert.equal(timeOf(text), null);
});

test('durations are said in the unit that matters', () => {
  assert.equal(durationWords(900), '15 minutes');
  assert.equal(durationWords(1), '1 second');
  assert.equal(durationWords(59.2), '60 seconds');
});

test('time that went by counts even where the wall clock was set back', (t) => {
  const real = Date.now;
  t.after(() => { Date.now = real; });
  const elapsed = new Elapsed();
  Date.now = () => real() + 90_000;
  assert.ok(elapsed.seconds >= 90);
  Date.now = () => real() - 90_000;
  assert.ok(elapsed.seconds >= 0 && elapsed.seconds < 60);
});
