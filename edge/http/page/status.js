// SPDX-License-Identifier: Apache-2.0
//
// The vehicle's status in a few words, and the watch that asks for it.
import {Refused} from './refusal.js';
import {clockWords, oldWords, timeOf} from './time.js';

const EVERY = 3000; // ms
const EVERY_WHILE_SILENT = 1000;

const number = (value) => (Number.isInteger(value) && value >= 0 ? value : null);

function linkWords(status) {
  const state = status?.link?.state;
  const since = timeOf(status?.link?.since);
  if (state === 'ONLINE') return {state, icon: 'online', words: 'Link on'};
  if (state === 'OFFLINE') return {state, icon: 'offline', words: since ? `No link since ${clockWords(since)}` : 'No link'};
  return {state: 'UNKNOWN', icon: 'offline', words: 'Link not known'};
}

function ageOfList(status) {
  const freshness = status?.freshness;
  const age = Number.isFinite(status?.age_seconds) ? status.age_seconds : null;
  if (freshness === 'NEVER') return {freshness, words: 'No list yet', worry: true};
  if (age === null || !['FRESH', 'AGEING', 'EXPIRED'].includes(freshness)) {
    return {freshness: 'UNKNOWN', words: 'Age of list not known', worry: true};
  }
  const words = {FRESH: 'List', AGEING: 'Old list:', EXPIRED: 'List too old:'}[freshness];
  return {freshness, words: `${words} ${oldWords(age)}`, worry: freshness !== 'FRESH'};
}

function countWords(count, none, one, many) {
  if (count === null) return {count: '', words: `${many[0].toUpperCase()}${many.slice(1)} not known`};
  return {count, words: count === 0 ? none : `${count} ${count === 1 ? one : many}`};
}

/** What is always on the screen. @param {object|null} status of the contract; null before the first */
export function statusWords(status) {
  const waiting = number(status?.journal?.attendances_waiting);
  const alerts = number(status?.alerts);
  return {
    link: linkWords(status),
    age: ageOfList(status),
    waiting: countWords(waiting, 'None waiting', 'attendance waiting', 'attendances waiting'),
    alerts: countWords(alerts, 'No alerts', 'alert', 'alerts'),
  };
}

/** Asks again and again; whoever listens hears each answer, and at once when there is none. */
export class StatusWatch {
  #timer = null;
  #asking = false;

  /**
   * @param {{status: () => Promise<object>}} vehicle
   * @param {(heard: {status: object|null, silent: boolean, stranger: boolean}) => void} heard `stranger`: the vehicle, which tells
   *   its status to anybody it lets in, does not let this tablet in
   */
  constructor(vehicle, heard) {
    this.vehicle = vehicle;
    this.heard = heard;
  }

  async look() {
    if (this.#asking) return;
    this.#asking = true;
    clearTimeout(this.#timer);
    let silent = false;
    try {
      this.heard({status: await this.vehicle.status(), silent, stranger: false});
    } catch (error) {
      const stranger = error instanceof Refused && error.status === 403;
      silent = !stranger; // a daemon that cannot even say how it is counts as one that does not answer
      this.heard({status: null, silent, stranger});
    } finally {
      this.#asking = false;
      this.#timer = setTimeout(() => this.look(), silent ? EVERY_WHILE_SILENT : EVERY);
    }
  }
}
