// The page of `unitscope paint`: puts its parts together.

import { Api, Pictures, pictureKey } from './api.js';
import { Palette, STEPS, firstRadius, levelName, radiusAt, stepAt, titleOf } from './brush.js';
import { cellsOf } from './cells.js';
import { Changes } from './changes.js';
import { Concepts } from './concepts.js';
import { byId, h, nameOf, percent, plural } from './dom.js';
import { Files, Photo } from './files.js';
import { fillHelp } from './help.js';
import { Inside } from './inside.js';
import { Latents } from './latents.js';
import { Stage } from './stage.js';
import { Store } from './store.js';
import { Strokes } from './strokes.js';

const TEXT = 'input:not([type=range], [type=checkbox]), select, textarea';

class Application {
  constructor(api, run) {
    Object.assign(this, { api, run, pictures: new Pictures(api), palette: new Palette(run) });
    this.store = new Store(`unitscope-paint ${run.generator.weights_hash} ${run.layer}`, { latent: { seed: run.latents.seed, number: 0 }, strokes: [] }, this.firstTools());
    if (!this.palette.entry(this.store.tools.concept)) this.store.tools.concept = this.firstTools().concept;
    this.build();
    this.bindTools();
    this.bindView();
    this.bindKeys();
    for (const [name, action] of [['shown', () => this.refresh()], ['recipe', () => this.buttons()], ['tools', () => this.tools()]]) this.store.addEventListener(name, action);
    this.tools();
    this.buttons();
    this.refresh();
  }

  firstTools() {
    const [first] = this.run.palette;
    return {
      tool: 'draw', concept: first ? first.key : null, unit: null, unitConcept: null, counts: {}, order: 'iou',
      radius: firstRadius(this.run.grid), level: this.run.levels.includes('threshold') ? 'threshold' : this.run.levels[0], keep: false, keys: true,
    };
  }

  build() {
    const { api, run, store, pictures, palette } = this;
    const hands = { say: (text) => this.say(text), failed: (error) => this.failed(error) };
    byId('title').textContent = `${run.title} \u00b7 ${run.layer}`;
    document.title = `${run.title} \u00b7 Paint with units \u00b7 Unitscope`;
    this.stage = new Stage(run, store, {
      ...hands, brush: () => this.brush(), painted: (stroke, cells) => this.painted(stroke, cells),
      chosen: (place, tool) => this.chosen(place, tool), over: (place) => this.inside.over(place),
    });
    this.concepts = new Concepts(palette, store);
    this.strokes = new Strokes(run, palette, store, this.stage);
    this.changes = new Changes(api, palette, store, { ...hands, told: (notes) => this.strokes.tell(notes), said: (text) => this.tell(text) });
    this.inside = new Inside(api, run, palette, store, this.stage, hands);
    this.latents = new Latents(run, store, pictures, hands);
    this.photo = new Photo(api, run, pictures, { ...hands, paint: (latent) => store.commit({ latent, strokes: [] }) });
    this.files = new Files(api, run, store, pictures, { ...hands, photo: (file) => this.photo.start(file) });
    this.openHelp = fillHelp(store);
    for (const node of document.querySelectorAll('[data-close]')) node.addEventListener('click', () => node.closest('dialog').close());
  }

  // ---- Words

  // What a person did just now, after which an earlier error is old.
  say(text) {
    this.tell(text);
    byId('error').hidden = true;
  }

  // What came by itself: an error that nobody may have read stays.
  tell(text) {
    byId('say').textContent = text;
  }

  failed(error) {
    const lost = error.status === 401 ? 'This address is no longer valid: open the one that the terminal shows.' : error.message;
    byId('error').textContent = lost;
    byId('error').hidden = false;
  }

  // ---- Pictures

  refresh() {
    const { store, pictures, stage } = this;
    this.changes.forget();
    stage.node.setAttribute('aria-busy', 'true');
    pictures.main(store.shown, (blob, shown) => this.arrived(blob, shown), (error) => { stage.node.removeAttribute('aria-busy'); this.failed(error); });
  }

  async arrived(blob, shown) {
    const { store, stage } = this;
    await stage.show('edited', blob);
    const current = pictureKey(shown) === pictureKey(store.shown);
    if (current) stage.node.removeAttribute('aria-busy');
    this.showOriginal(shown, blob);
    if (current && !store.draft.stroke && !store.draft.latent) this.changes.shown();
  }

  // The original of a latent is asked for once, after the first picture with strokes on it.
  async showOriginal({ latent, strokes }, blob) {
    const key = JSON.stringify(latent);
    if (this.originalOf === key) return;
    this.originalOf = key;
    const plain = strokes.every((stroke) => !stroke.on);
    try {
      const original = plain ? blob : await this.pictures.beside({ latent, strokes: [] });
      // Another picture may have come meanwhile, with an original of its own.
      if (this.originalOf === key) await this.stage.show('original', original);
    } catch (error) {
      if (this.originalOf === key) this.originalOf = null;
      this.failed(error);
    }
  }

  // ---- Strokes

  brush() {
    const brush = this.palette.brush(this.store.tools);
    if (!brush) this.failed(new Error('There is no concept to paint with: no unit of this layer is a detector.'));
    return brush;
  }

  painted(stroke, cells) {
    this.store.commit({ strokes: [...this.store.recipe.strokes, stroke] });
    this.say(`${stroke.tool === 'draw' ? 'Drew' : 'Erased'} ${titleOf(stroke)} in ${plural(cells, 'cell')}.`);
  }

  async chosen(place, tool) {
    if (tool === 'look') {
      this.inside.choose(place);
      return;
    }
    try {
      const [x, y] = place;
      this.select(await this.api.json('/api/region', { ...this.store.recipe, x, y }));
    } catch (error) {
      this.failed(error);
    }
  }

  select({ concept, region, share }) {
    const box = byId('selection');
    const found = concept !== null && region.runs.length > 0;
    this.stage.mark({ region: found ? region : null });
    box.hidden = !found;
    if (!found) {
      this.say('The segmenter sees nothing it can name there.');
      return;
    }
    const paint = (brush) => () => {
      const stroke = { ...brush, region, on: true };
      this.letGo();
      this.painted(stroke, cellsOf(stroke, this.run.grid).length);
      byId('stage').focus({ preventScroll: true });
    };
    const { tools } = this.store;
    const [same, erase, draw] = [concept, null, null].map((key, at) => this.palette.brush(tools, { tool: at === 2 ? 'draw' : 'erase', key }));
    const button = (brush, text) => brush && h('button', { type: 'button', onclick: paint(brush) }, text);
    box.replaceChildren(...[
      h('span', {}, h('b', {}, nameOf(concept)), ` ${percent(share)} of the picture`),
      button(same, `Erase ${nameOf(concept)}`),
      erase && (!same || erase.concept !== concept) && button(erase, `Erase ${titleOf(erase)} here`),
      button(draw, `Draw ${draw ? titleOf(draw) : ''} here`),
      h('button', { type: 'button', class: 'quiet', onclick: () => this.letGo() }, 'Let go'),
    ].filter(Boolean));
    this.say(`${nameOf(concept)}, ${percent(share)} of the picture, is selected.`);
  }

  letGo() {
    byId('selection').hidden = true;
    this.stage.mark({ region: null });
  }

  undo() {
    if (!this.store.past.length) return;
    this.store.undo();
    this.say(`Undone: ${plural(this.store.recipe.strokes.length, 'stroke')}.`);
  }

  redo() {
    if (!this.store.future.length) return;
    this.store.redo();
    this.say(`Done again: ${plural(this.store.recipe.strokes.length, 'stroke')}.`);
  }

  clear() {
    this.store.commit({ strokes: [] });
    this.say('All strokes are cleared; undo brings them back.');
  }

  buttons() {
    const { past, future, recipe } = this.store;
    for (const [id, off] of [['undo', !past.length], ['redo', !future.length], ['clear', !recipe.strokes.length]]) byId(id).disabled = off;
    this.letGo();
  }

  // ---- Tools

  bindTools() {
    const { store, run } = this;
    for (const [id, action] of [['undo', () => this.undo()], ['redo', () => this.redo()], ['clear', () => this.clear()]]) byId(id).addEventListener('click', action);
    const buttons = [...document.querySelectorAll('[data-tool]')];
    buttons.forEach((button, at) => {
      button.addEventListener('click', () => this.take(button.dataset.tool));
      button.addEventListener('keydown', (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const next = buttons[(at + step + buttons.length) % buttons.length];
        this.take(next.dataset.tool);
        next.focus();
      });
    });
    byId('brush').addEventListener('input', (event) => store.set({ radius: radiusAt(event.target.valueAsNumber) }));
    byId('level').max = run.levels.length - 1;
    byId('level').addEventListener('input', (event) => store.set({ level: run.levels[event.target.valueAsNumber] }));
  }

  take(tool) {
    this.store.set({ tool });
    if (tool !== 'select') this.letGo();
    if (tool !== 'look') this.inside.close();
  }

  tools() {
    const { tool, radius, level } = this.store.tools;
    for (const button of document.querySelectorAll('[data-tool]')) {
      const chosen = button.dataset.tool === tool;
      button.setAttribute('aria-checked', String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
    const painting = tool === 'draw' || tool === 'erase';
    byId('brush').value = stepAt(radius);
    byId('brush').disabled = !painting;
    byId('brush-out').textContent = percent((2 * radius) / 4096, 0);
    byId('level').value = this.run.levels.indexOf(level);
    byId('level').disabled = tool === 'erase' || tool === 'look';
    byId('level-out').textContent = levelName(level);
    byId('level').setAttribute('aria-valuetext', levelName(level));
    this.stage.node.dataset.tool = tool;
    this.stage.draw();
  }

  resize(by) {
    this.store.set({ radius: radiusAt(Math.min(STEPS, Math.max(0, stepAt(this.store.tools.radius) + by))) });
    this.say(`Brush ${byId('brush-out').textContent} of the picture.`);
  }

  // ---- View

  bindView() {
    const { stage } = this;
    const hold = byId('hold');
    for (const name of ['pointerdown', 'pointerup', 'pointercancel', 'pointerleave', 'blur']) hold.addEventListener(name, () => this.hold(name === 'pointerdown'));
    const press = (down) => (event) => { if (event.key === ' ' || event.key === 'Enter') { event.preventDefault(); this.hold(down); } };
    hold.addEventListener('keydown', press(true));
    hold.addEventListener('keyup', press(false));
    hold.addEventListener('contextmenu', (event) => event.preventDefault());
    byId('wipe').addEventListener('input', (event) => stage.look({ wipe: event.target.valueAsNumber / 100 }));
    byId('differ').addEventListener('click', () => this.differ());
    const smooth = byId('smooth');
    smooth.setAttribute('aria-pressed', String(!stage.node.classList.contains('crisp')));
    smooth.addEventListener('click', () => smooth.setAttribute('aria-pressed', String(!stage.node.classList.toggle('crisp'))));
    this.api.addEventListener('connection', () => this.connection());
  }

  hold(held) {
    if (held === this.stage.held) return;
    this.stage.look({ held });
    byId('hold').setAttribute('aria-pressed', String(held));
  }

  differ() {
    const differing = !this.stage.differing;
    this.stage.look({ differing });
    byId('differ').setAttribute('aria-pressed', String(differing));
    const { most, changed } = this.stage.found || {};
    if (differing) this.say(most ? `${percent(changed, 0)} of the pixels differ, by at most ${most} of 255.` : 'There is no difference.');
  }

  connection() {
    byId('connection').hidden = !this.api.away;
    if (this.api.away) byId('connection-text').textContent = 'No connection to the server. The strokes are kept; trying again.';
    else this.tell('Connected again.');
  }

  // ---- Keys

  bindKeys() {
    document.addEventListener('keydown', (event) => this.key(event));
    document.addEventListener('keyup', (event) => event.key.toLowerCase() === 'o' && this.hold(false));
    window.addEventListener('blur', () => this.hold(false));
  }

  key(event) {
    if (document.querySelector('dialog[open]') || event.target.matches(TEXT) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      const action = key === 'z' ? (event.shiftKey ? 'redo' : 'undo') : key === 'y' ? 'redo' : null;
      if (action) { event.preventDefault(); this[action](); }
      return;
    }
    const away = event.target !== this.stage.node;
    if (away && !this.store.tools.keys) return;
    const actions = {
      d: () => this.take('draw'), e: () => this.take('erase'), s: () => this.take('select'), l: () => this.take('look'),
      '[': () => this.resize(-4), ']': () => this.resize(4), z: () => this.undo(), y: () => this.redo(),
      o: () => this.hold(true), x: () => this.differ(), '?': () => this.openHelp(),
      n: () => byId('next').click(), p: () => byId('previous').click(), r: () => byId('random').click(),
      escape: () => { this.stage.cancel(); this.letGo(); this.inside.close(); },
    };
    if (!(key in actions)) return;
    event.preventDefault();
    actions[key]();
  }
}

async function start() {
  const api = new Api();
  const line = byId('error');
  byId('connection-retry').addEventListener('click', () => api.retry());
  api.addEventListener('connection', () => {
    byId('connection').hidden = !api.away;
    byId('connection-text').textContent = 'No connection to the server; trying again.';
  });
  try {
    new Application(api, await api.json('/api/run'));
    document.body.dataset.ready = 'true';
  } catch (error) {
    line.textContent = error.message;
    line.hidden = false;
  }
}

start();
