'use strict';
// One kind of table: headings that sort, by keyboard too, and rows made of cells.
(function () {
  const u = window.unitscope;
  const { h } = u;

  // A column: key, text, number (right-aligned), cell (row -> content), sort (row -> what is compared; none: not sorted).
  function heading(column, order, choose) {
    const current = order && order.key === column.key;
    if (!column.sort || !order) return column.text ? h('th', { scope: 'col', class: column.number ? 'number' : null }, column.text) : h('td', {});
    const up = current ? !order.up : !column.number;
    return h('th', { scope: 'col', class: column.number ? 'number' : null, 'aria-sort': current ? (order.up ? 'ascending' : 'descending') : null },
      choose(column.key, up, [column.text, current && h('span', { 'aria-hidden': 'true' }, order.up ? '\u00a0\u25b2' : '\u00a0\u25bc')]));
  }

  function compare(a, b, { sort }, up) {
    const [first, second] = [sort(a), sort(b)];
    if (first === null || second === null) return Number(first === null) - Number(second === null);
    return (up ? 1 : -1) * (typeof first === 'string' ? first.localeCompare(second) : first - second);
  }

  // Rows in the order that is asked for; what has no value comes last, what is equal keeps its place.
  function sorted(rows, columns, order) {
    const column = columns.find((one) => one.key === order.key);
    return [...rows].sort((a, b) => compare(a, b, column, order.up));
  }

  // `all`: the rows of a file of the table, where the list has further pages; `name`: what the file is called.
  function draw(node, columns, rows, { caption = null, order = null, choose = null, name = null, all = rows } = {}) {
    const cell = (row) => (column, at) => h(at === 0 && !column.number ? 'th' : 'td',
      { scope: at === 0 && !column.number ? 'row' : null, class: column.number ? 'number' : column.class }, column.cell(row));
    const table = h('table', {}, caption && h('caption', {}, caption),
      h('thead', {}, h('tr', {}, columns.map((column) => heading(column, order, choose)))),
      h('tbody', {}, rows.map((row) => h('tr', {}, columns.map(cell(row))))));
    const title = name || caption || node.getAttribute('aria-label') || u.byId(node.getAttribute('aria-labelledby'))?.textContent || 'table';
    node.replaceChildren(table, u.files.forTable(title, () => u.files.ofColumns(columns, all)));
    return table;
  }

  u.table = { draw, sorted };
})();
