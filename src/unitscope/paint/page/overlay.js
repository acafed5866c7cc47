// What is drawn over the picture: outlines of cells, a region, where a unit is on, the cursor, the split of the view.

const DARK = '#141414';
const BRIGHT = '#ffe600';
const SHADE = 0.62;

function path(context, lines) {
  context.beginPath();
  for (const [x1, y1, x2, y2] of lines) {
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
  }
}

// Two lines, one dark and one bright, can be seen on any picture.
function twice(context, { bright = BRIGHT, dash = [], width = 2 } = {}) {
  context.setLineDash([]);
  context.lineCap = 'round';
  context.strokeStyle = DARK;
  context.lineWidth = width + 2.2;
  context.stroke();
  context.setLineDash(dash);
  context.strokeStyle = bright;
  context.lineWidth = width;
  context.stroke();
  context.setLineDash([]);
}

// The sides of cells that no other cell of the set lies behind.
function edges(cells, [rows, columns], width, height) {
  const [w, h] = [width / columns, height / rows];
  const lines = [];
  for (const cell of cells) {
    const [row, column] = [Math.floor(cell / columns), cell % columns];
    const [left, top, right, bottom] = [column * w, row * h, (column + 1) * w, (row + 1) * h];
    if (row === 0 || !cells.has(cell - columns)) lines.push([left, top, right, top]);
    if (row === rows - 1 || !cells.has(cell + columns)) lines.push([left, bottom, right, bottom]);
    if (column === 0 || !cells.has(cell - 1)) lines.push([left, top, left, bottom]);
    if (column === columns - 1 || !cells.has(cell + 1)) lines.push([right, top, right, bottom]);
  }
  return lines;
}

export function drawCells(context, cells, grid, { width, height }, { erase = false, filled = true } = {}) {
  if (filled) {
    const [w, h] = [width / grid[1], height / grid[0]];
    context.fillStyle = erase ? 'rgb(0 0 0 / 18%)' : 'rgb(255 230 0 / 14%)';
    cells.forEach((cell) => context.fillRect((cell % grid[1]) * w, Math.floor(cell / grid[1]) * h, w, h));
  }
  path(context, edges(cells, grid, width, height));
  twice(context, erase ? { bright: '#ffffff', dash: [5, 5] } : {});
}

export function drawBrush(context, [x, y], radius, { width, height }, scale) {
  context.beginPath();
  context.ellipse((x / scale) * width, (y / scale) * height, (radius / scale) * width, (radius / scale) * height, 0, 0, 2 * Math.PI);
  context.strokeStyle = 'rgb(0 0 0 / 55%)';
  context.lineWidth = 2.4;
  context.stroke();
  context.strokeStyle = 'rgb(255 255 255 / 85%)';
  context.lineWidth = 1.1;
  context.stroke();
}

export function drawRegion(context, { rows, columns, runs }, view) {
  const cells = new Set();
  runs.forEach(([start, length]) => { for (let at = start; at < start + length; at += 1) cells.add(at); });
  path(context, edges(cells, [rows, columns], view.width, view.height));
  twice(context);
}

// Dark where a unit is off, clear where it is above its threshold, and the cells where it is.
export function drawMap(context, { grid, activation, threshold }, view) {
  const [rows, columns] = grid;
  const small = new OffscreenCanvas(columns, rows);
  const inside = small.getContext('2d');
  const shade = inside.createImageData(columns, rows);
  const least = Math.min(0, ...activation);
  const on = new Set();
  activation.forEach((value, at) => {
    if (value > threshold) on.add(at);
    const share = threshold > least ? (value - least) / (threshold - least) : Number(value > threshold);
    shade.data[4 * at + 3] = 255 * SHADE * (1 - Math.min(1, Math.max(0, share)));
  });
  inside.putImageData(shade, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, view.width, view.height);
  path(context, edges(on, grid, view.width, view.height));
  twice(context);
}

export function drawSplit(context, share, { width, height }) {
  const x = share * width;
  path(context, [[x, 0, x, height]]);
  twice(context, { bright: '#ffffff', width: 1.5 });
}

// How two pictures differ: the largest difference of the three colours, from dark to bright.
export function difference(before, after, canvas) {
  const context = canvas.getContext('2d');
  const shown = context.createImageData(canvas.width, canvas.height);
  let [most, changed] = [0, 0];
  for (let at = 0; at < shown.data.length; at += 4) {
    const size = Math.max(...[0, 1, 2].map((colour) => Math.abs(before.data[at + colour] - after.data[at + colour])));
    most = Math.max(most, size);
    changed += size > 0;
    const share = (size / 255) ** 0.6;
    shown.data.set([255 * Math.min(1, 1.7 * share), 255 * share ** 1.3, 255 * (0.1 + 0.5 * share ** 3), 255], at);
  }
  context.putImageData(shown, 0, 0);
  return { most, changed: changed / (shown.data.length / 4) };
}
