// SPDX-License-Identifier: Apache-2.0
//
// Made-up children, one for each answer that a vehicle can give. Numbers begin with 999: nobody has one of those.

const lancashire = {
  code: 'PRACTICE-1', name: 'Practice County Council', emergency_duty_tel: '03005550101', office_hours_tel: '03005550100',
};
const halton = {code: 'PRACTICE-2', name: 'Practice Borough Council', emergency_duty_tel: '01515550102', office_hours_tel: null};

const DAY = 24 * 60 * 60 * 1000;
const daysAgo = (days) => new Date(Date.now() - days * DAY).toISOString().replace(/\.\d+Z$/, 'Z');
const cpp = (authority) => ({
  type: 'CPP', snomed: '342191000000101', start: daysAgo(120), end: null, state: 'CURRENT', subject: 'CHILD', authority,
});
const access = (days, viewer, role, organisation) => ({at: daysAgo(days), viewer, role, organisation});
const cannotSay = 'If you are worried about a child, phone the emergency duty team of the local authority where you are.';

/** `says` is of the vehicle; `then` is of the fleet server, where it is asked. */
export const children = [
  {
    number: '9999000010', words: 'On a child protection plan',
    says: {outcome: 'FLAGGED', plans: [cpp(lancashire)], notification: 'QUEUED', accesses: [
      access(40, 'Dr Pat Example', 'General practitioner', 'PRACTICE URGENT CARE CENTRE'),
    ]},
  },
  {
    number: '9999000029', words: 'Looked after, seen often',
    says: {
      outcome: 'FLAGGED', notification: 'QUEUED',
      plans: [{...cpp(halton), type: 'LAC', snomed: '764841000000100'}, {...cpp(lancashire), state: 'ENDED', start: daysAgo(400), end: daysAgo(90)}],
      pattern: {accesses_90_days: 3, organisations_90_days: 2, frequent: true},
      accesses: [
        access(3, 'Ms Sam Practice', 'Paramedic', 'PRACTICE AMBULANCE SERVICE'),
        access(20, 'Dr Pat Example', 'Doctor', 'PRACTICE EMERGENCY DEPARTMENT'),
        access(61, 'Ms Sam Practice', 'Paramedic', 'PRACTICE AMBULANCE SERVICE'),
      ],
    },
  },
  {
    number: '9999000037', words: 'An expectant mother: a plan for the unborn child',
    says: {outcome: 'FLAGGED', notification: 'QUEUED', plans: [
      {...cpp(lancashire), type: 'UCPP', snomed: '818901000000100', subject: 'MOTHER_OF_UNBORN', end: daysAgo(-30)},
    ]},
  },
  {
    number: '9999000045', words: 'A plan that ended',
    says: {outcome: 'FLAGGED', notification: 'QUEUED', plans: [{...cpp(lancashire), state: 'ENDED', start: daysAgo(300), end: daysAgo(30)}]},
  },
  {number: '9999000053', words: 'No plan known; an alert comes after you record an attendance', says: {outcome: 'NOT_FLAGGED'}, alerts: cpp(lancashire)},
  {
    number: '9999000061', words: 'Possibly known elsewhere; the fleet server then finds a plan',
    says: {outcome: 'POSSIBLY_FLAGGED_ELSEWHERE', resolvable: true, advice: ['There may be a plan in another part of England.', cannotSay]},
    then: {outcome: 'FLAGGED', plans: [cpp(halton)], notification: 'QUEUED'},
  },
  {
    number: '9999000088', words: 'Possibly known elsewhere; the fleet server cannot be asked',
    says: {outcome: 'POSSIBLY_FLAGGED_ELSEWHERE', resolvable: true, advice: ['There may be a plan in another part of England.', cannotSay]},
  },
  {
    number: '9999000096', words: 'Cannot say: the list is too old',
    says: {
      outcome: 'CANNOT_SAY', reason: 'STALE', stale: true, age_seconds: 30 * 3600,
      advice: ['The list is too old to say that there is no plan: go where there is coverage to refresh it.', cannotSay],
    },
  },
];
