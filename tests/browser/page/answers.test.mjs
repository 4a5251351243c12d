// SPDX-License-Identifier: Apache-2.0
//
// Every answer that a crew can get, on a narrow and a wide screen, by day and by night.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../world.mjs';
import { standsHere } from './place.mjs';
import { sizes } from './tablet.mjs';

const { sits } = standsHere();

for (const [screen, how] of Object.entries({ narrow: { size: sizes.narrow, dark: true }, wide: { size: sizes.wide } })) {
  test(`a child on a plan, ${screen}: words, whom to phone now, and that the authority will be told`, async () => {
    const { world, tablet } = await sits(how);
    await tablet.shows(`number ${screen}`);
    assert.equal(await tablet.looksUp(world.people.protected, { incident: 'INC-1' }), 'FLAGGED');
    assert.match(await tablet.says('card-number'), /999 000 0018/);
    assert.match(await tablet.says('plan'), /child protection plan/i);
    const first = await tablet.hook('phone-now').locator('a').getAttribute('href');
    const others = await tablet.hook('phone-other').locator('a').getAttribute('href');
    assert.deepEqual([first, others].sort(), ['tel:03001236720', 'tel:03001236722']);
    assert.match(await tablet.says('notification'), /Lancashire/);
    assert.match(await tablet.says('age'), /ago|just now|less than/i);
    await tablet.shows(`flagged ${screen}`);
  });

  test(`no plan known, ${screen}: as of when`, async () => {
    const { world, tablet } = await sits(how);
    assert.equal(await tablet.looksUp(world.people.unknown), 'NOT_FLAGGED');
    assert.match(await tablet.page.locator('h1').innerText(), /no plan known/i);
    assert.notEqual(await tablet.says('as-of'), '');
    assert.equal(await tablet.hook('plan').count(), 0);
    await tablet.shows(`not flagged ${screen}`);
  });

  test(`a list that is too old, ${screen}: cannot say, and what to do`, async () => {
    const { world, tablet } = await sits(how);
    await tablet.page.route('**/lookups', (route) => route.fulfill({ json: { nhs_number: world.people.unknown, outcome: 'CANNOT_SAY',
      reason: 'STALE', as_of: '2026-11-20T02:00:00Z', age_seconds: 190000, stale: true, source: 'REPLICA', region: [], plans: [],
      accesses: [], pattern: { accesses_90_days: 0, organisations_90_days: 0, frequent: false }, notification: 'NOT_NEEDED',
      resolvable: false, advice: ['Phone the local authority.'] } }));
    assert.equal(await tablet.looksUp(world.people.unknown), 'CANNOT_SAY');
    assert.match(await tablet.page.locator('h1').innerText(), /cannot say/i);
    assert.match(await tablet.says('advice'), /Phone the local authority/);
    await tablet.shows(`cannot say ${screen}`);
  });
}

test('a plan that has ended is shown as ended', async () => {
  const { world, tablet } = await sits();
  assert.equal(await tablet.looksUp(world.people.ended), 'FLAGGED');
  assert.match(await tablet.says('plan'), /ended/i);
  await tablet.shows('ended');
});

test('an expectant mother: the plan is for her unborn child', async () => {
  const { world, tablet } = await sits();
  assert.equal(await tablet.looksUp(world.people.expecting), 'FLAGGED');
  assert.match(await tablet.says('plan'), /unborn/i);
  await tablet.shows('unborn');
});

test('a child known to two authorities shows both plans, and both numbers to phone', async () => {
  const { world, tablet } = await sits();
  assert.equal(await tablet.looksUp(world.people.inTwoFiles), 'FLAGGED');
  assert.equal(await tablet.hook('plan').count(), 2);
  const numbers = await tablet.page.locator('[data-test="card"] a[href^="tel:"]').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  for (const number of ['tel:03001236720', 'tel:03001236722', 'tel:03455050148', 'tel:01519078305']) {
    assert.ok(numbers.includes(number), number);
  }
  await tablet.shows('two authorities');
});

test('a child whom three crews have seen: the frequent attendance is said, with each access', async () => {
  const { world, tablet } = await sits();
  for (const incident of ['INC-21', 'INC-22', 'INC-23']) {
    assert.equal(await tablet.looksUp(world.people.lookedAfter, { incident }), 'FLAGGED');
    await tablet.nextNumber();
  }
  await world.does('catches-up');
  await eventually(async () => {
    await tablet.looksUp(world.people.lookedAfter, { incident: 'INC-23' });
    const seen = await tablet.hook('access').count();
    if (seen < 3) await tablet.nextNumber();
    return seen >= 3;
  }, 'three accesses are shown');
  assert.match(await tablet.says('pattern'), /3/);
  assert.match(await tablet.hook('access').first().innerText(), /Sam Crew/);
  await tablet.shows('frequent attendance');
});

test('a number that can be none is said so at its tenth digit, and is not looked up', async () => {
  const { world, tablet } = await sits();
  const asked = [];
  tablet.page.on('request', (request) => request.url().includes('lookups') && asked.push(request.url()));
  await tablet.hook('nhs-number').focus();
  await tablet.presses('9990000019');
  assert.match(await tablet.says('number-check'), /not|cannot|wrong|check/i);
  assert.equal(await tablet.hook('nhs-number').inputValue(), '999 000 0019');
  await tablet.shows('wrong number');
  await tablet.page.keyboard.press('Enter');
  if (await tablet.hook('look-up').isEnabled()) await tablet.hook('look-up').click();
  await tablet.isAtOnly('number');
  assert.deepEqual(asked, []);
});

test('an attendance is recorded once the node has it, and never before', async () => {
  const { world, tablet } = await sits();
  await tablet.looksUp(world.people.protected, { incident: '' });
  await tablet.hook('attend-incident').fill('INC-77');
  let answer;
  await tablet.page.route('**/attendances', (route) => (answer = route));
  await tablet.hook('attend').click();
  await eventually(() => answer, 'the attendance is sent');
  assert.equal(await tablet.page.locator('[data-test="attend-result"][data-recorded="true"]').count(), 0);
  await answer.abort();
  await tablet.page.locator('[data-test="attend-result"][data-recorded="false"]').waitFor({ state: 'attached' });
  assert.match(await tablet.says('problem'), /not recorded/i);
  assert.equal(await tablet.hook('attend-incident').inputValue(), 'INC-77');
  await tablet.shows('attendance not recorded');
  await tablet.page.unroute('**/attendances');
  await tablet.hook('attend').click();
  await tablet.page.locator('[data-test="attend-result"][data-recorded="true"]').waitFor();
  await tablet.shows('attendance recorded');
  await world.does('catches-up');
  await eventually(async () => JSON.parse((await world.fleet('attendances')).out).some((a) => a.incident === 'INC-77'), 'it arrives');
});

test('the next number leaves nothing of the one before', async () => {
  const { world, tablet } = await sits();
  await tablet.looksUp(world.people.protected, { incident: 'INC-1' });
  await tablet.nextNumber();
  const left = await tablet.page.content();
  for (const trace of [world.people.protected, '999 000 0018', '03001236722', 'Lancashire County Council']) {
    assert.ok(!left.includes(trace), trace);
  }
  await tablet.page.goBack().catch(() => {});
  assert.ok(!(await tablet.page.content()).includes('999 000 0018'));
});
