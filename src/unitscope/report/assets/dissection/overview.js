'use strict';
// The first page: detectors by layer and by concept, the clearest ones first.
(function () {
  const u = window.unitscope;
  const { h, byId } = u;
  const SHOWN = 8;
  const DRAWN = 150;
  let started = false;

  const select = () => byId('overview-layer');

  const unitsAddress = (filters) => u.router.build(['units'], u.store.toQuery({ ...u.store.DEFAULTS, ...filters }));

  function legend(node, lines) {
    node.replaceChildren(...lines.map(([category, text]) =>
      h('a', { href: unitsAddress({ category: u.marks.name(category), detectors: true }), class: 'legend-item' }, u.marks.icon(category), text)));
  }

  // Detectors counted by concept: by category in order, within it the most frequent first.
  function countConcepts(layer) {
    const counts = new Map();
    for (const unit of u.store.units) {
      if (!unit.detector || (layer && unit.layer.name !== layer)) continue;
      const found = counts.get(unit.concept);
      if (found) found.count += 1;
      else counts.set(unit.concept, { unit, count: 1 });
    }
    return [...counts.values()].sort((a, b) =>
      a.unit.category - b.unit.category || b.count - a.count || a.unit.name.localeCompare(b.unit.name));
  }

  function conceptRow({ unit, count }, layer) {
    const href = unitsAddress({ concept: u.store.conceptKey(unit), layer: layer || '', detectors: true });
    return { name: `${unit.categoryName}\u2063${unit.name}`, series: unit.categoryName, count, order: unit.category, href };
  }

  // One chart, or several of the same scale below each other, so that names stay readable.
  function drawConcepts() {
    const node = byId('chart-concepts');
    const layer = select().value;
    const counted = countConcepts(layer);
    const drawn = new Set([...counted].sort((a, b) => b.count - a.count).slice(0, DRAWN));
    const entries = counted.filter((entry) => drawn.has(entry));
    byId('concepts-left').textContent = entries.length < counted.length ? `Drawn are the ${DRAWN} of most units; ${u.integer(counted.length - entries.length)} others are in the table of concepts.` : '';
    const groups = Map.groupBy ? Map.groupBy(counted, ({ unit }) => unit.category) : new Map();
    legend(byId('legend-concepts'), [...groups].map(([category, mine]) =>
      [category, `${mine.length} ${u.marks.name(category)} (${u.plural(mine.reduce((total, { count }) => total + count, 0), 'unit')})`]));
    if (entries.length === 0) return void node.replaceChildren(h('p', { class: 'empty' }, 'No detectors here.'));
    const width = Math.max(280, node.clientWidth);
    const charts = Math.ceil(entries.length / Math.floor((width - 70) / 17));
    const each = Math.ceil(entries.length / charts);
    const most = Math.max(...entries.map((entry) => entry.count));
    const nodes = Array.from({ length: charts }, () => h('div', { class: 'chart', 'data-label': 'Detectors by concept' }));
    node.replaceChildren(...nodes);
    nodes.forEach((chart, at) => {
      const rows = entries.slice(at * each, (at + 1) * each).map((entry) => conceptRow(entry, layer));
      u.charts.draw(chart, 'concepts', { data: { rows }, params: { most }, plain: true, width: rows.length * 34 < width - 70 ? rows.length * 34 : 'container' });
    });
  }

  function layersTable() {
    const { layers, categories } = u.data.run;
    const count = (category, at) => ({ text: `${category.name}: units (concepts)`, number: true, cell: (layer) => `${layer.detectors[at]} (${layer.concepts[at]})` });
    u.table.draw(byId('layers-table'), [
      { text: 'Layer', cell: (layer) => layer.name }, { text: 'Grid', cell: (layer) => layer.grid.join(' \u00d7 ') }, ...categories.map(count),
    ], layers);
  }

  // Stable labels by the low end of their intervals: the best unit of every category first, then of further concepts.
  function clearest() {
    const ranked = u.store.select({ ...u.store.DEFAULTS, detectors: true, stable: true, sort: 'low' });
    const first = (key) => {
      const seen = new Set();
      return ranked.filter((unit) => !seen.has(unit[key]) && seen.add(unit[key]));
    };
    return [...new Set([...first('category'), ...first('concept')])].slice(0, SHOWN);
  }

  function bestCards() {
    const found = clearest();
    byId('best').hidden = found.length === 0;
    byId('best-cards').replaceChildren(...found.map((unit) => u.units.card(unit)));
  }

  function chooseLayer() {
    const query = new URLSearchParams(select().value ? { layer: select().value } : {});
    u.router.replace(u.router.build([], query));
    drawConcepts();
  }

  function start() {
    started = true;
    legend(byId('legend-layers'), u.data.run.categories.map((category, index) => [index, category.name]));
    for (const node of document.querySelectorAll('.tile-name')) {
      const index = u.data.run.categories.findIndex((category) => category.name === node.dataset.category);
      if (index >= 0) node.prepend(u.marks.icon(index));
    }
    layersTable();
    bestCards();
    select().addEventListener('change', chooseLayer);
  }

  function render(route) {
    if (!started) start();
    const layer = route.query.get('layer') || '';
    select().value = [...select().options].some((option) => option.value === layer) ? layer : '';
    drawConcepts();
  }

  u.unitsAddress = unitsAddress;
  u.pages.overview = { render };
})();
