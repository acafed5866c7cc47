// Pictures and recipes as files, and photographs to paint on.

import { byId, download, h, percent } from './dom.js';
import { show } from './latents.js';

const POLL = 600;
const MOST_BYTES = 20_000_000;

export class Files {
  constructor(api, run, store, pictures, hands) {
    Object.assign(this, { api, run, store, pictures, hands });
    byId('save-picture').addEventListener('click', () => this.guard(() => this.savePicture()));
    byId('save-recipe').addEventListener('click', () => this.guard(() => this.saveRecipe()));
    byId('open-recipe').addEventListener('click', () => byId('recipe-file').click());
    byId('recipe-file').addEventListener('change', (event) => this.chosen(event, (file) => this.openRecipe(file)));
    window.addEventListener('dragover', (event) => event.preventDefault());
    window.addEventListener('drop', (event) => {
      event.preventDefault();
      const [file] = event.dataTransfer.files;
      if (file) this.guard(() => (/json$/.test(file.type) || /\.json$/i.test(file.name) ? this.openRecipe(file) : this.hands.photo(file)));
    });
  }

  async guard(action) {
    try {
      await action();
    } catch (error) {
      this.hands.failed(error);
    }
  }

  chosen(event, action) {
    const [file] = event.target.files;
    event.target.value = '';
    if (file) this.guard(() => action(file));
  }

  get name() {
    const { seed, number } = this.store.recipe.latent;
    return `${this.run.generator.name}${seed === undefined ? '' : `-${seed}-${number}`}`.replace(/[^\w.-]+/g, '-');
  }

  async savePicture() {
    download(await this.pictures.beside(this.store.recipe), `${this.name}.png`);
    this.hands.say('The picture is saved.');
  }

  async saveRecipe() {
    const { latent, strokes } = this.store.recipe;
    const answer = await this.api.send('/api/recipe', { body: JSON.stringify({ latent, strokes }) });
    download(await answer.blob(), `${this.name}.json`);
    this.hands.say('The recipe is saved.');
  }

  async openRecipe(file) {
    if (file.size > 1_000_000) throw new Error(`${file.name} is larger than a recipe can be: 1 MB`);
    const answer = await this.api.send('/api/recipe', { body: await file.text() });
    const { latent, strokes } = await answer.json();
    this.store.commit({ latent, strokes });
    this.hands.say(`The recipe ${file.name} is open.`);
  }
}

export class Photo {
  constructor(api, run, pictures, { failed, paint }) {
    Object.assign(this, { api, run, pictures, failed, paint, job: null });
    this.dialog = byId('photo-dialog');
    this.body = byId('photo-body');
    byId('photo').addEventListener('click', () => this.open());
    byId('photo-file').addEventListener('change', (event) => {
      const [file] = event.target.files;
      event.target.value = '';
      if (file) this.start(file);
    });
    this.dialog.addEventListener('close', () => this.cancel());
  }

  open(line) {
    this.body.replaceChildren(
      h('p', {}, 'Searches for the latent that draws a photograph best. The generator draws only what it has learnt: how close it comes is shown before you paint.'),
      line ? h('p', { class: 'error', role: 'alert' }, line) : '',
      h('button', { type: 'button', onclick: () => byId('photo-file').click() }, 'Choose a photograph'));
    if (!this.dialog.open) this.dialog.showModal();
  }

  async start(file) {
    this.open();
    if (file.size > MOST_BYTES) {
      this.open(`${file.name} is larger than 20 MB.`);
      return;
    }
    const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Searching for the latent' });
    const line = h('p', { role: 'status' }, 'Searching\u2026');
    const photo = this.image();
    show(photo, file);
    this.body.replaceChildren(h('div', { class: 'photos' }, this.figure(photo, 'photograph')), bar, line,
      h('button', { type: 'button', onclick: () => { this.cancel(); this.open(); } }, 'Cancel'));
    const ask = new AbortController();
    this.asking = ask;
    try {
      const { job } = await (await this.api.send('/api/photo', { body: file, signal: ask.signal })).json();
      this.job = job;
      const found = await this.follow(job, bar, line, ask.signal);
      this.job = null;
      if (found.state === 'failed') this.open(found.note || 'The search failed.');
      else await this.result(file, found);
    } catch (error) {
      if (error.name !== 'AbortError') this.open(error.message);
    }
  }

  async follow(job, bar, line, signal) {
    for (;;) {
      const found = await this.api.json(`/api/photo/${encodeURIComponent(job)}`, undefined, signal);
      if (found.state !== 'running') return found;
      bar.value = found.progress;
      const error = found.error === null || found.error === undefined ? '' : `, mean difference ${found.error.toFixed(1)} of 255 so far`;
      line.textContent = `Searching: ${percent(found.progress, 0)}${error}`;
      await this.api.pause(POLL, signal);
    }
  }

  image() {
    const [height, width] = this.run.size;
    return h('img', { alt: '', width, height });
  }

  figure(node, text) {
    return h('figure', {}, node, h('figcaption', {}, text));
  }

  async result(file, found) {
    const [photo, drawn] = [this.image(), this.image()];
    const blob = await this.pictures.beside({ latent: found.latent, strokes: [] });
    show(photo, file);
    show(drawn, blob);
    const error = `Mean difference ${found.error.toFixed(1)} of 255.`;
    this.body.replaceChildren(
      h('div', { class: 'photos' }, this.figure(photo, 'photograph'), this.figure(drawn, 'as the generator draws it'), this.figure(await this.differ(file, blob), 'difference')),
      h('p', { role: 'status' }, error, found.note ? ` ${found.note}` : ''),
      h('div', { class: 'row' },
        h('button', { type: 'button', class: 'main', onclick: () => { this.paint(found.latent); this.dialog.close(); } }, 'Paint on it'),
        h('button', { type: 'button', onclick: () => byId('photo-file').click() }, 'Another photograph')));
  }

  // The difference of both at the size of the picture, the photograph framed as the server frames it.
  async differ(file, blob) {
    const { difference } = await import('./overlay.js');
    const [height, width] = this.run.size;
    const data = async (source) => {
      const bitmap = await createImageBitmap(source);
      const context = new OffscreenCanvas(width, height).getContext('2d');
      const scale = Math.max(width / bitmap.width, height / bitmap.height);
      const [w, t] = [bitmap.width * scale, bitmap.height * scale];
      context.imageSmoothingQuality = 'high';
      context.drawImage(bitmap, (width - w) / 2, (height - t) / 2, w, t);
      return context.getImageData(0, 0, width, height);
    };
    const canvas = h('canvas', { width, height, role: 'img', 'aria-label': 'Difference of photograph and picture' });
    difference(await data(file), await data(blob), canvas);
    return canvas;
  }

  cancel() {
    if (this.asking) this.asking.abort();
    this.asking = null;
    if (this.job) this.api.send(`/api/photo/${encodeURIComponent(this.job)}`, { method: 'DELETE' }).catch(() => {});
    this.job = null;
  }
}
