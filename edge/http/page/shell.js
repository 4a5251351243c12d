// SPDX-License-Identifier: Apache-2.0
//
// What is around every view: who is signed in, the vehicle's status, alerts, and what must be said loudly.
import {button, el, icon} from './dom.js';
import {statusWords} from './status.js';

const SILENT = 'The vehicle\'s computer does not answer. Nothing on this page counts until it does. Phone the emergency duty team.';

function themeButton() {
  const theme = window.cpisTheme;
  const dark = el('button', {type: 'button', class: 'plain-button', test: 'theme'}, 'Dark');
  const show = () => dark.setAttribute('aria-pressed', String(theme.isDark()));
  dark.addEventListener('click', () => {
    theme.toggle();
    show();
  });
  theme.onChange(show);
  show();
  return dark;
}

export class Shell {
  #items = {};

  /** @param {{practice: boolean, signOut: () => void, showAlerts: () => void}} options */
  constructor({practice, signOut, showAlerts}) {
    this.practice = practice;
    this.main = el('main', {id: 'view', class: 'view nhsuk-width-container'});
    this.announcer = el('div', {class: 'nhsuk-u-visually-hidden', 'aria-live': 'polite'});
    this.silent = el('div', {class: 'loud', role: 'alert', test: 'daemon-silent', hidden: true});
    this.banner = el('section', {class: 'banner', 'aria-label': 'Late alerts', test: 'alert-banner', hidden: true});
    this.bannerWords = el('p', {class: 'banner__words', role: 'status'});
    this.bannerButton = button('Read alerts', {kind: 'banner__button', test: 'show-alerts', on: {click: showAlerts}});
    this.banner.append(el('span', {class: 'banner__icon'}, icon('alert')), this.bannerWords, this.bannerButton);
    this.who = el('span', {class: 'head__who', test: 'who'});
    this.signOut = el('button', {type: 'button', class: 'plain-button', test: 'sign-out', hidden: true, on: {click: signOut}}, 'Sign out');
    if (practice) document.documentElement.dataset.practice = 'true';
    document.body.append(
      this.#head(), this.#practiceBanner(), this.silent, this.main, this.banner, this.announcer,
    );
  }

  #head() {
    return el(
      'header', {class: 'head'},
      el(
        'div', {class: 'head__row'},
        el('span', {class: 'head__name'}, el('span', {class: 'head__logo'}, 'NHS'), el('span', {class: 'head__title'}, 'Child protection', el('span', {class: 'head__rest'}, ' information'))),
        el('span', {class: 'head__acts'}, this.who, themeButton(), this.signOut),
      ),
      el(
        'section', {class: 'strip', 'aria-label': 'Vehicle', test: 'status'},
        ['link', 'waiting', 'age', 'alerts'].map((name) => this.#item(name)),
      ),
    );
  }

  #item(name) {
    const words = el('span', {class: 'strip__words'});
    const picture = el('span', {class: 'strip__icon'});
    const item = el('span', {class: 'strip__item', test: `status-${name}`}, picture, words);
    this.#items[name] = {item, words, picture, icon: ''};
    return item;
  }

  #practiceBanner() {
    if (!this.practice) return '';
    return el(
      'section', {class: 'practice-banner', 'aria-label': 'Practice', test: 'practice-banner'},
      el('p', {class: 'practice-banner__words'}, el('strong', {}, 'Practice.'), ' Made-up children: nothing is sent or kept.'),
      button('Leave practice', {kind: 'nhsuk-button--secondary', test: 'leave-practice', on: {click: () => { location.hash = ''; }}}),
    );
  }

  #show(name, {words, icon: wanted, worry = false}, data) {
    const item = this.#items[name];
    item.words.textContent = words;
    if (item.icon !== wanted) item.picture.replaceChildren(icon(wanted));
    item.icon = wanted;
    item.item.classList.toggle('strip__item--worry', worry);
    Object.assign(item.item.dataset, data);
  }

  /** @param {object|null} status @param {boolean} silent */
  showStatus(status, silent) {
    const words = statusWords(silent ? null : status);
    this.#show('link', {...words.link, worry: words.link.state !== 'ONLINE'}, {state: words.link.state});
    this.#show('age', {...words.age, icon: 'list'}, {freshness: words.age.freshness});
    this.#show('waiting', {...words.waiting, icon: 'waiting', worry: words.waiting.count > 0}, {count: words.waiting.count});
    this.#show('alerts', {...words.alerts, icon: 'alert', worry: words.alerts.count > 0}, {count: words.alerts.count});
    if (this.silent.hidden === !silent) return;
    this.silent.hidden = !silent;
    this.silent.replaceChildren(...(silent ? [icon('cannot-say'), el('p', {}, SILENT)] : []));
  }

  /** @param {string} words none: no banner @param {boolean} readable whether somebody may read them now */
  showBanner(words, readable) {
    this.banner.hidden = !words;
    if (this.bannerWords.textContent !== words) this.bannerWords.textContent = words;
    this.bannerButton.hidden = !readable;
  }

  /** @param {string} staff empty for nobody */
  showWho(staff) {
    this.who.textContent = staff;
    this.signOut.hidden = !staff || this.practice;
  }

  /** Said by screen readers when they have finished what they say. @param {string} words */
  announce(words) {
    this.announcer.textContent = '';
    requestAnimationFrame(() => { this.announcer.textContent = words; });
  }
}
