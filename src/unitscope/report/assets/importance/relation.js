'use strict';
// IoU of units by the number of classes they are important to (the paper's fig. 2E).
(function () {
  const u = window.unitscope;
  const { svg, draw, importance, axes, byId } = u;
  const GOLDEN = (Math.sqrt(5) - 1) / 2;

  function dot(row, x, y) {
    const unit = importance.unit(row);
    const address = importance.unitAddress(row);
    const text = `${importance.unitText(unit)}, among the ${importance.data().top} most important of ${u.plural(unit.top, 'class', 'classes')}`;
    const circle = svg('circle', { class: 'unit-dot', cx: x.toFixed(1), cy: y.toFixed(1), r: 3 }, svg('title', {}, text));
    return address ? svg('a', { href: address, tabindex: -1, 'aria-hidden': 'true' }, circle) : circle;
  }

  function column(group, at, slot, frame, y) {
    const center = frame.left + slot * (at + 0.5);
    const spread = Math.min(slot * 0.62, 70);
    const [value, low, high] = group.mean;
    const units = slot > 62 ? u.plural(group.rows.length, 'unit') : u.integer(group.rows.length);
    return [
      group.rows.map((row, index) => dot(row, center + (((index * GOLDEN) % 1) - 0.5) * spread, y(importance.data().units.iou[row] || 0))),
      low !== null && svg('line', { class: 'whisker', x1: center, x2: center, y1: y(low), y2: y(high) }),
      draw.mark('mean', center, y(value), 4.5, { class: 'point' }),
      axes.label(center, frame.bottom + 17, group.name, { 'text-anchor': 'middle', class: 'strong' }),
      axes.label(center, frame.bottom + 32, units, { 'text-anchor': 'middle' }),
    ];
  }

  function paint(node) {
    const { groups, units, top, rankCorrelation } = importance.data();
    byId('relation-text').textContent = rankCorrelation
      ? `Spearman\u2019s rank correlation ${draw.estimate(rankCorrelation, (value) => value.toFixed(2).replace('-', '\u2212'))}`
      : 'Too few units, or all alike: no rank correlation.';
    if (groups.length === 0) return void node.replaceChildren();
    const width = Math.min(940, draw.width(node));
    const frame = { left: 56, right: width - 8, top: 10, bottom: 290 };
    const slot = (frame.right - frame.left) / groups.length;
    const highest = Math.max(0.01, ...groups.flatMap((group) => group.rows.map((row) => units.iou[row] || 0)));
    const y = draw.scale(frame.bottom, frame.top, 0, highest);
    const text = groups.map((group) => `${group.name} classes: ${group.rows.length} units, mean IoU ${u.percent(group.mean[0])}`).join('; ');
    node.replaceChildren(draw.canvas(width, frame.bottom + 56, `IoU by number of classes. ${text}`,
      axes.leftAxis(frame, axes.valueTicks(0, highest, 5), y, (tick) => `${draw.whole(tick)}\u202f%`, 'IoU with its label'),
      groups.map((group, at) => column(group, at, slot, frame, y)),
      axes.label((frame.left + frame.right) / 2, frame.bottom + 52, width < 460 ? `classes with the unit in their top ${top}` : `classes that have the unit among their ${top} most important`, { class: 'axis-title', 'text-anchor': 'middle' })));
  }

  u.relation = { render: () => draw.show(byId('chart-relation'), () => paint(byId('chart-relation'))) };
})();
