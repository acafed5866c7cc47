'use strict';
// What the charts of this report share: settings with colour and shape, frames, intervals.
(function () {
  const u = window.unitscope;
  const { h, svg, axes } = u;

  const SHAPES = {
    baseline: (r) => `M${-r} 0A${r} ${r} 0 1 0 ${r} 0A${r} ${r} 0 1 0 ${-r} 0Z`,
    removed: (r) => `M${-0.88 * r} ${-0.88 * r}H${0.88 * r}V${0.88 * r}H${-0.88 * r}Z`,
    kept: (r) => `M0 ${-1.2 * r}L${1.1 * r} ${0.8 * r}H${-1.1 * r}Z`,
    random: (r) => `M0 ${-1.25 * r}L${1.25 * r} 0L0 ${1.25 * r}L${-1.25 * r} 0Z`,
  };
  SHAPES.train = SHAPES.baseline;
  SHAPES.val = SHAPES.removed;
  SHAPES.mean = SHAPES.random;
  const COLORS = { train: 'var(--category-5)', val: 'var(--category-0)', mean: 'var(--ink)' };
  const color = (key) => COLORS[key] || `var(--set-${key})`;

  function mark(key, x, y, r = 4, properties = {}) {
    return svg('path', { d: SHAPES[key](r), transform: `translate(${x.toFixed(2)} ${y.toFixed(2)})`, style: { fill: color(key) }, ...properties });
  }

  // Entries are [key, text]; the mark stands beside the words, so colour is never alone.
  function legend(node, entries) {
    node.replaceChildren(...entries.map(([key, text]) => h('span', { class: 'key' },
      svg('svg', { class: 'mark', viewBox: '-6 -6 12 12', width: 12, height: 12, 'aria-hidden': 'true' }, mark(key, 0, 0, 4.4)), text)));
  }

  const canvas = (width, height, name, ...children) =>
    svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': name }, children);

  // The same for a chart with links inside: a group, so that they can be reached.
  const group = (width, height, name, ...children) =>
    svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'group', 'aria-label': name }, children);

  const width = (node) => Math.max(260, node.clientWidth);
  const scale = (from, to, low, high) => (value) => from + ((to - from) * (value - low)) / (high - low || 1);
  const points = (value, digits = 1) => (value === null ? 'none' : (100 * value).toFixed(digits).replace('-', '\u2212'));
  const whole = (value) => String(Number((100 * value).toPrecision(6))).replace('-', '\u2212');

  function bottomAxis(frame, ticks, x, format, title) {
    const { left, right, top, bottom } = frame;
    return svg('g', { class: 'axis', 'aria-hidden': 'true' },
      ticks.map((tick) => [
        svg('line', { class: 'rule', x1: x(tick), x2: x(tick), y1: top, y2: bottom }),
        axes.label(x(tick), bottom + 16, format(tick), { 'text-anchor': x(tick) < 12 ? 'start' : 'middle' }),
      ]),
      title && axes.label((left + right) / 2, bottom + 34, title, { class: 'axis-title', 'text-anchor': 'middle' }));
  }

  function interval(key, x, y, low, high) {
    if (low === null || high === null) return null;
    return svg('line', { class: 'range', x1: x(low), x2: x(high), y1: y, y2: y, style: { stroke: color(key) } });
  }

  // Draw now, and again when the width changes.
  const drawn = new Set();
  function keep(node, draw) {
    draw();
    if (drawn.has(node)) return;
    drawn.add(node);
    u.onResize(node, () => node.redraw());
  }

  function show(node, draw) {
    node.redraw = draw;
    keep(node, draw);
  }

  const estimate = (found, format) =>
    found[1] === null ? format(found[0]) : `${format(found[0])} (95\u202f% interval ${format(found[1])} to ${format(found[2])})`;

  // Place of the pointer in the coordinates of a chart.
  function pointer(event, drawing) {
    const box = drawing.getBoundingClientRect();
    const view = drawing.viewBox.baseVal;
    return [((event.clientX - box.left) * view.width) / box.width, ((event.clientY - box.top) * view.height) / box.height];
  }

  u.draw = { mark, color, legend, canvas, group, width, scale, points, whole, bottomAxis, interval, show, estimate, pointer };
})();
