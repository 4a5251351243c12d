// SPDX-License-Identifier: Apache-2.0
//
// The bars of the tablet page, in Debian's Chromium on this machine: from the daemon's ready line until the page can be used, and
// from the press that confirms a number until the answer is on the screen; both until the browser has drawn the frame. node bench/page.mjs

import { World } from '../world.mjs';
import { Tablet, opensBrowser } from '../page/tablet.mjs';

const ROUNDS = 10;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const line = (what, values, bar) =>
  console.log(`${what}: median ${median(values).toFixed(0)} ms, at most ${Math.max(...values).toFixed(0)} ms (bar ${bar} ms)`);

/** Milliseconds from the press of "Look up" to the first frame that shows an answer. */
function timeOneAnswer() {
  return new Promise((resolve) => {
    const main = document.querySelector('main');
    let pressed;
    document.querySelector('[data-test="look-up"]').addEventListener('click', () => (pressed = performance.now()), { capture: true });
    new MutationObserver((_, watch) => {
      if (!main.querySelector('[data-test="card"]:not([data-outcome="PENDING"])[data-outcome]')) return;
      watch.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - pressed)));
    }).observe(main, { attributes: true, childList: true, subtree: true });
    document.querySelector('[data-test="look-up"]').click();
  });
}

/** Before the page: remembers when the first frame with the sign-in button was drawn, in Unix milliseconds. */
function noteFirstUse() {
  new MutationObserver((_, watch) => {
    if (!document.querySelector('[data-test="sign-in"]')) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => (globalThis.usableAt = performance.timeOrigin + performance.now())));
  }).observe(document, { childList: true, subtree: true });
}

const [world, browser] = await Promise.all([World.begins(), opensBrowser()]);
await world.does('widens-limits');
await world.does('catches-up');
const usable = [];
const answers = [];
for (let round = 0; round < ROUNDS; ++round) {
  const tablet = await Tablet.opens(browser, 'about:blank');
  await tablet.page.addInitScript(noteFirstUse);
  await world.kills();
  await world.starts();
  const ready = performance.timeOrigin + performance.now();
  tablet.url = `${world.base}/`;
  await tablet.page.goto(tablet.url);
  await tablet.hook('sign-in').waitFor();
  usable.push((await (await tablet.page.waitForFunction(() => globalThis.usableAt)).jsonValue()) - ready);
  await tablet.signsIn(world.staff.sam);
  await tablet.isAt('number');
  await tablet.hook('nhs-number').fill(world.people.protected);
  answers.push(await tablet.page.evaluate(timeOneAnswer));
  await tablet.closes();
}
line('page usable after the daemon is ready, in a tab that is open', usable, 300);
line('answer on the screen after "Look up", with number key and audit', answers, 100);
await browser.close();
await world.ends();
