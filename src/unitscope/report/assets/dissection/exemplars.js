'use strict';
// A mask comes as run lengths; here it is traced to an outline that stays crisp at any size.
(function () {
  const u = window.unitscope;
  const { h, svg } = u;

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

  function overlay(exemplar) {
    const [height, width] = exemplar.size;
    const outline = trace(exemplar.runs, height, width);
    return svg('svg', { class: 'overlay', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      svg('path', { class: 'outside', 'fill-rule': 'evenodd', d: `M0 0H${width}V${height}H0Z${outline}` }),
      svg('path', { class: 'outline-edge', d: outline }),
      svg('path', { class: 'outline-line', d: outline }));
  }

  const missing = (alt) => h('div', { class: 'no-picture', role: 'img', 'aria-label': alt }, 'no picture');

  function picture(exemplar, alt) {
    const [height, width] = exemplar.size;
    if (exemplar.picture === null) return missing(alt);
    return u.pictures.image(exemplar.picture, { alt, width, height }, () => missing(alt));
  }

  const frame = (exemplar, alt) => h('div', { class: 'frame' }, picture(exemplar, alt), overlay(exemplar));

  function figure(unit, exemplar, rank) {
    const peak = u.significant(exemplar.peak);
    const alt = `Unit ${unit.unit} of ${unit.layer.name}, exemplar ${rank}: ${exemplar.id}, peak ${peak}`;
    return h('figure', { class: 'exemplar' },
      frame(exemplar, alt),
      h('figcaption', {}, h('span', { class: 'peak' }, `peak ${peak}`), ' ', h('span', { class: 'id', title: exemplar.id }, exemplar.id)));
  }

  u.exemplars = { trace, frame, figure };
})();
