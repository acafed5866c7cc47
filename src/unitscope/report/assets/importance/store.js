'use strict';
// What was measured, as objects; the details of a class come in blocks when it is opened.
(function () {
  const u = window.unitscope;

  const data = () => u.data.importance;
  const place = (name) => data().classes.name.indexOf(name);

  function one(at) {
    const c = data().classes;
    const found = { at };
    for (const key of Object.keys(c)) found[key] = c[key][at];
    return found;
  }

  function unit(row) {
    const c = data().units;
    const found = { row };
    for (const key of Object.keys(c)) found[key] = c[key][row];
    return found;
  }

  // Promise of the details of a class: its units and sets.
  async function details(at) {
    const block = String(Math.floor(at / data().block));
    if (!u.data.blocks[block]) await u.loadScript(`data/classes/${block}.js`);
    return u.data.blocks[block][String(at)];
  }

  const classAddress = (at) => (at >= 0 && at < data().classes.name.length ? u.router.build(['class', data().classes.name[at]]) : null);

  // Where the run's own report has the unit, if this report lies inside it.
  function unitAddress(row) {
    const { home } = document.body.dataset;
    return home ? home + u.router.build(['unit', data().layer, data().units.unit[row]]) : null;
  }

  function unitText(found) {
    const label = found.concept ? `${found.concept}, IoU ${u.percent(found.iou)}` : 'no label';
    return `unit ${found.unit}: ${label}`;
  }

  u.importance = { place, one, unit, details, classAddress, unitAddress, unitText };
})();
