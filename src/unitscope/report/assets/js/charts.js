'use strict';
// Detectors by layer (the paper's fig. 1E), detectors by concept (fig. 1D) and the activation histogram.
(function () {
  const u = window.unitscope;
  const { h, svg, axes, marks } = u;

  const unitsAddress = (filters) => u.router.build(['units'], u.store.toQuery({ ...u.store.DEFAULTS, ...filters }));
  const sum = (values) => values.reduce((total, value) => total + value, 0);

  function canvas(width, height, name, ...children) {
    return svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'group', 'aria-label': name }, children);
  }

  function legend(node, lines) {
    node.replaceChildren(...lines.map(([category, text]) =>
      h('a', { href: unitsAddress({ category: marks.name(category), detectors: true }), class: 'legend-item' },
        marks.icon(category), text)));
  }

  // What both layer charts share: the frame, a link per layer, the names below.
  function layerFrame(width) {
    const { layers } = u.data.run;
    const longest = Math.max(...layers.map((layer) => Math.min(layer.name.length, 16)));
    const frame = { left: 44, right: width - 6, top: 8, bottom: 220 };
    const slot = (frame.right - frame.left) / layers.length;
    const flat = longest * 7 < slot;
    const height = frame.bottom + 24 + (flat ? 0 : longest * 5.6);
    return { frame, slot, height, flat, x: (index) => frame.left + slot * (index + 0.5) };
  }

  function layerLink(index, geometry, values, noun, drawn) {
    const { frame, slot, x } = geometry;
    const layer = u.data.run.layers[index];
    const parts = values.map((value, category) => `${value} ${marks.name(category)}`).join(', ');
    const name = `${layer.name}: ${sum(values)} ${noun} (${parts})`;
    return svg('a', { href: unitsAddress({ layer: layer.name, detectors: true }), 'aria-label': name, class: 'column' },
      svg('title', {}, name),
      svg('rect', { class: 'hit', x: x(index) - slot / 2, y: frame.top, width: slot, height: frame.bottom - frame.top + 14 }),
      drawn,
      layerName(u.shorten(layer.name, 16), x(index), geometry));
  }

  function layerName(text, x, { frame, flat }) {
    if (flat) return axes.label(x, frame.bottom + 18, text, { 'text-anchor': 'middle' });
    return axes.slanted(x + 4, frame.bottom + 16, text);
  }

  function stack(index, values, geometry, y) {
    const width = Math.min(44, geometry.slot * 0.72);
    let below = 0;
    return values.map((value, category) => {
      const from = below;
      below += value;
      return value > 0 && svg('rect', {
        class: 'bar', x: geometry.x(index) - width / 2, width, y: y(below), height: y(from) - y(below),
        style: { fill: marks.color(category) },
      });
    });
  }

  function detectorsByLayer(node) {
    const { layers } = u.data.run;
    const width = Math.max(300, node.clientWidth);
    const geometry = layerFrame(width);
    const { frame } = geometry;
    const ticks = axes.countTicks(Math.max(...layers.map((layer) => sum(layer.detectors))));
    const y = (value) => frame.bottom - ((frame.bottom - frame.top) * value) / ticks.at(-1);
    node.replaceChildren(canvas(width, geometry.height, 'Detector units by layer',
      axes.leftAxis(frame, ticks, y, u.integer, 'units'),
      layers.map((layer, index) =>
        layerLink(index, geometry, layer.detectors, 'detectors', stack(index, layer.detectors, geometry, y)))));
  }

  function distinctByLayer(node) {
    const { layers, categories } = u.data.run;
    const width = Math.max(300, node.clientWidth);
    const geometry = layerFrame(width);
    const { frame, x } = geometry;
    const ticks = axes.countTicks(Math.max(...layers.flatMap((layer) => layer.concepts)));
    const y = (value) => frame.bottom - ((frame.bottom - frame.top) * value) / ticks.at(-1);
    const lines = categories.map((_, category) => svg('path', {
      class: 'line', style: { stroke: marks.color(category) },
      d: `M${layers.map((layer, index) => `${x(index)} ${y(layer.concepts[category])}`).join('L')}`,
    }));
    const points = (layer, index) => categories.map((_, category) => marks.mark(category, {
      class: 'point', transform: `translate(${x(index)} ${y(layer.concepts[category])})`,
    }, 4.5));
    node.replaceChildren(canvas(width, geometry.height, 'Distinct concepts by layer',
      axes.leftAxis(frame, ticks, y, u.integer, 'concepts'), lines,
      layers.map((layer, index) =>
        layerLink(index, geometry, layer.concepts, 'distinct concepts', points(layer, index)))));
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

  function conceptBar(entry, x, slot, y, layer) {
    const { unit, count } = entry;
    const name = `${unit.name} (${unit.categoryName}): ${u.plural(count, 'unit')}`;
    const href = unitsAddress({ concept: u.store.conceptKey(unit), layer: layer || '', detectors: true });
    return svg('a', { href, 'aria-label': name, class: 'column' },
      svg('title', {}, name),
      svg('rect', { class: 'hit', x: x - slot / 2, width: slot, y: y.top, height: y.bottom - y.top + 12 }),
      svg('rect', {
        class: 'bar', x: x - slot * 0.38, width: slot * 0.76, y: y(count), height: y.bottom - y(count),
        style: { fill: marks.color(unit.category) },
      }),
      6.8 * String(count).length <= slot && axes.label(x, y(count) - 4, u.integer(count), { 'text-anchor': 'middle', class: 'bar-value' }),
      axes.slanted(x + 4, y.bottom + 13, u.shorten(unit.name, 18)));
  }

  // One row of bars; many concepts take several rows of the same scale, so that names stay readable.
  function conceptRow(entries, width, slot, ticks, layer) {
    const longest = Math.max(...entries.map((entry) => Math.min(18, entry.unit.name.length)));
    const frame = { left: 44, right: width - 4, top: 18, bottom: 170 };
    const y = (value) => frame.bottom - ((frame.bottom - frame.top) * value) / ticks.at(-1);
    Object.assign(y, frame);
    const bars = entries.map((entry, at) => conceptBar(entry, frame.left + slot * (at + 0.6), slot, y, layer));
    return canvas(width, frame.bottom + 20 + longest * 5.4, 'Detectors by concept',
      axes.leftAxis(frame, ticks, y, u.integer, 'units'), bars);
  }

  function detectorsByConcept(node, layer) {
    const entries = countConcepts(layer);
    const groups = new Map();
    for (const { unit, count } of entries) {
      const group = groups.get(unit.category) || [0, 0];
      groups.set(unit.category, [group[0] + 1, group[1] + count]);
    }
    legend(u.byId('legend-concepts'), [...groups].map(([category, [concepts, units]]) =>
      [category, `${concepts} ${marks.name(category)} (${u.plural(units, 'unit')})`]));
    if (entries.length === 0) return void node.replaceChildren(h('p', { class: 'empty' }, 'No detectors here.'));
    const width = Math.max(280, node.clientWidth);
    const inside = width - 56;
    const most = Math.floor(inside / 17);
    const rows = Math.ceil(entries.length / most);
    const perRow = Math.ceil(entries.length / rows);
    const slot = Math.min(34, inside / perRow);
    const ticks = axes.countTicks(Math.max(...entries.map((entry) => entry.count)), 4);
    const parts = Array.from({ length: rows }, (_, row) => entries.slice(row * perRow, (row + 1) * perRow));
    node.replaceChildren(...parts.filter((part) => part.length).map((part) => conceptRow(part, width, slot, ticks, layer)));
  }

  // Shares of pixels on a logarithmic axis: nearly all of them are at the lowest activations.
  function histogram(node, data, threshold) {
    const width = Math.max(280, node.clientWidth);
    const frame = { left: 62, right: width - 12, top: 26, bottom: 220 };
    const least = Math.min(-4, Math.floor(Math.log10(Math.min(...data.shares.filter((share) => share > 0)))));
    const decades = Array.from({ length: -least + 1 }, (_, at) => least + at);
    const shown = decades.filter((power) => -least <= 6 || power % 2 === 0);
    const span = data.high - data.low || 1;
    const x = (value) => frame.left + ((frame.right - frame.left) * (value - data.low)) / span;
    const y = (power) => frame.bottom - ((frame.bottom - frame.top) * (power - least)) / -least;
    node.replaceChildren(canvas(width, frame.bottom + 44, 'Activation histogram',
      axes.leftAxis(frame, shown, y, powerText, 'share of pixels'),
      bins(data, x, y, least, threshold), bottomAxis(data, x, frame), thresholdLine(threshold, x, frame, data)));
  }

  const powerText = (power) => (power >= -6 ? `${Number((100 * 10 ** power).toPrecision(1))}\u202f%` : `10${superscript(power)}`);
  const superscript = (power) => String(power).replace(/./g, (c) => '\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079'['-0123456789'.indexOf(c)]);

  function bins(data, x, y, least, threshold) {
    const step = (data.high - data.low) / data.shares.length || 1;
    return svg('g', { 'aria-hidden': 'true' }, data.shares.map((share, at) => {
      if (!(share > 0)) return null;
      const from = data.low + at * step;
      const above = threshold !== null && from + step / 2 > threshold;
      const top = y(Math.max(Math.log10(share), least));
      return svg('rect', {
        class: above ? 'bin above' : 'bin', x: x(from), width: Math.max(1, x(from + step) - x(from) - 0.5),
        y: top, height: Math.max(0.5, y(least) - top),
      });
    }));
  }

  function bottomAxis(data, x, frame) {
    return svg('g', { class: 'axis', 'aria-hidden': 'true' },
      svg('line', { class: 'base', x1: frame.left, x2: frame.right, y1: frame.bottom, y2: frame.bottom }),
      axes.valueTicks(data.low, data.high).map((tick) =>
        axes.label(x(tick), frame.bottom + 18, u.significant(tick), { 'text-anchor': 'middle' })),
      axes.label((frame.left + frame.right) / 2, frame.bottom + 38, 'activation', { class: 'axis-title', 'text-anchor': 'middle' }));
  }

  function thresholdLine(threshold, x, frame, data) {
    if (threshold === null || threshold < data.low || threshold > data.high) return null;
    const at = x(threshold);
    const end = at > (frame.left + frame.right) / 2;
    return svg('g', { class: 'threshold' },
      svg('line', { x1: at, x2: at, y1: frame.top - 18, y2: frame.bottom }),
      axes.label(at + (end ? -6 : 6), frame.top - 8, `threshold ${u.significant(threshold)}`, { 'text-anchor': end ? 'end' : 'start' }));
  }

  u.charts = { legend, detectorsByLayer, distinctByLayer, detectorsByConcept, histogram, unitsAddress };
})();
