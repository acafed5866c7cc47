// What the brush holds: units of a concept, or one unit alone, and the level they are drawn at.

import { clamp, nameOf } from './dom.js';
import { SCALE } from './cells.js';

const NARROWEST = 24;
const WIDEST = SCALE / 2;
export const STEPS = 100;

// The slider is finer for small brushes: every step widens the brush by the same share.
export const radiusAt = (step) => Math.round(NARROWEST * (WIDEST / NARROWEST) ** (clamp(step, 0, STEPS) / STEPS));
export const stepAt = (radius) => Math.round((STEPS * Math.log(radius / NARROWEST)) / Math.log(WIDEST / NARROWEST));

// A brush to begin with: the cell below it and not much more, however fine the grid is.
export const firstRadius = ([rows, columns]) => radiusAt(stepAt(clamp(SCALE / Math.min(rows, columns) / 2, 160, WIDEST)));

export class Palette {
  constructor(run) {
    this.run = run;
    this.entries = run.palette;
    this.byKey = new Map(this.entries.map((entry) => [entry.key, entry]));
  }

  entry(key) {
    return this.byKey.get(key) || null;
  }

  // How many units of a concept are used: what was chosen for it, or as many as the run suggests.
  count(entry, tools) {
    return clamp(tools.counts[entry.key] || this.run.default_units, 1, this.ranked(entry, tools).length);
  }

  // Units of a concept, best first, by IoU or by what they do.
  ranked(entry, tools) {
    return tools.order === 'effect' && entry.by_effect ? entry.by_effect : entry.units.map((each) => each.unit);
  }

  unitsOf(entry, tools) {
    return this.ranked(entry, tools).slice(0, this.count(entry, tools));
  }

  // A stroke without its place, or null where nothing can be painted with. `key`: another concept than the chosen one.
  brush(tools, { tool = tools.tool, key = null } = {}) {
    const level = tool === 'draw' ? { level: tools.level } : {};
    if (key === null && tools.unit !== null) {
      const concept = tools.unitConcept ? { concept: tools.unitConcept } : {};
      return { tool, units: [tools.unit], ...concept, ...level };
    }
    const entry = this.entry(key === null ? tools.concept : key);
    return entry && { tool, units: this.unitsOf(entry, tools), concept: entry.key, ...level };
  }

  colour(key) {
    const entry = this.entry(key);
    return entry ? entry.color : 'var(--muted)';
  }
}

export function titleOf(stroke) {
  if (stroke.units.length === 1 && stroke.concept) return `unit ${stroke.units[0]} (${nameOf(stroke.concept)})`;
  return stroke.concept ? nameOf(stroke.concept) : stroke.units.length === 1 ? `unit ${stroke.units[0]}` : 'units';
}

export const levelName = (level) => (level === 'values' ? 'own levels' : /^[\d.]+$/.test(level) ? `quantile ${level}` : level);
