'use strict';
// One colour and one shape per category, the same in charts, legends and chips.
(function () {
  const u = window.unitscope;
  const { h, svg } = u;

  const regular = (sides, turn) => (r) => {
    const points = Array.from({ length: sides }, (_, index) => {
      const angle = turn + (2 * Math.PI * index) / sides;
      return `${(r * Math.cos(angle)).toFixed(2)} ${(r * Math.sin(angle)).toFixed(2)}`;
    });
    return `M${points.join('L')}Z`;
  };
  const box = (r) => `M${-r} ${-r}H${r}V${r}H${-r}Z`;
  const plus = (r) => `M${-r / 3} ${-r}h${(2 * r) / 3}v${(2 * r) / 3}h${(2 * r) / 3}v${(2 * r) / 3}h${(-2 * r) / 3}` +
    `v${(2 * r) / 3}h${(-2 * r) / 3}v${(-2 * r) / 3}h${(-2 * r) / 3}v${(-2 * r) / 3}h${(2 * r) / 3}Z`;
  const circle = (r) => `M${-r} 0A${r} ${r} 0 1 0 ${r} 0A${r} ${r} 0 1 0 ${-r} 0Z`;
  const up = -Math.PI / 2;
  const SHAPES = [
    circle, (r) => box(r * 0.86), (r) => regular(3, up)(r * 1.2), (r) => regular(4, up)(r * 1.15),
    (r) => regular(3, -up)(r * 1.2), regular(5, up), plus, regular(6, up),
  ];

  const slotOf = (category) => (category < 0 ? 0 : u.data.run.categories[category].slot);
  const color = (category) => `var(--category-${slotOf(category)})`;

  function mark(category, properties, r = 4) {
    return svg('path', { d: SHAPES[slotOf(category)](r), style: { fill: color(category) }, ...properties });
  }

  function icon(category) {
    return svg('svg', { class: 'mark', viewBox: '-6 -6 12 12', width: 12, height: 12, 'aria-hidden': 'true' },
      mark(category, {}, 4.6));
  }

  const name = (category) => u.data.run.categories[category].name;
  const chip = (category) => h('span', { class: 'chip' }, icon(category), name(category));

  u.marks = { color, mark, icon, chip, name };
})();
