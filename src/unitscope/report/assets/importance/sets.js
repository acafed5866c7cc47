'use strict';
// Sets of units removed together: bars (the paper's fig. 2B) and curves (2C).
(function () {
  const u = window.unitscope;
  const { h, svg, draw, importance, axes, byId } = u;
  const [K, VALUE, LOW, HIGH, OVERALL, OVERALL_LOW, OVERALL_HIGH, REPETITIONS] = Array(8).keys();
  const ORDERS = { removed: 'most important first', kept: 'least important first', random: 'random order' };
  let shown = null;
  let axis = null;

  const find = (sets, k) => sets.find((row) => row[K] === k);

  // One entry a bar: name, setting, then value and interval for the class, and for all classes.
  function bars({ one, details }) {
    const { few, many, overall } = importance.data();
    const rows = [['whole network', 'baseline', [one.baseline, one.low, one.high], [overall, null, null]]];
    const add = (name, key, found) => {
      if (found) rows.push([name, key, [found[VALUE], found[LOW], found[HIGH]], [found[OVERALL], found[OVERALL_LOW], found[OVERALL_HIGH]]]);
    };
    if (few < many) add(`${few} most important removed`, 'removed', find(details.sets.removed, few));
    add(`${many} most important removed`, 'removed', find(details.sets.removed, many));
    add(`all but these ${many} removed`, 'kept', find(details.sets.kept, many));
    const sets = (found) => (found ? ` (${u.plural(found[REPETITIONS], 'set')})` : '');
    const removed = find(details.random.removed, many);
    const kept = find(details.random.kept, many);
    add(`${many} random removed${sets(removed)}`, 'random', removed);
    add(`all but ${many} random removed${sets(kept)}`, 'random', kept);
    return rows;
  }

  function bar([name, key, , ], found, y, x, right) {
    const [value, low, high] = found;
    if (value === null) return [axes.label(0, y + 12, name, { class: 'name' }), axes.label(0, y + 28, 'not measured')];
    const end = high === null ? value : Math.max(value, high);
    const inside = x(end) > right - 48;
    return [
      axes.label(0, y + 12, name, { class: 'name' }),
      svg('rect', { x: x(0), y: y + 18, width: Math.max(1, x(value) - x(0)), height: 14, rx: 2, style: { fill: draw.color(key) } }),
      low !== null && high !== null && svg('line', { class: 'whisker', x1: x(low), x2: x(high), y1: y + 25, y2: y + 25 }),
      axes.label(inside ? right : x(end) + 6, inside ? y + 12 : y + 30, u.percent(value), { class: 'strong', 'text-anchor': inside ? 'end' : 'start' }),
    ];
  }

  function drawBars(node, rows, at, { most, title, chance }) {
    const width = draw.width(node);
    const frame = { left: 1, right: width - 20, top: 0, bottom: rows.length * 42 + 4 };
    const x = draw.scale(frame.left, frame.right, 0, most);
    const text = rows.map((row) => `${row[0]} ${row[at][0] === null ? 'not measured' : u.percent(row[at][0])}`).join('; ');
    node.replaceChildren(draw.canvas(width, frame.bottom + 40, `${title}: ${text}`,
      draw.bottomAxis(frame, axes.valueTicks(0, most, 5), x, (tick) => `${draw.whole(tick)}\u202f%`, title),
      chance && svg('line', { class: 'chance', x1: x(0.5), x2: x(0.5), y1: frame.top, y2: frame.bottom }),
      rows.map((row, index) => bar(row, row[at], index * 42, x, width))));
  }

  function paintBars() {
    const rows = bars(shown);
    drawBars(byId('chart-bars'), rows, 2, { most: 1, title: 'balanced accuracy (dotted: chance)', chance: true });
  }

  function paintOverall() {
    const rows = bars(shown);
    const values = rows.flatMap((row) => row[3]).filter((value) => value !== null);
    const most = Math.min(1, 1.15 * Math.max(0.02, ...values));
    drawBars(byId('chart-overall'), rows, 3, { most, title: 'accuracy over all classes', chance: false });
  }

  // Accuracy by the number of units removed, from none; a curve is [removed, value, low, high].
  function curves({ one, details }) {
    const units = importance.data().units.unit.length;
    const start = [0, one.baseline, one.baseline, one.baseline];
    const points = (sets, removed) => sets.map((row) => [removed(row[K]), row[VALUE], row[LOW], row[HIGH]]);
    const found = {
      removed: points(details.sets.removed, (k) => k),
      kept: points(details.sets.kept, (k) => units - k),
      random: [...points(details.random.removed, (k) => k), ...points(details.random.kept, (k) => units - k)],
    };
    for (const key of Object.keys(found)) {
      const seen = new Set([0]);
      const rows = found[key].filter(([removed]) => !seen.has(removed) && seen.add(removed)).sort((a, b) => a[0] - b[0]);
      found[key] = rows.length ? [start, ...rows] : [];
    }
    return found;
  }

  function horizontal(units, left, right) {
    const to = axis === 'logarithmic' ? (value) => Math.log1p(value) : (value) => value;
    const x = (value) => draw.scale(left, right, 0, to(units))(to(value));
    if (axis !== 'logarithmic') return { x, ticks: axes.valueTicks(0, units, 6) };
    const ticks = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].filter((tick) => tick < units && x(units) - x(tick) > 28);
    return { x, ticks: [...ticks, units] };
  }

  function band(rows, x, y, key) {
    const known = rows.filter((row) => row[LOW] !== null && row[HIGH] !== null);
    if (known.length < 2) return null;
    const upper = known.map((row) => `${x(row[0])} ${y(row[HIGH])}`);
    const lower = known.map((row) => `${x(row[0])} ${y(row[LOW])}`).reverse();
    return svg('path', { class: 'band', d: `M${[...upper, ...lower].join('L')}Z`, style: { fill: draw.color(key) } });
  }

  // Marks show where sets were measured, unless that is everywhere.
  function curve(rows, x, y, key) {
    const d = `M${rows.map((row) => `${x(row[0]).toFixed(1)} ${y(row[VALUE]).toFixed(1)}`).join('L')}`;
    return [
      svg('path', { class: 'curve', d, style: { stroke: draw.color(key) } }),
      !shown.one.curve && rows.slice(1).map((row) => draw.mark(key, x(row[0]), y(row[VALUE]), 3.2)),
    ];
  }

  function extent(found) {
    const values = Object.values(found).flat().flatMap((row) => [row[VALUE], row[LOW], row[HIGH]]).filter((value) => value !== null);
    const low = Math.min(0.5, ...values);
    const high = Math.max(0.5, ...values);
    return [Math.max(0, low - 0.05 * (high - low)), Math.min(1, high + 0.05 * (high - low))];
  }

  function paintCurves() {
    const node = byId('chart-curves');
    const found = curves(shown);
    const keys = Object.keys(found).filter((key) => found[key].length);
    const width = draw.width(node);
    const frame = { left: 56, right: width - 14, top: 10, bottom: 320 };
    const units = importance.data().units.unit.length;
    const { x, ticks } = horizontal(units, frame.left, frame.right);
    const [low, high] = extent(found);
    const y = draw.scale(frame.bottom, frame.top, low, high);
    const pointed = svg('line', { class: 'cursor-line', y1: frame.top, y2: frame.bottom, visibility: 'hidden' });
    const drawing = draw.canvas(width, frame.bottom + 40, summary(found),
      axes.leftAxis(frame, axes.valueTicks(low, high, 6), y, (tick) => `${draw.whole(tick)}\u202f%`, 'balanced accuracy'),
      draw.bottomAxis({ ...frame, top: frame.bottom }, ticks, x, u.integer, `units removed, of ${u.integer(units)}`),
      svg('line', { class: 'chance', x1: frame.left, x2: frame.right, y1: y(0.5), y2: y(0.5) }),
      svg('line', { x1: frame.left, x2: frame.right, y1: y(shown.one.baseline), y2: y(shown.one.baseline), style: { stroke: draw.color('baseline') } }),
      pointed, keys.map((key) => band(found[key], x, y, key)), keys.map((key) => curve(found[key], x, y, key)));
    drawing.addEventListener('pointermove', (event) => read(draw.pointer(event, drawing)[0], found, x, pointed));
    node.replaceChildren(drawing);
    draw.legend(byId('curves-legend'), [['baseline', 'whole network'], ...keys.map((key) => [key, ORDERS[key]])]);
    for (const button of document.querySelectorAll('#panel-curves .segmented button')) button.setAttribute('aria-pressed', String(button.value === axis));
  }

  function summary(found) {
    const ends = Object.keys(found).filter((key) => found[key].length).map((key) => {
      const steps = found[key].slice(1, 4).map((row) => `${u.percent(row[VALUE])} without ${row[0]}`).join(', ');
      return `${ORDERS[key]}: ${steps}`;
    });
    return `Balanced accuracy by units removed, from ${u.percent(shown.one.baseline)}. ${ends.join('. ')}`;
  }

  // The measured point of every curve that is nearest to the pointer.
  function read(at, found, x, pointed) {
    const steps = [...new Set(Object.values(found).flat().map((row) => row[0]))];
    const removed = steps.reduce((best, step) => (Math.abs(x(step) - at) < Math.abs(x(best) - at) ? step : best), 0);
    pointed.setAttribute('x1', x(removed));
    pointed.setAttribute('x2', x(removed));
    pointed.setAttribute('visibility', 'visible');
    const parts = Object.keys(found).flatMap((key) => {
      const row = found[key].find((one) => one[0] === removed);
      return row ? [`${ORDERS[key]} ${u.percent(row[VALUE])}`] : [];
    });
    byId('curves-readout').replaceChildren(h('b', {}, `${u.integer(removed)} removed`), `: ${parts.join(', ')}`);
  }

  function table() {
    const found = curves(shown);
    const keys = Object.keys(found).filter((key) => found[key].length);
    const steps = [...new Set(keys.flatMap((key) => found[key].map((row) => row[0])))].sort((a, b) => a - b);
    const cell = (key, step) => {
      const row = found[key].find((one) => one[0] === step);
      if (!row) return h('td', { class: 'number' }, '');
      return h('td', { class: 'number' }, u.percent(row[VALUE]), row[LOW] !== null && h('small', {}, ` ${draw.points(row[LOW])} to ${draw.points(row[HIGH])}`));
    };
    byId('curves-table').replaceChildren(h('table', {},
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Removed'), keys.map((key) => h('th', { scope: 'col', class: 'number' }, ORDERS[key])))),
      h('tbody', {}, steps.map((step) => h('tr', {}, h('th', { scope: 'row' }, u.integer(step)), keys.map((key) => cell(key, step)))))));
  }

  function render(one, details) {
    shown = { one, details };
    const measured = one.baseline !== null && details.sets.removed.length + details.sets.kept.length > 0;
    byId('panel-sets').hidden = !measured;
    byId('panel-curves').hidden = !measured;
    if (!measured) return;
    axis = one.curve ? 'linear' : 'logarithmic';
    draw.show(byId('chart-bars'), paintBars);
    draw.show(byId('chart-overall'), paintOverall);
    draw.show(byId('chart-curves'), paintCurves);
    const more = document.querySelector('#panel-curves details');
    more.ontoggle = () => more.open && table();
    if (more.open) table();
  }

  u.classSets = {
    render,
    start() {
      for (const button of document.querySelectorAll('#panel-curves .segmented button')) {
        button.addEventListener('click', () => {
          axis = button.value;
          paintCurves();
        });
      }
    },
  };
})();
