'use strict';
// The page of one unit.
(function () {
  const u = window.unitscope;
  const { h, byId } = u;
  let shown = null;

  const fact = (name, ...content) => h('div', {}, h('dt', {}, name), h('dd', {}, content));

  // Why there is no label, or how far the label can be trusted, in words.
  function verdict(unit) {
    const { minIou, quantile } = u.data.run;
    if (unit.status === 'dead') return 'Dead: this unit never exceeds its threshold on these pictures, so there is nothing to compare with a concept and no label.';
    if (unit.status === 'constant') return 'Constant: this unit has the same activation everywhere, so no threshold separates \u201con\u201d from \u201coff\u201d and there is no label.';
    if (unit.status === 'tied') return 'Tied: the highest activation of this unit fills more pixels than the threshold may leave, so it is on nowhere and there is no label.';
    if (unit.concept < 0) return 'No label: where this unit is on, no concept of the vocabulary is present.';
    const kind = unit.detector ? `A detector: its IoU is at or above the cut of ${u.share(minIou)}.` : `Not a detector: its IoU is below the cut of ${u.share(minIou)}, so the label is only the nearest concept.`;
    const stable = unit.stable ? 'Both halves of the pictures choose this concept.' : 'The two halves of the pictures choose different concepts: take the label with care.';
    return `${kind} ${stable} It is on for ${u.share(unit.fraction)} of the pixels (the threshold aims at ${u.share(quantile)}).`;
  }

  function facts(unit) {
    if (unit.concept < 0) return h('dl', { class: 'facts' }, fact('Peak activation', u.significant(unit.peak)), fact('Status', unit.status));
    const range = unit.low === null ? null : h('small', {}, `95\u202f%: ${u.range(unit.low, unit.high)}`);
    return h('dl', { class: 'facts' },
      fact('IoU', u.percent(unit.iou), ' ', range),
      fact('Held-out IoU', u.percent(unit.heldout)),
      unit.chance !== null && fact('By chance', u.percent(unit.chance), ' ', h('small', {}, `at most ${u.percent(unit.chance95)} in 19 of 20 re-pairings; p ${u.significant(unit.p)}, q ${u.significant(unit.q)}`)),
      unit.lift !== null && fact('Lift', u.significant(unit.lift), ' ', h('small', {}, 'times the IoU that chance gives with this label')),
      fact('Label', unit.stable ? 'stable' : 'not stable'),
      fact('Precision', u.percent(unit.precision), ' ', h('small', {}, 'of where it is on shows the concept')),
      fact('Recall', u.percent(unit.recall), ' ', h('small', {}, 'of the concept is where it is on')),
      unit.average !== null && fact('Average precision', u.percent(unit.average), ' ', h('small', {}, `of its activation at every pixel; by chance ${u.share(u.data.run.concepts.fraction[unit.concept])}`)),
      unit.auroc !== null && fact('AUROC', unit.auroc.toFixed(3), ' ', h('small', {}, 'of its activation at every pixel; by chance 0.5')),
      unit.second >= 0 && fact('Before the next', u.percent(unit.margin), ' ', h('small', {}, `${u.data.run.concepts.name[unit.second]}; 95\u202f%: ${u.range(unit.marginLow, unit.marginHigh)}`)),
      unit.meanings !== null && fact('Meanings', unit.meanings, ' ', h('small', {}, 'concepts apart from each other that it matches better than chance')),
      fact('Threshold', u.significant(unit.threshold)),
      fact('Peak activation', u.significant(unit.peak)),
      fact('On', u.share(unit.fraction), ' ', h('small', {}, 'of pixels')));
  }

  // The IoU beside what chance and random weights give, on one axis from 0.
  function scale(unit) {
    if (unit.concept < 0) return null;
    const { minIou } = u.data.run;
    const top = Math.max(unit.iou, unit.high || 0, unit.chance95 || 0, unit.layer.cut || 0, minIou) * 1.05;
    const step = [0.01, 0.02, 0.05, 0.1, 0.2].find((one) => top / one <= 6) || 0.25;
    const most = Math.ceil(top / step) * step;
    const at = (value) => `${((100 * value) / most).toFixed(2)}%`;
    const span = (low, high, color) => h('i', { class: 'range', style: { left: at(low), width: at(high - low), background: color } });
    const dot = (value, color) => h('i', { class: 'dot', style: { left: at(value), background: color } });
    const row = (name, value, ...marks) => [h('span', {}, name),
      h('span', { class: 'interval' }, h('i', { class: 'cut', style: { left: at(minIou) } }), marks), h('span', {}, u.percent(value))];
    const color = u.marks.color(unit.category);
    const ticks = Array.from({ length: Math.round(most / step) + 1 }, (_, index) => h('span', { style: { left: at(index * step) } }, u.share(index * step)));
    return h('section', { class: 'panel' }, h('h2', {}, 'Does the label stand out?'),
      h('div', { class: 'scale' },
        row('This unit, with its 95\u202f% interval', unit.iou, unit.low !== null && span(unit.low, unit.high, color), dot(unit.iou, color)),
        row('Held out', unit.heldout, dot(unit.heldout, color)),
        unit.chance95 !== null && row('By chance, 19 of 20 cases', unit.chance95, span(0, unit.chance95, 'var(--muted)')),
        unit.layer.cut !== null && row('Random weights, 19 of 20 units', unit.layer.cut, span(0, unit.layer.cut, 'var(--muted)')),
        h('span', {}, 'IoU'), h('span', { class: 'ticks', 'aria-hidden': 'true' }, ticks), h('span', {})),
      h('p', { class: 'hint' }, `The upright line is the cut of ${u.share(minIou)}. ${standing(unit)}`));
  }

  // Whether the label stands out, and if not, why not.
  function standing(unit) {
    if (unit.chance95 === null) return 'Chance was not measured.';
    const lacks = [];
    if (unit.q > 0.05) lacks.push('it is not above chance');
    if (!unit.stable) lacks.push('the halves of the pictures disagree');
    if (unit.layer.cut !== null && unit.heldout <= unit.layer.cut) lacks.push('held out, its IoU is one that random weights reach');
    if (lacks.length) return `The label does not stand out: ${lacks.join('; ')}.`;
    return unit.calibrated === 1 ? 'The label stands out.' : 'The label is above chance; random weights were not tried.';
  }

  function heading(unit) {
    return h('header', { class: 'page-head' },
      h('p', { class: 'eyebrow' }, h('a', { href: u.unitsAddress({ layer: unit.layer.name }) }, unit.layer.name)),
      h('h1', { id: 'title-unit', tabindex: -1 }, `Unit ${unit.unit}`,
        unit.concept >= 0 && h('span', { class: 'unit-label' }, h('span', { class: 'visually-hidden' }, ' of ', unit.layer.name, ': '), unit.name)),
      unit.concept >= 0 && h('p', { class: 'unit-chips' }, u.marks.chip(unit.category), unit.detector && h('span', { class: 'chip' }, 'detector')),
      h('p', { class: 'lead' }, verdict(unit)));
  }

  function matchTable(name, title, matches, most) {
    const { concepts } = u.data.run;
    const category = ([concept]) => concepts.category[concept];
    const address = ([concept]) => u.unitsAddress({ concept: `${u.marks.name(category([concept]))}:${concepts.name[concept]}` });
    const meter = (match) => h('i', { style: { width: `${((100 * match[1]) / most).toFixed(1)}%`, background: u.marks.color(category(match)) } });
    const number = (text, cell) => ({ text, number: true, cell });
    const node = h('div', {});
    u.table.draw(node, [
      { text: 'Concept', cell: (match) => h('a', { href: address(match) }, concepts.name[match[0]]) },
      number('Rank', (match) => match[4]), { ...number('IoU', (match) => u.percent(match[1], 2)), value: (match) => match[1] }, { text: '', class: 'meter', cell: meter },
      { text: 'Category', cell: (match) => u.marks.chip(category(match)) },
      number('Both (pixels)', (match) => u.integer(match[2])), number('Either (pixels)', (match) => u.integer(match[3])),
    ], matches, { caption: title, name: `${name} best concepts ${title}` });
    return node;
  }

  function matchesPanel(unit, matches) {
    const known = matches.filter((match) => match[0] >= 0);
    if (!known.length) return null;
    const most = Math.max(...known.map((match) => match[1]), 1e-9);
    return h('section', { class: 'panel' }, h('h2', {}, 'Best concepts'),
      h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Best concepts' },
        matchTable(`${unit.layer.name} unit ${unit.unit}`, 'Of all', known.filter((match) => match[4] <= 10), most),
        matchTable(`${unit.layer.name} unit ${unit.unit}`, 'Of each category', known.filter((match) => match[5]), most)));
  }

  // The units of the layer that are most like this one; a run of an earlier version knows none.
  function similarPanel(unit, similar) {
    const rows = similar.map(([number, overlap, correlation]) => ({ other: u.store.find(unit.layer.name, number), overlap, correlation })).filter((row) => row.other);
    if (!rows.length) return null;
    const node = h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Similar units' });
    u.table.draw(node, [
      { text: 'Unit', cell: ({ other }) => h('a', { href: u.router.build(['unit', other.layer.name, other.unit]) }, `unit ${other.unit}`) },
      { text: 'Label', cell: ({ other }) => (other.concept < 0 ? 'no label' : [other.name, ' ', u.marks.chip(other.category)]) },
      { text: 'IoU with its label', number: true, cell: ({ other }) => (other.concept < 0 ? '' : u.percent(other.iou)) },
      { text: 'Overlap of regions', number: true, cell: (row) => u.percent(row.overlap) },
      { text: 'Correlation of peaks', number: true, cell: (row) => row.correlation.toFixed(2).replace('-', '\u2212') },
    ], rows, { name: `${unit.layer.name} unit ${unit.unit} similar units` });
    return h('section', { class: 'panel' }, h('h2', {}, 'Similar units'),
      h('p', { class: 'hint' }, `The units of ${unit.layer.name} whose regions overlap most with its own: pixels where both are on, of those where either is. Peaks are the largest activations on each picture.`), node);
  }

  function histogramPanel(unit, data) {
    if (!data) return null;
    const title = h('h2', {}, 'Activation histogram');
    if (data.low === data.high) return h('section', { class: 'panel' }, title, h('p', {}, `All ${u.integer(data.total)} pixels have the activation ${u.significant(data.low)}.`));
    const chart = h('div', { class: 'chart pending', 'data-label': `Activation histogram of unit ${unit.unit} of ${unit.layer.name}` });
    const threshold = unit.status === 'live' ? unit.threshold : null;
    requestAnimationFrame(() => u.charts.draw(chart, 'histogram', { data: { rows: [{ ...data, threshold }] } }));
    const text = `Activation at all ${u.integer(data.total)} pixels of the data set, from ${u.significant(data.low)} to ${u.significant(data.high)}; the share of pixels is on a logarithmic axis.`;
    return h('section', { class: 'panel' }, title, h('p', { class: 'hint' }, text), chart);
  }

  function link(node, unit, query) {
    u.link(node, unit && u.router.build(['unit', unit.layer.name, unit.unit], query));
    node.setAttribute('aria-label', unit ? `${node.rel === 'prev' ? 'Previous' : 'Next'}: unit ${unit.unit} of ${unit.layer.name}` : 'None');
  }

  // The neighbours in the list the reader came from; a unit outside of it has those of its layer.
  function navigation(unit, filters) {
    let list = u.store.select(filters);
    if (!list.includes(unit)) list = u.store.units.filter((one) => one.layer === unit.layer);
    const at = list.indexOf(unit);
    const query = u.store.toQuery(filters);
    byId('unit-back').textContent = `\u2190 ${u.plural(list.length, 'unit')} (this is ${u.integer(at + 1)})`;
    byId('unit-back').setAttribute('href', u.router.build(['units'], query));
    link(byId('unit-previous'), list[at - 1], query);
    link(byId('unit-next'), list[at + 1], query);
  }

  async function fill(unit) {
    const body = h('div', { class: 'unit-details' }, h('p', { class: 'hint' }, 'Loading\u2026'));
    byId('unit-body').replaceChildren(...[heading(unit), facts(unit), scale(unit), body].filter(Boolean));
    try {
      const found = await u.details.of(unit);
      if (shown !== unit) return;
      body.replaceChildren(...[u.seen.panel(unit, found), matchesPanel(unit, found.matches), u.notes.panel(unit), similarPanel(unit, found.similar), histogramPanel(unit, found.histogram), permanent(unit)].filter(Boolean));
    } catch (error) {
      body.replaceChildren(h('p', { class: 'notice' }, `The details of this unit are not here (${error.message}): copy the whole folder of the report, or write it again.`));
    }
  }

  const permanent = (unit) => h('p', { class: 'hint' }, h('a', { href: u.router.build(['unit', unit.layer.name, unit.unit]) }, 'Permanent link to this unit'));

  function render(route) {
    const unit = u.store.find(route.parts[0], Number(route.parts[1]));
    navigationHidden(!unit);
    shown = unit;
    if (!unit) {
      byId('unit-body').replaceChildren(h('h1', { id: 'title-unit', tabindex: -1 }, 'No such unit'),
        h('p', {}, `This report has no unit ${route.parts[1] || ''} of layer ${route.parts[0] || ''}.`));
      return;
    }
    navigation(unit, u.store.fromQuery(route.query));
    fill(unit);
  }

  function navigationHidden(hidden) {
    byId('unit-previous').hidden = hidden;
    byId('unit-next').hidden = hidden;
    if (hidden) {
      byId('unit-back').textContent = '\u2190 All units';
      byId('unit-back').setAttribute('href', '#/units');
    }
  }

  // Left and right go to the neighbours and Escape back to the list, unless the key belongs to a control or the text is scrolled sideways.
  function onKey(event) {
    const id = { ArrowLeft: 'unit-previous', ArrowRight: 'unit-next', Escape: 'unit-back' }[event.key];
    if (!id || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (byId('page-unit').hidden || event.target.closest('input, select, textarea, dialog, .scroll')) return;
    const target = byId(id);
    if (target.hasAttribute('href')) target.click();
  }

  document.addEventListener('keydown', onKey);
  u.pages.unit = { render };
})();
