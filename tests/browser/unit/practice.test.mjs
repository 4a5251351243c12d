// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {test} from 'node:test';
import {cardOf} from '../../../edge/http/page/answer.js';
import {passesModulus11} from '../../../edge/http/page/number.js';
import {children} from '../../../edge/http/page/practice/children.js';
import {Vehicle} from '../../../edge/http/page/practice/vehicle.js';

const PAGE = new URL('../../../edge/http/page/', import.meta.url);
const source = (path) => readFileSync(new URL(path, PAGE), 'utf8');

test('made-up children have numbers that nobody has, and every outcome is among them', async () => {
  const vehicle = new Vehicle();
  const outcomes = new Set();
  for (const {number} of children) {
    assert.match(number, /^999/);
    assert.ok(passesModulus11(number), number);
    const card = cardOf(await vehicle.lookUp({number, incident: ''}), number);
    assert.notEqual(card.reason, 'NOT_UNDERSTOOD', number);
    outcomes.add(card.outcome);
  }
  assert.deepEqual([...outcomes].sort(), ['CANNOT_SAY', 'FLAGGED', 'NOT_FLAGGED', 'POSSIBLY_FLAGGED_ELSEWHERE']);
});

test('practice knows nobody else', async () => {
  await assert.rejects(new Vehicle().lookUp({number: '9434765919', incident: ''}), /only the made-up children/);
});

test('the modules of practice cannot reach the daemon, and the real vehicle cannot reach them', () => {
  for (const file of readdirSync(new URL('practice/', PAGE))) {
    assert.doesNotMatch(source(`practice/${file}`), /fetch|XMLHttpRequest|sendBeacon|WebSocket|EventSource|api\.js/, file);
  }
  assert.doesNotMatch(source('api.js'), /practice\//);
  for (const file of ['main.js', ...readdirSync(new URL('views/', PAGE)).map((name) => `views/${name}`)]) {
    assert.doesNotMatch(source(file), /^import .*(api|practice)/m, file); // only main.js, and there one or the other
  }
});

test('what two practices record is not shared', async () => {
  const [one, other] = [new Vehicle(), new Vehicle()];
  await one.attend({number: children[0].number, incident: 'INC-1'});
  assert.equal((await one.status()).journal.attendances_waiting, 1);
  assert.equal((await other.status()).journal.attendances_waiting, 0);
});
