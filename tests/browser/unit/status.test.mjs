// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {statusWords} from '../../../edge/http/page/status.js';

const status = {
  link: {state: 'OFFLINE', since: '2026-11-22T02:10:00Z'}, freshness: 'FRESH', age_seconds: 4 * 3600, journal: {attendances_waiting: 2}, alerts: 1,
};

test('the strip says link, age of the list, what waits and alerts', () => {
  const words = statusWords(status);
  assert.equal(words.link.words, 'No link since 02:10');
  assert.equal(words.age.words, 'List 4 hours old');
  assert.equal(words.waiting.words, '2 attendances waiting');
  assert.equal(words.alerts.words, '1 alert');
});

test('a list that is not fresh worries', () => {
  assert.deepEqual([statusWords({...status, freshness: 'AGEING'}).age.words, statusWords({...status, freshness: 'AGEING'}).age.worry], ['Old list: 4 hours old', true]);
  assert.equal(statusWords({...status, freshness: 'NEVER', age_seconds: null}).age.words, 'No list yet');
});

test('what is not known is said not to be known, never to be nothing', () => {
  for (const unknown of [null, {}, {alerts: -1, journal: {attendances_waiting: 'x'}, freshness: 'FRESH', age_seconds: null}]) {
    const words = statusWords(unknown);
    assert.deepEqual([words.link.words, words.age.words, words.waiting.words, words.alerts.words],
      ['Link not known', 'Age of list not known', 'Attendances waiting not known', 'Alerts not known']);
  }
});
