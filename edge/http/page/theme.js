// SPDX-License-Identifier: Apache-2.0
//
// Dark at night: as the tablet says, or as somebody chose on it. Loaded before anything is drawn, so that nothing flashes.
{
  const KEY = 'theme';
  const tablet = matchMedia('(prefers-color-scheme: dark)');
  const theme = document.documentElement.dataset;

  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage is closed to this page: the choice lasts as long as the page
    }
  };
  const store = (choice) => {
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // as above
    }
  };

  let chosen = ['dark', 'light'].includes(stored()) ? stored() : null;
  const apply = () => { theme.theme = chosen ?? (tablet.matches ? 'dark' : 'light'); };
  apply();
  tablet.addEventListener('change', apply);

  window.cpisTheme = {
    isDark: () => theme.theme === 'dark',
    toggle() {
      chosen = theme.theme === 'dark' ? 'light' : 'dark';
      store(chosen);
      apply();
    },
    onChange: (heard) => tablet.addEventListener('change', heard),
  };
}
