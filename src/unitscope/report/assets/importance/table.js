'use strict';
// All classes as a table that can be sorted and searched.
(function () {
  const u = window.unitscope;
  const { h, importance, byId } = u;
  let state = { sort: 'name', up: true };
  let rows = null;

  function columns() {
    const { many } = importance.data();
    return [
      ['name', 'Class'], ['val', 'Val pictures'], ['baseline', 'Balanced accuracy'], ['removed', `${many} most important removed`],
      ['kept', `Only these ${many} kept`], ['random', `${many} random removed`], ['important', 'Important units'],
    ];
  }

  function compare(a, b) {
    const { sort, up } = state;
    if (sort === 'name') return (up ? 1 : -1) * (a.at - b.at);
    if (a[sort] === null || b[sort] === null) return Number(a[sort] === null) - Number(b[sort] === null);
    return (up ? 1 : -1) * (a[sort] - b[sort]) || a.at - b.at;
  }

  function header([key, text]) {
    const current = state.sort === key;
    const sort = () => {
      state = { sort: key, up: current ? !state.up : key === 'name' };
      draw();
      document.querySelector(`#class-table [data-sort="${key}"]`).focus();
    };
    return h('th', { scope: 'col', class: key === 'name' ? null : 'number', 'aria-sort': current ? (state.up ? 'ascending' : 'descending') : null },
      h('button', { type: 'button', class: 'sort-button', 'data-sort': key, onclick: sort }, text, current && h('span', { 'aria-hidden': 'true' }, state.up ? '\u00a0\u25b2' : '\u00a0\u25bc')));
  }

  function line(row) {
    const share = (key) => h('td', { class: 'number' }, row[key] === null ? '\u2013' : u.percent(row[key]));
    return h('tr', {}, h('th', { scope: 'row' }, h('a', { href: importance.classAddress(row.at) }, row.name)),
      h('td', { class: 'number' }, u.integer(row.val)), ['baseline', 'removed', 'kept', 'random'].map(share),
      h('td', { class: 'number' }, u.integer(row.important)));
  }

  function draw() {
    const word = byId('table-find').value.trim().toLowerCase();
    const found = rows.filter((row) => row.name.toLowerCase().includes(word)).sort(compare);
    byId('table-count').textContent = `${u.integer(found.length)} of ${u.plural(rows.length, 'class', 'classes')}`;
    byId('class-table').replaceChildren(h('table', {},
      h('thead', {}, h('tr', {}, columns().map(header))), h('tbody', {}, found.map(line))));
  }

  u.classTable = {
    start() {
      rows = Array.from({ length: importance.count() }, (_, at) => importance.one(at));
      byId('table-find').addEventListener('input', draw);
      draw();
    },
  };
})();
