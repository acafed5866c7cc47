'use strict';
// The details of units come in scripts of many; the exemplars of one can be saved side by side.
(function () {
  const u = window.unitscope;
  async function details(unit) {
    if (!u.data.blocks[unit.block]) await u.loadScript(`data/units/${unit.block}.js`);
    return u.data.blocks[unit.block][unit.index] || { exemplars: [], matches: [], histogram: null };
  }

  // One picture of all exemplars side by side, as a file.
  async function join(exemplars, side) {
    const tiles = exemplars.map(({ size: [height, width] }) => [side / Math.max(height, width) * width, side / Math.max(height, width) * height]);
    const gap = 4;
    const canvas = document.createElement('canvas');
    canvas.width = Math.ceil(tiles.reduce((sum, [width]) => sum + width + gap, -gap));
    canvas.height = Math.ceil(Math.max(...tiles.map((tile) => tile[1])));
    const pen = canvas.getContext('2d');
    let left = 0;
    for (const [index, exemplar] of exemplars.entries()) {
      await tile(pen, exemplar, left, tiles[index]);
      left += tiles[index][0] + gap;
    }
    return canvas;
  }

  async function tile(pen, exemplar, left, [width, height]) {
    const [rows, columns] = exemplar.size;
    pen.save();
    pen.translate(left, 0);
    if (exemplar.picture !== null) {
      const image = new Image();
      image.src = await u.pictures.address(exemplar.picture);
      await image.decode();
      pen.drawImage(image, 0, 0, width, height);
    }
    const outline = u.exemplars.trace(exemplar.runs, rows, columns);
    const shape = (path) => {
      const scaled = new Path2D();
      scaled.addPath(new Path2D(path), new DOMMatrix([width / columns, 0, 0, height / rows, 0, 0]));
      return scaled;
    };
    pen.fillStyle = 'rgb(0 0 0 / 42%)';
    pen.fill(shape(`M0 0H${columns}V${rows}H0Z${outline}`), 'evenodd');
    pen.lineJoin = 'round';
    for (const [color, thick] of [['#141414', 4.5], ['#ffe600', 2.25]]) {
      pen.strokeStyle = color;
      pen.lineWidth = thick;
      pen.stroke(shape(outline));
    }
    pen.restore();
  }

  async function save(exemplars, name, side = 224) {
    const canvas = await join(exemplars, side);
    const link = u.h('a', { href: canvas.toDataURL('image/png'), download: name });
    link.click();
  }

  u.details = { of: details, save };
})();
