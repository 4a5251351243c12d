// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {digitsOf, grouped, passesModulus11, spoken, verdict} from '../../../edge/http/page/number.js';

test('numbers of the test range pass the check, and each single wrong digit of one fails it', () => {
  for (const number of ['9990000018', '9990000026', '9990000174', '9434765919', '4010232137']) assert.ok(passesModulus11(number), number);
  for (let at = 0; at < 10; ++at) {
    for (let digit = 0; digit < 10; ++digit) {
      const typed = `${'9990000018'.slice(0, at)}${digit}${'9990000018'.slice(at + 1)}`;
      assert.equal(passesModulus11(typed), typed === '9990000018', typed);
    }
  }
});

test('two digits that changed places fail the check', () => {
  assert.ok(!passesModulus11('9434756919'));
  assert.ok(!passesModulus11('4901232137'));
});

test('a number whose check digit would be 10 is never one, whatever its last digit', () => {
  for (let digit = 0; digit < 10; ++digit) assert.ok(!passesModulus11(`999000109${digit}`));
});

test('what is not ten digits is no number', () => {
  for (const text of ['', '999', '99900000180', 'abcdefghij', '999000001x']) assert.ok(!passesModulus11(text), text);
});

test('digits are grouped 3-3-4 as far as they go', () => {
  assert.deepEqual(['', '9', '999', '9990', '999000', '9990000', '9990000018'].map(grouped),
    ['', '9', '999', '999 0', '999 000', '999 000 0', '999 000 0018']);
  assert.equal(digitsOf(' 999-000 0018\n'), '9990000018');
  assert.equal(spoken('9990'), '9 9 9 0');
});

test('the tenth digit says at once whether it can be a number, and no earlier one says anything', () => {
  assert.equal(verdict('').state, 'empty');
  assert.deepEqual(verdict('99900000'), {state: 'partial', words: '2 more digits to go.'});
  assert.deepEqual(verdict('999000001'), {state: 'partial', words: '1 more digit to go.'});
  assert.equal(verdict('9990000018').state, 'possible');
  assert.equal(verdict('9990000019').state, 'impossible');
  assert.equal(verdict('999000001812').words, 'That has 12 digits. An NHS number has 10.');
});
