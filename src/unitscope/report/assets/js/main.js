'use strict';
// Everything is loaded: read the units, show the page the address asks for.
(function () {
  const u = window.unitscope;
  if (!u.data.run || !u.data.units) {
    document.getElementById('main').prepend(u.h('p', { class: 'notice' },
      'The data of this report is missing: copy the whole folder, with its folder "data", or write the report again.'));
    return;
  }
  u.store.start();
  u.router.start();
})();
