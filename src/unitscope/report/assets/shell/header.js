'use strict';
// The menu of questions, and mentions of units that lead to their page where the report of the run is at hand.
(function () {
  const u = window.unitscope;

  function menu() {
    const box = document.querySelector('.site .menu details');
    if (!box) return;
    const close = (event) => {
      if (box.open && !box.contains(event.target)) box.open = false;
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('focusin', close);
    box.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !box.open) return;
      event.stopPropagation();
      box.open = false;
      box.querySelector('summary').focus();
    });
  }

  function mentions() {
    const { home } = document.body.dataset;
    if (!home) return;
    for (const node of document.querySelectorAll('[data-unit]')) {
      const { layer, unit } = node.dataset;
      const address = `${home}#/unit/${encodeURIComponent(layer)}/${unit}`;
      node.replaceChildren(u.h('a', { href: address }, ...node.childNodes));
    }
  }

  u.starts.push(menu, mentions);
})();
