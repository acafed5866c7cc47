'use strict';
// The pages: all classes, and one class; started once everything is loaded.
(function () {
  const u = window.unitscope;
  const { importance, byId } = u;
  let current = -1;

  u.pages.overview = {
    render() {
      u.classes.render();
      u.relation.render();
      u.maps.render();
    },
  };

  function neighbour(id, at) {
    const link = byId(id);
    if (at >= 0 && at < importance.count()) link.setAttribute('href', importance.classAddress(at));
    else link.removeAttribute('href');
  }

  function notice(one) {
    if (one.val === 0) return 'There are no val pictures of this class, so neither its accuracy nor the effect of sets is known.';
    if (one.train === 0) return 'There are no train pictures of this class, so its units are in no order of importance.';
    if (one.low === null) return 'There are too few pictures of this class for intervals.';
    return '';
  }

  function lead(one) {
    if (one.baseline === null) return '';
    const interval = one.low === null ? '' : ` (95\u202f% interval ${u.range(one.low, one.high)})`;
    const { many } = importance.data();
    const rest = [];
    if (one.removed !== null) rest.push(`${u.percent(one.removed)} without its ${many} most important units`);
    if (one.kept !== null) rest.push(`${u.percent(one.kept)} with only these`);
    return `Balanced accuracy ${u.percent(one.baseline)}${interval} on ${u.plural(one.val, 'val picture')}${rest.length ? `; ${rest.join(', ')}` : ''}. ` +
      `${u.plural(one.important, 'unit')} called important.`;
  }

  async function show(at) {
    current = at;
    const one = importance.one(at);
    byId('title-class').textContent = one.name;
    byId('class-picker').value = one.name;
    byId('class-lead').textContent = lead(one);
    byId('class-notice').textContent = notice(one);
    byId('class-notice').hidden = !notice(one);
    neighbour('class-previous', at - 1);
    neighbour('class-next', at + 1);
    const details = await importance.details(at);
    if (current !== at) return;
    u.classUnits.render(details);
    u.classSets.render(one, details);
  }

  function missing(name) {
    current = -1;
    byId('title-class').textContent = 'No such class';
    byId('class-lead').textContent = name ? `This report has no class \u201c${name}\u201d. Choose one above.` : 'This report has no classes.';
    for (const id of ['class-notice', 'panel-units', 'panel-sets', 'panel-curves']) byId(id).hidden = true;
  }

  u.pages.class = {
    render(route) {
      const name = route.parts.length ? route.parts[0] : document.body.dataset.first;
      const at = importance.place(name);
      if (at < 0) missing(name);
      else show(at);
    },
  };

  function keys(event) {
    if (byId('page-class').hidden || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest('input, select, textarea, .scroll')) return;
    const id = { ArrowLeft: 'class-previous', ArrowRight: 'class-next' }[event.key];
    const address = id && byId(id).getAttribute('href');
    if (address) location.hash = address;
  }

  if (!u.data.run || !u.data.importance) {
    byId('main').prepend(u.h('p', { class: 'notice' },
      'The data of this report is missing: copy the whole folder, with its folder "data", or write the report again.'));
    return;
  }
  byId('class-form').addEventListener('submit', (event) => event.preventDefault());
  byId('class-picker').addEventListener('change', () => (location.hash = importance.classAddress(importance.place(byId('class-picker').value))));
  document.addEventListener('keydown', keys);
  u.classUnits.start();
  u.classSets.start();
  u.classTable.start();
  u.router.start();
})();
