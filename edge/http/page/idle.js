// SPDX-License-Identifier: Apache-2.0
//
// Signs out whoever is gone. A touch or a key is a sign of life; a minute before the end there is a warning.
import {Elapsed} from './time.js';

const WARNS_SECONDS = 60;
const TELLS_SECONDS = 60; // the daemon hears of a sign of life at most this often

export class IdleLock {
  #touched = new Elapsed();
  #told = new Elapsed();
  #timer;
  #warned = false;

  /**
   * @param {number} limit seconds
   * @param {{warn: (left: number) => void, calm: () => void, tell: () => void, lock: () => void}} acts
   */
  constructor(limit, acts) {
    this.limit = limit;
    this.acts = acts;
    this.#timer = setInterval(() => this.tick(), 1000);
  }

  get warnsAt() {
    return Math.max(this.limit - WARNS_SECONDS, this.limit / 2);
  }

  tick() {
    const idle = this.#touched.seconds;
    if (idle >= this.limit) {
      this.stop();
      this.acts.lock();
    } else if (idle >= this.warnsAt) {
      this.#warned = true;
      this.acts.warn(this.limit - idle);
    }
  }

  /** A touch or a key. */
  touch() {
    if (this.#touched.seconds >= this.limit) return this.tick(); // it came too late: the tablet slept
    this.#touched = new Elapsed();
    if (this.#warned || this.#told.seconds >= Math.min(TELLS_SECONDS, this.limit / 4)) {
      this.#told = new Elapsed();
      this.acts.tell();
    }
    if (this.#warned) this.acts.calm();
    this.#warned = false;
  }

  stop() {
    clearInterval(this.#timer);
  }
}
