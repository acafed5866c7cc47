'use strict';
// All classes as a table that can be sorted and searched; units of the charts lead to the report of the run.
(function () {
  const u = window.unitscope;
  const { h, byId } = u;
  let order = { key: 'name', up: true };
  let rows = null;

  function columns() {
    const { many } = u.data.importance;
    const share = (key, text) => ({ key, text, number: true, sort: (row) => row[key], cell: (row) => (row[key] === null ? '\u2013' : u.percent(row[key])) });
    const count = (key, text) => ({ key, text, number: true, sort: (row) => row[key], cell: (row) => u.integer(row[key]) });
    return [
      { key: 'name', text: 'Class', sort: (row) => row.at, cell: (row) => h('a', { href: u.importance.classAddress(row.at) }, row.name) },
      count('val', 'Val pictures'), share('baseline', 'Balanced accuracy'), share('removed', `${many} most important removed`),
      share('kept', `Only these ${many} kept`), share('random', `${many} random removed`), count('important', 'Important units'),
    ];
  }

  function choose(key, up, content) {
    const sort = () => {
      order = { key, up };
      draw();
      document.querySelector(`#class-table [data-sort="${key}"]`).focus();
    };
    return h('button', { type: 'button', class: 'sort-button', 'data-sort': key, onclick: sort }, content);
  }

  function draw() {
    const word = byId('table-find').value.trim().toLowerCase();
    const found = u.table.sorted(rows.filter((row) => row.name.toLowerCase().includes(word)), columns(), order);
    byId('table-count').textContent = `${u.integer(found.length)} of ${u.plural(rows.length, 'class', 'classes')}`;
    u.table.draw(byId('class-table'), columns(), found, { order, choose });
  }

  u.needs.push('run', 'importance');
  u.starts.push(() => {
    rows = u.data.importance.classes.name.map((_, at) => u.importance.one(at));
    byId('table-find').addEventListener('input', draw);
    draw();
    const { home } = document.body.dataset;
    const dots = u.data.charts.units;
    if (home && dots) for (const row of dots.datasets.rows) row.href = home + u.router.build(['unit', u.data.importance.layer, row.unit]);
  });
})();
