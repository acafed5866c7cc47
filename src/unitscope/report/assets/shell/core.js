'use strict';
// The one namespace of the page, and what every other file uses: elements and numbers.
(function () {
  const SVG = 'http://www.w3.org/2000/svg';

  function append(node, children) {
    for (const child of children.flat(Infinity)) {
      if (child === null || child === undefined || child === false) continue;
      node.append(child.nodeType ? child : String(child));
    }
    return node;
  }

  function assign(node, properties) {
    for (const [name, value] of Object.entries(properties || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
      else if (name === 'style') Object.entries(value).forEach(([key, v]) => node.style.setProperty(key, v));
      else node.setAttribute(name, value === true ? '' : value);
    }
    return node;
  }

  // Text always becomes a text node: a name from the data can never become markup.
  const h = (tag, properties, ...children) => append(assign(document.createElement(tag), properties), children);
  const svg = (tag, properties, ...children) =>
    append(assign(document.createElementNS(SVG, tag), properties), children);

  const grouped = new Intl.NumberFormat('en-US');
  const integer = (value) => grouped.format(value);
  const percent = (share, digits = 1) => (share === null ? 'none' : `${(100 * share).toFixed(digits)}\u202f%`);
  const range = (low, high) => `${(100 * low).toFixed(1)} to ${percent(high)}`;
  const plural = (count, one, many) => `${integer(count)} ${count === 1 ? one : many || one + 's'}`;

  function significant(value, digits = 3) {
    if (value === null || value === undefined) return 'none';
    if (value === Infinity) return 'infinite';
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(digits - 1);
    return String(Number(value.toPrecision(digits)));
  }

  // A share so small that "0.0 %" would hide it keeps two digits.
  function share(value) {
    if (value === null) return 'none';
    const size = 100 * value;
    return `${size !== 0 && size < 0.1 ? significant(size, 2) : size.toFixed(1)}\u202f%`;
  }

  const points = (value, digits = 1) => (value === null ? 'none' : (100 * value).toFixed(digits).replace('-', '\u2212'));

  function link(node, address) {
    for (const name of ['href', 'role', 'aria-disabled']) node.removeAttribute(name);
    if (address) return void node.setAttribute('href', address);
    node.setAttribute('role', 'link');
    node.setAttribute('aria-disabled', 'true');
  }

  const loading = new Map();

  // Each script once, however often it is asked for.
  function loadScript(address) {
    if (!loading.has(address)) {
      loading.set(address, new Promise((resolve, reject) => {
        const node = h('script', { src: address });
        node.addEventListener('load', resolve);
        node.addEventListener('error', () => reject(new Error(`cannot load ${address}`)));
        document.head.append(node);
      }));
    }
    return loading.get(address);
  }

  const shorten = (text, length) => (text.length <= length ? text : text.slice(0, length - 1) + '\u2026');

  window.unitscope = {
    data: { blocks: {}, charts: {}, pictures: {} },
    needs: [],
    starts: [],
    pages: {},
    h, svg, append, integer, percent, range, plural, significant, share, loadScript, points, link, shorten,
    byId: (id) => document.getElementById(id),
  };
})();
