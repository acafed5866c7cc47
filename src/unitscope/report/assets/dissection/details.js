'use strict';
// The details of units come in scripts of many; the exemplars of one can be saved side by side.
(function () {
  const u = window.unitscope;
  async function details(unit) {
    if (!u.data.blocks[unit.block]) await u.loadScript(`data/units/${unit.block}.js`);
    return u.data.blocks[unit.block][unit.index] || { exemplars: [], others: [], heat: null, similar: [], matches: [], histogram: null };
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
    const scaled = (path, [height_, width_]) => {
      const found = new Path2D();
      found.addPath(new Path2D(path), new DOMMatrix([width / width_, 0, 0, height / height_, 0, 0]));
      return found;
    };
    const line = (path, color) => {
      pen.lineJoin = 'round';
      for (const [shade, thick] of [['#141414', 4.5], [color, 2.25]]) {
        pen.strokeStyle = shade;
        pen.lineWidth = thick;
        pen.stroke(path);
      }
    };
    const outline = u.exemplars.outline(exemplar.runs, exemplar.size);
    pen.fillStyle = 'rgb(0 0 0 / 42%)';
    pen.fill(scaled(`M0 0H${columns}V${rows}H0Z${outline}`, exemplar.size), 'evenodd');
    if (exemplar.concept) line(scaled(u.exemplars.outline(exemplar.concept, exemplar.grid), exemplar.grid), '#00c8ff');
    line(scaled(outline, exemplar.size), '#ffe600');
    pen.restore();
  }

  async function save(exemplars, name, side = 224) {
    const canvas = await join(exemplars, side);
    const link = u.h('a', { href: canvas.toDataURL('image/png'), download: name });
    link.click();
  }

  u.details = { of: details, save };
})();
