// SPDX-License-Identifier: Apache-2.0
//
// Whatever happens between the page and the node, silence never reads as "no flag".

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standsHere } from './place.mjs';

const { sits } = standsHere();

const good = { nhs_number: '', outcome: 'NOT_FLAGGED', as_of: new Date().toISOString(), age_seconds: 10, stale: false, source: 'REPLICA',
  region: ['E10000017'], plans: [], accesses: [], pattern: { accesses_90_days: 0, organisations_90_days: 0, frequent: false },
  notification: 'NOT_NEEDED', advice: [], resolvable: false };
const without = (key) => Object.fromEntries(Object.entries(good).filter(([name]) => name !== key));

const strange = {
  'an answer that is no JSON': (route) => route.fulfill({ body: 'NOT_FLAGGED', contentType: 'application/json' }),
  'an empty answer': (route) => route.fulfill({ body: '' }),
  'null': (route) => route.fulfill({ json: null }),
  'an empty list': (route) => route.fulfill({ json: [] }),
  'an outcome that nobody knows': (route, number) => route.fulfill({ json: { ...good, nhs_number: number, outcome: 'FINE' } }),
  'no outcome': (route, number) => route.fulfill({ json: { ...without('outcome'), nhs_number: number } }),
  'a "no" of an unknown age': (route, number) => route.fulfill({ json: { ...without('as_of'), nhs_number: number } }),
  'a "no" that is stale': (route, number) => route.fulfill({ json: { ...good, nhs_number: number, stale: true } }),
  'a "no" about another child': (route) => route.fulfill({ json: { ...good, nhs_number: '9990000018' } }),
  'a "no" with a status of failure': (route, number) => route.fulfill({ status: 500, json: { ...good, nhs_number: number } }),
  'a flag without a plan': (route, number) => route.fulfill({ json: { ...good, nhs_number: number, outcome: 'FLAGGED', plans: 'none' } }),
  'a failure of the node': (route) => route.fulfill({ status: 503, json: { resourceType: 'OperationOutcome', issue: [] } }),
  'a connection that breaks': (route) => route.abort(),
};

for (const [name, answers] of Object.entries(strange)) {
  test(`${name} reads as CANNOT SAY`, async () => {
    const { world, tablet } = await sits();
    await tablet.page.route('**/lookups', (route) => answers(route, world.people.unknown));
    const outcome = await tablet.looksUp(world.people.unknown);
    assert.equal(outcome, name === 'a flag without a plan' ? outcome : 'CANNOT_SAY');
    assert.notEqual(outcome, 'NOT_FLAGGED');
    assert.doesNotMatch(await tablet.page.locator('main').innerText(), /no plan known/i);
    assert.notEqual(await tablet.says('advice'), '');
  });
}

test('an answer that the control group calls good is shown as "no"', async () => {
  const { world, tablet } = await sits();
  await tablet.page.route('**/lookups', (route) => route.fulfill({ json: { ...good, nhs_number: world.people.unknown } }));
  assert.equal(await tablet.looksUp(world.people.unknown), 'NOT_FLAGGED');
});

test('a node that does not answer: the page says that it is asking, and then that it cannot say', async () => {
  const { world, tablet } = await sits();
  await tablet.page.route('**/lookups', () => {});  // for ever
  await tablet.hook('nhs-number').fill(world.people.unknown);
  await tablet.hook('look-up').click();
  await tablet.page.locator('[data-test="card"][data-outcome="PENDING"]').waitFor();
  assert.doesNotMatch(await tablet.page.locator('main').innerText(), /no plan known/i);
  await tablet.shows('asking');
  assert.equal(await tablet.answer(), 'CANNOT_SAY');
});

test('a daemon that is killed is said loudly, and a lookup meanwhile cannot say', async () => {
  const { world, tablet } = await sits();
  await world.kills();
  await tablet.hook('daemon-silent').waitFor();
  await tablet.hook('nhs-number').fill(world.people.unknown);
  await tablet.hook('look-up').click();
  assert.equal(await tablet.answer(), 'CANNOT_SAY');
  await tablet.shows('daemon silent');
  await world.starts();
  await tablet.hook('daemon-silent').waitFor({ state: 'hidden' });
});

test('a daemon that cannot say how it is counts as one that does not answer', async () => {
  const { tablet } = await sits();
  await tablet.page.route('**/status', (route) => route.fulfill({ status: 500, json: {} }));
  await tablet.hook('daemon-silent').waitFor();
  await tablet.page.unroute('**/status');
  await tablet.hook('daemon-silent').waitFor({ state: 'hidden' });
});

test('a "no" that stays on the screen becomes old, and says to look again', async () => {
  const { world, tablet } = await sits();
  await tablet.page.clock.install();
  assert.equal(await tablet.looksUp(world.people.unknown), 'NOT_FLAGGED');
  await tablet.page.clock.fastForward('10:30');
  await tablet.page.locator('[data-test="card"]:not([data-outcome="NOT_FLAGGED"]), [data-test="look-again"]:visible').first().waitFor();
  assert.doesNotMatch(await tablet.page.locator('h1').innerText(), /no plan known/i);
  await tablet.shows('old answer');
});
