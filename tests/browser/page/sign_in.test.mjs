// SPDX-License-Identifier: Apache-2.0
//
// Who may sit at the tablet, and how long.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standsHere } from './place.mjs';
import { sizes } from './tablet.mjs';

const { opens, sits } = standsHere();

test('a PIN is never shown, nor kept when it was wrong', async () => {
  const { world, tablet } = await opens({ size: sizes.narrow });
  await tablet.isAt('sign-in');
  await tablet.shows('sign in narrow');
  await tablet.hook('staff').fill(world.staff.alex.id);
  await tablet.hook('pin').focus();
  await tablet.presses('1111111');
  assert.ok(!(await tablet.page.locator('body').innerText()).includes('1111111'));
  assert.equal(await tablet.hook('pin').getAttribute('type'), 'password');
  await tablet.hook('sign-in').click();
  await tablet.hook('problem').waitFor();
  assert.equal(await tablet.hook('pin').inputValue(), '');
  await tablet.shows('wrong PIN narrow');
});

test('wrong PINs bring a wait, which the page says in the words of the node', async () => {
  const { world, tablet } = await opens();
  await tablet.isAt('sign-in');
  for (let i = 0; i < 8; ++i) {
    await tablet.isAtOnly('sign-in');
    await tablet.hook('staff').fill(world.staff.alex.id);
    await tablet.hook('pin').fill('1111111');
    await Promise.all([tablet.page.waitForResponse('**/session'), tablet.hook('sign-in').click()]);
    await tablet.hook('problem').waitFor();
    if (/wait|seconds|minute/i.test(await tablet.says('problem'))) break;
  }
  assert.match(await tablet.says('problem'), /wait|seconds|minute/i);
  await tablet.shows('sign-in lock-out');
  // The right PIN does not help either until then; and it is another person's matter.
  await tablet.hook('staff').fill(world.staff.alex.id);
  await tablet.hook('pin').fill(world.staff.alex.pin);
  await Promise.all([tablet.page.waitForResponse('**/session'), tablet.hook('sign-in').click()]);
  await tablet.isAtOnly('sign-in');
  await tablet.hook('staff').fill('');
  await tablet.signsIn(world.staff.sam);
  await tablet.isAt('number');
});

test('the whole way by keyboard alone, from sign-in to an answer', async () => {
  const { world, tablet } = await opens();
  const keys = tablet.page.keyboard;
  await tablet.isAt('sign-in');
  const reaches = async (hook) => {
    for (let i = 0; i < 60; ++i) {
      if ((await tablet.page.evaluate(() => document.activeElement?.getAttribute('data-test'))) === hook) return;
      await keys.press('Tab');
    }
    assert.fail(`Tab never reaches ${hook}`);
  };
  await reaches('staff');
  await keys.type(world.staff.sam.id);
  await reaches('pin');
  await keys.type(world.staff.sam.pin);
  await keys.press('Enter');
  await tablet.isAt('number');
  await reaches('nhs-number');
  await keys.type(world.people.protected);
  await keys.press('Enter');
  assert.equal(await tablet.answer(), 'FLAGGED');
  await reaches('next');
  await keys.press('Enter');
  await tablet.isAt('number');
});

test('who signs out leaves nothing, and the session is over at the node too', async () => {
  const { world, tablet } = await sits();
  let bearer;
  tablet.page.on('request', (request) => (bearer ??= request.headers().authorization));
  await tablet.looksUp(world.people.protected);
  await tablet.hook('sign-out').click();
  await tablet.isAt('sign-in');
  assert.ok(!(await tablet.page.content()).includes('999 000 0018'));
  const late = await fetch(`${world.base}/alerts`, { headers: { Authorization: bearer } });
  assert.equal(late.status, 401);
});

test('a session that the node ended leads back to sign-in, with the reason', async () => {
  const { world, tablet } = await sits();
  await world.kills();
  await world.starts();
  await tablet.hook('nhs-number').fill(world.people.protected);
  await tablet.hook('look-up').click();
  await tablet.isAt('sign-in');
  assert.notEqual(await tablet.says('reason'), '');
  await tablet.shows('signed out by the node');
});

test('a tablet that nobody touches warns, and then locks and forgets', async () => {
  const { world, tablet } = await opens();
  await tablet.page.clock.install();
  await tablet.page.reload();
  await tablet.signsIn(world.staff.sam);
  assert.equal(await tablet.looksUp(world.people.protected), 'FLAGGED');
  await tablet.page.clock.fastForward('14:10');
  await tablet.hook('idle-warning').waitFor();
  await tablet.shows('idle warning');
  await tablet.hook('stay').click();
  await tablet.hook('idle-warning').waitFor({ state: 'hidden' });
  await tablet.page.clock.fastForward('14:10');
  await tablet.hook('idle-warning').waitFor();
  const ended = tablet.page.waitForRequest((request) => request.method() === 'DELETE' && request.url().endsWith('/session'));
  await tablet.page.clock.fastForward('01:00');
  await ended;
  await tablet.isAt('sign-in');
  await tablet.shows('locked');
  assert.ok(!(await tablet.page.content()).includes('999 000 0018'));
});
