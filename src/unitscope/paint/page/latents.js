// Which picture is painted on: by number, next, any, from a gallery, or between two others.

import { byId, clamp, h, integer } from './dom.js';
import { sameLatent } from './store.js';

export const NUMBERS = 100000;
const AT_ONCE = 60;
const OTHERS = 12;
const SMALL_SIDE = 128;

export function latentName(latent, run) {
  if (latent.between) {
    const [first, second] = latent.between.map((each) => latentName(each, run));
    return `${Math.round(100 * latent.share)}\u202f% of the way from ${first} to ${second}`;
  }
  if (latent.values) return 'a latent of its own';
  const { classes } = run.latents;
  const class_ = classes && classes.length ? `, class ${classes[latent.number % classes.length]}` : '';
  return `picture ${integer(latent.number)} of seed ${latent.seed}${class_}`;
}

export function show(image, blob) {
  const address = URL.createObjectURL(blob);
  image.addEventListener('load', () => URL.revokeObjectURL(address), { once: true });
  image.src = address;
}

export class Latents {
  constructor(run, store, pictures, hands) {
    Object.assign(this, { run, store, pictures, hands, last: { seed: run.latents.seed, number: 0 } });
    const [height, width] = run.size;
    // Small pictures are asked for in full: then they are already there when they are chosen.
    this.small = Math.max(height, width) > SMALL_SIDE ? SMALL_SIDE : undefined;
    this.bind();
    store.addEventListener('shown', () => this.show());
    this.show();
  }

  bind() {
    const step = (by) => () => this.go({ ...this.plain, number: clamp(this.plain.number + by, 0, NUMBERS - 1) });
    byId('previous').addEventListener('click', step(-1));
    byId('next').addEventListener('click', step(1));
    byId('random').addEventListener('click', () => this.go({ ...this.plain, number: Math.floor(Math.random() * this.run.latents.count) }));
    byId('numbers').addEventListener('submit', (event) => { event.preventDefault(); this.typed(); });
    for (const id of ['number', 'seed']) byId(id).addEventListener('change', () => this.typed());
    byId('keep').checked = Boolean(this.store.tools.keep);
    byId('keep').addEventListener('change', (event) => this.store.set({ keep: event.target.checked }));
    byId('gallery').addEventListener('click', () => this.gallery(this.plain.number));
    byId('compare').addEventListener('click', () => this.compare());
    byId('compare-more').addEventListener('click', () => this.compare(this.others + OTHERS));
    byId('between').addEventListener('click', () => this.between());
    for (const id of ['gallery-dialog', 'compare-dialog']) byId(id).addEventListener('close', () => this.opened && this.opened.abort());
  }

  // The seed and number last shown, for when the picture is none of a seed.
  get plain() {
    const { latent } = this.store.recipe;
    if (latent.seed !== undefined) this.last = latent;
    return this.last;
  }

  typed() {
    const [number, seed] = ['number', 'seed'].map((id) => byId(id).valueAsNumber);
    if (!Number.isInteger(number) || !Number.isInteger(seed) || number < 0 || number >= NUMBERS || seed < 0 || seed >= 2 ** 32) {
      this.hands.failed(new Error(`Pictures are numbered from 0 to ${integer(NUMBERS - 1)}, seeds from 0 to 2^32 \u2212 1.`));
      this.show();
      return;
    }
    this.go({ seed, number });
  }

  // Another picture; its strokes come along if that is wished. Undo comes back.
  go(latent, keep = this.store.tools.keep) {
    if (sameLatent(latent, this.store.recipe.latent)) return;
    this.store.commit({ latent, strokes: keep ? this.store.recipe.strokes : [] });
    this.hands.say(`Now ${latentName(latent, this.run)}.`);
  }

  show() {
    const { latent } = this.store.shown;
    const { seed, number } = latent.seed === undefined ? this.plain : latent;
    if (document.activeElement !== byId('number')) byId('number').value = number;
    if (document.activeElement !== byId('seed')) byId('seed').value = seed;
    byId('previous').disabled = number <= 0;
    const special = latent.seed === undefined || this.run.latents.classes;
    byId('which').textContent = special ? latentName(latent, this.run) : '';
    byId('compare').disabled = !this.store.recipe.strokes.length;
  }

  // ---- Many pictures at once

  begin(dialog) {
    if (this.opened) this.opened.abort();
    this.opened = new AbortController();
    if (!byId(dialog).open) byId(dialog).showModal();
    return this.opened.signal;
  }

  async fill(image, shown, signal) {
    try {
      show(image, await this.pictures.beside(shown, this.small, signal));
    } catch (error) {
      this.hands.failed(error);
    }
  }

  image() {
    const [height, width] = this.run.size;
    return h('img', { alt: '', width, height, class: this.small ? '' : 'crisp' });
  }

  // The pictures of the seed, from the one numbered `from` or a little before it.
  gallery(from) {
    const { seed, number } = this.plain;
    const signal = this.begin('gallery-dialog');
    byId('gallery-title').textContent = `Pictures of seed ${seed}`;
    const seen = new IntersectionObserver((entries) => entries.filter((each) => each.isIntersecting).forEach(({ target }) => {
      seen.unobserve(target);
      if (target.dataset.more !== undefined) more();
      else this.fill(target.querySelector('img'), { latent: { seed, number: Number(target.dataset.number) }, strokes: [] }, signal);
    }), { root: byId('gallery-dialog'), rootMargin: '200px' });
    signal.addEventListener('abort', () => seen.disconnect());
    const tile = (n) => h('button', { type: 'button', class: 'tile', 'data-number': n, 'aria-label': `Picture ${n}`, 'aria-current': n === number ? 'true' : null, onclick: () => {
      byId('gallery-dialog').close();
      this.go({ seed, number: n });
    } }, this.image(), h('span', {}, integer(n)));
    let next = Math.floor(from / AT_ONCE) * AT_ONCE;
    const first = next;
    const end = h('span', { 'data-more': '' });
    const more = () => {
      const tiles = Array.from({ length: Math.min(AT_ONCE, NUMBERS - next) }, (_, at) => tile(next + at));
      end.before(...tiles);
      tiles.forEach((each) => seen.observe(each));
      next += tiles.length;
      if (next < NUMBERS) seen.observe(end);
    };
    const earlier = first > 0 && h('button', { type: 'button', class: 'earlier', onclick: () => this.gallery(first - 1) }, 'Earlier ones');
    byId('gallery-tiles').replaceChildren(...[earlier, end].filter(Boolean));
    more();
  }

  compare(first) {
    const { seed, number } = this.plain;
    this.others = first === undefined ? number + 1 : first;
    if (this.others + OTHERS > NUMBERS) this.others = 0;
    const signal = this.begin('compare-dialog');
    const { strokes } = this.store.recipe;
    const tiles = Array.from({ length: OTHERS }, (_, at) => {
      const latent = { seed, number: this.others + at };
      const [before, after] = [this.image(), this.image()];
      // Both are asked for together, so that each pair is whole before the next begins.
      this.fill(before, { latent, strokes: [] }, signal);
      this.fill(after, { latent, strokes }, signal);
      return h('button', { type: 'button', class: 'tile pair', 'aria-label': `Picture ${latent.number}, before and after: open it with these strokes`, onclick: () => {
        byId('compare-dialog').close();
        this.go(latent, true);
      } }, before, after, h('span', {}, integer(latent.number)));
    });
    byId('compare-tiles').replaceChildren(...tiles);
  }

  // ---- Between two

  between() {
    const panel = byId('between-panel');
    const open = panel.hidden;
    panel.hidden = !open;
    byId('between').setAttribute('aria-expanded', String(open));
    if (!open) {
      this.store.try({});
      return;
    }
    const { latent } = this.store.recipe;
    const { seed, number } = this.plain;
    const pair = latent.between || [latent, { seed, number: Math.min(number + 1, NUMBERS - 1) }];
    this.interpolate(panel, pair, latent.between ? latent.share : 0);
  }

  interpolate(panel, pair, share) {
    const ends = pair.map((latent) => {
      const image = this.image();
      this.fill(image, { latent, strokes: [] });
      return image;
    });
    const slider = h('input', { type: 'range', min: 0, max: 100, value: Math.round(100 * share), 'aria-label': 'Share of the second picture', id: 'share' });
    const latent = () => ({ between: pair, share: slider.valueAsNumber / 100 });
    slider.addEventListener('input', () => this.store.try({ latent: latent() }));
    slider.addEventListener('change', () => this.store.commit({ latent: latent() }));
    const second = pair[1].seed === undefined ? null : h('label', {}, 'to ', h('input', {
      type: 'number', id: 'second', min: 0, max: NUMBERS - 1, value: pair[1].number, onchange: (event) => {
        const number = event.target.valueAsNumber;
        if (Number.isInteger(number) && number >= 0 && number < NUMBERS) this.interpolate(panel, [pair[0], { ...pair[1], number }], slider.valueAsNumber / 100);
      } }));
    const other = h('button', { type: 'button', class: 'quiet', onclick: () => {
      const number = Math.floor(Math.random() * this.run.latents.count);
      this.interpolate(panel, [pair[0], { seed: this.plain.seed, number }], slider.valueAsNumber / 100);
    } }, 'Another');
    panel.replaceChildren(ends[0], slider, ends[1], ...[second, other].filter(Boolean));
  }
}
