// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isBankHoliday, officeIsOpen, phones, telGrouped, telHref} from '../../../edge/http/page/hours.js';

const open = (text) => officeIsOpen(new Date(text));

test('offices are open from 9 to 5 on working days, by the clock in England', () => {
  assert.ok(!open('2026-11-23T08:59:59Z'));
  assert.ok(open('2026-11-23T09:00:00Z')); // a Monday
  assert.ok(open('2026-11-23T16:59:59Z'));
  assert.ok(!open('2026-11-23T17:00:00Z'));
  assert.ok(!open('2026-11-22T12:00:00Z')); // a Sunday
  assert.ok(!open('2026-11-28T12:00:00Z')); // a Saturday
});

test('summer time moves the hours, on both sides of both changes', () => {
  assert.ok(!open('2026-03-27T08:30:00Z')); // Friday before
  assert.ok(open('2026-03-30T08:30:00Z')); // Monday after 29 March
  assert.ok(!open('2026-03-30T16:30:00Z'));
  assert.ok(open('2026-10-23T08:30:00Z')); // Friday before
  assert.ok(!open('2026-10-26T08:30:00Z')); // Monday after 25 October
  assert.ok(open('2026-10-26T16:30:00Z'));
});

// https://www.gov.uk/bank-holidays, England and Wales, without the days given for one year only.
const HOLIDAYS = {
  2020: ['01-01', '04-10', '04-13', '05-25', '08-31', '12-25', '12-28'], // and 8 May, moved from the 4th
  2021: ['01-01', '04-02', '04-05', '05-03', '05-31', '08-30', '12-27', '12-28'],
  2022: ['01-03', '04-15', '04-18', '05-02', '08-29', '12-26', '12-27'], // and 2 and 3 June, for the jubilee
  2025: ['01-01', '04-18', '04-21', '05-05', '05-26', '08-25', '12-25', '12-26'],
  2026: ['01-01', '04-03', '04-06', '05-04', '05-25', '08-31', '12-25', '12-28'],
  2027: ['01-01', '03-26', '03-29', '05-03', '05-31', '08-30', '12-27', '12-28'],
  2028: ['01-03', '04-14', '04-17', '05-01', '05-29', '08-28', '12-25', '12-26'],
};

test('bank holidays are those that the government publishes', () => {
  for (const [year, days] of Object.entries(HOLIDAYS)) {
    for (const day of days) assert.ok(isBankHoliday(new Date(`${year}-${day}T12:00:00Z`)), `${year}-${day}`);
  }
  const all = [];
  for (let day = Date.UTC(2026, 0, 1, 12); day < Date.UTC(2027, 0, 1); day += 86_400_000) {
    if (isBankHoliday(new Date(day))) all.push(new Date(day).toISOString().slice(5, 10));
  }
  assert.deepEqual(all, HOLIDAYS[2026]);
  assert.ok(!open('2026-12-28T12:00:00Z'));
});

const both = {emergency_duty_tel: '03001236722', office_hours_tel: '03001236720'};
const night = new Date('2026-11-22T02:15:00Z');
const day = new Date('2026-11-23T10:00:00Z');

test('at night the emergency duty team is the one to phone, in office hours the office; the other stays in sight', () => {
  assert.equal(phones(both, night).now.tel, '03001236722');
  assert.equal(phones(both, night).other.tel, '03001236720');
  assert.equal(phones(both, day).now.tel, '03001236720');
  assert.equal(phones(both, day).other.who, 'Emergency duty team');
});

test('the only number that is held is the one to phone, at any hour; none is said to be none', () => {
  const one = {emergency_duty_tel: null, office_hours_tel: '03001236720'};
  assert.deepEqual([phones(one, night).now.who, phones(one, night).other], ['Office', null]);
  assert.deepEqual(phones({emergency_duty_tel: null, office_hours_tel: null}, day), {now: null, other: null});
});

test('numbers are grouped as people say them, and dialled as they are', () => {
  assert.equal(telGrouped('03001236722'), '0300 123 6722');
  assert.equal(telGrouped('01925443322'), '01925 443322');
  assert.equal(telGrouped('01515550102'), '0151 555 0102');
  assert.equal(telGrouped('02079460000'), '020 7946 0000');
  assert.equal(telGrouped('+44 300 123'), '+44 300 123');
  assert.equal(telHref('0300 123-6722'), 'tel:03001236722');
  assert.equal(telHref('javascript:alert(1)'), 'tel:1');
});
