'use strict';
// Two maps: units against classes, and classes against classes. One byte a cell, drawn in the colours of the theme.
(function () {
  const u = window.unitscope;
  const { h, svg, draw, importance, axes, byId } = u;
  const NAMED = 60;
  let maps = null;

  const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

  function rgb(name) {
    const probe = h('i', { style: { color: `var(${name})`, display: 'none' } });
    document.body.append(probe);
    const found = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
    probe.remove();
    return found;
  }

  const blend = (from, to, share) => from.map((value, at) => value + (to[at] - value) * share);

  // The colour of every byte; 0 stands for no value.
  function palette(diverging) {
    const [panel, high, low, none] = ['--panel', '--category-0', '--category-1', '--rule'].map(rgb);
    return Array.from({ length: 256 }, (_, code) => {
      if (code === 0) return none;
      if (!diverging) return blend(panel, high, (code - 1) / 254);
      return code >= 128 ? blend(panel, high, (code - 128) / 127) : blend(panel, low, (128 - code) / 127);
    });
  }

  function picture(codes, width, height, colors) {
    const canvas = h('canvas', { width, height });
    const context = canvas.getContext('2d');
    const image = context.createImageData(width, height);
    codes.forEach((code, at) => image.data.set([...colors[code], 255], at * 4));
    context.putImageData(image, 0, 0);
    return canvas.toDataURL();
  }

  function drawMap(node, map) {
    const { rows, columns, codes, diverging, alt, across, most } = map;
    if (!rows || !columns) return void node.replaceChildren(h('p', { class: 'empty' }, 'Nothing was measured.'));
    const width = Math.min(most, draw.width(node));
    const named = rows <= NAMED && width > 420;
    const left = named ? 140 : 16;
    const step = named ? Math.max(14, map.square ? (width - left) / rows : 14) : Math.max(1.2, Math.min(9, 520 / rows));
    const side = map.square && !named ? width - left : rows * step;
    const frame = { left, right: width, top: 0, bottom: side };
    const names = maps.classes.map((at) => importance.data().classes.name[at]);
    const drawing = draw.canvas(width, side + 24, alt,
      svg('image', { href: picture(codes, columns, rows, palette(diverging)), x: left, y: 0, width: width - left, height: side, preserveAspectRatio: 'none' }),
      named && names.map((name, at) => axes.label(left - 6, (side / rows) * (at + 0.5) + 4, u.shorten(name, 20), { 'text-anchor': 'end' })),
      !named && axes.label(0, 0, `${u.plural(rows, 'class', 'classes')}, similar ones together`, { class: 'axis-title', 'text-anchor': 'middle', transform: `translate(10 ${side / 2}) rotate(-90)` }),
      axes.label((left + width) / 2, side + 18, across, { class: 'axis-title', 'text-anchor': 'middle' }));
    node.replaceChildren(drawing);
    listen(drawing, frame, map);
  }

  function listen(drawing, frame, { rows, columns, read }) {
    const cell = (event) => {
      const [x, y] = draw.pointer(event, drawing);
      return [Math.floor(((x - frame.left) / (frame.right - frame.left)) * columns), Math.floor((y / frame.bottom) * rows)];
    };
    const inside = ([column, row]) => column >= 0 && row >= 0 && column < columns && row < rows;
    drawing.addEventListener('pointermove', (event) => inside(cell(event)) && read(...cell(event)));
    drawing.addEventListener('click', (event) => {
      if (inside(cell(event))) location.hash = importance.classAddress(maps.classes[cell(event)[1]]);
    });
    drawing.classList.add('pointed');
  }

  const signed = (value) => value.toFixed(2).replace('-', '\u2212');

  function scaleBar(node, stops, low, high) {
    node.replaceChildren(low, h('i', { style: { background: `linear-gradient(to right, ${stops.join(', ')})` }, 'aria-hidden': 'true' }), high);
  }

  function correlation() {
    const codes = bytes(maps.correlation);
    const [rows, columns] = [maps.classes.length, maps.units.length];
    const { classes, units, many, positive } = importance.data();
    byId('panel-correlation').hidden = columns === 0;
    byId('correlation-text').textContent = positive
      ? `${u.percent(positive[0], 0)} of the ${many} most important units of a class correlate positively with it, ${u.percent(positive[1], 0)} of all units.` : '';
    scaleBar(byId('correlation-scale'), ['var(--category-1)', 'var(--panel)', 'var(--category-0)'], `${signed(-maps.scale)}`, `${signed(maps.scale)} or more`);
    drawMap(byId('chart-correlation'), {
      rows, columns, codes, diverging: true, most: 4000, alt: `Correlation of ${columns} units with ${rows} classes, as a map`,
      across: `${u.plural(columns, 'unit')}${columns < units.unit.length ? ` of ${u.integer(units.unit.length)}` : ''}, by the class they go with`,
      read(column, row) {
        const code = codes[row * columns + column];
        const value = code === 0 ? 'no correlation' : `correlation ${signed(((code - 128) / 127) * maps.scale)}`;
        byId('correlation-readout').replaceChildren(h('b', {}, classes.name[maps.classes[row]]), ` and ${importance.unitText(importance.unit(maps.units[column]))}: ${value}`);
      },
    });
  }

  function overlap() {
    const codes = bytes(maps.overlap);
    const count = maps.classes.length;
    const { classes } = importance.data();
    byId('panel-overlap').hidden = count < 2;
    byId('overlap-hint').textContent = `The share of units that two classes have in common among their ${maps.of} most important (Jaccard). ` +
      `Two random sets of ${maps.of} units would share about ${u.percent(maps.chance)}.`;
    scaleBar(byId('overlap-scale'), ['var(--panel)', 'var(--category-0)'], 'none shared', 'the same');
    drawMap(byId('chart-overlap'), {
      rows: count, columns: count, codes, diverging: false, most: 560, square: true, alt: `Overlap of the important units of ${count} classes, as a map; the largest are in the table`,
      across: 'classes, in the same order',
      read(column, row) {
        const code = codes[row * count + column];
        const value = code === 0 ? 'not measured' : u.percent((code - 1) / 254, 0);
        byId('overlap-readout').replaceChildren(h('b', {}, classes.name[maps.classes[row]]), ' and ', h('b', {}, classes.name[maps.classes[column]]), `: ${value}`);
      },
    });
  }

  function pairs() {
    const link = (at) => h('a', { href: importance.classAddress(at) }, importance.data().classes.name[at]);
    byId('overlap-table').replaceChildren(h('table', {}, h('caption', {}, 'The pairs that share most'),
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Class'), h('th', { scope: 'col' }, 'Class'), h('th', { scope: 'col', class: 'number' }, 'Shared'))),
      h('tbody', {}, maps.pairs.map(([first, second, value]) =>
        h('tr', {}, h('td', {}, link(first)), h('td', {}, link(second)), h('td', { class: 'number' }, u.percent(value, 0)))))));
  }

  async function render() {
    if (!maps) {
      await u.loadScript('data/maps.js');
      maps = u.data.maps;
      // The maps hold colours of the theme, so they are drawn again when it changes.
      const again = () => [byId('chart-correlation'), byId('chart-overlap')].forEach((node) => node.redraw && node.clientWidth && node.redraw());
      new MutationObserver(again).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
      window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
    }
    pairs();
    draw.show(byId('chart-correlation'), correlation);
    draw.show(byId('chart-overlap'), overlap);
  }

  u.maps = { render };
})();
