// SPDX-License-Identifier: Apache-2.0
//
// Web pages that are not the vehicle's own, in a real browser, which is who decides what they may read: a web ePCR that somebody
// named to the vehicle, one that nobody named, and a name that somebody else points at the vehicle.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { standsHere } from './place.mjs';

/** An empty page at an origin of its own. */
async function stands(name) {
  const server = createServer((_, reply) => reply.setHeader('Content-Type', 'text/html').end('<!doctype html><title>ePCR</title>'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close());
  return `http://${name}:${server.address().port}`;
}
const named = await stands('epcr.example');
const unnamed = await stands('evil.example');
const { visits } = standsHere({
  options: ['--allow-origin', named],
  network: async () => ({ hosts: { 'epcr.example': '127.0.0.1', 'evil.example': '127.0.0.1' } }),
});

/** What that page hears of the vehicle when it asks as applications do: [status, body], or "nothing". */
function hears(page, url, { method = 'GET', headers = {}, body } = {}) {
  return page.evaluate(async (asked) => {
    try {
      const reply = await fetch(asked.url, { method: asked.method, headers: asked.headers, body: asked.body });
      return [reply.status, await reply.text()];
    } catch {
      return 'nothing';
    }
  }, { url, method, headers, body });
}
const json = { 'Content-Type': 'application/json' };

test('a page of a named origin signs in, looks a child up and lengthens its session', async () => {
  const { world, page } = await visits(named);
  const { id, pin } = world.staff.sam;
  const [signedIn, session] = await hears(page, `${world.base}/session`,
    { method: 'POST', headers: json, body: JSON.stringify({ staff: id, pin }) });
  assert.equal(signedIn, 200);
  const headers = { Authorization: `Bearer ${JSON.parse(session).token}` };
  const search = `${world.base}/cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number|${world.people.protected}`;
  const [found, bundle] = await hears(page, search, { headers: { ...headers, Accept: 'application/fhir+json' } });
  assert.equal(found, 200);
  assert.match(bundle, /Lancashire/);
  assert.equal((await hears(page, `${world.base}/session`, { method: 'PUT', headers }))[0], 200);
});

test('a page that nobody named reads nothing, though it knew a session, and can begin none', async () => {
  const { world, page } = await visits(unnamed);
  const headers = { Authorization: `Bearer ${await world.signsIn(world.staff.sam)}` };
  assert.equal(await hears(page, `${world.base}/status`), 'nothing');
  assert.equal(await hears(page, `${world.base}/alerts`, { headers }), 'nothing');
  const { id, pin } = world.staff.sam;
  const body = JSON.stringify({ staff: id, pin });
  assert.equal(await hears(page, `${world.base}/session`, { method: 'POST', headers: json, body }), 'nothing');
  const [reply] = await Promise.all([page.waitForResponse(`${world.base}/session`),
    page.evaluate(([url, sent]) => fetch(url, { method: 'POST', mode: 'no-cors', body: sent }), [`${world.base}/session`, body])]);
  assert.equal(reply.status(), 403);  // the browser asked no leave first: the vehicle refuses
});

test('a name that is pointed at the vehicle is not answered', async () => {
  const { reply, page } = await visits((world) => world.base.replace('127.0.0.1', 'evil.example'));
  assert.equal(reply.status(), 403);
  assert.doesNotMatch(await page.content(), /data-view/);
});
