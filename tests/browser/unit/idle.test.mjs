// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {IdleLock} from '../../../edge/http/page/idle.js';

/** A lock whose clocks stand still until told. */
function lock(t, limit) {
  const date = Date.now;
  const monotonic = Object.getOwnPropertyDescriptor(globalThis, 'performance');
  let now = 1_000_000;
  Date.now = () => now;
  Object.defineProperty(globalThis, 'performance', {value: {now: () => now}, configurable: true, writable: true});
  const heard = [];
  const idle = new IdleLock(limit, {
    warn: (left) => heard.push(`warn ${Math.round(left)}`), calm: () => heard.push('calm'), tell: () => heard.push('tell'), lock: () => heard.push('lock'),
  });
  t.after(() => {
    idle.stop();
    Date.now = date;
    Object.defineProperty(globalThis, 'performance', monotonic);
  });
  const pass = (seconds) => {
    now += seconds * 1000;
    idle.tick();
    return heard.splice(0);
  };
  return {idle, pass, heard};
}

test('whoever is gone is warned a minute before, and then signed out', (t) => {
  const {pass} = lock(t, 900);
  assert.deepEqual(pass(839), []);
  assert.deepEqual(pass(1), ['warn 60']);
  assert.deepEqual(pass(59), ['warn 1']);
  assert.deepEqual(pass(1), ['lock']);
});

test('a touch takes the warning away and tells the vehicle', (t) => {
  const {idle, pass, heard} = lock(t, 900);
  pass(850);
  idle.touch();
  assert.deepEqual(heard.splice(0), ['tell', 'calm']);
  assert.deepEqual(pass(839), []);
  assert.deepEqual(pass(61), ['lock']);
});

test('a touch that comes too late, after the tablet slept, signs out all the same', (t) => {
  const {idle, pass, heard} = lock(t, 900);
  pass(0);
  const later = Date.now() + 3_600_000;
  Date.now = () => later;
  idle.touch();
  assert.deepEqual(heard, ['lock']);
});

test('signs of life are told to the vehicle at most once a minute', (t) => {
  const {idle, pass} = lock(t, 900);
  const told = [];
  for (let second = 0; second < 180; ++second) {
    idle.touch();
    told.push(...pass(1));
  }
  assert.equal(told.filter((one) => one === 'tell').length, 2);
});

test('a short limit warns half way', (t) => {
  const {pass} = lock(t, 60);
  assert.deepEqual(pass(29), []);
  assert.deepEqual(pass(1), ['warn 30']);
});
