// SPDX-License-Identifier: Apache-2.0
//
// A fleet server, a vehicle and a radio link as real processes, for tests in JavaScript: `e2e_world` keeps them, and obeys.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const bin = process.env.CPIS_BIN_DIR ?? new URL('../../build/release/bin', import.meta.url).pathname;

export class World {
  #process;
  #lines;

  /** @param {string[]} options of cpis-edged. Resolves when the vehicle has its region; see world_main.cc. */
  static async begins(...options) {
    const world = new World();
    world.#process = spawn(`${bin}/e2e_world`, options, { stdio: ['pipe', 'pipe', 'inherit'] });
    world.#lines = createInterface({ input: world.#process.stdout })[Symbol.asyncIterator]();
    const stands = await world.#hears();
    Object.assign(world, stands);
    return world;
  }

  /** Where the vehicle serves HTTP. */
  get base() {
    return `http://${this.vehicle.http}`;
  }

  async does(verb, ...words) {
    this.#process.stdin.write(`${JSON.stringify([verb, ...words])}\n`);
    const heard = await this.#hears();
    if (heard.error) throw new Error(`${verb}: ${heard.error}`);
    return heard;
  }
  losesLink() {
    return this.does('loses-link');
  }
  findsLink() {
    return this.does('finds-link');
  }
  /** An authority says today that this person is on a plan. */
  protects(number) {
    return this.does('protects', number);
  }
  kills() {
    return this.does('kills');
  }
  async starts(...options) {
    this.vehicle = await this.does('starts', ...options);
  }
  /** cpisctl fleet …, or cpisctl node …: { exit, out, err }. */
  fleet(...words) {
    return this.does('fleet', ...words);
  }
  node(...words) {
    return this.does('node', ...words);
  }

  /** A session of that person, for calls beside the page. */
  async signsIn({ id, pin }) {
    const answer = await fetch(`${this.base}/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ staff: id, pin }),
    });
    if (!answer.ok) throw new Error(`sign-in: ${answer.status} ${await answer.text()}`);
    return (await answer.json()).token;
  }

  async ends() {
    const over = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin.end();
    await over;
  }

  async #hears() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the world ended');
    return JSON.parse(value);
  }
}

/** Tries until it holds, for ten seconds at most; gives what it gave. */
export async function eventually(holds, what = holds.toString()) {
  const until = Date.now() + 10_000 * Number(process.env.CPIS_PATIENCE ?? 1);
  for (;;) {
    const now = await holds();
    if (now) return now;
    if (Date.now() > until) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
