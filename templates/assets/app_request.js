'use strict';

/* One request: who asks for what, the number, the passkey, what came of it. */
const request = (() => {
  let current = null; // the channel's answer, and what was picked
  let timer = 0;

  /* What ends a request instead of being said on its screen: here scanning again helps, there it does not. */
  const again = ['stale_code', 'scanned_twice', 'ended', 'wrong_number', 'altered', 'invalid_code'];
  const never = ['no_right', 'forbidden', 'frozen', 'cloned', 'waiting_authenticator', 'too_many_requests'];
  const final = new Set([...again, ...never]);

  async function scan(code) {
    view.show('busy');
    await receive(() => api.own('/app/api/scan', { code }));
  }

  async function open(id) {
    view.show('busy');
    await receive(() => api.own('/app/api/requests/open', { request: id }));
  }

  async function receive(call) {
    try {
      current = await call();
    } catch (error) {
      return over(error);
    }
    app.quiet('#/request');
    clearTimeout(timer);
    timer = setTimeout(() => current && over(new ApiError('expired')), current.expires_in * 1000);
    show();
  }

  function show() {
    const { shown, way } = current;
    const signs = way !== 'request';
    view.show('request', {
      ...shown,
      signs,
      asked: !signs,
      initial: !shown.logo && [...shown.client_name][0]?.toUpperCase(),
      no_browser: !shown.browser,
      browser_new: !shown.browser_known,
      no_claims: shown.claims.length === 0,
      resources: shown.resources.map((host) => ({ host })),
    }, { approve, decline: () => decline('declined'), report: () => decline('reported') });
    fixRequired();
  }

  /* What is required can't be unchecked; what was declined before is not checked by us. */
  function fixRequired() {
    const boxes = document.querySelectorAll('#main [name=claim]');
    current.shown.claims.forEach((claim, i) => {
      boxes[i].value = claim.name;
      boxes[i].disabled = claim.required;
      boxes[i].checked = !claim.off;
      boxes[i].closest('label').classList.toggle('fixed', claim.required);
    });
  }

  async function approve() {
    current.claims = [...document.querySelectorAll('#main [name=claim]:checked')].map((box) => box.value);
    const { numbers, typed, shown } = current;
    const report = () => decline('reported');
    if (typed) view.show('type', shown, { typed: typeNumber, report });
    else if (numbers) showNumbers(shown, numbers, report);
    else await finish('');
  }

  function showNumbers(shown, numbers, report) {
    const items = numbers.map((number) => ({ number }));
    view.show('pick', { ...shown, numbers: items }, { pick: ({ number }) => finish(number), report });
  }

  async function typeNumber(data, form) {
    const number = view.digits(form.elements.number.value);
    if (number.length !== 2) throw new ApiError('missing_number');
    await finish(number);
  }

  async function finish(number) {
    const answered = current; // its time may be over while the phone is being unlocked
    const { channel, claims, shown, options } = answered;
    const challenge = await statement.challenge(channel, claims, number, shown);
    const credential = await passkey.get(options, challenge);
    try {
      approved(answered, await api.own('/app/api/approve', { channel, number, claims, credential }));
    } catch (error) {
      if (final.has(error.code)) over(error);
      else throw error; // the request goes on: try again
    }
  }

  function approved({ shown, way }, { continue: next }) {
    const here = next && new URL(next).origin === location.origin ? next : null;
    end();
    view.show('done', {
      client_name: shown.client_name,
      signs: way !== 'request',
      asked: way === 'request',
      elsewhere: way === 'qr',
      continue: here,
    });
    if (here) location.assign(here);
  }

  async function decline(reason) {
    try {
      await api.own('/app/api/decline', { channel: current.channel, reason });
    } catch (error) {
      if (!final.has(error.code)) throw error;
      if (error.more.reason === 'approved') return over(error); // too late, which matters
    }
    end();
    return view.show('declined', { [reason]: true });
  }

  function over(error) {
    end();
    if (['unknown_authenticator', 'unauthorized'].includes(error.code)) return view.problem(error);
    const { text, until } = view.explain(error);
    view.show('ended', { words: text, until, again: !never.includes(error.code) });
  }

  function end() {
    current = null;
    clearTimeout(timer);
    app.quiet('#/');
  }

  return { scan, open, isOpen: () => current !== null };
})();
