// The list of strokes: switched on and off, deleted, shown on the picture, with a note where one did not take.

import { byId, h, plural } from './dom.js';
import { levelName, titleOf } from './brush.js';
import { cellsOf } from './cells.js';

export class Strokes {
  constructor(run, palette, store, stage) {
    Object.assign(this, { run, palette, store, stage, notes: [] });
    this.list = byId('strokes');
    store.addEventListener('recipe', () => this.show());
    this.show();
  }

  // What the server found for each stroke, in the same order.
  tell(notes) {
    this.notes = notes;
    this.show();
  }

  show() {
    const { strokes } = this.store.recipe;
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.control : null;
    if (this.notes.length !== strokes.length) this.notes = [];
    byId('strokes-count').textContent = strokes.length ? String(strokes.length) : '';
    this.list.replaceChildren(...strokes.map((stroke, at) => this.row(stroke, at)));
    if (!strokes.length) this.list.append(h('li', { class: 'hint' }, 'None yet: choose a concept and paint on the picture.'));
    const again = focused && this.list.querySelector(`[data-control="${focused}"]`);
    if (again) again.focus();
  }

  row(stroke, at) {
    const note = this.notes[at];
    const name = `${stroke.tool} ${titleOf(stroke)}`;
    const level = stroke.tool === 'draw' ? `, ${levelName(stroke.level || 'values')}` : '';
    const facts = `${plural(stroke.units.length, 'unit')}, ${plural(cellsOf(stroke, this.run.grid).length, 'cell')}${level}`;
    const taken = stroke.on && note && note.took === false;
    const mark = (on) => () => this.stage.mark({ stroke: on ? stroke : null });
    return h('li', { class: `stroke${stroke.on ? '' : ' off'}`, onpointerenter: mark(true), onpointerleave: mark(false), onfocusin: mark(true), onfocusout: mark(false) },
      h('label', { class: 'check' },
        h('input', { type: 'checkbox', checked: stroke.on, 'data-control': `on-${at}`, 'aria-label': `Stroke ${at + 1}, ${name}: on`, onchange: () => this.change(at, { on: !stroke.on }) }),
        h('span', { class: 'swatch', style: { background: this.palette.colour(stroke.concept) } }),
        h('span', { class: 'stroke-text' }, h('span', { class: 'stroke-name' }, name), h('span', { class: 'concept-facts' }, facts))),
      h('button', { type: 'button', class: 'quiet round', 'data-control': `delete-${at}`, 'aria-label': `Delete stroke ${at + 1}, ${name}`, title: 'Delete', onclick: () => this.remove(at) }, '\u00d7'),
      taken && h('p', { class: 'note' }, note.note));
  }

  change(at, values) {
    this.store.commit({ strokes: this.store.recipe.strokes.map((stroke, index) => (index === at ? { ...stroke, ...values } : stroke)) });
  }

  remove(at) {
    this.stage.mark({ stroke: null });
    this.store.commit({ strokes: this.store.recipe.strokes.filter((_, index) => index !== at) });
    const next = this.list.querySelector(`[data-control="delete-${Math.max(0, at - 1)}"]`);
    (next || byId('stage')).focus();
  }
}
