'use strict';
// Charts are Vega-Lite specifications made in Python; here they get their data, the colours of the theme and the keyboard.
(function () {
  const u = window.unitscope;
  const { h } = u;
  const drawn = new Map();

  const dark = () => u.theme.isDark();

  // Every colour of a chart is a light shade of the palette: the dark one takes its place.
  function themed(spec, asDark = dark()) {
    const { config, shades } = u.look;
    let text = JSON.stringify({ ...spec, config });
    if (asDark) for (const [light, other] of Object.entries(shades)) text = text.replaceAll(light, other);
    return JSON.parse(text);
  }

  // `plain`: the page has a legend of its own.
  function filled(spec, { data = {}, params = {}, width = spec.width, plain = false }, asDark = dark()) {
    const values = { theme: asDark ? 'dark' : 'light', ...params };
    return {
      ...spec,
      width,
      config: plain ? { ...spec.config, legend: { disable: true } } : spec.config,
      datasets: { ...spec.datasets, ...data },
      params: (spec.params || []).map((param) => (param.name in values ? { ...param, value: values[param.name] } : param)),
    };
  }

  // A title that is longer than its axis takes several lines.
  function wrapped(spec, most) {
    for (const part of Object.values(spec)) if (part && typeof part === 'object') wrapped(part, most);
    const { axis } = spec;
    if (typeof axis?.title !== 'string' || axis.title.length <= most) return spec;
    const lines = [''];
    for (const word of axis.title.split(' ')) {
      if (lines.at(-1).length + word.length >= most) lines.push(word);
      else lines.push(`${lines.pop()} ${word}`.trim());
    }
    axis.title = lines;
    return spec;
  }

  // Vega says of rows with a height of their own that it does not stretch them, and of marks without rows, such as the
  // threshold of a unit that has none, that they take no room. Vega-Embed has no setting for it.
  const { warn } = console;
  console.warn = (...said) => /^(Dropping|Infinite extent) /.test(said[1]) || warn.apply(console, said);

  const words = (item) => Object.entries(item.tooltip).map(([name, value]) => `${name}: ${value}`).join(', ');

  const label = (node, name) => (node.dataset.label || name).split(';')[0];

  // The chart as a file: in light colours with their legend, as wide as it is here.
  async function file(node, name, given, kind) {
    const width = node.querySelector('svg, canvas').getBoundingClientRect().width;
    const drawing = filled(themed(u.data.charts[name], false), { ...given, plain: false }, false);
    const aside = h('div', { style: { position: 'absolute', left: '-10000px', width: `${width}px` }, 'aria-hidden': 'true' });
    document.body.append(aside);
    const result = await window.vegaEmbed(aside, { ...drawing, background: '#ffffff' }, { actions: false, renderer: 'svg' });
    const title = `${u.files.slug(label(node, name))}.${kind.toLowerCase()}`;
    if (kind === 'SVG') u.files.save(title, await result.view.toSVG(), 'image/svg+xml');
    else {
      const canvas = await result.view.toCanvas(2);
      u.files.save(title, await new Promise((resolve) => canvas.toBlob(resolve, 'image/png')));
    }
    result.finalize();
    aside.remove();
  }

  // Draw a chart of this page, `name` in data/charts.js, with rows of its own or those it came with.
  async function draw(node, name, given = {}) {
    const spec = u.data.charts[name];
    if (!spec) return void node.replaceChildren(u.h('p', { class: 'empty' }, 'Nothing was measured.'));
    if (!window.vegaEmbed) return void node.replaceChildren(u.h('p', { class: 'notice' }, 'The script that draws charts is missing: copy the whole folder of the report.'));
    const before = drawn.get(node);
    const mine = { name, given, dark: dark() };
    drawn.set(node, mine);
    const drawing = filled(wrapped(themed(spec), Math.max(18, (node.clientWidth - 140) / 6.5)), given);
    const place = u.h('div', {});
    node.append(place);
    const result = await window.vegaEmbed(place, drawing, {
      actions: false, renderer: 'svg', tooltip: { theme: 'custom' }, loader: { target: '_self' }, ...spec.usermeta?.embed,
    });
    if (drawn.get(node) !== mine) return void (result.finalize(), place.remove());
    mine.finalize = () => result.finalize();
    if (before?.finalize) before.finalize();
    node.replaceChildren(place, u.files.tools(label(node, name), ['SVG', 'PNG'].map((kind) => [kind, () => file(node, name, given, kind)])));
    node.classList.remove('pending');
    if (!node.hasAttribute('aria-label')) node.setAttribute('aria-label', label(node, name));
    node.setAttribute('role', 'group');
    keyboard(node);
    if (spec.usermeta?.cells) read(node, result.view, spec.usermeta.cells);
  }

  // One stop of the Tab key a chart; arrows go from mark to mark and show what each says, Enter follows its link.
  function keyboard(node) {
    const marks = [...node.querySelectorAll('[role="graphics-symbol"]')].filter((mark) => mark.__data__?.tooltip && mark.__data__.opacity !== 0);
    marks.forEach((mark, at) => {
      const { href } = mark.__data__;
      mark.setAttribute('tabindex', at === 0 ? 0 : -1);
      mark.setAttribute('aria-label', words(mark.__data__));
      if (href) mark.setAttribute('role', 'link');
      mark.addEventListener('keydown', (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (event.key === 'Enter' && href) location.href = href;
        if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        event.stopPropagation();
        const next = marks[at + step];
        if (!next) return;
        mark.setAttribute('tabindex', -1);
        next.setAttribute('tabindex', 0);
        next.focus();
      });
      mark.addEventListener('focus', () => mark.matches(':focus-visible') && point(mark, 'pointermove'));
      mark.addEventListener('blur', () => point(mark, 'pointerout'));
    });
  }

  function point(mark, kind) {
    const box = mark.getBoundingClientRect();
    const at = { bubbles: true, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
    mark.dispatchEvent(new PointerEvent(kind, at));
  }

  // A map that is one picture has its values in bytes: what the pointer is on is read from them.
  function read(node, view, cells) {
    const codes = Uint8Array.from(atob(cells.codes), (char) => char.charCodeAt(0));
    const under = (event) => {
      const [left, top] = view.origin();
      const box = node.querySelector('svg').getBoundingClientRect();
      const [column, row] = ['x', 'y'].map((axis, at) => Math.floor(view.scale(axis).invert(at ? event.clientY - box.y - top : event.clientX - box.x - left)));
      return column >= 0 && row >= 0 && column < cells.columns.length && row < cells.rows.length ? [column, row] : null;
    };
    node.addEventListener('pointermove', (event) => {
      const [column, row] = under(event) || [];
      if (column === undefined) return;
      const code = codes[row * cells.columns.length + column];
      const value = cells.low + ((code - 1) / 254) * (cells.high - cells.low);
      const text = code === 0 ? 'no value' : `${(cells.scale * value).toFixed(cells.scale > 1 ? 0 : 2)}${cells.unit}`;
      node.title = `${cells.rows[row]}, ${cells.columns[column]}: ${text}`;
    });
    node.addEventListener('click', (event) => {
      const found = cells.hrefs && under(event);
      if (found) location.href = cells.hrefs[found[1]];
    });
  }

  // Draw the charts below a node that come with all their data, one after the other so that the page stays quick.
  async function page(node) {
    for (const chart of node.querySelectorAll('[data-chart]')) {
      const known = drawn.get(chart);
      if (!known || known.dark !== dark()) await draw(chart, chart.dataset.chart, { plain: 'plain' in chart.dataset });
    }
  }

  function again() {
    for (const [node, { name, given }] of drawn) {
      if (node.isConnected && node.clientWidth) draw(node, name, given);
    }
  }

  new MutationObserver(again).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
  u.charts = { draw, page };
})();
