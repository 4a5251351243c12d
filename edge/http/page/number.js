// SPDX-License-Identifier: Apache-2.0
//
// NHS numbers as they are typed: ten digits, grouped 3-3-4, the tenth a Modulus 11 check of the nine before it.

export const LENGTH = 10;

/** The digits of what was typed or pasted. @param {string} text */
export function digitsOf(text) {
  return text.replace(/\D/g, '');
}

/** "9999000118" → "999 900 0118"; as far as it goes. @param {string} digits */
export function grouped(digits) {
  return [digits.slice(0, 3), digits.slice(3, 6), digits.slice(6)].filter((part) => part !== '').join(' ');
}

/** As a screen reader should say it: digit by digit. @param {string} digits */
export function spoken(digits) {
  return [...digits].join(' ');
}

/** NHS Data Dictionary, NHS NUMBER: weights 10 to 2, and a check digit that would be 10 is no digit. @param {string} digits */
export function passesModulus11(digits) {
  if (!/^\d{10}$/.test(digits)) return false;
  const sum = [...digits.slice(0, 9)].reduce((total, digit, at) => total + Number(digit) * (10 - at), 0);
  const check = (11 - (sum % 11)) % 11;
  return check === Number(digits[9]);
}

/**
 * What may be said of a number so far.
 * @param {string} digits
 * @returns {{state: 'empty'|'partial'|'possible'|'impossible'|'too-long', words: string}}
 */
export function verdict(digits) {
  const missing = LENGTH - digits.length;
  if (missing === LENGTH) return {state: 'empty', words: 'An NHS number has 10 digits.'};
  if (missing > 0) return {state: 'partial', words: `${missing} more ${missing === 1 ? 'digit' : 'digits'} to go.`};
  if (missing < 0) return {state: 'too-long', words: `That has ${digits.length} digits. An NHS number has 10.`};
  if (passesModulus11(digits)) return {state: 'possible', words: 'This can be an NHS number.'};
  return {state: 'impossible', words: 'This cannot be an NHS number. Check the digits.'};
}
