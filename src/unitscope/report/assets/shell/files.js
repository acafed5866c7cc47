'use strict';
// Every table as CSV and every chart as SVG and PNG, from where they are shown.
(function () {
  const u = window.unitscope;
  const { h } = u;

  function save(name, content, type) {
    const blob = typeof content === 'string' ? new Blob([content], { type }) : content;
    const href = URL.createObjectURL(blob);
    h('a', { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10000);
  }

  const slug = (text) => text.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 80) || 'table';

  // What spreadsheets read as numbers: no thousands apart, no narrow spaces, a hyphen for a minus.
  function plain(text) {
    const short = text.replace(/\s+/g, ' ').trim();
    const number = short.replace(/\s/g, '').replace('\u2212', '-');
    if (/^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(number)) return number.replaceAll(',', '');
    return /^-?[\d.]+%?$/.test(number) ? number : short;
  }

  // A cell that a spreadsheet would take for a formula is text.
  function field(value) {
    const text = typeof value === 'number' ? String(value) : plain(String(value ?? ''));
    const safe = /^[=+@]|^-(?![\d.])/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  const csv = (rows) => '\ufeff' + rows.map((row) => row.map(field).join(',') + '\r\n').join('');
  const words = (content) => u.append(h('span', {}), [content]).textContent;

  // `rows`: all of them, also those that are on other pages of a list.
  function ofColumns(columns, rows) {
    const named = columns.filter((column) => column.text);
    return csv([named.map((column) => column.text), ...rows.map((row) => named.map((column) => (column.value ? column.value(row) : words(column.cell(row)))))]);
  }

  const ofTable = (table) => csv([...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent)));

  function tools(name, makers) {
    const button = ([kind, make]) => h('button', { type: 'button', class: 'as-link', 'aria-label': `${name} as ${kind}`, onclick: make }, kind);
    return h('p', { class: 'tools' }, makers.map(button));
  }

  const forTable = (name, text) => tools(name, [['CSV', () => save(`${slug(name)}.csv`, text(), 'text/csv')]]);

  // Tables that are in the page from the start.
  function tables() {
    for (const table of document.querySelectorAll('.scroll > table')) {
      const region = table.parentElement;
      const name = table.caption?.textContent || region.getAttribute('aria-label') || words([...document.querySelectorAll(`[id="${region.getAttribute('aria-labelledby')}"]`)].map((node) => node.textContent)) || document.title;
      region.append(forTable(name, () => ofTable(table)));
    }
  }

  u.starts.push(tables);
  u.files = { save, slug, csv, ofColumns, forTable, tools };
})();
