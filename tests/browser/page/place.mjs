// SPDX-License-Identifier: Apache-2.0
//
// What a file of tests begins with and ends with: a vehicle, a browser, and a tablet for each test, whose page must have made no
// fault, asked no stranger and put no number into an address.

import { after, afterEach, before } from 'node:test';
import { World } from '../world.mjs';
import { Tablet, opensBrowser } from './tablet.mjs';

/** `begun` is given the world before the first test, and `network` too, for what `opensBrowser` wants to know. */
export function standsHere({ options = [], begun, network } = {}) {
  let world, browser;
  const open = [];
  before(async () => {
    world = await World.begins(...options);
    browser = await opensBrowser(await network?.(world));
    await world.does('widens-limits');
    await begun?.(world);
    await world.does('catches-up');
  });
  after(async () => {
    await browser?.close();
    await world?.ends();
  });
  afterEach(async () => {
    for (const tablet of open.splice(0)) await tablet.closes();
  });

  async function opens(how = {}) {
    const tablet = await Tablet.opens(browser, how.url?.(world) ?? `${world.base}/`, how);
    open.push(tablet);
    return { world, tablet };
  }
  async function sits(how = {}) {
    const here = await opens(how);
    await here.tablet.signsIn(how.person ?? world.staff.sam);
    await here.tablet.isAt('number');
    return here;
  }
  /** Any page in a profile of its own: { world, page, reply }. */
  async function visits(url) {
    const context = await browser.newContext();
    open.push({ closes: () => context.close() });
    const page = await context.newPage();
    return { world, page, reply: await page.goto(typeof url === 'function' ? url(world) : url) };
  }
  return { opens, sits, visits };
}
