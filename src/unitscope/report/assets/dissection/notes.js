'use strict';
// What a reader writes about units: kept by the browser, saved and opened as a file.
(function () {
  const u = window.unitscope;
  const { h, byId } = u;
  const FORMAT = 'unitscope notes';
  const KEY = () => `unitscope-notes:${u.data.run.id}`;
  const keyOf = (unit) => `${unit.layer.path}/${unit.unit}`;
  let notes = new Map();
  let kept = true;

  function load() {
    try {
      notes = new Map(Object.entries(JSON.parse(localStorage.getItem(KEY()) || '{}')).filter(([, text]) => typeof text === 'string'));
    } catch {
      notes = new Map();
    }
  }

  function store() {
    try {
      if (notes.size) localStorage.setItem(KEY(), JSON.stringify(Object.fromEntries(notes)));
      else localStorage.removeItem(KEY());
      kept = true;
    } catch {
      kept = false;
    }
  }

  const of = (unit) => notes.get(keyOf(unit)) || '';

  function write(unit, text) {
    if (text.trim()) notes.set(keyOf(unit), text.trim());
    else notes.delete(keyOf(unit));
    store();
  }

  const where = () => (kept ? 'Kept in this browser; save them as a file to keep or share them.' : 'This browser keeps nothing for this page: save the notes as a file before it is closed.');

  function panel(unit) {
    const said = h('span', { role: 'status' });
    const box = h('textarea', { id: 'note', rows: 3, 'aria-describedby': 'note-hint', oninput: () => {
      write(unit, box.value);
      said.textContent = kept ? 'Kept.' : where();
    } });
    box.value = of(unit);
    return h('section', { class: 'panel', 'aria-labelledby': 'note-title' }, h('h2', { id: 'note-title' }, h('label', { for: 'note' }, 'Your notes')), box,
      h('p', { class: 'hint', id: 'note-hint' }, where(), ' ', said));
  }

  function save() {
    const content = { format: FORMAT, version: 1, run: u.data.run.id, network: document.body.dataset.model,
      notes: [...notes].map(([key, text]) => ({ layer: key.slice(0, key.lastIndexOf('/')), unit: Number(key.slice(key.lastIndexOf('/') + 1)), text })) };
    u.files.save(`${u.files.slug(document.body.dataset.model)}-notes.json`, JSON.stringify(content, null, 1), 'application/json');
  }

  // Take notes from a file; where a unit has another one already, both are kept. Returns what to say.
  function take(text) {
    let content;
    try {
      content = JSON.parse(text);
    } catch {
      return 'This file holds no notes: it is not JSON.';
    }
    if (content?.format !== FORMAT || !Array.isArray(content.notes)) return 'This file holds no notes of Unitscope.';
    const known = content.notes.map((note) => [u.store.find(note?.layer, note?.unit), note?.text]).filter(([unit, words]) => unit && typeof words === 'string' && words.trim());
    for (const [unit, words] of known) {
      const before = of(unit);
      write(unit, before && !before.includes(words.trim()) ? `${before}\n${words}` : words);
    }
    const left = content.notes.length - known.length;
    const other = content.run === u.data.run.id ? '' : ' They were written about another run.';
    return `${u.plural(known.length, 'note')} taken${left ? `, ${left} left out, whose units are not here` : ''}.${other}`;
  }

  // The line above the list of units.
  function tools(changed) {
    const said = h('span', { class: 'notes-said', role: 'status' });
    const file = h('input', { type: 'file', accept: '.json,application/json', class: 'visually-hidden', id: 'notes-file', tabindex: -1, 'aria-label': 'File of notes', onchange: async () => {
      if (!file.files.length) return;
      const text = take(await file.files[0].text());
      file.value = '';
      changed();
      byId('units-notes').querySelector('.notes-said').textContent = text;
    } });
    const button = (text, click) => h('button', { type: 'button', class: 'as-link', onclick: click }, text);
    return [h('span', {}, notes.size ? u.plural(notes.size, 'note') : 'No notes yet'), notes.size > 0 && button('Save notes', save), button('Open notes', () => file.click()), file, said].filter(Boolean);
  }

  u.starts.push(load);
  u.notes = { of, panel, tools, take, any: () => notes.size > 0 };
})();
