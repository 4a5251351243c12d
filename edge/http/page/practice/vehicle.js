// SPDX-License-Identifier: Apache-2.0
//
// A vehicle that is not there: it answers about made-up children, out of this page alone. Nothing here can reach the daemon.
import {Dropped, Refused, Silent} from '../refusal.js';
import {children} from './children.js';

const ANSWERS_AFTER = 50; // ms
const SERVER_ANSWERS_AFTER = 1500;
const ALERTS_AFTER = 5000;

const now = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z');

function wait(time, signal) {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, time);
    signal?.addEventListener('abort', () => reject(new Dropped()));
  });
}

function answer(number, said) {
  const age = said.age_seconds ?? 4210;
  return {
    nhs_number: number, as_of: new Date(Date.now() - age * 1000).toISOString().replace(/\.\d+Z$/, 'Z'), age_seconds: age,
    stale: false, source: 'REPLICA', region: ['PRACTICE-1'], notification: 'NOT_NEEDED', plans: [],
    pattern: {accesses_90_days: 0, organisations_90_days: 0, frequent: false}, accesses: [], advice: [], resolvable: false,
    ...structuredClone(said),
  };
}

export class Vehicle {
  practice = true;
  children = children;
  onSignedOut = () => {};
  #waiting = new Set();
  #alerts = [];

  async signIn() {
    return {staff: 'Practice', duty: 'clinician', right: 'B0107', idleLimit: Infinity};
  }

  signOut() {}

  async checkSession() {}

  async stillHere() {}

  async status() {
    return {
      enrolled: true, link: {state: 'ONLINE', since: null}, as_of: now(), age_seconds: 4210, freshness: 'FRESH',
      journal: {attendances_waiting: this.#waiting.size}, alerts: this.#alerts.filter((alert) => !alert.acknowledged_at).length,
    };
  }

  #child(number) {
    const child = children.find((one) => one.number === number);
    if (!child) throw new Refused(400, 'PRACTICE', 'In practice only the made-up children of the list are known.');
    return child;
  }

  async lookUp({number}, signal) {
    await wait(ANSWERS_AFTER, signal);
    return answer(number, this.#child(number).says);
  }

  async resolve({number}, signal) {
    await wait(SERVER_ANSWERS_AFTER, signal);
    const {then} = this.#child(number);
    if (!then) throw new Silent();
    return answer(number, {...then, source: 'FLEET_SERVER', age_seconds: 0});
  }

  async attend({number, incident}) {
    const child = this.#child(number);
    const id = `practice-${number}-${incident}`;
    const notification = this.#waiting.has(id) ? 'ALREADY_QUEUED' : 'QUEUED';
    this.#waiting.add(id);
    if (child.alerts && notification === 'QUEUED') setTimeout(() => this.#alert(child, incident), ALERTS_AFTER);
    return {id, notification, occurred_at: now(), outcome: child.says.outcome};
  }

  #alert(child, incident) {
    this.#alerts.unshift({
      id: `practice-alert-${this.#alerts.length}`, nhs_number: child.number, staff: 'Practice', incident, occurred_at: now(),
      raised_at: now(), outcome_at_node: child.says.outcome, plans: [child.alerts], acknowledged_by: null, acknowledged_at: null,
    });
  }

  async alerts() {
    return structuredClone(this.#alerts);
  }

  async acknowledge(id) {
    const alert = this.#alerts.find((one) => one.id === id);
    Object.assign(alert, {acknowledged_by: 'Practice', acknowledged_at: now()});
    return structuredClone(alert);
  }
}
