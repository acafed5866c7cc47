'use strict';
// The first page: the two charts of the paper, from the tables.
(function () {
  const u = window.unitscope;
  const { h, byId } = u;
  const SHOWN = 8;
  let started = false;

  const select = () => byId('overview-layer');

  function drawLayers() {
    u.charts.detectorsByLayer(byId('chart-detectors'));
    u.charts.distinctByLayer(byId('chart-distinct'));
  }

  const drawConcepts = () => u.charts.detectorsByConcept(byId('chart-concepts'), select().value);

  function layersTable() {
    const { layers, categories } = u.data.run;
    const head = h('tr', {}, h('th', { scope: 'col' }, 'Layer'), h('th', { scope: 'col' }, 'Grid'),
      categories.map((category) => h('th', { scope: 'col', class: 'number' }, `${category.name}: units (concepts)`)));
    const rows = layers.map((layer) => h('tr', {}, h('th', { scope: 'row' }, layer.name),
      h('td', {}, layer.grid.join(' \u00d7 ')),
      layer.detectors.map((count, category) => h('td', { class: 'number' }, `${count} (${layer.concepts[category]})`))));
    byId('layers-table').replaceChildren(h('table', {}, h('caption', { class: 'visually-hidden' }, 'Detectors by layer'),
      h('thead', {}, head), h('tbody', {}, rows)));
  }

  // The best unit of every category first, then of further concepts: a variety, not eight times the sky.
  function clearest() {
    const ranked = u.store.select({ ...u.store.DEFAULTS, detectors: true });
    const first = (key) => ranked.filter((unit, at) => ranked.findIndex((other) => other[key] === unit[key]) === at);
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
    u.charts.legend(byId('legend-layers'), u.data.run.categories.map((category, index) => [index, category.name]));
    for (const node of document.querySelectorAll('.tile-name')) {
      const index = u.data.run.categories.findIndex((category) => category.name === node.dataset.category);
      if (index >= 0) node.prepend(u.marks.icon(index));
    }
    layersTable();
    bestCards();
    select().addEventListener('change', chooseLayer);
    u.onResize(byId('chart-detectors'), drawLayers);
    u.onResize(byId('chart-concepts'), drawConcepts);
  }

  function render(route) {
    if (!started) start();
    const layer = route.query.get('layer') || '';
    select().value = [...select().options].some((option) => option.value === layer) ? layer : '';
    drawLayers();
    drawConcepts();
  }

  u.pages.overview = { render };
})();
