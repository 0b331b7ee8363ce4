'use strict';

/* What is the resident's own, shown after unlocking: history, consents, devices. */
const lists = (() => {
  const labels = (claims) => claims.map((claim) => claim.label).join(', ');

  const entry = (one) => ({
    ...one,
    words: view.word(`event_${one.event}`) ?? view.word('notice_other'),
    title: one.client_name || one.authenticator_name,
    time: view.time(one.at),
    reason: one.reason ? view.word(`reason_${one.reason}`) : '',
    from: [one.browser, one.place].filter(Boolean).join(' · '),
    with: one.client_name ? one.authenticator_name : '',
    claims: labels(one.claims ?? []),
  });

  async function history() {
    let answer = await api.read('/app/api/history');
    const entries = answer.entries.map(entry);

    const disown = async ({ id }) => {
      if (!(await view.ask('disown'))) return;
      await api.change('/app/api/history/disown', { entry: id });
      await history();
    };
    const older = async () => {
      answer = await api.read('/app/api/history', `?before=${encodeURIComponent(answer.before)}`);
      const at = entries.length;
      entries.push(...answer.entries.map(entry));
      draw();
      focus(at);
    };
    const draw = () => {
      const { before } = answer;
      view.show('history', { entries, none: entries.length === 0, before }, { disown, older });
    };
    draw();
  }

  /* Where reading goes on when a list has grown. */
  function focus(at) {
    const title = document.querySelectorAll('#main .entry h2')[at];
    title?.setAttribute('tabindex', '-1');
    title?.focus();
  }

  async function consents() {
    const answer = await api.read('/app/api/consents');
    const all = answer.consents.map((one) => ({
      ...one,
      claims: labels(one.claims),
      given: view.day(one.given_at),
      until: one.expires_at && view.day(one.expires_at),
    }));
    const withdraw = async ({ client_id: id, client_name: name }) => {
      if (!(await view.ask('withdraw', { name }))) return;
      await api.change('/app/api/consents/withdraw', { client_id: id });
      await consents();
    };
    view.show('consents', { consents: all, none: all.length === 0 }, { withdraw });
  }

  async function devices() {
    const { authenticators } = await api.read('/app/api/authenticators');
    const own = authenticators.find((one) => one.this);
    if (own) await device.refresh(own);
    const all = authenticators.map((one) => {
      const waits = one.active_at * 1000 > Date.now();
      return {
        ...one,
        created: view.day(one.created_at),
        used: one.last_used_at && view.time(one.last_used_at),
        waits: waits && view.time(one.active_at),
        strange: waits && !one.this && !device.waits(),
        last: authenticators.length === 1,
      };
    });
    view.show('devices', { authenticators: all }, { rename, remove, vouch });
    const [newest] = news.notices(); // one that comes from now on is still to be shown
    if (!newest) return;
    await api.change('/app/api/notices/seen', { entry: newest.entry });
    news.seen();
  }

  async function rename({ id, name }) {
    const answer = await view.ask('rename', {}, (dialog) => (dialog.querySelector('input').value = name));
    const wanted = answer?.get('name').trim();
    if (!wanted || wanted === name) return;
    await api.change('/app/api/authenticators/rename', { id, name: wanted });
    await devices();
  }

  async function remove(one) {
    if (!(await view.ask('remove', one))) return;
    await api.change('/app/api/authenticators/remove', { id: one.id });
    if (one.this) await app.removed();
    else await devices();
  }

  async function vouch({ id }) {
    await api.change('/app/api/authenticators/vouch', { id });
    await devices();
  }

  return { history, consents, devices };
})();
