// Looking inside: the units that are on at a place, the map of one, and switching it alone.

import { byId, calm, h, nameOf, percent, plural } from './dom.js';
import { cellAt } from './cells.js';
import { stopped } from './api.js';

export class Inside {
  constructor(api, run, palette, store, stage, hands) {
    Object.assign(this, { api, run, palette, store, stage, hands, pinned: null, unit: null, place: null });
    this.soon = calm((cell) => this.ask(cell), 90);
    byId('inside-close').addEventListener('click', () => this.close());
    store.addEventListener('shown', () => this.refresh());
  }

  // The pointer is over a place, or the cursor went there: what lies below it, unless another place was chosen.
  over(place) {
    if (this.store.tools.tool !== 'look' || this.pinned || !place) return;
    this.soon(cellAt(place, this.run.grid));
  }

  choose(place) {
    const cell = cellAt(place, this.run.grid);
    const again = this.pinned && String(this.pinned) === String(cell);
    this.pinned = again ? null : cell;
    this.soon.cancel();
    this.ask(cell);
  }

  refresh() {
    if (byId('inside').hidden || this.stage.trail) return;
    if (this.place) this.soon(this.place);
    if (this.unit !== null) this.map(this.unit);
  }

  close() {
    byId('inside').hidden = true;
    Object.assign(this, { pinned: null, unit: null, place: null });
    this.stage.mark({ map: null });
  }

  async ask([row, column]) {
    this.place = [row, column];
    if (this.asking) this.asking.abort();
    this.asking = new AbortController();
    try {
      const { units } = await this.api.json('/api/units', { ...this.store.shown, row, column }, this.asking.signal);
      this.show(row, column, units);
    } catch (error) {
      if (!stopped(error)) this.hands.failed(error);
    }
  }

  show(row, column, units) {
    byId('inside').hidden = false;
    byId('inside-title').textContent = `Row ${row + 1}, column ${column + 1}: ${units.length ? plural(units.length, 'unit') : 'no unit'} on`;
    this.units = units;
    this.at = `${row},${column}`;
    byId('inside-body').replaceChildren(
      this.detail = h('div', { class: 'unit-detail' }),
      h('ul', { class: 'units' }, units.map((each) => this.row(each))),
      units.length ? '' : h('p', { class: 'hint' }, 'Nothing is above its threshold at this place.'),
      h('p', { class: 'hint' }, this.pinned ? 'The place is held; click it again to let it go.' : 'Click a place to hold it, a unit to see its map.'));
    if (this.unit !== null && this.last) this.describe(this.last);
  }

  row(each) {
    const times = each.activation / each.threshold;
    const strong = Number.isFinite(times) && times > 0 ? `${times.toFixed(1)}\u00d7` : '';
    return h('li', {}, h('button', { type: 'button', class: 'unit', 'data-unit': each.unit, 'aria-pressed': String(this.unit === each.unit), onclick: () => this.toggle(each.unit) },
      h('span', { class: 'swatch', style: { background: this.palette.colour(each.concept) } }),
      h('span', { class: 'unit-number' }, String(each.unit)),
      h('span', { class: 'unit-name' }, each.concept ? nameOf(each.concept) : 'no label'),
      h('span', { class: 'concept-facts', title: 'activation, in thresholds' }, strong)));
  }

  toggle(unit) {
    if (this.unit === unit) {
      this.unit = null;
      this.stage.mark({ map: null });
      this.detail.replaceChildren();
    } else this.map(unit);
    this.press();
  }

  press() {
    for (const node of byId('inside-body').querySelectorAll('[data-unit]')) node.setAttribute('aria-pressed', String(Number(node.dataset.unit) === this.unit));
  }

  async map(unit) {
    this.unit = unit;
    try {
      const found = await this.api.json('/api/unit', { ...this.store.shown, unit });
      if (this.unit !== unit) return;
      this.last = found;
      this.stage.mark({ map: found });
      this.describe(found);
    } catch (error) {
      this.hands.failed(error);
    }
  }

  describe(found) {
    const interval = found.interval ? ` (${percent(found.interval[0])} to ${percent(found.interval[1])})` : '';
    const label = found.concept ? `matches ${nameOf(found.concept)}, IoU ${percent(found.iou)}${interval}${found.stable === false ? '; the label is not stable' : ''}` : 'has no label';
    const alone = (tool) => () => {
      const { unit } = this;
      this.close();
      this.store.set({ tool, unit, unitConcept: found.concept || null });
      this.hands.say(`The brush holds unit ${unit} alone.`);
    };
    this.detail.replaceChildren(h('p', {}, h('b', {}, `Unit ${this.unit}`), ` ${label}. Lit is where it is on.`),
      h('div', { class: 'row' }, h('button', { type: 'button', onclick: alone('erase') }, 'Erase it alone'), h('button', { type: 'button', onclick: alone('draw') }, 'Draw it alone')));
  }
}
