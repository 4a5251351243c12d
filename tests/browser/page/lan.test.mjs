// SPDX-License-Identifier: Apache-2.0
//
// Tablets on the vehicle's LAN: over TLS that the fleet's authority vouches for, paired by a code, each by itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../world.mjs';
import { standsHere } from './place.mjs';
import { opensBrowser, sizes } from './tablet.mjs';

const gateway = 'a101.cpis.internal';
const hosts = { [gateway]: '127.0.0.2' };

/** Where tablets open the page. */
function page(world) {
  return `https://${gateway}:${world.vehicle.lan.split(':').at(-1)}/`;
}

async function told(command) {
  const { exit, out, err } = await command;
  assert.equal(exit, 0, err);
  return JSON.parse(out);
}
const code = async (world, name) => (await told(world.node('tablet', 'add', name))).code;

const { opens } = standsHere({
  options: ['--lan', '127.0.0.2:0'],
  begun: (world) => eventually(async () => (await told(world.node('status'))).lan.open, 'the LAN is open'),
  network: async (world) => ({ hosts, authority: (await told(world.fleet('lan-ca'))).certificate }),
});

async function opensUnpaired(how = {}) {
  const here = await opens({ ...how, url: (world) => page(world) });
  await here.tablet.isAt('pairing');
  return here;
}

/** Another tablet: its own browser profile, with no cookie of the first. */
async function pairs(name, how) {
  const { world, tablet } = await opensUnpaired(how);
  await tablet.hook('pairing-code').fill(await code(world, name));
  await tablet.hook('pair').click();
  await tablet.isAt('sign-in');
  return { world, tablet };
}

test('a browser that was not given the fleet\'s authority does not open the page', async () => {
  const { world } = await opensUnpaired();
  const stranger = await opensBrowser({ hosts });
  try {
    const tab = await stranger.newPage();
    await assert.rejects(tab.goto(page(world)), /ERR_CERT_AUTHORITY_INVALID/);
  } finally {
    await stranger.close();
  }
});

test('a tablet that is not paired asks for a code, tells a wrong one, and stays paired over a reload', async () => {
  const { world, tablet } = await opensUnpaired({ size: sizes.narrow, dark: true });
  await tablet.shows('pairing narrow dark');
  await code(world, 'cab');
  await tablet.hook('pairing-code').fill('0000-0000');
  await tablet.hook('pair').click();
  assert.match(await tablet.says('problem'), /not paired/);
  await tablet.shows('pairing wrong code narrow dark');
  await tablet.hook('pairing-code').fill(await code(world, 'cab'));
  await tablet.hook('pair').click();
  await tablet.isAt('sign-in');
  assert.match(await tablet.says('reason'), /paired/);
  await tablet.page.reload();
  await tablet.isAt('sign-in');
  assert.equal(await tablet.page.evaluate(() => document.cookie), '');  // no script sees what it was given
});

test('two tablets are used side by side: each has its crew, both see what the vehicle holds', async () => {
  const { world, tablet: saloon } = await pairs('saloon', { size: sizes.narrow });
  const { tablet: bay } = await pairs('bay');
  await Promise.all([saloon.signsIn(world.staff.sam), bay.signsIn(world.staff.alex)]);
  await Promise.all([saloon.isAt('number'), bay.isAt('number')]);
  assert.equal(await saloon.hook('who').textContent(), world.staff.sam.id);  // not shown where it is narrow
  assert.equal(await bay.says('who'), world.staff.alex.id);
  await world.losesLink();
  const [first, second] = await Promise.all([
    saloon.looksUp(world.people.protected, { incident: 'INC-71' }), bay.looksUp(world.people.ended, { incident: 'INC-72' })]);
  assert.equal(first, 'FLAGGED');
  assert.equal(second, 'FLAGGED');
  assert.notEqual(await saloon.says('card-number'), await bay.says('card-number'));
  for (const tablet of [saloon, bay]) {
    await tablet.page.locator('[data-test="status-waiting"]:not([data-count="0"])').waitFor();
    await tablet.page.locator('[data-test="status-link"][data-state="OFFLINE"]').waitFor();
  }
  await bay.shows('second tablet on the LAN');
  await saloon.hook('sign-out').click();
  await saloon.isAt('sign-in');
  await bay.nextNumber();  // the one's sign-out is not the other's
  assert.equal(await bay.looksUp(world.people.protected), 'FLAGGED');
  await world.findsLink();
  for (const tablet of [saloon, bay]) await tablet.page.locator('[data-test="status-waiting"][data-count="0"]').waitFor();
});

test('a tablet that is taken out shows nothing of a child any more, and the other goes on', async () => {
  const { world, tablet: lost } = await pairs('lost');
  const { tablet: kept } = await pairs('kept');
  await Promise.all([lost.signsIn(world.staff.sam), kept.signsIn(world.staff.alex)]);
  assert.equal(await lost.looksUp(world.people.protected), 'FLAGGED');
  assert.equal(await kept.looksUp(world.people.protected), 'FLAGGED');
  await told(world.node('tablet', 'remove', 'lost'));
  await lost.isAt('pairing');
  assert.doesNotMatch(await lost.page.locator('body').innerText(), /999|Lancashire/);
  await lost.shows('taken out');
  await kept.nextNumber();
  assert.equal(await kept.looksUp(world.people.protected), 'FLAGGED');
});
