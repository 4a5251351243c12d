// SPDX-License-Identifier: Apache-2.0
//
// The validators see what is wrong: each fault planted in a resource that is otherwise valid.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { faults } from './r4.mjs';

const subject = { type: 'Patient', identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' } };
const flag = { resourceType: 'Flag', status: 'active', code: { text: 'child protection' }, subject };
const event = {
  resourceType: 'AuditEvent',
  type: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110112' },
  action: 'E',
  recorded: '2026-11-22T02:00:00Z',
  outcome: '0',
  agent: [{ who: { display: 'Sam' }, requestor: true }],
  source: { observer: { display: 'CP-IS' } },
};
const bundle = (...entries) => ({ resourceType: 'Bundle', type: 'searchset', total: 1, entry: entries });

test('resources without a fault have none', () => {
  assert.deepEqual(faults(flag), []);
  assert.deepEqual(faults(event), []);
  assert.deepEqual(faults(bundle({ fullUrl: 'urn:uuid:a', resource: flag, search: { mode: 'match' } })), []);
});

const planted = {
  'a required element that is missing': { ...flag, code: undefined },
  'a required list that is empty': { ...event, agent: [] },
  'a code outside a required binding': { ...flag, status: 'flagged' },
  'a code outside a required binding, deeper': { ...event, action: 'LOOK' },
  'a number where text belongs': { ...flag, status: 1 },
  'one where many belong': { ...event, agent: event.agent[0] },
  'many where one belongs': { ...flag, code: [flag.code] },
  'an element that R4 does not know': { ...flag, severity: 'high' },
  'an instant without its zone': { ...event, recorded: '2026-11-22T02:00:00' },
  'an empty text': { ...event, source: { observer: { display: '' } } },
  'an entity without anything in it': { ...event, entity: [{}] },
  'a fault in an entry': bundle({ resource: { ...flag, subject: undefined } }),
  'an entry of no search mode': bundle({ resource: flag, search: { mode: 'maybe' } }),
  'two entries under one address': bundle({ fullUrl: 'urn:uuid:a', resource: flag }, { fullUrl: 'urn:uuid:a', resource: flag }),
  'a reference that leads nowhere': bundle({ fullUrl: 'urn:uuid:a', resource: { ...flag, author: { reference: 'urn:uuid:b' } } }),
};
for (const [what, resource] of Object.entries(planted)) {
  test(`${what} is found`, () => assert.notDeepEqual(faults(JSON.parse(JSON.stringify(resource))), []));
}
