'use strict';
// The units as objects, and which of them a set of filters keeps, in which order.
(function () {
  const u = window.unitscope;
  const DEFAULTS = { q: '', layer: '', category: '', concept: '', min: 0, detectors: false, calibrated: false, stable: false, noted: false, sort: 'iou', page: 1 };

  function readUnits() {
    const c = u.data.units;
    const { layers, concepts, categories } = u.data.run;
    return c.unit.map((unit, index) => {
      const concept = c.concept[index];
      const category = concept < 0 ? -1 : concepts.category[concept];
      const layer = layers[c.layer[index]];
      const name = concept < 0 ? '' : concepts.name[concept];
      const categoryName = category < 0 ? '' : categories[category].name;
      return {
        index, unit, layer, layerIndex: c.layer[index], concept, category, name, categoryName,
        status: c.status[index], iou: c.iou[index] || 0, low: c.low[index], high: c.high[index],
        heldout: c.heldout[index], chance: c.chance[index], chance95: c.chance95[index], p: c.p[index], q: c.q[index], lift: c.lift[index] === 'infinite' ? Infinity : c.lift[index], stable: !!c.stable[index], detector: !!c.detector[index], calibrated: c.calibrated[index],
        precision: c.precision[index], recall: c.recall[index], average: c.average[index], auroc: c.auroc[index], second: c.second[index], meanings: c.meanings[index],
        margin: c.margin[0][index], marginLow: c.margin[1][index], marginHigh: c.margin[2][index],
        threshold: c.threshold[index], fraction: c.fraction[index], peak: c.peak[index], strip: c.strip[index], block: c.block[index],
        text: `${name}\n${categoryName}\n${layer.name}`.toLowerCase(),
      };
    });
  }

  const byIou = (a, b) => b.iou - a.iou || a.index - b.index;
  const ORDERS = {
    iou: byIou,
    heldout: (a, b) => (b.heldout || 0) - (a.heldout || 0) || a.index - b.index,
    low: (a, b) => (b.low || 0) - (a.low || 0) || byIou(a, b),
    lift: (a, b) => (a.lift === b.lift ? 0 : (b.lift || 0) - (a.lift || 0)) || byIou(a, b),
    layer: (a, b) => a.index - b.index,
    unit: (a, b) => a.unit - b.unit || a.index - b.index,
    concept: (a, b) => Number(a.concept < 0) - Number(b.concept < 0) || a.name.localeCompare(b.name) || byIou(a, b),
    stability: (a, b) => Number(b.stable) - Number(a.stable) || byIou(a, b),
  };

  // Every word must be in the concept, category, layer or note, or be the unit's number; "unit 12" is written as cards write it.
  function hasWords(unit, words) {
    return words.every((word) => word === 'unit' || unit.text.includes(word) || String(unit.unit) === word || (u.notes.any() && u.notes.of(unit).toLowerCase().includes(word)));
  }

  const conceptKey = (unit) => `${unit.categoryName}:${unit.name}`;

  function select(filters) {
    const words = filters.q.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = u.store.units.filter((unit) =>
      (!filters.layer || unit.layer.name === filters.layer) &&
      (!filters.category || unit.categoryName === filters.category) &&
      (!filters.concept || (unit.concept >= 0 && conceptKey(unit) === filters.concept)) &&
      (!filters.detectors || unit.detector) && (!filters.calibrated || unit.calibrated === 1) && (!filters.stable || unit.stable) && (!filters.noted || u.notes.of(unit)) &&
      unit.iou >= filters.min && hasWords(unit, words));
    return kept.sort(ORDERS[filters.sort]);
  }

  // Filters as the address says; what is not valid there counts as not given.
  function fromQuery(query) {
    const min = Number(query.get('iou') || 0);
    const page = Math.floor(Number(query.get('page') || 1));
    const sort = query.get('sort');
    return {
      q: query.get('q') || '',
      layer: query.get('layer') || '',
      category: query.get('category') || '',
      concept: query.get('concept') || '',
      min: min > 0 && min <= 1 ? min : 0,
      detectors: query.get('detectors') === '1',
      calibrated: query.get('calibrated') === '1',
      stable: query.get('stable') === '1',
      noted: query.get('noted') === '1',
      sort: sort && Object.hasOwn(ORDERS, sort) ? sort : DEFAULTS.sort,
      page: page >= 1 ? page : 1,
    };
  }

  function toQuery(filters, withPage = true) {
    const query = new URLSearchParams();
    for (const name of ['q', 'layer', 'category', 'concept']) if (filters[name]) query.set(name, filters[name]);
    if (filters.min > 0) query.set('iou', String(filters.min));
    for (const name of ['detectors', 'calibrated', 'stable', 'noted']) if (filters[name]) query.set(name, '1');
    if (filters.sort !== DEFAULTS.sort) query.set('sort', filters.sort);
    if (withPage && filters.page > 1) query.set('page', String(filters.page));
    return query;
  }

  const find = (layer, unit) => u.store.units.find((one) => (one.layer.name === layer || one.layer.path === layer) && one.unit === unit) || null;

  u.needs.push('run', 'units');
  u.starts.push(() => u.store.start());
  u.store = { DEFAULTS, select, fromQuery, toQuery, find, conceptKey, start: () => (u.store.units = readUnits()) };
})();
