'use strict';
// The unit browser: filters in the address, cards in pages.
(function () {
  const u = window.unitscope;
  const { h, byId } = u;
  const PER_PAGE = 60;
  const CHECKS = ['detectors', 'calibrated', 'stable', 'noted'];
  const COLUMNS = [
    ['layer', (unit) => unit.layer.name], ['unit', (unit) => unit.unit], ['label', (unit) => unit.name], ['category', (unit) => unit.categoryName],
    ['IoU', (unit) => unit.iou], ['IoU low', (unit) => unit.low], ['IoU high', (unit) => unit.high], ['held-out IoU', (unit) => unit.heldout],
    ['lift', (unit) => unit.lift], ['q value', (unit) => unit.q], ['stable', (unit) => Number(unit.stable)], ['detector', (unit) => Number(unit.detector)],
    ['stands out', (unit) => unit.calibrated], ['precision', (unit) => unit.precision], ['recall', (unit) => unit.recall], ['threshold', (unit) => unit.threshold],
  ].map(([text, value]) => ({ text, value }));
  let started = false;
  let filters = null;
  let waiting = 0;

  const form = () => byId('filters');
  const highest = () => Math.max(0.05, Math.ceil(20 * Math.max(0, ...u.store.units.map((unit) => Math.max(unit.iou, unit.high || 0)))) / 20);

  function statusText(unit) {
    if (unit.status === 'dead') return 'never on: no label';
    if (unit.status === 'constant') return 'constant: no label';
    if (unit.status === 'tied') return 'tied: no label';
    return 'no label';
  }

  // The IoU as a dot on its 95 % interval, on one scale for all cards; the tick is the cut.
  function intervalBar(unit) {
    const most = u.units.scale || (u.units.scale = highest());
    const at = (value) => `${Math.min(100, (100 * value) / most).toFixed(1)}%`;
    const low = unit.low === null ? unit.iou : unit.low;
    const high = unit.high === null ? unit.iou : unit.high;
    return h('span', { class: 'interval', 'aria-hidden': 'true' },
      h('i', { class: 'cut', style: { left: at(u.data.run.minIou) } }),
      h('i', { class: 'range', style: { left: at(low), width: `calc(${at(high)} - ${at(low)})`, background: u.marks.color(unit.category) } }),
      h('i', { class: 'dot', style: { left: at(unit.iou), background: u.marks.color(unit.category) } }));
  }

  // The ends of the scale that all cards share.
  const axis = () => h('span', { class: 'interval-axis', 'aria-hidden': 'true' }, h('span', {}, '0'), h('span', {}, 'IoU'), h('span', {}, u.percent(u.units.scale, 0)));

  function strip(unit) {
    const [width, height, count] = unit.strip;
    if (!count) return h('span', { class: 'no-strip' }, 'no exemplars');
    const label = unit.name ? `; best concept ${unit.name}` : '';
    const alt = `Unit ${unit.unit} of ${unit.layer.name}: the ${count} pictures of highest activation, outlined where it is on${label}`;
    const node = h('div', { class: 'strip', role: 'img', 'aria-label': alt, style: { 'aspect-ratio': `${width} / ${height}` } });
    filling.set(node, unit);
    watcher.observe(node);
    return node;
  }

  // The pictures of a card are drawn when it comes into view, so that any number of units opens at once.
  const filling = new WeakMap();
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      fillStrip(target, filling.get(target));
    }
  }, { rootMargin: '300px' });

  async function fillStrip(node, unit) {
    const { exemplars } = await u.details.of(unit).catch(() => ({ exemplars: [] }));
    node.replaceChildren(...exemplars.map((exemplar) => {
      const frame = u.exemplars.frame(exemplar, '');
      frame.style.setProperty('flex', `${exemplar.size[1] / Math.max(...exemplar.size)} 1 0`);
      return frame;
    }));
  }

  function unitAddress(unit) {
    const query = filters ? u.store.toQuery(filters) : null;
    return u.router.build(['unit', unit.layer.name, unit.unit], query);
  }

  function label(unit) {
    if (unit.concept < 0) return h('span', { class: 'card-label none' }, statusText(unit));
    return h('span', { class: 'card-label' }, h('b', {}, unit.name), u.marks.chip(unit.category));
  }

  function score(unit) {
    if (unit.concept < 0) return null;
    const range = unit.low === null ? null : h('small', { title: '95\u202f% interval' }, u.range(unit.low, unit.high));
    return h('span', { class: 'card-score' },
      h('span', {}, h('span', { class: 'card-iou' }, `IoU ${u.percent(unit.iou)}`), ' ', range),
      intervalBar(unit), axis(),
      h('small', {}, trust(unit)));
  }

  // What speaks for the label besides its IoU.
  function trust(unit) {
    const parts = [`held out ${u.percent(unit.heldout)}`];
    if (unit.lift !== null) parts.push(`lift ${u.significant(unit.lift)}`);
    if (!unit.stable) parts.push('label not stable');
    else if (unit.calibrated === 1) parts.push('stands out');
    return parts.join(', ');
  }

  function card(unit) {
    const faint = unit.detector ? 'card' : 'card faint';
    return h('li', { class: faint },
      h('a', { href: unitAddress(unit), 'data-key': `${unit.layer.name}/${unit.unit}` },
        strip(unit),
        h('span', { class: 'card-text' },
          h('span', { class: 'card-name' }, h('span', { class: 'layer' }, unit.layer.name), h('span', { class: 'nr' }, `unit ${unit.unit}`)),
          label(unit), score(unit), u.notes.of(unit) && h('span', { class: 'card-note' }, u.shorten(u.notes.of(unit), 90)))));
  }

  function countText(found, pages) {
    const total = u.store.units.length;
    const detectors = found.filter((unit) => unit.detector).length;
    const known = u.store.units.some((unit) => unit.calibrated !== null);
    const out = known ? `, ${u.integer(found.filter((unit) => unit.calibrated === 1).length)} that stand out` : '';
    const page = pages > 1 ? `; page ${filters.page} of ${pages}` : '';
    return `${u.integer(found.length)} of ${u.plural(total, 'unit')}, ${u.plural(detectors, 'detector')}${out}${page}`;
  }

  function draw() {
    const found = u.store.select(filters);
    const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
    filters.page = Math.min(filters.page, pages);
    const shown = found.slice((filters.page - 1) * PER_PAGE, filters.page * PER_PAGE);
    byId('units-count').textContent = countText(found, pages);
    byId('units-tools').replaceChildren(u.files.forTable('Units', () => u.files.ofColumns(COLUMNS, found)));
    byId('units-notes').replaceChildren(...u.notes.tools(draw));
    byId('cards').replaceChildren(...shown.map(card));
    byId('cards').start = (filters.page - 1) * PER_PAGE + 1;
    if (!found.length) byId('cards').replaceChildren(h('li', { class: 'empty' }, 'No unit fits these filters. Clear one of them.'));
    u.pager.draw(byId('units-pager'), filters.page, pages, (page) => u.router.build(['units'], u.store.toQuery({ ...filters, page })));
  }

  function showForm() {
    const fields = form().elements;
    for (const name of ['q', 'layer', 'category', 'concept', 'sort']) if (fields[name].value !== filters[name]) fields[name].value = filters[name];
    fields.min.value = filters.min;
    for (const name of CHECKS) if (fields[name]) fields[name].checked = filters[name];
    fields.minText.value = u.percent(filters.min);
    fields.min.setAttribute('aria-valuetext', u.percent(filters.min));
  }

  function readForm() {
    const fields = form().elements;
    const read = { page: 1, min: Number(fields.min.value) };
    for (const name of CHECKS) read[name] = !!fields[name] && fields[name].checked;
    for (const name of ['q', 'layer', 'category', 'concept', 'sort']) read[name] = fields[name].value;
    return read;
  }

  // At most once a frame, however fast the slider is moved.
  function changed() {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      filters = readForm();
      u.router.replace(u.router.build(['units'], u.store.toQuery(filters)));
      showForm();
      draw();
    });
  }

  // Arrow keys go from card to card.
  function moveFocus(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    const links = [...byId('cards').querySelectorAll('a')];
    const next = links[links.indexOf(event.target.closest('a')) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  function start() {
    started = true;
    form().elements.min.max = String(highest());
    // Some browsers send only one of the two for a list.
    for (const kind of ['input', 'change']) form().addEventListener(kind, changed);
    form().addEventListener('reset', () => setTimeout(changed));
    form().addEventListener('submit', (event) => event.preventDefault());
    byId('cards').addEventListener('keydown', moveFocus);
    if (window.matchMedia('(max-width: 640px)').matches) byId('filters-box').open = false;
  }

  function render(route) {
    if (!started) start();
    filters = u.store.fromQuery(route.query);
    showForm();
    draw();
  }

  // Paper has no scrolling: what is not drawn yet is drawn before printing.
  window.addEventListener('beforeprint', () => document.querySelectorAll('.page:not([hidden]) .strip:empty').forEach((node) => fillStrip(node, filling.get(node))));

  u.units = { card, scale: 0 };
  u.pages.units = { render };
})();
