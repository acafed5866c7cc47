'use strict';
// Every class in three settings, with densities (the paper's fig. 2D), and the classes that gain.
(function () {
  const u = window.unitscope;
  const { h, svg, draw, importance, axes, byId } = u;
  const HILL = 96;
  const NAMED = 60;
  const KEYS = ['baseline', 'removed', 'kept'];

  function names() {
    const { many, units } = importance.data();
    return {
      baseline: 'whole network', removed: `${many} most important removed`,
      kept: `only these ${many} kept (${u.integer(Math.max(0, units.unit.length - many))} removed)`,
    };
  }

  const percent = (tick) => `${draw.whole(tick)}\u202f%`;

  function hills(keys, x, top) {
    const { settings } = importance.data();
    const highest = Math.max(1e-9, ...keys.flatMap((key) => settings.densities[key] || []));
    const y = (value) => top + HILL - (HILL - 6) * (value / highest);
    return keys.map((key) => {
      const curve = settings.densities[key];
      if (!curve) return null;
      const at = draw.scale(settings.from, settings.to, 0, curve.length - 1);
      const line = curve.map((value, step) => `${x(at(step)).toFixed(1)} ${y(value).toFixed(1)}`).join('L');
      return [
        svg('path', { class: 'hill', d: `M${x(settings.from)} ${y(0)}L${line}L${x(settings.to)} ${y(0)}Z`, style: { fill: draw.color(key) } }),
        svg('path', { class: 'curve', d: `M${line}`, style: { stroke: draw.color(key) } }),
      ];
    });
  }

  function means(keys, x, top, right) {
    const { settings } = importance.data();
    return keys.map((key, row) => {
      const [value, low, high] = settings.means[key];
      const y = top + 10 + row * 16;
      const end = x(high === null ? value : high) + 8;
      const before = end > right - 44;
      return [
        draw.interval(key, x, y, low, high), draw.mark(key, x(value), y, 4.5),
        axes.label(before ? x(low === null ? value : low) - 8 : end, y + 4, u.percent(value), { class: 'strong', 'text-anchor': before ? 'end' : 'start' }),
      ];
    });
  }

  function rowName(at, y, step) {
    const name = importance.data().classes.name[at];
    return svg('a', { href: importance.classAddress(at), 'aria-label': name },
      axes.label(0, y + step * 0.25, u.shorten(name, 20), { class: 'name' }));
  }

  function classesChart(node) {
    const { classes, settings, many } = importance.data();
    const keys = KEYS.filter((key) => settings.means[key]);
    const count = classes.name.length;
    const named = count <= NAMED;
    const width = draw.width(node);
    const step = named ? 17 : 560 / count;
    const from = HILL + 16 * keys.length + 14;
    const frame = { left: named ? Math.min(150, width * 0.36) : 12, right: width - 14, top: 0, bottom: from + step * count + 4 };
    const x = draw.scale(frame.left, frame.right, settings.from, settings.to);
    const y = (at) => from + step * (at + 0.5);
    const cursor = svg('rect', { class: 'cursor', x: 0, width, height: Math.max(3, step), visibility: 'hidden' });
    const text = keys.map((key) => `${names()[key]}: mean ${draw.estimate(settings.means[key], u.percent)}`).join('; ');
    const drawing = draw.group(width, frame.bottom + 40, `Balanced accuracy of ${count} classes. ${text}`,
      cursor,
      draw.bottomAxis(frame, axes.valueTicks(settings.from, settings.to, width < 500 ? 4 : 7), x, percent, 'balanced accuracy on val pictures'),
      settings.from <= 0.5 && svg('line', { class: 'chance', x1: x(0.5), x2: x(0.5), y1: 0, y2: frame.bottom }),
      hills(keys, x, 0), means(keys, x, HILL, frame.right),
      keys.map((key) => classes[key].map((value, at) => value !== null && draw.mark(key, x(value), y(at), named ? 4 : 2.6, { class: 'dot' }))),
      named && classes.name.map((_, at) => rowName(at, y(at), step)));
    node.replaceChildren(drawing);
    draw.legend(byId('classes-legend'), keys.map((key) => [key, names()[key]]));
    byId('panel-classes').hidden = keys.length === 0;
    listen(drawing, cursor, { from, step, count });
  }

  function listen(drawing, cursor, { from, step, count }) {
    const row = (event) => Math.floor((draw.pointer(event, drawing)[1] - from) / step);
    const known = (at) => at >= 0 && at < count;
    drawing.addEventListener('pointermove', (event) => {
      const at = row(event);
      cursor.setAttribute('visibility', known(at) ? 'visible' : 'hidden');
      drawing.classList.toggle('pointed', known(at));
      if (!known(at)) return;
      cursor.setAttribute('y', from + at * step);
      const one = importance.one(at);
      const parts = KEYS.filter((key) => one[key] !== null && one[key] !== undefined).map((key) => `${names()[key]} ${u.percent(one[key])}`);
      byId('classes-readout').replaceChildren(h('b', {}, one.name), `: ${parts.join(', ') || 'no val pictures'}`);
    });
    drawing.addEventListener('click', (event) => {
      if (known(row(event)) && !event.target.closest('a')) location.hash = importance.classAddress(row(event));
    });
  }

  function gainRow([at, kept, gain, low, high, sure], y, x, right) {
    const name = importance.data().classes.name[at];
    const removed = importance.data().units.unit.length - kept;
    const end = Math.max(x(gain), x(high === null ? gain : high)) + 8;
    const properties = sure ? {} : { style: { fill: 'var(--panel)', stroke: draw.color('kept'), 'stroke-width': 1.6 } };
    return svg('a', { href: importance.classAddress(at), 'aria-label': `${name}: gains ${draw.points(gain)} points with ${removed} units removed` },
      axes.label(0, y - 3, u.shorten(name, 26), { class: 'name' }),
      axes.label(0, y + 11, `${u.integer(removed)} removed`),
      draw.interval('kept', x, y, low, high), draw.mark('kept', x(gain), y, 5, properties),
      axes.label(Math.min(end, right - 28), y + 4, draw.points(gain), { class: 'strong' }));
  }

  function gainsChart(node) {
    const { gains } = importance.data();
    const many = gains.rows.length;
    byId('panel-gains').hidden = gains.measured === 0;
    const known = gains.rows.some((row) => row[3] !== null);
    byId('gains-text').textContent = `The accuracy of ${gains.rising} of ${u.plural(gains.measured, 'class', 'classes')} rises for some size of set` +
      `${known ? `; for ${gains.sure} of them the interval lies above zero` : ''}.${gains.rising > many && many ? ` Shown: the largest ${many} gains.` : ''}`;
    if (many === 0) return void node.replaceChildren();
    const width = Math.min(760, draw.width(node));
    const values = gains.rows.flatMap((row) => row.slice(2, 5)).filter((value) => value !== null);
    const frame = { left: Math.min(180, width * 0.4), right: width - 40, top: 0, bottom: many * 34 + 6 };
    const span = [Math.min(0, ...values), Math.max(0.01, ...values)];
    const x = draw.scale(frame.left, frame.right, ...span);
    node.replaceChildren(draw.group(width, frame.bottom + 40, `Gains of ${many} classes`,
      draw.bottomAxis(frame, axes.valueTicks(...span, 5), x, draw.whole, 'balanced accuracy gained, points'),
      svg('line', { class: 'zero', x1: x(0), x2: x(0), y1: 0, y2: frame.bottom }),
      gains.rows.map((row, index) => gainRow(row, index * 34 + 18, x, width))));
  }

  u.classes = {
    render() {
      draw.show(byId('chart-classes'), () => classesChart(byId('chart-classes')));
      draw.show(byId('chart-gains'), () => gainsChart(byId('chart-gains')));
    },
  };
})();
