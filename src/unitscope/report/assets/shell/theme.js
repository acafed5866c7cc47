'use strict';
// Light or dark: as the system says, until the reader chooses. Loaded early, so that nothing flashes.
(function () {
  const KEY = 'unitscope-theme';
  const system = window.matchMedia('(prefers-color-scheme: dark)');

  function stored() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  }

  function store(value) {
    try {
      localStorage.setItem(KEY, value);
    } catch {
      // Without storage the choice holds until the page is closed.
    }
  }

  const isDark = () => (document.documentElement.dataset.theme || (system.matches ? 'dark' : 'light')) === 'dark';

  function show() {
    const button = document.getElementById('theme');
    if (button) button.setAttribute('aria-pressed', String(isDark()));
  }

  function toggle() {
    const next = isDark() ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    store(next);
    show();
  }

  const choice = stored();
  if (choice === 'light' || choice === 'dark') document.documentElement.dataset.theme = choice;
  system.addEventListener('change', show);
  document.addEventListener('DOMContentLoaded', () => {
    document.getElementById('theme').addEventListener('click', toggle);
    show();
  });
  window.unitscope.theme = { isDark };
})();
