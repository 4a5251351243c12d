// SPDX-License-Identifier: Apache-2.0
//
// The real vehicle: the daemon that served this page. Numbers, names and PINs go in bodies, never in URLs.
import {Dropped, Refused, Silent} from './refusal.js';

const PATIENCE = 5000; // ms; a crew waits no longer, and the node's own limit for the fleet server is 3 s
const STATUS_PATIENCE = 2000; // a status costs the daemon nothing; its silence has to be seen soon

/** The line for people in an OperationOutcome. */
async function refusalOf(response) {
  const body = await response.json().catch(() => null);
  const issue = body?.issue?.[0];
  return new Refused(
    response.status,
    issue?.details?.coding?.[0]?.code ?? '',
    typeof issue?.diagnostics === 'string' && issue.diagnostics ? issue.diagnostics : `the vehicle said ${response.status}`,
  );
}

/**
 * @typedef {{number: string, incident: string}} Look
 * @typedef {{staff: string, duty: string, right: string, idleLimit: number}} Session
 */

export class Vehicle {
  practice = false;
  #token = null;
  /** Called when the daemon says that nobody is signed in. */
  onSignedOut = (/** @type {string} */ _why) => {};

  /** @param {string} method @param {string} path @param {{body?: object, signal?: AbortSignal, keepalive?: boolean, patience?: number}} options */
  async #ask(method, path, {body, signal, keepalive = false, patience = PATIENCE} = {}) {
    const gaveUp = new AbortController();
    const timer = setTimeout(() => gaveUp.abort(), patience);
    const drop = () => gaveUp.abort();
    signal?.addEventListener('abort', drop);
    const headers = {};
    if (body) headers['Content-Type'] = 'application/json';
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    try {
      const response = await fetch(path, {
        method, headers, keepalive, signal: gaveUp.signal, body: body && JSON.stringify(body), cache: 'no-store',
        credentials: 'same-origin', redirect: 'error', referrerPolicy: 'no-referrer',
      });
      if (!response.ok) throw await refusalOf(response);
      return response.status === 204 ? null : await response.json();
    } catch (error) {
      if (signal?.aborted) throw new Dropped();
      if (error instanceof Refused) throw error;
      throw new Silent('the vehicle\'s computer did not answer');
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', drop);
    }
  }

  /** As #ask, for somebody signed in: a 401 ends the session here too. */
  async #askSignedIn(method, path, options) {
    const token = this.#token;
    try {
      return await this.#ask(method, path, options);
    } catch (error) {
      if (error instanceof Refused && error.status === 401 && token && token === this.#token) {
        this.#token = null;
        this.onSignedOut(error.message);
      }
      throw error;
    }
  }

  /** Whether this tablet has to be paired first. Plain HTTP is served to the vehicle's own machine only. */
  async needsPairing() {
    return location.protocol.startsWith('https') && !(await this.#ask('GET', '/pairing')).paired;
  }

  /** @param {string} code */
  pair(code) {
    return this.#ask('POST', '/pairing', {body: {code}});
  }

  /** @param {string} staff @param {string} pin @returns {Promise<Session>} */
  async signIn(staff, pin) {
    const {token} = await this.#ask('POST', '/session', {body: {staff, pin}});
    this.#token = token;
    try {
      const session = await this.#ask('GET', '/session');
      return {staff: session.staff, duty: session.duty, right: session.right, idleLimit: session.idle_limit_seconds};
    } catch (error) {
      this.signOut();
      throw error;
    }
  }

  /** Forgets the session at once; tells the daemon, even while the page goes away. */
  signOut() {
    if (!this.#token) return;
    const told = this.#ask('DELETE', '/session', {keepalive: true});
    this.#token = null;
    told.catch(() => {}); // the daemon's own idle limit ends it then
  }

  /** Whether somebody is still signed in, as far as the daemon knows; asking is no use of the session. */
  checkSession() {
    return this.#askSignedIn('GET', '/session');
  }

  /** Somebody is there: the session's idle time begins anew. */
  stillHere() {
    return this.#askSignedIn('PUT', '/session');
  }

  status() {
    return this.#ask('GET', '/status', {patience: STATUS_PATIENCE});
  }

  /** What the vehicle itself knows; raw, for answer.js to judge. @param {Look} look @param {AbortSignal} signal */
  lookUp({number, incident}, signal) {
    return this.#askSignedIn('POST', '/lookups', {body: {nhs_number: number, incident}, signal});
  }

  /** What the fleet server knows. @param {Look} look @param {AbortSignal} signal */
  resolve({number, incident}, signal) {
    return this.#askSignedIn('POST', '/lookups/resolution', {body: {nhs_number: number, incident}, signal});
  }

  /** @param {Look} look */
  attend({number, incident}) {
    return this.#askSignedIn('POST', '/attendances', {body: {nhs_number: number, incident}});
  }

  alerts() {
    return this.#askSignedIn('GET', '/alerts');
  }

  /** @param {string} id */
  acknowledge(id) {
    return this.#askSignedIn('POST', `/alerts/${encodeURIComponent(id)}/acknowledgement`);
  }
}
