'use strict';
// One class: its most important units (the paper's fig. 2A), sets removed together (2B), curves (2C).
(function () {
  const u = window.unitscope;
  const { h, byId } = u;
  const [ROW, TRAIN, TRAIN_LOW, TRAIN_HIGH, VAL, VAL_LOW, VAL_HIGH, Q, IMPORTANT, CORRELATION] = Array(10).keys();
  let all = false;
  let axis = 'linear';
  let shown = null;

  function strip(unit) {
    const [width, height, pictures, ...place] = unit.strip;
    const alt = `${u.importance.unitText(unit)}; its ${u.plural(pictures, 'strongest picture')}, outlined where it is on`;
    const address = u.importance.unitAddress(unit.row);
    const missing = () => h('span', { class: 'no-strip' }, 'no pictures');
    const image = pictures > 0 ? u.pictures.image(place, { class: 'strip', width, height, alt }, missing) : missing();
    return address && pictures > 0 ? h('a', { href: address }, image) : image;
  }

  function name(unit) {
    const address = u.importance.unitAddress(unit.row);
    const title = `unit ${unit.unit}`;
    return h('div', {},
      h('p', { class: 'unit-name' }, h('b', { class: unit.concept ? null : 'none' }, unit.concept || 'no label'), unit.category >= 0 && u.marks.chip(unit.category)),
      h('p', { class: 'unit-facts' }, address ? h('a', { href: address }, title) : title,
        unit.concept && ` \u00b7 IoU ${u.percent(unit.iou)}`, ` \u00b7 top ${u.data.importance.top} of ${u.plural(unit.top, 'class', 'classes')}`));
  }

  function badge(found) {
    if (found[VAL] === null) return h('span', { class: 'badge' }, 'no val pictures');
    const q = found[Q] === null ? '' : `, q = ${u.significant(found[Q], 2)}`;
    return found[IMPORTANT] ? h('span', { class: 'badge yes' }, `important${q}`) : h('span', { class: 'badge' }, `not told apart from none${q}`);
  }

  function words(value, low, high) {
    if (value === null) return 'not measured';
    return [h('b', {}, u.points(value)), low === null ? ' (no interval)' : ` (${u.points(low)} to ${u.points(high)})`];
  }

  function line(found, span) {
    const unit = u.importance.unit(found[ROW]);
    const r = found[CORRELATION];
    const chart = h('div', { class: 'chart', 'data-label': `Lost without unit ${unit.unit}` });
    const row = (series, value, low, high) => ({ name: `unit ${unit.unit}`, series, value, low, high, sure: true });
    const rows = [row('train', found[TRAIN], found[TRAIN_LOW], found[TRAIN_HIGH]), row('val', found[VAL], found[VAL_LOW], found[VAL_HIGH])];
    u.charts.draw(chart, 'class-losses', { data: { rows }, params: span });
    return h('li', { class: 'unit-row' }, strip(unit), h('div', {}, name(unit), badge(found)),
      h('div', {}, chart, h('dl', { class: 'loss-text' },
        h('dt', {}, 'train'), h('dd', {}, words(found[TRAIN], found[TRAIN_LOW], found[TRAIN_HIGH])),
        h('dt', {}, 'val'), h('dd', {}, words(found[VAL], found[VAL_LOW], found[VAL_HIGH])),
        r !== null && [h('dt', {}, 'correlation'), h('dd', {}, r.toFixed(2).replace('-', '\u2212'))])));
  }

  // The same axis for all units of a class.
  function range(rows) {
    const values = rows.flatMap((found) => [TRAIN, TRAIN_LOW, TRAIN_HIGH, VAL, VAL_LOW, VAL_HIGH].map((at) => found[at])).filter((value) => value !== null);
    const [low, high] = [Math.min(0, ...values), Math.max(0.01, ...values)];
    return { from: low - 0.04 * (high - low), to: high + 0.04 * (high - low) };
  }

  function units() {
    const rows = shown.units.slice(0, all ? 20 : u.data.importance.top);
    byId('panel-units').hidden = rows.length === 0;
    byId('units-few').setAttribute('aria-pressed', String(!all));
    byId('units-all').setAttribute('aria-pressed', String(all));
    byId('unit-rows').replaceChildren(...rows.map((found) => line(found, range(rows))));
  }

  function sets() {
    for (const id of ['panel-sets', 'panel-curves']) byId(id).hidden = shown.bars.length === 0;
    if (!shown.bars.length) return;
    const bars = (value, low, high) => shown.bars.map((row) => ({ name: row.name, series: row.setting, value: row[value], low: row[low], high: row[high] }));
    u.charts.draw(byId('chart-bars'), 'class-bars', { data: { rows: bars('value', 'low', 'high') } });
    u.charts.draw(byId('chart-overall'), 'class-overall', { data: { rows: bars('overall', 'overall_low', 'overall_high') } });
    curves();
    if (document.querySelector('#panel-curves details').open) table();
  }

  function curves() {
    u.charts.draw(byId('chart-curves'), `class-${axis}`, { data: { rows: shown.curves } });
    for (const button of document.querySelectorAll('#panel-curves .segmented button')) button.setAttribute('aria-pressed', String(button.value === axis));
  }

  function table() {
    const measured = shown.curves.filter((row) => row.x !== null);
    const series = [...new Set(measured.map((row) => row.series))];
    const steps = [...new Set(measured.map((row) => row.x))].sort((a, b) => a - b);
    const cell = (step, one) => {
      const row = measured.find((each) => each.x === step && each.series === one);
      return row ? [u.percent(row.value), row.low !== null && h('small', {}, ` ${u.points(row.low)} to ${u.points(row.high)}`)] : '';
    };
    u.table.draw(byId('curves-table'), [
      { text: 'Removed', cell: (step) => u.integer(step) },
      ...series.map((one) => ({ text: one, number: true, cell: (step) => cell(step, one) })),
    ], steps);
  }

  function notice(one) {
    if (one.val === 0) return 'There are no val pictures of this class, so neither its accuracy nor the effect of sets is known.';
    if (one.train === 0) return 'There are no train pictures of this class, so its units are in no order of importance.';
    if (one.low === null) return 'There are too few pictures of this class for intervals.';
    return '';
  }

  function lead(one) {
    if (one.baseline === null) return '';
    const interval = one.low === null ? '' : ` (95\u202f% interval ${u.range(one.low, one.high)})`;
    const rest = [];
    if (one.removed !== null) rest.push(`${u.percent(one.removed)} without its ${u.data.importance.many} most important units`);
    if (one.kept !== null) rest.push(`${u.percent(one.kept)} with only these`);
    return `Balanced accuracy ${u.percent(one.baseline)}${interval} on ${u.plural(one.val, 'val picture')}${rest.length ? `; ${rest.join(', ')}` : ''}. ` +
      `${u.plural(one.important, 'unit')} called important.`;
  }

  async function show(at) {
    const one = u.importance.one(at);
    byId('title-class').textContent = one.name;
    byId('class-picker').value = one.name;
    byId('class-lead').textContent = lead(one);
    byId('class-notice').textContent = notice(one);
    byId('class-notice').hidden = !notice(one);
    u.link(byId('class-previous'), u.importance.classAddress(at - 1));
    u.link(byId('class-next'), u.importance.classAddress(at + 1));
    const details = await u.importance.details(at);
    if (byId('title-class').textContent !== one.name) return;
    shown = details;
    axis = one.curve ? 'linear' : 'logarithmic';
    units();
    sets();
  }

  function missing(name) {
    byId('title-class').textContent = 'No such class';
    byId('class-lead').textContent = name ? `This report has no class \u201c${name}\u201d. Choose one above.` : 'This report has no classes.';
    for (const id of ['class-notice', 'panel-units', 'panel-sets', 'panel-curves']) byId(id).hidden = true;
  }

  u.pages.class = {
    render(route) {
      const name = route.parts.length ? route.parts[0] : document.body.dataset.first;
      const at = u.importance.place(name);
      if (at < 0) missing(name);
      else show(at);
    },
  };

  function keys(event) {
    if (byId('page-class').hidden || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest('input, select, textarea, .scroll')) return;
    const id = { ArrowLeft: 'class-previous', ArrowRight: 'class-next' }[event.key];
    const address = id && byId(id).getAttribute('href');
    if (address) location.hash = address;
  }

  u.starts.push(() => {
    for (const [id, value] of [['units-few', false], ['units-all', true]]) {
      byId(id).addEventListener('click', () => {
        all = value;
        units();
      });
    }
    for (const button of document.querySelectorAll('#panel-curves .segmented button')) {
      button.addEventListener('click', () => {
        axis = button.value;
        curves();
      });
    }
    document.querySelector('#panel-curves details').addEventListener('toggle', (event) => event.target.open && table());
    byId('class-form').addEventListener('submit', (event) => event.preventDefault());
    byId('class-picker').addEventListener('change', () => (location.hash = u.importance.classAddress(u.importance.place(byId('class-picker').value))));
    document.addEventListener('keydown', keys);
  });
})();
