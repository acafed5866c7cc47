'use strict';
// The vocabulary as a table.
(function () {
  const u = window.unitscope;
  const { h, byId } = u;
  const PER_PAGE = 100;
  const number = (key, text, cell) => ({ key, text, number: true, sort: (row) => row[key], cell });
  const COLUMNS = [
    { key: 'name', text: 'Concept', sort: (row) => row.name, cell: name },
    { key: 'category', text: 'Category', sort: (row) => row.category, cell: (row) => u.marks.chip(row.category) },
    number('fraction', 'Of all pixels', (row) => u.share(row.fraction)), number('pictures', 'Pictures', (row) => u.integer(row.pictures)),
    number('units', 'Units', (row) => u.integer(row.units)), number('detectors', 'Detectors', (row) => u.integer(row.detectors)),
    number('bestIou', 'Best unit', best),
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
      sort: COLUMNS.some(({ key }) => key === sort) ? sort : 'detectors', up: query.get('up') === '1', page: page >= 1 ? page : 1,
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
    const stable = kept.sort((a, b) => b.units - a.units || a.index - b.index);
    return u.table.sorted(stable, COLUMNS, { key: state.sort, up: state.up });
  }

  // A header is a link: it can be opened, shared and reached by keyboard like every other view.
  const choose = (sort, up, content) => h('a', { href: address({ sort, up, page: 1 }), class: 'sort' }, content);

  function name(concept) {
    const key = `${u.marks.name(concept.category)}:${concept.name}`;
    return concept.units > 0 ? h('a', { href: u.unitsAddress({ concept: key, detectors: concept.detectors > 0 }) }, concept.name) : concept.name;
  }

  function best({ best: unit, bestIou }) {
    return unit && [h('a', { href: u.router.build(['unit', unit.layer.name, unit.unit]) }, `${unit.layer.name} ${unit.unit}`), ` ${u.percent(bestIou)}`];
  }

  function draw() {
    const found = select();
    const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
    const page = Math.min(state.page, pages);
    const shown = found.slice((page - 1) * PER_PAGE, page * PER_PAGE);
    byId('concepts-count').textContent = `${u.integer(found.length)} of ${u.plural(rows.length, 'concept')}`;
    u.table.draw(byId('concepts-table'), COLUMNS, shown, { order: { key: state.sort, up: state.up }, choose, all: found });
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
