'use strict';
// Scales and axes shared by every chart.
(function () {
  const u = window.unitscope;
  const { svg } = u;

  // Whole ticks from 0 to at least `most`, in steps of 1, 2 or 5 times a power of ten.
  function countTicks(most, wanted = 5) {
    const raw = Math.max(most, 1) / wanted;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = Math.max(1, [1, 2, 5, 10].find((factor) => factor * power >= raw) * power);
    const ticks = [];
    for (let value = 0; value < most + step; value += step) ticks.push(value);
    return ticks;
  }

  // Round ticks inside [low, high].
  function valueTicks(low, high, wanted = 6) {
    const raw = (high - low) / wanted || 1;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].find((factor) => factor * power >= raw) * power;
    const ticks = [];
    for (let at = Math.ceil(low / step); at * step <= high; at += 1) ticks.push(Number((at * step).toPrecision(12)));
    return ticks;
  }

  const label = (x, y, content, properties) => svg('text', { x, y, ...properties }, content);

  function leftAxis(frame, ticks, y, format, title) {
    const { left, right, top, bottom } = frame;
    return svg('g', { class: 'axis', 'aria-hidden': 'true' },
      ticks.map((tick) => [
        svg('line', { class: 'rule', x1: left, x2: right, y1: y(tick), y2: y(tick) }),
        label(left - 6, y(tick) + 4, format(tick), { 'text-anchor': 'end' }),
      ]),
      title && label(0, 0, title, {
        class: 'axis-title', 'text-anchor': 'middle', transform: `translate(11 ${(top + bottom) / 2}) rotate(-90)`,
      }));
  }

  function slanted(x, y, content) {
    return label(0, 0, content, { 'text-anchor': 'end', transform: `translate(${x} ${y}) rotate(-55)` });
  }

  u.axes = { countTicks, valueTicks, label, leftAxis, slanted };
})();
