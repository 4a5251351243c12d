// SPDX-License-Identifier: Apache-2.0
//
// What an ePCR application does: a public FHIR client for what it is made for, plain HTTP for what it would never send.

import http from 'node:http';
import Client from 'fhir-kit-client';

export const cpis = '/cpis/FHIR/R4';
export const flags = '/patient-flags-api/FHIR/R4';
export const flagCode = 'child-protection-information-system-flag';
export const sharingCode = 'child-protection-information-sharing-flag';
export const assigned = 'AuditEvent:entity-type=http://terminology.hl7.org/CodeSystem/v3-RoleClass|ASSIGNED';

const identifier = (number) => `https://fhir.nhs.uk/Id/nhs-number|${number}`;

export class Epcr {
  #cpis;
  #flags;

  constructor(base, token, headers = {}) {
    const customHeaders = token ? { Authorization: `Bearer ${token}`, ...headers } : headers;
    this.#cpis = new Client({ baseUrl: base + cpis, customHeaders });
    this.#flags = new Client({ baseUrl: base + flags, customHeaders });
  }
  careTeams(number, more = {}) {
    return this.#cpis.search({ resourceType: 'CareTeam', searchParams: { 'patient:identifier': identifier(number), ...more } });
  }
  accesses(number, more = { _include: assigned }) {
    return this.#cpis.search({ resourceType: 'AuditEvent', searchParams: { 'patient:identifier': identifier(number), ...more } });
  }
  flags(number, code = flagCode) {
    return this.#flags.search({ resourceType: 'PatientFlag', searchParams: { patient: number, code } });
  }
  statements() {
    return Promise.all([this.#cpis.capabilityStatement(), this.#flags.capabilityStatement()]);
  }
  /** The three searches of one number. */
  everything(number) {
    return [this.careTeams(number), this.accesses(number), this.flags(number)];
  }
}

/** What the client throws for an answer that is no success: { status, outcome }. */
export async function refused(call) {
  try {
    await call;
  } catch (thrown) {
    if (!thrown.response) throw thrown;
    return { status: thrown.response.status, outcome: thrown.response.data };
  }
  throw new Error('the call was answered');
}

/** One request as it is written here: { status, headers, body }. */
export function sends(base, target, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(base, { path: target, method, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (part) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

export const codeOf = (outcome) => outcome.issue[0].details.coding[0].code;
export const resources = (bundle, type) => bundle.entry.map((entry) => entry.resource).filter((one) => one.resourceType === type);
