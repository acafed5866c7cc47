'use strict';
// The most important units of a class, with pictures, labels and losses (the paper's fig. 2A).
(function () {
  const u = window.unitscope;
  const { h, svg, draw, importance, axes, byId } = u;
  const [ROW, TRAIN, TRAIN_LOW, TRAIN_HIGH, VAL, VAL_LOW, VAL_HIGH, Q, IMPORTANT, CORRELATION] = Array(10).keys();
  let all = false;
  let shown = null;

  function strip(unit) {
    const [width, height, pictures] = unit.strip;
    const alt = `${importance.unitText(unit)}; its ${u.plural(pictures, 'strongest picture')}, outlined where it is on`;
    const address = importance.unitAddress(unit.row);
    const image = pictures > 0
      ? h('img', { class: 'strip', src: `units/${unit.unit}.jpg`, width, height, loading: 'lazy', decoding: 'async', alt })
      : h('span', { class: 'no-strip' }, 'no pictures');
    return address && pictures > 0 ? h('a', { href: address }, image) : image;
  }

  function name(unit) {
    const address = importance.unitAddress(unit.row);
    const title = `unit ${unit.unit}`;
    return h('div', {},
      h('p', { class: 'unit-name' }, h('b', { class: unit.concept ? null : 'none' }, unit.concept || 'no label'), unit.category >= 0 && u.marks.chip(unit.category)),
      h('p', { class: 'unit-facts' }, address ? h('a', { href: address }, title) : title,
        unit.concept && ` \u00b7 IoU ${u.percent(unit.iou)}`, ` \u00b7 top ${importance.data().top} of ${u.plural(unit.top, 'class', 'classes')}`));
  }

  function badge(found) {
    if (found[VAL] === null) return h('span', { class: 'badge' }, 'no val pictures');
    const q = found[Q] === null ? '' : `, q = ${u.significant(found[Q], 2)}`;
    return found[IMPORTANT] ? h('span', { class: 'badge yes' }, `important${q}`) : h('span', { class: 'badge' }, `not told apart from none${q}`);
  }

  function words(value, low, high) {
    if (value === null) return 'not measured';
    return [h('b', {}, draw.points(value)), low === null ? ' (no interval)' : ` (${draw.points(low)} to ${draw.points(high)})`];
  }

  // Both losses on one axis, the same for all rows.
  function plot(found, span, width) {
    const frame = { left: 8, right: width - 8, top: 2, bottom: 40 };
    const x = draw.scale(frame.left, frame.right, ...span);
    const row = (key, y, value, low, high) => value !== null && [draw.interval(key, x, y, low, high), draw.mark(key, x(value), y, 4.5)];
    return svg('svg', { viewBox: `0 0 ${width} 42`, width, height: 42, 'aria-hidden': 'true' },
      axes.valueTicks(...span, 5).map((tick) => svg('line', { class: tick === 0 ? 'zero' : 'rule', x1: x(tick), x2: x(tick), y1: frame.top, y2: frame.bottom })),
      row('train', 13, found[TRAIN], found[TRAIN_LOW], found[TRAIN_HIGH]), row('val', 29, found[VAL], found[VAL_LOW], found[VAL_HIGH]));
  }

  function line(found, span, width) {
    const unit = importance.unit(found[ROW]);
    const r = found[CORRELATION];
    return h('li', { class: 'unit-row' }, strip(unit),
      h('div', {}, name(unit), badge(found)),
      h('div', { class: 'chart' }, plot(found, span, width),
        h('dl', { class: 'loss-text' },
          h('dt', {}, 'train'), h('dd', {}, words(found[TRAIN], found[TRAIN_LOW], found[TRAIN_HIGH])),
          h('dt', {}, 'val'), h('dd', {}, words(found[VAL], found[VAL_LOW], found[VAL_HIGH])),
          r !== null && [h('dt', {}, 'correlation'), h('dd', {}, r.toFixed(2).replace('-', '\u2212'))])));
  }

  function range(rows) {
    const values = rows.flatMap((found) => [TRAIN, TRAIN_LOW, TRAIN_HIGH, VAL, VAL_LOW, VAL_HIGH].map((at) => found[at])).filter((value) => value !== null);
    const [low, high] = [Math.min(0, ...values), Math.max(0.01, ...values)];
    return [low - 0.04 * (high - low), high + 0.04 * (high - low)];
  }

  // The axis stands below the plots: in the third column, or the only one.
  function axisLine(span, width) {
    const frame = { left: 8, right: width - 8, top: 0, bottom: 2 };
    const x = draw.scale(frame.left, frame.right, ...span);
    return h('li', { class: 'unit-row axis-row', 'aria-hidden': 'true' }, h('span'), h('span'), h('div', { class: 'chart' },
      svg('svg', { viewBox: `0 0 ${width} 40`, width, height: 40 }, draw.bottomAxis(frame, axes.valueTicks(...span, 5), x, draw.whole, 'balanced accuracy lost, points'))));
  }

  function paint() {
    const list = byId('unit-rows');
    const rows = shown.units.slice(0, all ? 20 : importance.data().top);
    byId('units-few').setAttribute('aria-pressed', String(!all));
    byId('units-all').setAttribute('aria-pressed', String(all));
    draw.legend(byId('units-legend'), [['train', 'lost on train pictures'], ['val', 'lost on val pictures']]);
    const span = range(rows);
    const wide = window.matchMedia('(min-width: 861px)').matches;
    // The share of the third column, see .unit-row.
    const width = Math.max(220, Math.floor(wide ? ((list.clientWidth - 45) * 1.2) / 4 : list.clientWidth));
    list.replaceChildren(...rows.map((found) => line(found, span, width)), axisLine(span, width));
  }

  function render(details) {
    shown = details;
    byId('panel-units').hidden = details.units.length === 0;
    if (details.units.length) draw.show(byId('unit-rows'), paint);
  }

  function choose(value) {
    all = value;
    paint();
  }

  u.classUnits = {
    render,
    start() {
      byId('units-few').addEventListener('click', () => choose(false));
      byId('units-all').addEventListener('click', () => choose(true));
    },
  };
})();
