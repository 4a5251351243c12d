// SPDX-License-Identifier: Apache-2.0
//
// The radio link is cut while the tablet is in use, and comes back.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { eventually } from '../world.mjs';
import { standsHere } from './place.mjs';
import { sizes } from './tablet.mjs';

let found;
const { sits } = standsHere({ begun: (world) => (found = () => world.findsLink()) });
afterEach(() => found());

const isOffline = (tablet) => tablet.page.locator('[data-test="status-link"][data-state="OFFLINE"]').waitFor();
const isOnline = (tablet) => tablet.page.locator('[data-test="status-link"][data-state="ONLINE"]').waitFor();

test('with the link cut a child of the region is answered, an attendance waits in sight, and is forwarded when it is back', async () => {
  const { world, tablet } = await sits({ size: sizes.narrow, dark: true });
  await isOnline(tablet);
  await world.losesLink();
  await isOffline(tablet);
  assert.equal(await tablet.looksUp(world.people.protected, { incident: 'INC-31' }), 'FLAGGED');
  await tablet.page.locator('[data-test="status-waiting"]:not([data-count="0"])').waitFor();
  await tablet.shows('link cut narrow');
  await world.findsLink();
  await isOnline(tablet);
  await world.does('catches-up');
  await tablet.page.locator('[data-test="status-waiting"][data-count="0"]').waitFor();
  await tablet.shows('link back narrow');
});

test('a child of another region: possibly elsewhere and what to do while the link is cut; the answer itself once it is back', async () => {
  const { world, tablet } = await sits();
  await world.losesLink();
  await isOffline(tablet);
  assert.equal(await tablet.looksUp(world.people.elsewhere), 'POSSIBLY_FLAGGED_ELSEWHERE');
  assert.match(await tablet.page.locator('h1').innerText(), /elsewhere/i);
  assert.notEqual(await tablet.says('advice'), '');
  await tablet.shows('possibly elsewhere');
  await world.findsLink();
  await isOnline(tablet);
  await tablet.nextNumber();
  await tablet.looksUp(world.people.elsewhere);
  await tablet.page.locator('[data-test="card"][data-outcome="FLAGGED"]').waitFor();
  assert.match(await tablet.says('changed'), /elsewhere/i);
  assert.match(await tablet.says('card'), /Cumberland/);
  await tablet.shows('resolved by the fleet server');
});

/** So that the next alert is seen to come. */
async function acknowledgesAll(world) {
  const headers = { Authorization: `Bearer ${await world.signsIn(world.staff.sam)}` };
  await world.does('catches-up');
  for (const { id } of await (await fetch(`${world.base}/alerts`, { headers })).json()) {
    assert.equal((await fetch(`${world.base}/alerts/${id}/acknowledgement`, { method: 'POST', headers })).status, 200);
  }
}

test('a late alert interrupts politely, takes no focus from who is typing, and stays until it is acknowledged', async () => {
  const { world, tablet } = await sits();
  await acknowledgesAll(world);
  await tablet.hook('alert-banner').waitFor({ state: 'hidden' });
  assert.equal(await tablet.looksUp(world.people.later, { incident: 'INC-41' }), 'NOT_FLAGGED');
  await world.does('catches-up');
  await tablet.nextNumber();
  await tablet.hook('nhs-number').focus();
  await tablet.page.keyboard.type('999');
  await world.protects(world.people.later);
  await tablet.hook('alert-banner').waitFor();
  await tablet.page.keyboard.type('000');
  assert.equal((await tablet.hook('nhs-number').inputValue()).replace(/\D/g, ''), '999000');
  await tablet.shows('late alert');
  await tablet.hook('show-alerts').click();
  await tablet.isAt('alerts');
  assert.match(await tablet.says('alert'), /INC-41/);
  await tablet.shows('late alerts');
  await tablet.page.reload();  // not acknowledged: it is there again
  await tablet.signsIn(world.staff.sam);
  await tablet.hook('alert-banner').waitFor();
  await tablet.hook('show-alerts').click();
  await tablet.hook('acknowledge').click();
  await tablet.hook('alert-banner').waitFor({ state: 'hidden' });
  await tablet.shows('alert acknowledged');
  await eventually(async () => JSON.parse((await world.node('alerts', '--session', await world.signsIn(world.staff.sam))).out || '[]')
    .every((alert) => alert.acknowledged_by), 'the node knows that it was acknowledged');
});
