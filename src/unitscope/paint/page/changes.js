// What changed: the share of every concept before and after, asked for once the picture is shown.

import { byId, calm, h, nameOf, percent, points } from './dom.js';
import { pictureKey, stopped } from './api.js';
import { titleOf } from './brush.js';

const SMALL = 0.0005;
const FIRST = 12;

export class Changes {
  // `told(notes)` gets what each stroke did; `said(text)` is read out.
  constructor(api, palette, store, { told, said, failed }) {
    Object.assign(this, { api, palette, store, told, said, failed, whole: false, known: null });
    this.ask = calm(() => this.read(), 120);
  }

  // The picture of the recipe is shown: now there is time for the segmenter.
  shown() {
    this.ask();
  }

  // Another picture is on its way: what is asked about the last one no longer matters.
  forget() {
    this.ask.cancel();
    if (this.asking) this.asking.abort();
    byId('changes-state').textContent = '';
  }

  async read() {
    const { recipe } = this.store;
    const asking = new AbortController();
    this.asking = asking;
    byId('changes-state').textContent = 'looking\u2026';
    try {
      const found = await this.api.json('/api/changes', { latent: recipe.latent, strokes: recipe.strokes }, asking.signal);
      if (pictureKey(recipe) !== pictureKey(this.store.recipe)) return;
      this.show(found);
      this.told(found.strokes);
      this.report(recipe, found);
    } catch (error) {
      if (!stopped(error)) this.failed(error);
    } finally {
      if (this.asking === asking) byId('changes-state').textContent = '';
    }
  }

  // Says what the last stroke did, if it is new.
  report({ strokes }, found) {
    const last = strokes.length - 1;
    if (strokes.length && strokes !== this.known && strokes[last].on && found.strokes[last]) {
      const { took, grew, note } = found.strokes[last];
      const name = titleOf(strokes[last]);
      if (took === false) this.said(note);
      else if (took) this.said(`${name} ${grew < 0 ? 'shrank' : 'grew'} by ${percent(Math.abs(grew))} of the picture.`);
    }
    this.known = strokes;
  }

  show(found) {
    const keys = [...new Set([...Object.keys(found.before), ...Object.keys(found.after)])];
    const rows = keys.map((key) => {
      const [before, after] = [found.before[key] || 0, found.after[key] || 0];
      return { key, before, after, change: after - before };
    });
    const painted = this.store.recipe.strokes.some((stroke) => stroke.on);
    const moved = rows.filter((row) => Math.abs(row.change) >= SMALL).sort((a, b) => Math.abs(b.change) - Math.abs(a.change));
    const there = rows.sort((a, b) => b.after - a.after);
    const shown = painted && moved.length ? moved : there;
    byId('changes-title').textContent = painted ? 'What changed' : 'What is there';
    const cut = this.whole ? shown : shown.slice(0, FIRST);
    byId('changes').replaceChildren(
      painted && !moved.length ? h('p', { class: 'hint' }, 'Nothing that the segmenter can name.') : '',
      this.table(cut, painted),
      shown.length > FIRST ? h('button', { type: 'button', class: 'quiet', 'aria-expanded': String(this.whole), onclick: () => { this.whole = !this.whole; this.show(found); } },
        this.whole ? 'Fewer' : `All ${shown.length}`) : '');
  }

  table(rows, painted) {
    const most = Math.max(...rows.map((row) => Math.max(row.before, row.after)), 1e-6);
    const bar = (row) => h('span', { class: 'bars', 'aria-hidden': 'true' },
      painted && h('i', { class: 'before', style: { width: `${(100 * row.before) / most}%` } }),
      h('i', { class: 'after', style: { width: `${(100 * row.after) / most}%`, background: this.palette.colour(row.key) } }));
    return h('table', { class: 'changes' },
      h('caption', { class: 'visually-hidden' }, 'Share of the picture of each concept'),
      h('thead', { class: painted ? null : 'visually-hidden' }, h('tr', {}, h('th', { scope: 'col' }, 'share of the picture'), painted && h('th', { scope: 'col', class: 'number' }, 'before'), h('th', { scope: 'col', class: 'number' }, painted ? 'after' : 'share'), painted && h('th', { scope: 'col', class: 'number' }, 'points'))),
      h('tbody', {}, rows.map((row) => h('tr', { 'data-key': row.key },
        h('th', { scope: 'row' }, nameOf(row.key), h('small', {}, ` ${row.key.split('/')[0]}`), bar(row)),
        painted && h('td', { class: 'number before' }, percent(row.before)), h('td', { class: 'number' }, percent(row.after)),
        painted && h('td', { class: 'number' }, points(row.change))))));
  }
}
