'use strict';
// One picture of a unit at the size of the window; arrows go to the next one, Escape closes.
(function () {
  const u = window.unitscope;
  const { h } = u;
  let dialog = null;
  let shown = null;

  function facts(unit, one) {
    if (!one.pixels || unit.concept < 0) return null;
    const [own, other, shared] = one.pixels;
    const share = u.seen.here(one);
    return h('p', { class: 'hint' }, `Of this picture’s pixels the unit is on at ${u.integer(own)}, ${unit.name} is at ${u.integer(other)}, both at ${u.integer(shared)}`,
      share === null ? '.' : `: IoU ${u.percent(share)} here, ${u.percent(unit.iou)} over all pictures.`);
  }

  function close() {
    dialog.close();
  }

  function step(by) {
    const { all, at } = shown;
    if (at + by >= 0 && at + by < all.length) {
      shown.at += by;
      const focused = [...dialog.querySelectorAll('button')].indexOf(document.activeElement);
      draw();
      // What had the focus has been drawn anew; keys must not go to the page below.
      const again = dialog.querySelectorAll('button')[focused];
      (again && !again.disabled ? again : dialog).focus();
    }
  }

  function draw() {
    const { unit, found, all, at } = shown;
    const one = all[at];
    const [height, width] = one.size;
    const kind = one.kind || 'strongest';
    const rank = all.slice(0, at + 1).filter((other) => (other.kind || 'strongest') === kind).length;
    const view = h('div', { class: 'large-view', style: { 'aspect-ratio': `${width} / ${height}`, '--shape': width / height } },
      u.exemplars.frame(one, u.seen.text(unit, one, rank), found.heat, true));
    const move = (text, by, possible) => h('button', { type: 'button', class: 'move', disabled: !possible, onclick: () => step(by) }, text);
    dialog.replaceChildren(
      h('div', { class: 'large-head' },
        h('h2', { id: 'large-title' }, `Unit ${unit.unit}${unit.name ? ` · ${unit.name}` : ''}`, ' ', h('small', {}, `picture ${at + 1} of ${all.length}`)),
        h('button', { type: 'button', class: 'quiet', onclick: close }, 'Close')),
      view,
      h('div', { class: 'large-foot' },
        h('div', {}, h('p', { class: 'large-caption' }, u.seen.caption(unit, one)), facts(unit, one)),
        h('div', { class: 'large-controls' }, u.seen.switches(unit, found, [view, ...document.querySelectorAll('.looks')]),
          move('Previous', -1, at > 0), move('Next', 1, at + 1 < all.length))));
  }

  function onKey(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    event.stopPropagation();
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    step(by);
  }

  function make() {
    dialog = h('dialog', { class: 'large', tabindex: -1, 'aria-labelledby': 'large-title', onkeydown: onKey });
    dialog.addEventListener('click', (event) => event.target === dialog && close());
    dialog.addEventListener('close', () => shown.opener.isConnected && shown.opener.focus());
    document.body.append(dialog);
  }

  function open(unit, found, all, at, opener) {
    if (!dialog) make();
    shown = { unit, found, all, at, opener };
    draw();
    dialog.showModal();
  }

  window.addEventListener('hashchange', () => dialog && dialog.open && close());
  u.large = { open };
})();
