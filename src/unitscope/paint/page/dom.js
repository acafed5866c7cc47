// Elements, numbers and names. Text always becomes a text node: a name from a run can never become markup.

export const byId = (id) => document.getElementById(id);

export function h(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'style') Object.entries(value).forEach(([key, text]) => node.style.setProperty(key, text));
    else node.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

const grouped = new Intl.NumberFormat('en-US');
export const integer = (value) => grouped.format(value);
export const plural = (count, one, many) => `${integer(count)} ${count === 1 ? one : many || `${one}s`}`;
export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)}\u202f%`;

// A difference of two shares, in percentage points, with its sign.
export function points(value) {
  const text = (100 * Math.abs(value)).toFixed(1);
  return text === '0.0' ? '0.0' : (value < 0 ? '\u2212' : '+') + text;
}

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// 'object/street lamp' -> 'street lamp'; what is no key stays as it is.
export const nameOf = (key) => (key === null || key === undefined ? 'nothing' : key.slice(key.indexOf('/') + 1));

// Calls `action` once, `pause` milliseconds after the last call.
export function calm(action, pause) {
  let timer = 0;
  const later = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...given), pause);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = h('a', { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
