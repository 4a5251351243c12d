// SPDX-License-Identifier: Apache-2.0
//
// A tablet with the page open in Debian's Chromium. Every state that a test names is kept as a picture, and judged by axe-core.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { eventually } from '../world.mjs';

const pictures = process.env.CPIS_PICTURES ?? new URL('../../../build/pictures', import.meta.url).pathname;
const wcag = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
// Nothing of the browser's own may look for the outside.
const quiet = ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--no-first-run'];

export const sizes = { narrow: { width: 320, height: 640 }, wide: { width: 1280, height: 800 } };

/**
 * @param {{ authority?: string, hosts?: Object<string, string> }} network  a certificate authority in PEM that is installed on the
 *   tablet as an administrator would, and addresses of names that no name server here knows
 */
export async function opensBrowser({ authority, hosts = {} } = {}) {
  const home = mkdtempSync(`${tmpdir()}/cpis-browser-`);
  if (authority) installs(authority, `${home}/.pki/nssdb`);
  const maps = Object.entries(hosts).map(([name, address]) => `MAP ${name} ${address}`);
  const browser = await chromium.launch({ executablePath: process.env.CPIS_CHROMIUM ?? '/usr/bin/chromium',
    args: [...quiet, `--host-resolver-rules=${maps.join(',')}`], env: { ...process.env, HOME: home } });
  browser.on('disconnected', () => rmSync(home, { recursive: true, force: true, maxRetries: 3 }));
  return browser;
}

function installs(authority, directory) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/authority.pem`, authority);
  const database = ['-d', `sql:${directory}`];
  execFileSync('certutil', [...database, '-N', '--empty-password']);
  execFileSync('certutil', [...database, '-A', '-n', 'fleet', '-t', 'C,,', '-i', `${directory}/authority.pem`]);
}

/** As `eventually`, and an assertion. */
async function expectation(holds, what) {
  assert.ok(await eventually(holds, what));
}

export class Tablet {
  /** @param {{ size?: {width: number, height: number}, dark?: boolean, context?: object }} how */
  static async opens(browser, url, how = {}) {
    const tablet = new Tablet();
    tablet.context = await browser.newContext({ viewport: how.size ?? sizes.wide, colorScheme: how.dark ? 'dark' : 'light',
      locale: 'en-GB', timezoneId: 'Europe/London', ...how.context });
    tablet.page = await tablet.context.newPage();
    tablet.page.setDefaultTimeout(10_000 * Number(process.env.CPIS_PATIENCE ?? 1));
    /** What went wrong in the page, and every request it made: a test may look, and `closes` does. */
    tablet.faults = [];
    tablet.requests = [];
    tablet.page.on('pageerror', (fault) => tablet.faults.push(String(fault)));
    tablet.page.on('console', (said) => {
      if (said.type() === 'error' && !said.text().startsWith('Failed to load resource')) tablet.faults.push(said.text());
    });
    tablet.page.on('request', (request) => tablet.requests.push(request));
    tablet.url = url;
    await tablet.page.goto(url);
    return tablet;
  }

  /** Keeps a picture, and fails on any violation of WCAG 2.2 AA. */
  async shows(state) {
    mkdirSync(pictures, { recursive: true });
    await this.page.screenshot({ path: `${pictures}/${state.replaceAll(' ', '-')}.png`, fullPage: true });
    const { violations } = await new AxeBuilder({ page: this.page }).withTags(wcag).analyze();
    const said = violations.map((v) => `${v.id}: ${v.help}\n    ${v.nodes.map((n) => n.html).join('\n    ')}`);
    assert.deepEqual(said, [], `${state}: axe-core finds`);
    const wider = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wider <= 0, `${state}: the page is ${wider} px wider than the screen`);
  }

  /** A hook of edge/http/page/README.md. */
  hook(name) {
    return this.page.locator(`[data-test="${name}"]`);
  }
  /** Waits for that view, with focus on its heading or first field: a screen reader starts there. */
  async isAt(view) {
    await this.page.locator(`main[data-view="${view}"]`).waitFor();
    await expectation(() => this.page.evaluate(() => document.querySelector('main').contains(document.activeElement)), `"${view}" has focus`);
  }
  /** That view is shown now. */
  async isAtOnly(view) {
    assert.equal(await this.page.locator('main').getAttribute('data-view'), view);
  }
  async presses(digits) {
    for (const digit of digits) await this.hook(`key-${digit}`).click();
  }
  async signsIn({ id, pin }) {
    await this.isAt('sign-in');
    await this.hook('staff').fill(id);
    await this.hook('pin').focus();
    await this.presses(pin);
    await this.hook('sign-in').click();
  }
  /** From the number's view to an answer that is not pending. */
  async looksUp(number, { incident } = {}) {
    await this.isAt('number');
    if (incident !== undefined) await this.hook('incident').fill(incident);
    await this.hook('nhs-number').focus();
    await this.presses(number);
    await this.hook('look-up').click();
    return this.answer();
  }
  async answer() {
    await this.page.locator('[data-test="card"]:not([data-outcome="PENDING"])').waitFor();
    return this.hook('card').getAttribute('data-outcome');
  }
  async nextNumber() {
    await this.hook('next').click();
    await this.isAt('number');
  }
  /** All that stands under that hook; waits for the first. */
  async says(name) {
    await this.hook(name).first().waitFor();
    return (await this.hook(name).allInnerTexts()).join(' ').replace(/\s+/g, ' ').trim();
  }
  async closes() {
    await this.context.close();
    assert.deepEqual(this.faults, []);
    const strangers = this.requests.map((r) => new URL(r.url())).filter((u) => u.protocol !== 'data:' && u.origin !== new URL(this.url).origin);
    assert.deepEqual(strangers.map(String), [], 'requests to others');
    const withNumber = this.requests.filter((r) => /999\d{7}/.test(decodeURIComponent(r.url())));
    assert.deepEqual(withNumber.map((r) => r.url()), [], 'numbers in addresses');
  }
}
