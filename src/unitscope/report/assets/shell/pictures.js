'use strict';
// Pictures lie in packs, scripts of many, each loaded when one of its pictures is asked for.
(function () {
  const u = window.unitscope;

  async function address([pack, place]) {
    if (!u.data.pictures[pack]) await u.loadScript(`data/pictures/${pack}.js`);
    return `data:image/webp;base64,${u.data.pictures[pack][place]}`;
  }

  // A picture whose frame stands before it is there; `missing` makes what stands in for one that cannot be had.
  function image(place, properties, missing) {
    const node = u.h('img', { decoding: 'async', ...properties });
    address(place).then((found) => node.setAttribute('src', found), () => node.replaceWith(missing()));
    return node;
  }

  u.pictures = { address, image };
})();
