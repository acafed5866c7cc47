// What is painted: a latent and strokes, with everything that can be undone, kept for this tab across a reload.

const STEPS = 200;
const STEPS_KEPT = 30;

export const sameLatent = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// Events: 'shown' when the picture should change, 'recipe' when it changed for good, 'tools' when a setting changed.
export class Store extends EventTarget {
  constructor(key, recipe, tools) {
    super();
    Object.assign(this, { key, recipe, tools, past: [], future: [], draft: {} });
    this.restore();
    window.addEventListener('pagehide', () => this.save());
  }

  // What the picture should show now: the recipe with the stroke or the latent that is being tried.
  get shown() {
    const { stroke, latent } = this.draft;
    const { strokes } = this.recipe;
    return { latent: latent || this.recipe.latent, strokes: stroke ? [...strokes, stroke] : strokes };
  }

  // Shows something that is not yet meant: `{stroke}`, `{latent}`, or `{}` to go back.
  try(draft) {
    this.draft = draft;
    this.tell('shown');
  }

  commit(change) {
    this.past = [...this.past, this.recipe].slice(-STEPS);
    this.future = [];
    this.become({ ...this.recipe, ...change });
  }

  undo() {
    if (this.past.length) this.step(this.past, this.future);
    return this.recipe;
  }

  redo() {
    if (this.future.length) this.step(this.future, this.past);
    return this.recipe;
  }

  step(from, to) {
    to.push(this.recipe);
    this.become(from.pop());
  }

  become(recipe) {
    this.recipe = recipe;
    this.draft = {};
    this.save();
    this.tell('recipe');
    this.tell('shown');
  }

  set(tools) {
    Object.assign(this.tools, tools);
    this.save();
    this.tell('tools');
  }

  tell(name) {
    this.dispatchEvent(new Event(name));
  }

  save() {
    const { recipe, tools, past, future } = this;
    const whole = { recipe, tools, past: past.slice(-STEPS_KEPT), future: future.slice(-STEPS_KEPT) };
    for (const value of [whole, { recipe, tools, past: [], future: [] }]) {
      try {
        sessionStorage.setItem(this.key, JSON.stringify(value));
        return;
      } catch {
        // Too much for the storage, or none: the next is smaller, and without it the tab still has everything.
      }
    }
  }

  restore() {
    try {
      const { recipe, tools, past, future } = JSON.parse(sessionStorage.getItem(this.key)) || {};
      if (!recipe) return;
      Object.assign(this, { recipe, past, future });
      Object.assign(this.tools, tools);
    } catch {
      // Nothing that can be read is kept: begin anew.
    }
  }
}
