'use strict';
// The address after # says which page is shown and how it is filtered, so that every view can be linked.
(function () {
  const u = window.unitscope;
  const scrolls = new Map();
  let current = null;

  function decode(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }

  function parse(hash) {
    const [path, query = ''] = splitOnce(hash.replace(/^#\/?/, ''), '?');
    const parts = path.split('/').filter(Boolean).map(decode);
    return { page: parts[0] || 'overview', parts: parts.slice(1), query: new URLSearchParams(query) };
  }

  function splitOnce(text, mark) {
    const at = text.indexOf(mark);
    return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
  }

  function build(parts, query) {
    const path = '#/' + parts.map((part) => encodeURIComponent(part)).join('/');
    const text = query ? query.toString() : '';
    return text ? `${path}?${text}` : path;
  }

  // Replace the address without a step in the history: for typing and sliding.
  function replace(hash) {
    if (hash === location.hash) return;
    current = hash;
    try {
      history.replaceState(null, '', hash);
    } catch {
      location.replace(hash);
    }
  }

  function showSection(name) {
    for (const section of document.querySelectorAll('.page')) section.hidden = section.id !== `page-${name}`;
    const listed = name === 'unit' ? 'units' : name;
    for (const link of document.querySelectorAll('nav [data-page]')) {
      if (link.dataset.page === listed) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  }

  function focusTitle(name) {
    const title = u.byId(`title-${name}`);
    if (title) title.focus({ preventScroll: true });
    const heading = title ? title.textContent : name;
    document.title = `${heading} \u00b7 ${document.body.dataset.model} \u00b7 Unitscope`;
  }

  // An address of a page that is not there leads to the first one, which says so until another is asked for.
  let unknown = '';
  function sayUnknown(page) {
    const before = u.byId('no-page');
    if (before && !unknown) before.remove();
    if (page) u.byId('main').prepend(u.h('p', { class: 'notice', id: 'no-page', role: 'status' }, `This report has no page “${page}”; this is its first one.`));
    unknown = page;
  }

  function show(first) {
    const before = current;
    const place = window.scrollY;
    current = location.hash;
    const route = parse(location.hash);
    sayUnknown(u.byId(`page-${route.page}`) ? '' : route.page);
    if (!u.byId(`page-${route.page}`)) return void location.replace('#/');
    if (before !== null) scrolls.set(before, place);
    showSection(route.page);
    const page = u.pages[route.page];
    if (page) page.render(route);
    u.charts.page(u.byId(`page-${route.page}`));
    if (first) return void focusTitleQuietly(route.page);
    focusTitle(route.page);
    restore(before);
  }

  // On the first load the focus stays where the browser put it.
  function focusTitleQuietly(name) {
    const title = u.byId(`title-${name}`);
    if (title) document.title = `${title.textContent} \u00b7 ${document.body.dataset.model} \u00b7 Unitscope`;
  }

  // Coming back to a list: to the place it was left at, and to the card that was opened.
  function restore(before) {
    const card = before === null ? null : document.querySelector(`.page:not([hidden]) a[data-key="${CSS.escape(keyOf(before))}"]`);
    window.scrollTo(0, scrolls.get(current) || 0);
    if (!card) return;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: 'nearest' }); // cards above may turn out higher or lower than they were taken for
  }

  const keyOf = (hash) => parse(hash).parts.join('/');

  function start() {
    if ('scrollRestoration' in history) history.scrollRestoration = 'manual';
    window.addEventListener('hashchange', () => {
      if (location.hash === '#main') return;
      if (location.hash !== current) show(false);
    });
    u.byId('skip').addEventListener('click', (event) => {
      event.preventDefault();
      u.byId('main').focus();
    });
    show(true);
  }

  u.router = { parse, build, replace, start };
})();
