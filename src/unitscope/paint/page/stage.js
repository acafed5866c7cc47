// The picture: what it shows, and pointer and keys on it. A stroke is tried while it grows and meant when it ends.

import { byId, clamp, plural } from './dom.js';
import { SCALE, Trail, cellAt, cellsOf, centre } from './cells.js';
import { difference, drawBrush, drawCells, drawMap, drawRegion, drawSplit } from './overlay.js';

const MOST_POINTS = 4096;
const CRISP_BELOW = 160;
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export class Stage {
  // `hands`: brush() -> a stroke without its place or null; chosen(place, tool), over(place or null), say(text).
  constructor(run, store, hands) {
    Object.assign(this, { run, store, hands, grid: run.grid });
    this.node = byId('stage');
    this.canvases = Object.fromEntries(['original', 'edited', 'difference', 'overlay'].map((id) => [id, byId(id)]));
    Object.assign(this, { hover: null, cursor: null, trail: null, held: false, wipe: 1, marks: {}, differing: false });
    const [height, width] = run.size;
    for (const id of ['original', 'edited', 'difference']) Object.assign(this.canvases[id], { width, height });
    document.documentElement.style.setProperty('--shape', width / height);
    this.node.classList.toggle('crisp', Math.max(width, height) < CRISP_BELOW);
    new ResizeObserver(() => this.fit()).observe(this.node);
    this.listen();
  }

  fit() {
    const { overlay } = this.canvases;
    const dense = window.devicePixelRatio || 1;
    overlay.width = Math.round(this.node.clientWidth * dense);
    overlay.height = Math.round(this.node.clientHeight * dense);
    this.draw();
  }

  // ---- What it shows

  async show(id, blob) {
    const bitmap = await createImageBitmap(blob);
    this.canvases[id].getContext('2d').drawImage(bitmap, 0, 0);
    bitmap.close();
    if (this.differing) this.compare();
  }

  compare() {
    const [before, after] = ['original', 'edited'].map((id) => {
      const canvas = this.canvases[id];
      return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    });
    this.found = difference(before, after, this.canvases.difference);
    return this.found;
  }

  look({ held = this.held, wipe = this.wipe, differing = this.differing } = {}) {
    const begins = differing && !this.differing;
    Object.assign(this, { held, wipe, differing });
    const { edited, difference: third } = this.canvases;
    if (begins) this.compare();
    third.hidden = !differing || held;
    edited.style.setProperty('visibility', held ? 'hidden' : 'visible');
    edited.style.setProperty('clip-path', `inset(0 0 0 ${100 * (1 - wipe)}%)`);
    const badge = byId('badge');
    badge.hidden = !held && !differing;
    badge.textContent = held ? 'original' : 'difference';
    this.draw();
  }

  mark(marks) {
    Object.assign(this.marks, marks);
    this.draw();
  }

  get painting() {
    return ['draw', 'erase'].includes(this.store.tools.tool);
  }

  // The cells that the brush would touch, or touches.
  aimed() {
    const { tool, radius } = this.store.tools;
    if (this.trail) return this.trail.found;
    const place = this.cursor ? centre(...this.cursor, this.grid) : this.hover;
    if (!place) return null;
    if (tool === 'select') return null;
    if (tool === 'look') return new Trail(0, this.grid).add(place).found;
    return new Trail(radius, this.grid).add(place).found;
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    const { overlay } = this.canvases;
    const view = { width: this.node.clientWidth, height: this.node.clientHeight };
    const context = overlay.getContext('2d');
    context.setTransform(overlay.width / view.width, 0, 0, overlay.height / view.height, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    if (this.held) return;
    const { map, region, stroke } = this.marks;
    const { tool, radius } = this.store.tools;
    if (map) drawMap(context, map, view);
    if (this.wipe < 1) drawSplit(context, 1 - this.wipe, view);
    if (region) drawRegion(context, region, view);
    if (stroke) drawCells(context, new Set(cellsOf(stroke, this.grid)), this.grid, view, { erase: stroke.tool === 'erase' });
    const aimed = this.aimed();
    if (aimed) drawCells(context, aimed, this.grid, view, { erase: tool === 'erase', filled: this.painting && !this.trail });
    if (this.hover && this.painting && !this.cursor) drawBrush(context, this.hover, radius, view, SCALE);
    if (this.cursor && tool === 'select') drawCells(context, new Trail(0, this.grid).add(centre(...this.cursor, this.grid)).found, this.grid, view, { filled: false });
  }

  // ---- Pointers

  place(event) {
    const box = this.node.getBoundingClientRect();
    const at = (value, low, size) => clamp(Math.round(((value - low) / size) * SCALE), 0, SCALE);
    return [at(event.clientX, box.left, box.width), at(event.clientY, box.top, box.height)];
  }

  listen() {
    const { node } = this;
    node.addEventListener('pointerdown', (event) => this.down(event));
    node.addEventListener('pointermove', (event) => this.move(event));
    node.addEventListener('pointerup', (event) => this.up(event));
    node.addEventListener('pointercancel', () => this.cancel());
    node.addEventListener('pointerleave', () => this.leave());
    node.addEventListener('contextmenu', (event) => event.preventDefault());
    node.addEventListener('keydown', (event) => this.key(event));
    node.addEventListener('keyup', (event) => event.key === ' ' && this.pointer === 'key' && this.end());
    node.addEventListener('blur', () => { if (this.pointer === 'key') this.end(); this.cursor = null; this.draw(); });
  }

  down(event) {
    if (!event.isPrimary || event.button !== 0 || this.trail) return;
    event.preventDefault();
    this.node.focus({ preventScroll: true });
    this.cursor = null;
    this.hover = this.place(event);
    if (!this.painting) {
      this.hands.chosen(this.hover, this.store.tools.tool);
      this.draw();
      return;
    }
    this.node.setPointerCapture(event.pointerId);
    this.begin(this.hover, event.pointerId);
  }

  move(event) {
    if (!event.isPrimary) return;
    this.cursor = null;
    this.hover = this.place(event);
    if (this.trail && this.pointer === event.pointerId) {
      const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      this.extend((events.length ? events : [event]).map((each) => this.place(each)));
    } else if (!this.painting) this.hands.over(this.hover);
    this.draw();
  }

  up(event) {
    if (this.trail && this.pointer === event.pointerId) this.end();
    if (event.pointerType !== 'mouse') this.leave();
  }

  leave() {
    if (this.trail && this.pointer !== 'key') return;
    this.hover = null;
    this.hands.over(null);
    this.draw();
  }

  // ---- A stroke

  begin(place, pointer) {
    const brush = this.hands.brush();
    if (!brush) return;
    const { radius } = this.store.tools;
    Object.assign(this, { pointer, stroke: { ...brush, path: [place], radius, on: true }, trail: new Trail(radius, this.grid).add(place) });
    this.store.try({ stroke: this.stroke });
    this.draw();
  }

  // Adds places that lie far enough from the last one to matter.
  extend(places, step = Math.max(8, this.stroke.radius / 8)) {
    const path = [...this.stroke.path];
    for (const place of places) {
      const [x, y] = path[path.length - 1];
      if (Math.hypot(place[0] - x, place[1] - y) < step || path.length >= MOST_POINTS) continue;
      path.push(place);
      this.trail.add(place);
    }
    if (path.length === this.stroke.path.length) return;
    this.stroke = { ...this.stroke, path };
    this.store.try({ stroke: this.stroke });
  }

  end() {
    const { stroke } = this;
    Object.assign(this, { trail: null, stroke: null, pointer: null });
    if (stroke) this.hands.painted(stroke, cellsOf(stroke, this.grid).length);
    this.draw();
  }

  cancel() {
    if (!this.trail) return;
    Object.assign(this, { trail: null, stroke: null, pointer: null });
    this.store.try({});
    this.draw();
  }

  // ---- Keys

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.step(arrow, event.shiftKey ? 4 : 1);
    else if (event.key === ' ' || event.key === 'Enter') this.press(event);
    else if (event.key === 'Escape' && this.trail) this.cancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  step([down, right], cells) {
    const [rows, columns] = this.grid;
    const [row, column] = this.cursor || (this.hover ? cellAt(this.hover, this.grid) : [Math.floor(rows / 2), Math.floor(columns / 2)]);
    const moved = this.cursor ? [clamp(row + down * cells, 0, rows - 1), clamp(column + right * cells, 0, columns - 1)] : [row, column];
    Object.assign(this, { cursor: moved, hover: null });
    if (this.pointer === 'key') this.extend([centre(...moved, this.grid)], 1);
    const around = this.painting ? `, ${plural(this.aimed().size, 'cell')}` : '';
    this.hands.say(`Row ${moved[0] + 1}, column ${moved[1] + 1}${around}`);
    if (!this.painting) this.hands.over(centre(...moved, this.grid));
    this.draw();
  }

  press(event) {
    if (event.repeat || this.trail) return;
    const [rows, columns] = this.grid;
    this.cursor = this.cursor || [Math.floor(rows / 2), Math.floor(columns / 2)];
    const place = centre(...this.cursor, this.grid);
    if (!this.painting) this.hands.chosen(place, this.store.tools.tool);
    else {
      this.begin(place, 'key');
      if (event.key === 'Enter') this.end();
    }
    this.draw();
  }
}
