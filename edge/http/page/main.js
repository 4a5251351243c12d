// SPDX-License-Identifier: Apache-2.0
//
// Starts the page: the real vehicle, or practice. The two never share anything: which one it is is decided once, by the
// address, and a change of it loads the page anew.
import {el, sentence} from './dom.js';
import {IdleLock} from './idle.js';
import {IdleWarning} from './idle_warning.js';
import {AlertDesk} from './late_alerts.js';
import {Shell} from './shell.js';
import {StatusWatch} from './status.js';
import {durationWords, Elapsed} from './time.js';
import {alertsView} from './views/alerts.js';
import {numberView} from './views/number.js';
import {pairingView} from './views/pairing.js';
import {signInView} from './views/sign_in.js';

const practice = location.hash === '#practice';
addEventListener('hashchange', () => location.reload());
// A page that comes back from the browser's memory may hold what was on it.
addEventListener('pageshow', (event) => event.persisted && location.reload());

const CHECKS_SESSION_SECONDS = 15; // a session that ended elsewhere takes its child's data off the screen this soon

class App {
  session = null;
  #checked = new Elapsed();
  incident = '';
  status = null;
  silent = false;
  #view = null;
  #idle = null;

  constructor(vehicle) {
    this.vehicle = vehicle;
    this.shell = new Shell({practice, signOut: () => this.endSession(''), showAlerts: () => this.show(alertsView)});
    this.warning = new IdleWarning(() => this.#idle?.touch());
    this.alerts = new AlertDesk(this);
    this.watch = new StatusWatch(vehicle, (heard) => this.#heard(heard));
    vehicle.onSignedOut = (why) => this.endSession(`You are signed out. ${sentence(why)}`);
    const touched = (event) => !this.warning.answers(event) && this.#idle?.touch();
    for (const sign of ['pointerdown', 'keydown']) addEventListener(sign, touched, {capture: true});
    document.addEventListener('visibilitychange', () => this.#idle?.tick());
    addEventListener('pagehide', () => this.endSession(''));
  }

  get online() {
    return this.status?.link?.state === 'ONLINE';
  }

  announce(words) {
    this.shell.announce(words);
  }

  /**
   * Shows a view; the former one is gone, with everything it knew.
   * @param {(app: App, given: object) => {name: string, title: string, nodes: Node[], focus?: HTMLElement, stop?: () => void,
   *   heard?: () => void}} make
   */
  show(make, given = {}) {
    this.#view?.stop?.();
    this.shell.main.replaceChildren();
    const view = make(this, given);
    this.#view = view;
    this.shell.main.dataset.view = view.name;
    this.shell.main.replaceChildren(...view.nodes);
    this.retitle(view.title);
    window.scrollTo(0, 0);
    (view.focus ?? this.shell.main.querySelector('h1'))?.focus();
  }

  /** Only for the view that is shown. @param {string} title */
  retitle(title) {
    document.title = `${practice ? 'PRACTICE: ' : ''}${title} – CP-IS`;
  }

  home(given) {
    this.show(this.session ? numberView : signInView, given);
  }

  began(session) {
    this.session = session;
    this.incident = '';
    this.shell.showWho(session.staff);
    this.#idle = practice ? null : new IdleLock(session.idleLimit, {
      warn: (left) => this.warning.show(left),
      calm: () => this.warning.hide(),
      tell: () => this.vehicle.stillHere().catch(() => {}), // a 401 signs out by itself; silence is seen by the watch
      lock: () => this.endSession(`You were signed out after ${durationWords(session.idleLimit)} without a touch.`),
    });
    this.home();
    this.alerts.refresh();
  }

  /** @param {string} why said on the sign-in view; none when they wanted it */
  endSession(why) {
    const wasIn = this.session !== null;
    this.#idle?.stop();
    this.#idle = null;
    this.session = null;
    this.incident = '';
    this.warning.hide();
    this.alerts.forget();
    this.shell.showWho('');
    this.vehicle.signOut();
    if (wasIn) this.show(signInView, {reason: why});
  }

  #heard({status, silent, stranger}) {
    this.silent = silent;
    if (stranger && !['connecting', 'pairing'].includes(this.#view?.name)) {
      this.endSession('');
      this.status = null;
      this.start(); // the vehicle has forgotten this tablet
      return;
    }
    if (status && this.status && status.version !== this.status.version && !this.session) location.reload(); // a new daemon's page
    if (status) this.status = status;
    if (status && this.session && this.#checked.seconds > CHECKS_SESSION_SECONDS) {
      this.#checked = new Elapsed();
      this.vehicle.checkSession().catch(() => {}); // a 401 signs out by itself
    }
    this.shell.showStatus(this.status, silent);
    this.alerts.heard();
    this.#view?.heard?.();
  }

  async start() {
    this.show(() => ({name: 'connecting', title: 'Starting', nodes: [el('h1', {tabindex: -1}, 'Starting')]}));
    this.watch.look();
    for (;;) {
      try {
        const unpaired = await this.vehicle.needsPairing();
        return this.show(unpaired ? pairingView : signInView);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 1000)); // the watch says loudly that nobody answers
      }
    }
  }
}

const module = practice ? import('./practice/vehicle.js') : import('./api.js');
const app = new App(new (await module).Vehicle());
if (practice) app.began(await app.vehicle.signIn());
app.watch.look();
if (!practice) app.start();
