// SPDX-License-Identifier: Apache-2.0
//
// A public FHIR client against a real vehicle: every outcome of every search, and each resource valid by R4's own definitions.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { World, eventually } from '../world.mjs';
import { Epcr, codeOf, cpis, flagCode, flags, refused, resources, sends, sharingCode } from './calls.mjs';
import { faults } from './r4.mjs';

let world;
let token;
let epcr;

before(async () => {
  world = await World.begins();
  await world.does('widens-limits');
  await world.does('catches-up');
  token = await world.signsIn(world.staff.sam);
  epcr = new Epcr(world.base, token, { 'X-Incident-Ref': 'INC-1' });
});
after(() => world?.ends());

function isValid(resource) {
  assert.deepEqual(faults(resource), []);
  return resource;
}

test('a protected child is a care team, a flag with its plan, and valid in each', async () => {
  const [teams, , flagged] = await Promise.all(epcr.everything(world.people.protected));
  assert.equal(isValid(teams).total, 1);
  const [team] = resources(teams, 'CareTeam');
  assert.equal(team.category[0].coding[0].code, '342191000000101');
  assert.deepEqual(team.telecom.map((phone) => phone.use), ['work', 'mobile']);
  assert.equal(isValid(flagged).total, 1);
  const [flag] = resources(flagged, 'Flag');
  const [plan] = resources(flagged, 'CarePlan');
  assert.equal(flag.code.coding[0].code, flagCode);
  assert.equal(flag.extension[0].valueReference.reference, `urn:uuid:${plan.id}`);
  assert.equal(plan.careTeam[0].reference, `urn:uuid:${resources(flagged, 'CareTeam')[0].id}`);
  assert.equal(resources(flagged, 'CareTeam')[0].id, team.id);
});

test('every kind of plan is valid: ended, of a mother, in care, of two authorities', async () => {
  for (const who of ['ended', 'expecting', 'lookedAfter', 'inTwoFiles']) {
    for (const bundle of await Promise.all(epcr.everything(world.people[who]))) isValid(bundle);
  }
  const both = await epcr.flags(world.people.inTwoFiles, sharingCode);
  assert.equal(isValid(both).total, 1);
  assert.equal(resources(both, 'CarePlan').length, 2);
  assert.deepEqual(resources(both, 'Flag')[0].code.coding.map((coding) => coding.code), [flagCode, sharingCode]);
});

test('accesses come with the people who looked, when they are asked for', async () => {
  await epcr.careTeams(world.people.protected);
  const seen = await eventually(async () => {
    const bundle = await epcr.accesses(world.people.protected);
    return bundle.total > 0 && bundle;
  }, 'the look comes back as an access');
  isValid(seen);
  const [event] = resources(seen, 'AuditEvent');
  const [role] = resources(seen, 'PractitionerRole');
  assert.equal(event.agent[0].who.reference, `urn:uuid:${role.id}`);
  assert.equal(event.entity.find((entity) => entity.type.code === 'ASSIGNED').what.reference, `urn:uuid:${role.id}`);
  assert.equal(role.practitioner.display, 'Ms Sam Crew');
  assert.ok(role.code[0].coding[0].display);
  assert.ok(role.organization.display);
  const without = await epcr.accesses(world.people.protected, {});
  assert.equal(isValid(without).total, seen.total);
  assert.equal(resources(without, 'PractitionerRole').length, 0);
});

test('a child without a flag is total 0 and says as of when, in every search', async () => {
  for (const bundle of await Promise.all(epcr.everything(world.people.unknown))) {
    assert.equal(isValid(bundle).total, 0);
    const [outcome] = resources(bundle, 'OperationOutcome');
    assert.equal(codeOf(outcome), 'NOT_FLAGGED');
    assert.match(outcome.issue[0].diagnostics, /as of \d{4}-/);
  }
});

test('the number is taken as it is published and in every encoding of it', async () => {
  const number = world.people.protected;
  const headers = { Authorization: `Bearer ${token}` };
  for (const value of [
    `https://fhir.nhs.uk/Id/nhs-number|${number}`,
    `https://fhir.nhs.uk/Id/nhs-number%7C${number}`,
    `https://fhir.nhs.uk/Id/nhs-number%7c${number}`,
    `https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C${number}`,
  ]) {
    for (const name of ['patient:identifier', 'patient%3Aidentifier', 'patient.identifier']) {
      const answer = await sends(world.base, `${cpis}/CareTeam?${name}=${value}`, { headers });
      assert.equal(answer.status, 200, `${name}=${value}`);
      assert.equal(JSON.parse(answer.body).total, 1);
    }
  }
});

test('HEAD has the head of GET and no body; nothing may be stored', async () => {
  const headers = { Authorization: `Bearer ${token}` };
  for (const target of [
    `${cpis}/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number|${world.people.ended}`,
    `${flags}/PatientFlag?patient=${world.people.ended}&code=${flagCode}`,
    `${cpis}/metadata`,
    `${cpis}/CareTeam`,
  ]) {
    const got = await sends(world.base, target, { headers });
    const head = await sends(world.base, target, { method: 'HEAD', headers });
    assert.equal(head.body, '');
    assert.equal(head.status, got.status);
    for (const answer of [got, head]) delete answer.headers.date;
    delete got.headers['x-cpis-as-of'];
    delete head.headers['x-cpis-as-of'];
    assert.deepEqual(head.headers, got.headers);
    assert.equal(Number(head.headers['content-length']), Buffer.byteLength(got.body));
    assert.equal(head.headers['cache-control'], 'no-store');
    assert.equal(head.headers.etag, undefined);
    assert.match(head.headers['content-type'], /^application\/fhir\+json/);
  }
});

test('the statements are valid, and name what is served', async () => {
  const [national, patientFlags] = await epcr.statements();
  assert.deepEqual(isValid(national).rest[0].resource.map((one) => one.type), ['CareTeam', 'AuditEvent']);
  assert.deepEqual(isValid(patientFlags).rest[0].resource.map((one) => one.type), ['Flag']);
});

test('what may be elsewhere is 503 with what to do, in every search, and the vehicle finds out with its link', async () => {
  await world.losesLink();
  await eventually(async () => JSON.parse((await sends(world.base, '/status')).body).link.state === 'OFFLINE', 'the vehicle is off line');
  for (const { status, outcome } of await Promise.all(epcr.everything(world.people.elsewhere).map(refused))) {
    assert.equal(status, 503);
    assert.equal(codeOf(isValid(outcome)), 'POSSIBLY_FLAGGED_ELSEWHERE');
  }
  assert.equal(isValid(await epcr.careTeams(world.people.protected)).total, 1);
  await world.findsLink();
  const resolved = await eventually(() => epcr.flags(world.people.elsewhere).catch(() => null), 'the server is asked again');
  assert.equal(isValid(resolved).total, 1);
});
