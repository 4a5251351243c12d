// SPDX-License-Identifier: Apache-2.0
//
// Times in plain words, as the clock on the wall in England says them.

const ZONE = 'Europe/London';
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const wall = new Intl.DateTimeFormat('en-GB', {
  timeZone: ZONE, weekday: 'short', day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit',
  hourCycle: 'h23',
});
const parts = new Intl.DateTimeFormat('en-GB', {
  timeZone: ZONE, weekday: 'short', day: 'numeric', month: 'numeric', year: 'numeric', hour: 'numeric', minute: 'numeric',
  hourCycle: 'h23',
});

/** A time of the contract (RFC 3339), or null for anything else. @param {unknown} text @returns {Date|null} */
export function timeOf(text) {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)) return null;
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? null : time;
}

/** What the clock in England shows. @param {Date} time */
export function inEngland(time) {
  const found = Object.fromEntries(parts.formatToParts(time).map((part) => [part.type, part.value]));
  const [year, month, day, hour, minute] = ['year', 'month', 'day', 'hour', 'minute'].map((name) => Number(found[name]));
  return {year, month, day, hour, minute, weekday: found.weekday};
}

/** "Sun 22 November 2026, 02:15" @param {Date} time */
export function timeWords(time) {
  const found = Object.fromEntries(wall.formatToParts(time).map((part) => [part.type, part.value]));
  return `${found.weekday} ${found.day} ${found.month} ${found.year}, ${found.hour}:${found.minute}`;
}

/** "02:15" @param {Date} time */
export function clockWords(time) {
  return timeWords(time).slice(-5);
}

/** "22 November 2026" @param {Date} time */
export function dateWords(time) {
  const found = Object.fromEntries(wall.formatToParts(time).map((part) => [part.type, part.value]));
  return `${found.day} ${found.month} ${found.year}`;
}

/** @param {number} count @param {string} unit */
const counted = (count, unit) => `${count} ${unit}${count === 1 ? '' : 's'}`;

/** "4 hours": whole units that have gone by. @param {number} seconds */
function ageAmount(seconds) {
  if (seconds < MINUTE) return 'less than a minute';
  if (seconds < HOUR) return counted(Math.floor(seconds / MINUTE), 'minute');
  if (seconds < 2 * DAY) return counted(Math.floor(seconds / HOUR), 'hour');
  return counted(Math.floor(seconds / DAY), 'day');
}

/** "4 hours ago" @param {number} seconds */
export function ageWords(seconds) {
  return seconds >= 0 ? `${ageAmount(seconds)} ago` : 'of unknown age';
}

/** "4 hours old" @param {number} seconds */
export function oldWords(seconds) {
  return `${seconds < MINUTE ? counted(0, 'minute') : ageAmount(seconds)} old`;
}

/** "15 minutes", "45 seconds" @param {number} seconds */
export function durationWords(seconds) {
  return seconds < 2 * MINUTE ? counted(Math.ceil(seconds), 'second') : counted(Math.round(seconds / MINUTE), 'minute');
}

/**
 * Seconds that went by since it was made. The wall clock goes on while a tablet sleeps but may be set back; the monotonic clock
 * is never set but may stand still in sleep: whichever says more time went by is right.
 */
export class Elapsed {
  #wall = Date.now();
  #monotonic = performance.now();

  get seconds() {
    return Math.max(Date.now() - this.#wall, performance.now() - this.#monotonic, 0) / 1000;
  }
}
