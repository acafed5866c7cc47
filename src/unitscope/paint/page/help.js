// What the keys do, and what the tools are for.

import { byId, h } from './dom.js';

const KEYS = [
  ['arrow keys', 'move the cell cursor (on the picture); with shift, four cells'],
  ['space', 'paint while it is held, also along a way; Enter paints one dab'],
  ['d, e, s, l', 'draw, erase, select, look'],
  ['[ and ]', 'smaller or larger brush'],
  ['z and y', 'undo and redo, also with Ctrl'],
  ['o', 'hold to see the original'],
  ['x', 'difference to the original'],
  ['n, p, r', 'next, previous or any picture'],
  ['Escape', 'drop the stroke that is being painted, let go of a region or a unit'],
  ['?', 'this page'],
];

const LINES = [
  ['Draw', 'forces the units of the concept to a level in the outlined cells. Whether something appears there is up to the generator: a door may need a wall.'],
  ['Erase', 'sets them to zero, so that what they draw goes. Cells are coarser than pixels: the outline shows all that is touched.'],
  ['Select', 'takes the region of an object that the segmenter sees, to erase it or to draw into it.'],
  ['Look', 'lists the units that are on at a place and shows where one of them is on.'],
];

export function fillHelp(store) {
  const single = h('input', { type: 'checkbox', id: 'single-keys', onchange: (event) => store.set({ keys: event.target.checked }) });
  byId('help-body').replaceChildren(
    h('dl', { class: 'terms' }, LINES.map(([name, text]) => [h('dt', {}, name), h('dd', {}, text)])),
    h('h3', {}, 'Keys'),
    h('dl', { class: 'terms keys' }, KEYS.map(([name, text]) => [h('dt', {}, name), h('dd', {}, text)])),
    h('label', { class: 'check' }, single, 'Keys without Ctrl, also away from the picture'));
  const open = () => {
    single.checked = store.tools.keys;
    byId('help-dialog').showModal();
  };
  byId('help').addEventListener('click', open);
  return open;
}
