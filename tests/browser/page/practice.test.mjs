// SPDX-License-Identifier: Apache-2.0
//
// Practice: made-up children, plainly marked, and nothing of it leaves the page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standsHere } from './place.mjs';
import { sizes } from './tablet.mjs';

const { opens, sits } = standsHere();

const isMarked = async (tablet) => {
  assert.equal(await tablet.page.locator('html').getAttribute('data-practice'), 'true');
  await tablet.hook('practice-banner').waitFor();
  assert.match(await tablet.page.title(), /practice/i);
};

test('every outcome can be practised without signing in, marked on every view, and nothing is sent or queued', async () => {
  const { world, tablet } = await opens({ size: sizes.narrow, dark: true });
  const before = JSON.parse((await world.node('status')).out).journal;
  await tablet.isAt('sign-in');
  await tablet.hook('to-practice').click();
  await tablet.isAt('number');
  await isMarked(tablet);
  await tablet.shows('practice narrow');
  const first = tablet.requests.length;
  const outcomes = new Set();
  for (let i = 0, children = await tablet.hook('practice-child').count(); i < children; ++i) {
    await tablet.hook('practice-child').nth(i).click();
    if ((await tablet.page.locator('main').getAttribute('data-view')) === 'number') await tablet.hook('look-up').click();
    const outcome = await tablet.answer();
    if (!outcomes.has(outcome)) await tablet.shows(`practice ${outcome} narrow`);
    outcomes.add(outcome);
    await isMarked(tablet);
    await tablet.hook('attend-incident').fill('TRAINING');
    await tablet.hook('attend').click();
    await tablet.page.locator('[data-test="attend-result"][data-recorded]').waitFor();
    assert.match(await tablet.says('attend-result'), /practice/i);
    await tablet.nextNumber();
  }
  assert.deepEqual([...outcomes].sort(), ['CANNOT_SAY', 'FLAGGED', 'NOT_FLAGGED', 'POSSIBLY_FLAGGED_ELSEWHERE']);
  const sent = tablet.requests.slice(first).map((r) => `${r.method()} ${new URL(r.url()).pathname}`).filter((r) => r !== 'GET /status');
  assert.deepEqual(sent, []);
  const now = JSON.parse((await world.node('status')).out).journal;
  assert.equal(now.attendances_waiting, before.attendances_waiting);
});

test('a real child asked in practice is not answered, and who leaves practice is at the sign-in, unmarked', async () => {
  const { world, tablet } = await opens();
  await tablet.isAt('sign-in');
  await tablet.hook('to-practice').click();
  const outcome = await tablet.looksUp(world.people.later);
  assert.equal(outcome, 'CANNOT_SAY');
  await tablet.hook('leave-practice').click();
  await tablet.isAt('sign-in');
  assert.notEqual(await tablet.page.locator('html').getAttribute('data-practice'), 'true');
  assert.doesNotMatch(await tablet.page.title(), /practice/i);
});

test('a made-up child of practice is asked of the vehicle like any other number once practice is over', async () => {
  const { tablet } = await opens();
  await tablet.isAt('sign-in');
  await tablet.hook('to-practice').click();
  await tablet.isAt('number');
  const child = (await tablet.hook('practice-child').first().innerText()).match(/999 ?\d{3} ?\d{4}/)[0].replaceAll(' ', '');
  const { tablet: real } = await sits();
  const asked = real.page.waitForRequest('**/lookups');
  await real.hook('nhs-number').fill(child);
  await real.hook('look-up').click();
  assert.equal(JSON.parse((await asked).postData()).nhs_number, child);
});
