'use strict';
// The vocabulary as a table.
(function () {
  const u = window.unitscope;
  const { h, byId } = u;
  const PER_PAGE = 100;
  const COLUMNS = [
    ['name', 'Concept', false], ['category', 'Category', false], ['fraction', 'Of all pixels', true], ['pictures', 'Pictures', true],
    ['units', 'Units', true], ['detectors', 'Detectors', true], ['bestIou', 'Best unit', true],
  ];
  let rows = null;
  let state = null;

  function readRows() {
    const c = u.data.run.concepts;
    const made = c.name.map((name, index) => ({
      name, index, category: c.category[index], fraction: c.fraction[index], pictures: c.pictures[index],
      units: 0, detectors: 0, best: u.store.units[c.best[index]] || null, bestIou: c.bestIou[index] || 0,
    }));
    for (const unit of u.store.units) {
      if (unit.concept < 0) continue;
      made[unit.concept].units += 1;
      if (unit.detector) made[unit.concept].detectors += 1;
    }
    return made;
  }

  function fromQuery(query) {
    const sort = query.get('sort');
    const page = Math.floor(Number(query.get('page') || 1));
    return {
      q: query.get('q') || '', category: query.get('category') || '', matched: query.get('matched') === '1',
      sort: COLUMNS.some(([name]) => name === sort) ? sort : 'detectors', up: query.get('up') === '1', page: page >= 1 ? page : 1,
    };
  }

  function address(changes) {
    const s = { ...state, ...changes };
    const query = new URLSearchParams();
    if (s.q) query.set('q', s.q);
    if (s.category) query.set('category', s.category);
    if (s.matched) query.set('matched', '1');
    if (s.sort !== 'detectors') query.set('sort', s.sort);
    if (s.up) query.set('up', '1');
    if (s.page > 1) query.set('page', String(s.page));
    return u.router.build(['concepts'], query);
  }

  function select() {
    const word = state.q.trim().toLowerCase();
    const kept = rows.filter((row) => row.name.toLowerCase().includes(word) &&
      (!state.category || u.marks.name(row.category) === state.category) && (!state.matched || row.detectors > 0));
    const sign = state.up ? 1 : -1;
    const compare = state.sort === 'name' ? (a, b) => a.name.localeCompare(b.name) : (a, b) => a[state.sort] - b[state.sort];
    return kept.sort((a, b) => sign * compare(a, b) || b.units - a.units || a.index - b.index);
  }

  // A header is a link: it can be opened, shared and reached by keyboard like every other view.
  function header([name, text, numeric]) {
    const current = state.sort === name;
    const up = current ? !state.up : name === 'name' || name === 'category';
    const direction = state.up ? 'ascending' : 'descending';
    return h('th', { scope: 'col', class: numeric ? 'number' : null, 'aria-sort': current ? direction : null },
      h('a', { href: address({ sort: name, up, page: 1 }), class: 'sort' }, text, current && h('span', { 'aria-hidden': 'true' }, state.up ? ' \u25b2' : ' \u25bc')));
  }

  function row(concept) {
    const key = `${u.marks.name(concept.category)}:${concept.name}`;
    const link = concept.units > 0
      ? h('a', { href: u.charts.unitsAddress({ concept: key, detectors: concept.detectors > 0 }) }, concept.name) : concept.name;
    const best = concept.best;
    return h('tr', {}, h('th', { scope: 'row' }, link), h('td', {}, u.marks.chip(concept.category)),
      h('td', { class: 'number' }, u.share(concept.fraction)), h('td', { class: 'number' }, u.integer(concept.pictures)),
      h('td', { class: 'number' }, u.integer(concept.units)), h('td', { class: 'number' }, u.integer(concept.detectors)),
      h('td', { class: 'number best' }, best && [h('a', { href: u.router.build(['unit', best.layer.name, best.unit]) }, `${best.layer.name} ${best.unit}`), ` ${u.percent(concept.bestIou)}`]));
  }

  function draw() {
    const found = select();
    const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
    const page = Math.min(state.page, pages);
    const shown = found.slice((page - 1) * PER_PAGE, page * PER_PAGE);
    byId('concepts-count').textContent = `${u.integer(found.length)} of ${u.plural(rows.length, 'concept')}`;
    byId('concepts-table').replaceChildren(h('table', {}, h('caption', { class: 'visually-hidden' }, 'Concepts of the vocabulary'),
      h('thead', {}, h('tr', {}, COLUMNS.map(header))), h('tbody', {}, shown.map(row))));
    u.pager.draw(byId('concepts-pager'), page, pages, (to) => address({ page: to }));
  }

  function changed() {
    const fields = byId('concept-filters').elements;
    Object.assign(state, { q: fields.q.value, category: fields.category.value, matched: fields.matched.checked, page: 1 });
    u.router.replace(address({}));
    draw();
  }

  function start() {
    rows = readRows();
    for (const kind of ['input', 'change']) byId('concept-filters').addEventListener(kind, changed);
    byId('concept-filters').addEventListener('submit', (event) => event.preventDefault());
  }

  function render(route) {
    if (!rows) start();
    state = fromQuery(route.query);
    const fields = byId('concept-filters').elements;
    if (fields.q.value !== state.q) fields.q.value = state.q;
    fields.category.value = state.category;
    fields.matched.checked = state.matched;
    draw();
  }

  u.pages.concepts = { render };
})();
