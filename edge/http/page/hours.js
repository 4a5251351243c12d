// SPDX-License-Identifier: Apache-2.0
//
// Whom to phone at this hour: a local authority's office in its hours, its emergency duty team at all other times.
import {inEngland} from './time.js';

const OPENS = 9;
const CLOSES = 17;
const DAY = 24 * 60 * 60 * 1000;

export const OFFICE_HOURS = 'Monday to Friday, 9am to 5pm';

/** A calendar day as a number of days, so that days can be counted. */
const dayNumber = (year, month, day) => Math.round(Date.UTC(year, month - 1, day) / DAY);
/** 0 is Sunday: day 0 (1 January 1970) was a Thursday. */
const weekdayOf = (number) => (number + 4) % 7;

/** Gregorian Easter Sunday (Meeus, Jones, Butcher). @param {number} year */
function easterSunday(year) {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const e = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - d - (c % 4)) % 7;
  const f = d + e - 7 * Math.floor((a + 11 * d + 22 * e) / 451) + 114;
  return dayNumber(year, Math.floor(f / 31), (f % 31) + 1);
}

/** The first Monday on or after that day. */
const mondayFrom = (number) => number + ((8 - weekdayOf(number)) % 7);

/**
 * The bank holidays of England and Wales that come every year. Days given for one year only (a coronation) are not known here:
 * on them the office number is shown first, and the emergency duty team's below it.
 * @param {number} year
 */
function bankHolidays(year) {
  const easter = easterSunday(year);
  const newYear = dayNumber(year, 1, 1);
  const christmas = dayNumber(year, 12, 25);
  const shift = {0: 1, 6: 2}; // a Sunday's is on the Monday, a Saturday's too
  const days = [
    newYear + (shift[weekdayOf(newYear)] ?? 0),
    easter - 2,
    easter + 1,
    mondayFrom(dayNumber(year, 5, 1)),
    mondayFrom(dayNumber(year, 5, 25)),
    mondayFrom(dayNumber(year, 8, 25)),
  ];
  // Christmas and Boxing Day: what falls on a weekend is given on the next working days.
  const weekday = weekdayOf(christmas);
  if (weekday === 5) days.push(christmas, christmas + 3);
  else if (weekday === 6) days.push(christmas + 2, christmas + 3);
  else if (weekday === 0) days.push(christmas + 1, christmas + 2);
  else days.push(christmas, christmas + 1);
  return new Set(days);
}

/** @param {Date} time */
export function isBankHoliday(time) {
  const {year, month, day} = inEngland(time);
  return bankHolidays(year).has(dayNumber(year, month, day));
}

/** @param {Date} time */
export function officeIsOpen(time) {
  const {hour, weekday} = inEngland(time);
  const working = !['Sat', 'Sun'].includes(weekday) && !isBankHoliday(time);
  return working && hour >= OPENS && hour < CLOSES;
}

/**
 * @typedef {{emergency_duty_tel: string|null, office_hours_tel: string|null}} Numbers
 * @typedef {{who: string, tel: string, when: string}} Phone
 */

/**
 * The number to phone now and the other one; either may be missing. Where only one is held, it is the one to phone now.
 * @param {Numbers} numbers @param {Date} time
 * @returns {{now: Phone|null, other: Phone|null}}
 */
export function phones(numbers, time) {
  const team = numbers.emergency_duty_tel
    && {who: 'Emergency duty team', tel: numbers.emergency_duty_tel, when: 'out of office hours'};
  const office = numbers.office_hours_tel && {who: 'Office', tel: numbers.office_hours_tel, when: OFFICE_HOURS};
  const [first, second] = officeIsOpen(time) ? [office, team] : [team, office];
  if (first) return {now: first, other: second || null};
  return {now: second || null, other: null};
}

/** In the groups that people say: "0300 123 6722". @param {string} tel */
export function telGrouped(tel) {
  if (!/^0\d{10}$/.test(tel)) return tel;
  if (/^02/.test(tel)) return tel.replace(/^(\d{3})(\d{4})(\d{4})$/, '$1 $2 $3');
  if (/^0(3|8|1\d1|11)/.test(tel)) return tel.replace(/^(\d{4})(\d{3})(\d{4})$/, '$1 $2 $3');
  return tel.replace(/^(\d{5})(\d{6})$/, '$1 $2');
}

/** @param {string} tel */
export function telHref(tel) {
  return `tel:${tel.replace(/[^\d+*#]/g, '')}`;
}
