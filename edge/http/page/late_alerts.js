// SPDX-License-Identifier: Apache-2.0
//
// Late alerts: the status says how many wait; what they say is fetched once somebody is signed in who may read it.
import {Silent} from './refusal.js';

export class AlertDesk {
  #fetched = -1; // how many the status said when they were fetched last
  #fetching = false;
  list = [];

  constructor(app) {
    this.app = app;
  }

  get waiting() {
    const count = this.app.status?.alerts;
    return Number.isInteger(count) ? count : 0;
  }

  get open() {
    return this.list.filter((alert) => !alert.acknowledged_at);
  }

  /** After each status. */
  heard() {
    if (this.app.session && this.waiting !== this.#fetched) this.refresh();
    this.#show();
  }

  async refresh() {
    if (this.#fetching || !this.app.session) return;
    this.#fetching = true;
    const {session} = this.app;
    const count = this.waiting;
    try {
      const list = await this.app.vehicle.alerts();
      if (session !== this.app.session) return; // they signed out meanwhile
      this.list = Array.isArray(list) ? list : [];
    } catch (error) {
      if (error instanceof Silent) return; // asked again after the next status
      // Not theirs to read: the count says that they are there.
    } finally {
      this.#fetching = false;
    }
    this.#fetched = count;
    this.#show();
    this.onChange?.();
  }

  /** @param {string} id */
  async acknowledge(id) {
    const {session} = this.app;
    const alert = await this.app.vehicle.acknowledge(id);
    if (session !== this.app.session) return;
    this.list = this.list.map((one) => (one.id === id ? alert : one));
    if (this.app.status) this.app.status.alerts = Math.max(this.waiting - 1, 0);
    this.#fetched = this.waiting;
    this.#show();
    this.app.shell.showStatus(this.app.status, this.app.silent);
    this.app.watch.look();
  }

  forget() {
    this.list = [];
    this.#fetched = -1;
    this.onChange = null;
    this.#show();
  }

  #show() {
    const count = this.app.session && this.open.length ? this.open.length : this.waiting;
    if (count === 0) return this.app.shell.showBanner('', false);
    const words = count === 1 ? 'Late alert: a child looked up before has a plan.'
      : `${count} late alerts: children looked up before have plans.`;
    const end = this.app.session ? '' : ' Sign in to read more.';
    this.app.shell.showBanner(`${words}${end}`, Boolean(this.app.session));
  }
}
