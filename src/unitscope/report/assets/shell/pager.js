'use strict';
// Long lists come in pages, so that the document stays small however many units there are.
(function () {
  const u = window.unitscope;
  const { h } = u;

  // First, last and the neighbours of the current page; null stands for a gap.
  function numbers(page, pages) {
    const wanted = [1, page - 1, page, page + 1, pages].filter((n) => n >= 1 && n <= pages);
    const kept = [...new Set(wanted)].sort((a, b) => a - b);
    return kept.flatMap((n, at) => (at > 0 && n - kept[at - 1] > 1 ? [null, n] : [n]));
  }

  function link(address, page, current) {
    return h('a', { href: address(page), 'aria-current': page === current ? 'page' : null, 'aria-label': `Page ${page}` }, page);
  }

  function draw(nav, page, pages, address) {
    nav.hidden = pages < 2;
    if (pages < 2) return void nav.replaceChildren();
    const step = (to, text, rel) =>
      to < 1 || to > pages ? h('span', { class: 'off', 'aria-hidden': 'true' }, text) : h('a', { href: address(to), rel }, text);
    nav.replaceChildren(
      step(page - 1, 'Previous', 'prev'),
      ...numbers(page, pages).map((n) => (n === null ? h('span', { class: 'gap' }, '\u2026') : link(address, n, page))),
      step(page + 1, 'Next', 'next'));
  }

  u.pager = { draw };
})();
