// The palette: every concept with a detector, found by name, a few rows at a time; and what the chosen one offers.

import { byId, h, integer, nameOf, percent, plural } from './dom.js';

const ROWS = 40;

export class Concepts {
  constructor(palette, store) {
    Object.assign(this, { palette, store, found: palette.entries, drawn: 0 });
    this.list = byId('concepts');
    this.end = h('span', { class: 'sentinel', 'aria-hidden': 'true' });
    new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && this.more(), { root: this.list, rootMargin: '300px' }).observe(this.end);
    byId('search').addEventListener('input', () => this.search());
    byId('search').addEventListener('keydown', (event) => this.searchKey(event));
    this.list.addEventListener('keydown', (event) => this.key(event));
    this.list.addEventListener('click', (event) => this.click(event));
    this.search();
    store.addEventListener('tools', () => this.show());
    this.show();
  }

  // Names that begin with the text come first, then those that hold it, then categories.
  search() {
    const text = byId('search').value.trim().toLowerCase();
    const place = (entry) => {
      const name = entry.name.toLowerCase();
      if (name.startsWith(text)) return 0;
      if (name.includes(text)) return 1;
      return entry.category.toLowerCase().startsWith(text) ? 2 : 3;
    };
    const ranked = this.palette.entries.map((entry) => [place(entry), entry]).filter(([rank]) => rank < 3);
    this.found = ranked.sort((a, b) => a[0] - b[0]).map(([, entry]) => entry);
    const all = this.palette.entries.length;
    byId('concepts-count').textContent = text ? `${integer(this.found.length)} of ${integer(all)}` : plural(all, 'concept');
    this.list.replaceChildren(this.end);
    this.drawn = 0;
    this.more();
    this.list.scrollTop = 0;
  }

  more() {
    const rows = this.found.slice(this.drawn, this.drawn + ROWS).map((entry, at) => this.row(entry, this.drawn + at));
    this.end.before(...rows);
    this.drawn += rows.length;
    if (!this.found.length) this.end.before(h('p', { class: 'hint' }, 'No concept of this name has units here.'));
    if (this.drawn < this.found.length && this.list.scrollHeight <= this.list.clientHeight) this.more();
  }

  row(entry, at) {
    const chosen = this.isChosen(entry);
    const facts = [`IoU ${percent(entry.best_iou, 0)}`, plural(entry.detectors, 'unit'), entry.acts && `acts ${percent(entry.acts.lost, 0)}`].filter(Boolean);
    return h('div', { class: 'concept', role: 'option', id: `concept-${at}`, 'data-key': entry.key, 'aria-selected': String(chosen), 'aria-setsize': this.found.length, 'aria-posinset': at + 1 },
      entry.example ? h('img', { src: entry.example, alt: '', width: 40, height: 40, loading: 'lazy' }) : h('span', { class: 'patch', style: { background: entry.color } }),
      h('span', { class: 'concept-text' }, h('span', { class: 'concept-name' }, entry.name),
        h('span', { class: 'concept-facts' }, [...facts, entry.category].join(' \u00b7 '))),
      h('span', { class: 'swatch', style: { background: entry.color } }));
  }

  isChosen(entry) {
    const { concept, unit } = this.store.tools;
    return unit === null && concept === entry.key;
  }

  choose(key) {
    this.store.set({ concept: key, unit: null, unitConcept: null, ...(this.store.tools.tool === 'look' ? { tool: 'draw' } : {}) });
  }

  click(event) {
    const row = event.target.closest('[data-key]');
    if (row) this.choose(row.dataset.key);
  }

  searchKey(event) {
    if (event.key === 'Enter' && this.found.length) this.choose(this.found[0].key);
    else if (event.key === 'ArrowDown') this.list.focus();
    else return;
    event.preventDefault();
  }

  key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity, ArrowRight: 1, ArrowLeft: -1 };
    if (!(event.key in steps) || !this.found.length) return;
    event.preventDefault();
    const at = this.found.findIndex((entry) => this.isChosen(entry));
    const next = Math.min(this.found.length - 1, Math.max(0, at + steps[event.key]));
    while (this.drawn <= next) this.more();
    this.choose(this.found[next].key);
    this.list.querySelector('[aria-selected=true]').scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  show() {
    for (const row of this.list.querySelectorAll('[data-key]')) {
      row.setAttribute('aria-selected', String(this.isChosen(this.palette.entry(row.dataset.key))));
    }
    const active = this.list.querySelector('[aria-selected=true]');
    if (active) this.list.setAttribute('aria-activedescendant', active.id);
    else this.list.removeAttribute('aria-activedescendant');
    const { tools } = this.store;
    const state = JSON.stringify([tools.concept, tools.unit, tools.order, tools.counts]);
    if (state !== this.state) this.detail();
    this.state = state;
  }

  detail() {
    const { tools } = this.store;
    const box = byId('chosen');
    if (tools.unit !== null) {
      const of = tools.unitConcept ? `, which matches ${nameOf(tools.unitConcept)}` : '';
      box.replaceChildren(h('p', {}, h('b', {}, `Unit ${tools.unit} alone`), of),
        h('button', { type: 'button', onclick: () => this.store.set({ unit: null, unitConcept: null }) }, 'Back to the concept'));
      return;
    }
    const entry = this.palette.entry(tools.concept);
    box.hidden = !entry;
    if (entry) box.replaceChildren(...this.facts(entry, tools));
  }

  facts(entry, tools) {
    const ranked = this.palette.ranked(entry, tools);
    const count = this.palette.count(entry, tools);
    const out = h('output', { for: 'units' }, String(count));
    const units = h('p', { class: 'unit-list' });
    const list = () => { units.textContent = `Units ${this.palette.unitsOf(entry, this.store.tools).join(', ')}`; };
    const slider = h('input', { type: 'range', id: 'units', min: 1, max: ranked.length, value: count, oninput: (event) => {
      const chosen = Number(event.target.value);
      out.textContent = String(chosen);
      // The same control goes on being dragged: it is not drawn anew.
      this.state = JSON.stringify([tools.concept, tools.unit, tools.order, { ...tools.counts, [entry.key]: chosen }]);
      this.store.set({ counts: { ...this.store.tools.counts, [entry.key]: chosen } });
      list();
    } });
    list();
    return [
      h('p', {}, h('b', {}, entry.name), ` ${plural(entry.detectors, 'detector')}, best IoU ${percent(entry.best_iou)}`),
      h('label', { class: 'slider', for: 'units' }, 'Units ', out, slider),
      this.palette.entries.some((each) => each.by_effect) && this.orders(entry, tools),
      entry.acts && h('p', { class: 'hint' }, said(entry.acts)),
      entry.accepted && entry.accepted.length > 0 && h('p', { class: 'hint' }, accepted(entry.accepted)),
      h('details', {}, h('summary', {}, 'Which units'), units),
    ].filter(Boolean);
  }

  orders(entry, tools) {
    const button = (order, text) => h('button', {
      type: 'button', 'aria-pressed': String((tools.order === order) && (order === 'iou' || Boolean(entry.by_effect))),
      disabled: order === 'effect' && !entry.by_effect, onclick: () => this.store.set({ order }),
    }, text);
    return h('div', { class: 'segmented small', role: 'group', 'aria-label': 'Which units come first' }, button('iou', 'By IoU'), button('effect', 'By effect'));
  }
}

// What is lost of a concept's area without its units, with the interval where there is one.
function said({ units, lost, low, high }) {
  const interval = low === null || high === null ? '' : ` (${percent(low, 0)} to ${percent(high, 0)})`;
  return `Without ${units === 1 ? 'its first unit' : `its ${units} units`}, ${percent(lost, 0)}${interval} of its area is lost`;
}

function accepted(contexts) {
  const shown = [...contexts].sort((a, b) => b.success - a.success).slice(0, 4);
  return `Accepted: ${shown.map(({ context, success }) => `${nameOf(context)} ${percent(success, 0)}`).join(', ')}`;
}
