// SPDX-License-Identifier: Apache-2.0
//
// Every way in which a call is refused: the status and the code that are promised, in an OperationOutcome that R4 knows.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { World } from '../world.mjs';
import { Epcr, codeOf, cpis, flagCode, flags, refused, sends } from './calls.mjs';
import { faults } from './r4.mjs';

const bin = process.env.CPIS_BIN_DIR ?? new URL('../../../build/release/bin', import.meta.url).pathname;
let world;
let token;

before(async () => {
  world = await World.begins();
  token = await world.signsIn(world.staff.sam);
});
after(() => world?.ends());

function isRefused(answer, status, code) {
  assert.equal(answer.status, status);
  const outcome = answer.outcome ?? JSON.parse(answer.body);
  assert.equal(outcome.resourceType, 'OperationOutcome');
  assert.deepEqual(faults(outcome), []);
  assert.equal(codeOf(outcome), code);
  assert.equal(outcome.issue[0].severity, 'error');
  assert.ok(outcome.issue[0].diagnostics.length > 10, 'says what was wrong');
}

const search = (number) => `${cpis}/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C${number}`;
const mine = (headers = {}) => ({ headers: { Authorization: `Bearer ${token}`, ...headers } });

test('a number that is none, and a search without one, are INVALID_SEARCH_DATA that repeats no number', async () => {
  for (const target of [search('9990000019'), search('999'), search(''), `${cpis}/CareTeam`, `${cpis}/AuditEvent?patient=9990000018`,
    `${flags}/PatientFlag?patient=9990000019&code=${flagCode}`, `${flags}/PatientFlag?patient=9990000018&code=NRAF`]) {
    const answer = await sends(world.base, target, mine());
    isRefused(answer, 400, 'INVALID_SEARCH_DATA');
    assert.doesNotMatch(answer.body, /999000/);
  }
});

test('a header that is none is PRECONDITION_FAILED', async () => {
  isRefused(await sends(world.base, search('9990000018'), mine({ IsUnscheduledAccessEvent: 'maybe' })), 400, 'PRECONDITION_FAILED');
});

test('an unknown parameter is refused when the client asks for strictness, and ignored otherwise', async () => {
  const asks = (prefer) => sends(world.base, `${search(world.people.protected)}&_sort=date`, mine(prefer));
  isRefused(await asks({ Prefer: 'return=minimal, handling="strict"' }), 400, 'INVALID_SEARCH_DATA');
  assert.equal((await asks({ Prefer: 'handling=lenient' })).status, 200);
  assert.equal((await asks({})).status, 200);
});

test('who is not signed in is told so, by every search', async () => {
  for (const nobody of [null, 'made-up']) {
    const answers = new Epcr(world.base, nobody).everything(world.people.protected).map(refused);
    for (const answer of await Promise.all(answers)) isRefused(answer, 401, 'NOT_SIGNED_IN');
  }
});

test('what is not here, not so, or not for this host', async () => {
  isRefused(await sends(world.base, `${cpis}/Patient/1`, mine()), 404, 'NOT_FOUND');
  isRefused(await sends(world.base, `${flags}/Flag`, mine()), 404, 'NOT_FOUND');
  isRefused(await sends(world.base, search('9990000018'), { method: 'PUT', ...mine() }), 405, 'METHOD_NOT_ALLOWED');
  isRefused(await sends(world.base, `${cpis}/metadata?_format=xml`), 406, 'NOT_ACCEPTABLE');
  isRefused(await sends(world.base, search('9990000018'), mine({ Accept: 'application/fhir+xml' })), 406, 'NOT_ACCEPTABLE');
  isRefused(await sends(world.base, search('9990000018'), mine({ Host: 'evil.example' })), 403, 'ACCESS_DENIED');
  isRefused(await sends(world.base, '/session', { method: 'POST', body: '[]' }), 400, 'INVALID_BODY');
});

test('what is too large, broken or too slow', async () => {
  isRefused(await sends(world.base, '/session', { method: 'POST', body: 'x'.repeat(80 * 1024) }), 413, 'PAYLOAD_TOO_LARGE');
  isRefused(await sends(world.base, '/status', { headers: { 'X-Long': 'x'.repeat(20 * 1024) } }), 431, 'HEADERS_TOO_LARGE');
  isRefused(await sends(world.base, '/%zz'), 400, 'BAD_REQUEST');
  const { hostname, port } = new URL(world.base);
  const slow = net.connect(Number(port), hostname);
  slow.write('GET /status HTTP/1.1\r\nHost: localhost\r\n');
  let said = '';
  slow.on('data', (part) => (said += part));
  await once(slow, 'end');
  isRefused({ status: Number(said.split(' ')[1]), body: said.slice(said.indexOf('\r\n\r\n') + 4) }, 408, 'REQUEST_TIMEOUT');
});

test('too many looks are 429 with how long to wait', async () => {
  const alex = await world.signsIn(world.staff.alex);
  const looks = (number) => sends(world.base, search(number), { headers: { Authorization: `Bearer ${alex}` } });
  for (let i = 0; i < 100; ++i) {
    const { number } = await world.does('number', String(1000 + i));
    const answer = await looks(number);
    if (answer.status === 200) continue;
    isRefused(answer, 429, 'RATE_LIMITED');
    assert.ok(Number(answer.headers['retry-after']) > 0);
    return;
  }
  assert.fail('a hundred looks were answered');
});

test('a vehicle that was never enrolled cannot say, by any search', async () => {
  const state = await mkdtemp(join(tmpdir(), 'cpis-fhir-'));
  const daemon = spawn(`${bin}/cpis-edged`, ['--state', state, '--http', '127.0.0.1:0', '--key-store', 'plain'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [line] = await once(daemon.stdout.setEncoding('utf8'), 'data');
    const answers = new Epcr(`http://${JSON.parse(line).http}`, null).everything(world.people.protected).map(refused);
    for (const answer of await Promise.all(answers)) isRefused(answer, 503, 'NOT_ENROLLED');
  } finally {
    daemon.kill();
    await once(daemon, 'exit');
    await rm(state, { recursive: true });
  }
});
