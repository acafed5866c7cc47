// Which cells of a grid a stroke touches: the twin of cells.py. Both compare whole numbers, so both always agree.

export const SCALE = 4096;

const EPSILON = 1e-12;

// Is the point p within `radius` of the segment from a to b? Exact, with whole numbers of any size.
function withinExactly(p, a, b, radius) {
  const [px, py, ax, ay, bx, by, r] = [...p, ...a, ...b, radius].map(BigInt);
  const [ex, ey, dx, dy] = [bx - ax, by - ay, px - ax, py - ay];
  const [length, along] = [ex * ex + ey * ey, dx * ex + dy * ey];
  if (along <= 0n) return dx * dx + dy * dy <= r * r;
  if (along >= length) return (px - bx) ** 2n + (py - by) ** 2n <= r * r;
  return (dx * ey - dy * ex) ** 2n <= r * r * length;
}

// The same with floating point wherever that cannot be in doubt, which is nearly everywhere.
function within(p, a, b, radius) {
  const [ex, ey, dx, dy] = [b[0] - a[0], b[1] - a[1], p[0] - a[0], p[1] - a[1]];
  const [length, along] = [ex * ex + ey * ey, dx * ex + dy * ey];
  const size = Math.abs(dx * ex) + Math.abs(dy * ey) + length;
  const doubtful = (left, right, scale) => Math.abs(left - right) <= EPSILON * scale;
  if (doubtful(along, 0, size) || doubtful(along, length, size)) return withinExactly(p, a, b, radius);
  if (along > 0 && along < length) {
    const [far, near] = [Math.abs(dx * ey - dy * ex), radius * Math.sqrt(length)];
    const scale = Math.abs(dx * ey) + Math.abs(dy * ex) + near;
    return doubtful(far, near, scale) ? withinExactly(p, a, b, radius) : far <= near;
  }
  const [qx, qy] = along <= 0 ? [dx, dy] : [p[0] - b[0], p[1] - b[1]];
  const [far, near] = [qx * qx + qy * qy, radius * radius];
  return doubtful(far, near, far + near) ? withinExactly(p, a, b, radius) : far <= near;
}

// The cell (row, column) in which a place lies.
export function cellAt([x, y], [rows, columns]) {
  return [Math.min(rows - 1, Math.floor((y * rows) / SCALE)), Math.min(columns - 1, Math.floor((x * columns) / SCALE))];
}

// The place of the centre of a cell, rounded to whole units.
export function centre(row, column, [rows, columns]) {
  return [Math.round(((2 * column + 1) * SCALE) / (2 * columns)), Math.round(((2 * row + 1) * SCALE) / (2 * rows))];
}

// Adds the cells within `radius` of the segment from `from` to `to`, looking only around it.
function addSegment(found, from, to, radius, [rows, columns]) {
  const around = (at, cells) => [
    Math.max(0, Math.floor(((Math.min(from[at], to[at]) - radius) * cells) / SCALE) - 1),
    Math.min(cells - 1, Math.ceil(((Math.max(from[at], to[at]) + radius) * cells) / SCALE) + 1),
  ];
  const [left, right] = around(0, columns);
  const [top, bottom] = around(1, rows);
  const scale = 2 * rows * columns;
  const [a, b] = [from, to].map((place) => place.map((value) => value * scale));
  for (let row = top; row <= bottom; row += 1) {
    for (let column = left; column <= right; column += 1) {
      const number = row * columns + column;
      const p = [(2 * column + 1) * SCALE * rows, (2 * row + 1) * SCALE * columns];
      if (!found.has(number) && within(p, a, b, radius * scale)) found.add(number);
    }
  }
}

// The cells of a path as it grows.
export class Trail {
  constructor(radius, grid) {
    Object.assign(this, { radius, grid, found: new Set(), last: null });
  }

  add(place) {
    const [row, column] = cellAt(place, this.grid);
    this.found.add(row * this.grid[1] + column);
    addSegment(this.found, this.last || place, place, this.radius, this.grid);
    this.last = place;
    return this;
  }
}

const ascending = (numbers) => [...numbers].sort((a, b) => a - b);

function cellsOfPath(path, radius, grid) {
  const trail = new Trail(radius, grid);
  path.forEach((place) => trail.add(place));
  return trail.found;
}

// Which of `cells` equal parts of an axis holds the centre of each of `pixels` equal parts.
const cellsAt = (pixels, cells) =>
  Array.from({ length: pixels }, (_, at) => Math.floor(((2 * at + 1) * cells) / (2 * pixels)));

// A region touches a cell if the centre of one lies in the other.
function cellsOfRegion({ rows, columns, runs }, [height, width]) {
  const inside = new Uint8Array(rows * columns);
  runs.forEach(([start, length]) => inside.fill(1, start, start + length));
  const found = new Set();
  const [upper, left] = [cellsAt(height, rows), cellsAt(width, columns)];
  for (let cell = 0; cell < height * width; cell += 1) {
    if (inside[upper[Math.floor(cell / width)] * columns + left[cell % width]]) found.add(cell);
  }
  const [down, right] = [cellsAt(rows, height), cellsAt(columns, width)];
  inside.forEach((on, at) => on && found.add(down[Math.floor(at / columns)] * width + right[at % columns]));
  return found;
}

// Numbers (row * columns + column) of the cells that a stroke touches, in ascending order.
export function cellsOf(stroke, grid) {
  return ascending(stroke.region ? cellsOfRegion(stroke.region, grid) : cellsOfPath(stroke.path, stroke.radius, grid));
}
