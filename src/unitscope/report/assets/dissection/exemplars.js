'use strict';
// A mask comes as packed run lengths; here it is traced to an outline that stays crisp at any size.
(function () {
  const u = window.unitscope;
  const { h, svg } = u;

  const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

  // Numbers of seven bits a byte, the lowest first.
  function unpack(text) {
    const runs = [];
    let value = 0;
    let shift = 0;
    for (const byte of bytes(text)) {
      value += (byte & 127) * 2 ** shift;
      shift += 7;
      if (byte < 128) {
        runs.push(value);
        value = shift = 0;
      }
    }
    return runs;
  }

  function decode(runs, size) {
    const mask = new Uint8Array(size);
    let at = 0;
    runs.forEach((length, index) => {
      if (index % 2 === 1) mask.fill(1, at, at + length);
      at += length;
    });
    return mask;
  }

  // Directed edges between on and off pixels, the mask on the right-hand side, by the corner they start at.
  function edges(mask, height, width) {
    const on = (x, y) => x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] === 1;
    const from = new Map();
    const add = (x1, y1, x2, y2) => {
      const key = y1 * (width + 1) + x1;
      if (!from.has(key)) from.set(key, []);
      from.get(key).push([x1, y1, x2, y2]);
    };
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        if (!on(x, y)) continue;
        if (!on(x, y - 1)) add(x, y, x + 1, y);
        if (!on(x + 1, y)) add(x + 1, y, x + 1, y + 1);
        if (!on(x, y + 1)) add(x + 1, y + 1, x, y + 1);
        if (!on(x - 1, y)) add(x, y + 1, x, y);
      }
    }
    return from;
  }

  // Loops through the middles of the edges: steps of single pixels become slopes.
  function trace(runs, height, width) {
    const from = edges(decode(runs, height * width), height, width);
    const loops = [];
    for (const starts of from.values()) {
      while (starts.length) {
        const points = [];
        let edge = starts.pop();
        while (edge) {
          points.push([(edge[0] + edge[2]) / 2, (edge[1] + edge[3]) / 2]);
          const next = from.get(edge[3] * (width + 1) + edge[2]);
          edge = next && next.pop();
        }
        loops.push(straighten(points));
      }
    }
    return loops.map((points) => `M${points.map((point) => point.join(' ')).join('L')}Z`).join('');
  }

  // A point between two others on one line adds nothing.
  function straighten(points) {
    return points.filter((point, at) => {
      const before = points.at(at - 1);
      const after = points[(at + 1) % points.length];
      return (point[0] - before[0]) * (after[1] - point[1]) !== (point[1] - before[1]) * (after[0] - point[0]);
    });
  }

  const outline = (packed, [height, width]) => trace(unpack(packed), height, width);

  // The regions of a picture as drawings: dimmed outside the unit's, both outlined.
  function region({ runs, size }) {
    const path = outline(runs, size);
    const [height, width] = size;
    return svg('svg', { class: 'overlay of-region', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      svg('path', { class: 'outside', 'fill-rule': 'evenodd', d: `M0 0H${width}V${height}H0Z${path}` }),
      svg('path', { class: 'outline-edge', d: path }),
      svg('path', { class: 'outline-line', d: path }));
  }

  function concept({ concept: packed, grid }) {
    const path = outline(packed, grid);
    return svg('svg', { class: 'overlay of-concept', viewBox: `0 0 ${grid[1]} ${grid[0]}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      svg('path', { class: 'outline-edge', d: path }), svg('path', { class: 'outline-line', d: path }));
  }

  // From nothing over violet and orange to pale yellow, the same in light and dark pages; alpha grows with the level.
  const HEAT = [[66, 10, 104], [147, 38, 103], [221, 81, 58], [252, 165, 10], [252, 255, 164]];

  function heatColor(share) {
    const at = share * (HEAT.length - 1);
    const low = Math.min(HEAT.length - 2, Math.floor(at));
    return HEAT[low].map((value, index) => Math.round(value + (at - low) * (HEAT[low + 1][index] - value)));
  }

  function heat(packed, [height, width]) {
    const canvas = h('canvas', { class: 'overlay of-heat', width, height, 'aria-hidden': 'true' });
    const pixels = new ImageData(width, height);
    bytes(packed).forEach((byte, at) => [byte >> 4, byte & 15].forEach((level, half) => {
      const place = 2 * at + half;
      if (place < width * height) pixels.data.set([...heatColor(level / 15), level === 0 ? 0 : 110 + 9 * level], 4 * place);
    }));
    canvas.getContext('2d').putImageData(pixels, 0, 0);
    return canvas;
  }

  const missing = (alt) => h('span', { class: 'no-picture', role: 'img', 'aria-label': alt }, 'no picture');

  function picture(exemplar, alt) {
    const [height, width] = exemplar.size;
    if (exemplar.picture === null) return missing(alt);
    return u.pictures.image(exemplar.picture, { alt, width, height }, () => missing(alt));
  }

  // `heatSize`: also what can be switched on and off, the heat map and the label's region.
  function frame(exemplar, alt, heatSize = null, all = false) {
    return h('span', { class: 'frame' }, picture(exemplar, alt),
      all && heatSize && exemplar.heat && heat(exemplar.heat, heatSize),
      region(exemplar), all && exemplar.concept && concept(exemplar));
  }

  u.exemplars = { trace, unpack, frame, outline, heatColor };
})();
