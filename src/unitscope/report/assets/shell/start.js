'use strict';
// Everything is loaded: start the parts of the page, then show the view that the address asks for.
(function () {
  const u = window.unitscope;
  if (u.needs.some((name) => !u.data[name])) {
    document.getElementById('main').prepend(u.h('p', { class: 'notice' },
      'The data of this page is missing: copy the whole folder, with its folder "data", or write the report again.'));
    return;
  }
  u.starts.forEach((start) => start());
  if (Object.keys(u.pages).length) u.router.start();
  else u.charts.page(document);
})();
