'use strict';
// What a unit does in single pictures: its strongest, weaker ones, and those of its label on which it is silent.
(function () {
  const u = window.unitscope;
  const { h } = u;
  // What is shown of every picture, kept from unit to unit.
  const shows = { region: true, concept: true, heat: false };
  const swatch = (kind) => h('span', { class: `swatch of-${kind}`, 'aria-hidden': 'true' });

  function apply(node) {
    for (const [name, on] of Object.entries(shows)) node.classList.toggle(`hide-${name}`, !on);
  }

  // Buttons that switch regions and heat map in all of `nodes`; they are the legend as well.
  function switches(unit, found, nodes) {
    const known = found.exemplars.concat(found.others);
    const names = [
      ['region', `where unit ${unit.unit} is on`],
      known.some((one) => one.concept) && ['concept', `where ${unit.name} is`],
      found.heat && known.some((one) => one.heat) && ['heat', 'heat map'],
    ].filter(Boolean);
    const button = ([name, text]) => h('button', { type: 'button', value: name, 'aria-pressed': String(shows[name]), onclick: () => {
      shows[name] = !shows[name];
      for (const one of document.querySelectorAll(`.switches [value=${name}]`)) one.setAttribute('aria-pressed', String(shows[name]));
      nodes.forEach(apply);
    } }, swatch(name), text);
    nodes.forEach(apply);
    return h('div', { class: 'switches', role: 'group', 'aria-label': 'Show in the pictures' }, names.map(button));
  }

  // IoU of one picture: what both hold of what either holds.
  function here({ pixels }) {
    const [own, other, shared] = pixels;
    return own + other ? shared / (own + other - shared) : null;
  }

  const KINDS = { strongest: 'exemplar', middle: 'weaker picture', silent: 'picture without the unit' };

  function text(unit, one, rank) {
    const peak = one.peak === null || one.kind === 'silent' ? 'not on' : `peak ${u.significant(one.peak)}`;
    return `Unit ${unit.unit} of ${unit.layer.name}, ${KINDS[one.kind || 'strongest']} ${rank}: ${one.id}, ${peak}`;
  }

  function caption(unit, one) {
    const share = one.pixels && unit.concept >= 0 ? here(one) : null;
    return [
      h('span', { class: 'peak' }, one.kind === 'silent' ? 'not on' : `peak ${u.significant(one.peak)}`), ' ',
      share !== null && one.kind !== 'silent' && h('span', { class: 'here' }, `IoU here ${u.percent(share, 0)} `),
      one.kind === 'silent' && h('span', { class: 'here' }, `${unit.name} at ${u.integer(one.pixels[1])} pixels `),
      h('span', { class: 'id', title: one.id }, one.id)];
  }

  function figure(unit, found, all, at, rank) {
    const one = all[at];
    const label = text(unit, one, rank);
    return h('figure', { class: 'exemplar' },
      h('button', { type: 'button', class: 'enlarge', title: 'Open large', onclick: (event) => u.large.open(unit, found, all, at, event.currentTarget) },
        u.exemplars.frame(one, label, found.heat, true)),
      h('figcaption', {}, caption(unit, one)));
  }

  function group(unit, found, all, kind) {
    const places = all.flatMap((one, at) => ((one.kind || 'strongest') === kind ? [at] : []));
    return h('div', { class: 'exemplars' }, places.map((at, index) => figure(unit, found, all, at, index + 1)));
  }

  function reduced() {
    const { side, reduced: smaller } = u.data.run.pictures;
    return smaller && `Pictures are at most ${side} pixels wide and high here and larger in the run’s folder. `;
  }

  function why(unit) {
    if (unit.concept < 0 || unit.precision === null) return null;
    const [rows, columns] = u.data.run.grid;
    return h('p', { class: 'hint' }, `The IoU is ${u.percent(unit.iou)} and not 100 %: of the pixels where the unit is on, ${u.percent(unit.precision)} show ${unit.name}; of all pixels of ${unit.name}, the unit is on at ${u.percent(unit.recall)}. `,
      `Pixels are those of the label maps, ${rows} × ${columns} a picture, over all pictures.`);
  }

  function heatKey(unit, found) {
    const known = found.heat && found.exemplars.some((one) => one.heat);
    if (!known) return found.others.length ? h('p', { class: 'hint' }, 'Heat maps need the activations that a dissection keeps; this run has none any more, or too few.') : null;
    const stops = Array.from({ length: 6 }, (_, index) => `rgb(${u.exemplars.heatColor(index / 5).join(' ')})`).join(', ');
    return h('p', { class: 'hint heat-key' }, 'Heat map: ', u.significant(found.heat[2]), ' ',
      h('span', { class: 'ramp', style: { background: `linear-gradient(to right, ${stops})` }, 'aria-hidden': 'true' }), ' ', u.significant(unit.peak),
      '; weaker activations are left clear.');
  }

  function part(title, hint, content) {
    return content.childElementCount > 0 && [h('h3', {}, title), h('p', { class: 'hint' }, hint), content];
  }

  function panel(unit, found) {
    if (!found.exemplars.length) return h('section', { class: 'panel' }, h('h2', {}, 'Pictures'), h('p', { class: 'empty' }, 'None: the unit is never on.'));
    const all = [...found.exemplars, ...found.others];
    const body = h('div', { class: 'looks' });
    const save = h('button', { type: 'button', class: 'as-link', onclick: () => u.details.save(found.exemplars, `${unit.layer.slug}-${unit.unit}.png`) }, 'Save the strongest as one picture (PNG)');
    u.append(body, [
      h('h3', {}, 'Strongest'),
      h('p', { class: 'hint' }, 'The pictures of highest activation. Choose one to see it large. ', reduced(), save),
      group(unit, found, all, 'strongest'),
      part('Weaker', 'Other pictures on which it is on, from the middle of its range: strong, half-way and weak among those that the run keeps.', group(unit, found, all, 'middle')),
      unit.concept >= 0 && part(`${unit.name} without the unit`, `Pictures with much ${unit.name}, among those that the run keeps, on which the unit is nowhere above its threshold.`, group(unit, found, all, 'silent')),
      found.others.length === 0 && h('p', { class: 'hint' }, 'Where the label is, weaker pictures and silent ones are not known: the run was made before they were kept, or has too few pictures.'),
    ]);
    return h('section', { class: 'panel', 'aria-labelledby': 'looks-title' },
      h('div', { class: 'panel-head' }, h('h2', { id: 'looks-title' }, 'Pictures'), switches(unit, found, [body])),
      why(unit), heatKey(unit, found), body);
  }

  u.seen = { panel, switches, caption, text, here };
})();
