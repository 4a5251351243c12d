// SPDX-License-Identifier: Apache-2.0
//
// The three ways of getting no answer.

/** The daemon answered, and it was no. */
export class Refused extends Error {
  /** @param {number} status @param {string} code @param {string} message what it said */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The daemon did not answer, not in time, or not in JSON. */
export class Silent extends Error {}

/** The caller does not wait for the answer any more. */
export class Dropped extends Error {}
