'use strict';

/* The app: which screen is shown when. */
const app = (() => {
  const tabs = document.getElementById('tabs');
  let install = null; // the browser's offer to put the app on the home screen

  const atHome = () => ({
    works: !device.waits(),
    active_at: device.waits() && view.time(device.authenticator.active_at),
    name: device.authenticator.name,
    requests: news.requests(),
    notices: news.notices(),
  });
  const fromHome = { open: ({ request: id }) => request.open(id), look: () => unlock() };

  function home() {
    view.show('home', atHome(), fromHome);
    news.start();
  }

  function welcome() {
    view.show('welcome', { waits: me.codeCame }, { restore: enrol.restore });
  }

  function settings() {
    view.show('settings', { installable: install !== null }, { install: () => install.prompt(), anew });
  }

  /* A way out for whoever lost the passkey, and so can't unlock to remove the device. */
  async function anew() {
    if (await view.ask('anew')) await removed();
  }

  /* Behind a lock: unlocked by a passkey first. */
  const behind = (screen) => async () => {
    if (!device.isUnlocked()) return locked();
    view.show('busy');
    return screen();
  };

  const screens = {
    '': home,
    scan: () => scanner.show(),
    settings,
    history: behind(lists.history),
    consents: behind(lists.consents),
    devices: behind(lists.devices),
  };

  const place = () => location.hash.replace(/^#\/?/, '');

  async function route() {
    const code = /^#q=(.+)$/.exec(location.hash);
    if (code) return came(code[1]);
    const here = place();
    if (here === 'request' && request.isOpen()) return undefined;
    try {
      if (!device.authenticator) await (here === 'enrol' ? enrol.start() : welcome());
      else await (screens[here] ?? home)();
    } catch (error) {
      failed(error);
    }
    mark(here);
    return undefined;
  }

  /* A screen whose data could not be had. */
  function failed(error) {
    home();
    view.problem(error);
  }

  async function came(text) {
    quiet('#/');
    const code = scanner.codeOf(text);
    if (!device.authenticator) {
      me.codeCame = true;
      return route();
    }
    if (code) return request.scan(code);
    home();
    return view.problem(new ApiError('invalid_code'));
  }

  function mark(here) {
    tabs.hidden = !device.authenticator;
    for (const link of tabs.querySelectorAll('a')) {
      if (link.hash === `#/${here}`) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    news.tell();
  }

  function locked() {
    view.show('locked', {}, { unlock });
  }

  async function unlock() {
    const { options } = await api.own('/app/api/unlock/options', {});
    const credential = await passkey.get(options);
    const answer = await api.own('/app/api/unlock', { credential });
    await device.refresh(answer.authenticator);
    device.unlocked(answer.session);
    await route();
  }

  /* The address changes, the screen does not. */
  function quiet(hash) {
    history.replaceState(null, '', location.pathname + hash);
  }

  async function removed() {
    news.stop();
    await device.forget();
    tabs.hidden = true;
    quiet('#/');
    view.show('removed');
  }

  function enrolled() {
    quiet('#/');
    mark('none');
    news.start();
  }

  function connected(yes) {
    document.getElementById('offline').textContent = yes ? '' : view.word('offline');
  }

  /* Nobody waits for news who can't see it. Coming back to the app asks at once. */
  function connection() {
    connected(navigator.onLine);
    news.stop();
    news.start();
  }

  /* A link to the address that is shown already, after a screen that has none of its own. */
  function again(event) {
    const link = event.target.closest?.('a[href^="#/"]');
    if (link && link.hash === location.hash) route();
  }

  /* The service worker keeps the app; the language says in which words. */
  async function keep() {
    if (!navigator.serviceWorker) return;
    if (navigator.serviceWorker.controller) document.documentElement.classList.add('fonts');
    await navigator.serviceWorker.register('/app/sw.js', { scope: '/app' });
    const kept = await caches.open('konsao-lang');
    await kept.put('/app/lang', new Response(document.documentElement.lang));
  }

  async function start() {
    keep().catch(console.warn);
    if (!passkey.supported()) return view.show('old');
    if (location.search) quiet(location.hash || '#/');
    addEventListener('hashchange', route);
    addEventListener('click', again);
    addEventListener('online', connection);
    addEventListener('offline', connection);
    document.addEventListener('visibilitychange', connection);
    addEventListener('beforeinstallprompt', (event) => {
      event.preventDefault();
      install = event;
    });
    await device.load();
    connection();
    return route();
  }

  const me = {
    codeCame: false, // the app was opened by a code before the device was set up
    start,
    locked,
    removed,
    enrolled,
    quiet,
    connected,
    news: () => document.body.dataset.screen === 'home' && view.redraw(atHome(), fromHome),
  };
  return me;
})();

app.start().catch(() => view.show('old')); // nothing can be kept here, as in some private windows
