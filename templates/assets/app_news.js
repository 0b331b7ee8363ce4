'use strict';

/* What comes by itself while the app is open: requests of clients, and notices of new devices. One call waits at the
 * provider until there is news. */
const news = (() => {
  const EARLY_MS = 5000; // an answer without news that came sooner was not waited for
  const strip = document.getElementById('news');
  let state = { seen: null, requests: [], notices: [] };
  let waiting = null; // an AbortController
  let pause = 1000;

  function start() {
    if (waiting || !device.authenticator || document.visibilityState !== 'visible') return;
    waiting = new AbortController();
    listen(waiting.signal);
  }

  function stop() {
    waiting?.abort();
    waiting = null;
  }

  const later = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  async function listen(signal) {
    while (!signal.aborted) {
      const { seen } = state;
      const asked = Date.now();
      try {
        const answer = await api.own('/app/api/requests', { seen }, { signal });
        pause = 1000;
        take(answer);
        if (answer.seen === seen && Date.now() - asked < EARLY_MS) await later(EARLY_MS); // too many wait already
      } catch (error) {
        if (signal.aborted) return;
        if (error.code === 'unknown_authenticator') return app.removed();
        await later(pause); // longer each time, up to a minute
        pause = Math.min(pause * 2, 60000);
      }
    }
  }

  function take(answer) {
    const before = JSON.stringify([state.requests, state.notices]);
    state = answer;
    if (JSON.stringify([state.requests, state.notices]) !== before) app.news();
    tell();
  }

  /* A line at the top says that there is something; at home, where it can be seen, only to those who hear the page. */
  function tell() {
    const busy = ['request', 'pick', 'type', 'busy'].includes(document.body.dataset.screen);
    const link = document.createElement('a');
    link.href = '#/';
    link.textContent = view.word('news');
    strip.hidden = busy;
    strip.className = document.body.dataset.screen === 'home' ? 'aside' : 'strip';
    if (state.requests.length === 0) strip.replaceChildren();
    else if (!strip.firstChild) strip.replaceChildren(link);
    if (strip.firstChild) strip.firstChild.tabIndex = strip.className === 'aside' ? -1 : 0;
  }

  const words = (event) => view.word(`notice_${event}`) ?? view.word('notice_other');

  return {
    start,
    stop,
    tell,
    seen: () => (state.notices = []),
    requests: () => state.requests.map((one) => ({ ...one, id: one.request })),
    notices: () => state.notices.map((one) => ({ ...one, words: words(one.event), time: view.time(one.at) })),
  };
})();
