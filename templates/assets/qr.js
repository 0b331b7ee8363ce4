/* The waiting browser: shows the codes of a channel in turn, says what the phone does, and goes on when it approved.
 * One request waits at a time; nothing is asked for while nothing happens. Without this file the number's form is seen. */
'use strict';
(function () {
  const RENEWALS = 4; // new codes without a click
  const RETRY_MS = [1000, 2000, 4000, 8000, 15000];
  const JUMP_MS = 8000; // a second that took this long: the machine slept

  let panel; // the section
  let others; // the form below it, for who wants another way
  let parts; // its elements, by name
  let way = 'qr';
  let last = null; // the last answer
  let codes = new Map(); // step to its image
  let shownStep = -1;
  let stepStart = 0; // when step 0 began, by our clock
  let until = 0; // when the channel is over, by our clock
  let life = 1; // seconds that it had when it was new
  let request = null; // AbortController of the one that waits
  let again = 0; // timer of the next try
  let failures = 0;
  let renewals = 0;
  let ticked = 0;
  let active = false;

  const calm = matchMedia('(prefers-reduced-motion: reduce)');

  document.documentElement.classList.add('scripted');

  function words(name) {
    const found = panel.querySelector('[data-word="' + name + '"]');
    return found ? found.textContent : '';
  }

  function say(text) {
    if (parts.say.textContent !== text) {
      parts.say.textContent = text;
    }
  }

  /* Shows one of the panel's states: here, waiting, scanned, told. */
  function turnTo(state) {
    panel.dataset.state = state;
    for (const part of panel.querySelectorAll('[data-when]')) {
      part.hidden = part.dataset.when !== state;
    }
  }

  /* What is new is seen, also where a small screen was scrolled to elsewhere. */
  function reveal() {
    panel.querySelector('[data-when="' + panel.dataset.state + '"]').scrollIntoView({block: 'nearest'});
  }

  function tell(name, offersNew) {
    stop();
    clearCodes();
    turnTo('told');
    parts.text.textContent = words(name) || words('failed');
    parts.again.hidden = !offersNew;
    reveal();
    say(parts.text.textContent);
  }

  /* ---- the codes ---- */

  function clearCodes() {
    codes.clear();
    shownStep = -1;
    parts.code.replaceChildren();
    parts.left.hidden = true;
  }

  function imageOf(svg) {
    const image = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;
    image.setAttribute('aria-hidden', 'true');
    image.setAttribute('focusable', 'false');
    return document.adoptNode(image);
  }

  /* Whole pixels for each module, so that all of them are alike. */
  function fit(image) {
    const modules = image.viewBox.baseVal.width;
    const room = parts.code.clientWidth * window.devicePixelRatio;
    if (modules > 0 && room >= modules) {
      const side = Math.floor(room / modules) * modules / window.devicePixelRatio;
      image.style.width = side + 'px';
      image.style.height = side + 'px';
    }
  }

  function keepCodes(answer) {
    const now = Date.now();
    stepStart = now + answer.next_in_ms - (answer.first + 1) * answer.step_ms;
    const wanted = new Map();
    answer.codes.forEach(function (code, i) {
      const step = answer.first + i;
      wanted.set(step, codes.get(step) || imageOf(code.svg));
    });
    codes = wanted;
  }

  function showCode() {
    const step = Math.floor((Date.now() - stepStart) / last.step_ms);
    const image = codes.get(step);
    parts.busy.hidden = Boolean(image);
    if (!image) {
      if (shownStep >= 0) {
        parts.code.replaceChildren();
        shownStep = -1;
        ask(true);
      }
      return;
    }
    if (step !== shownStep) {
      parts.code.replaceChildren(image);
      fit(image);
      shownStep = step;
    }
  }

  function showTime() {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    parts.left.hidden = false;
    parts.clock.textContent = Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0');
    const shown = calm.matches ? Math.ceil(left / 15) * 15 : left; // fewer moves for who asks for that
    parts.bar.style.transform = 'scaleX(' + Math.min(1, shown / life) + ')';
  }

  function tick() {
    const now = Date.now();
    const jumped = ticked > 0 && Math.abs(now - ticked) > JUMP_MS;
    ticked = now;
    if (!active || !last) {
      return;
    }
    if (jumped) { // not in the background, where browsers let timers run once a minute
      wake();
    }
    if (last.state === 'waiting' && last.way === 'qr' && panel.dataset.state === 'waiting') {
      showCode();
      showTime();
    }
  }

  /* ---- what the server says ---- */

  function showScanned(answer) {
    clearCodes();
    parts.digits.textContent = answer.number || '';
    parts.pick.hidden = !answer.number;
    parts.unlock.hidden = Boolean(answer.number);
    turnTo('scanned');
    reveal();
    say(words('scanned').replace('#', (answer.number || '').split('').join(' ')));
  }

  function leave() {
    stop();
    say(words('approved'));
    location.replace(panel.dataset.page);
  }

  function renew() {
    if (way === 'qr' && renewals < RENEWALS && document.visibilityState === 'visible') {
      renewals++;
      begin(false);
    } else {
      tell('expired', true);
    }
  }

  const states = {
    waiting: function (answer) {
      until = Date.now() + answer.expires_in * 1000;
      if (answer.way === 'same_device') {
        turnTo('told');
        parts.text.textContent = words('opened');
        parts.again.hidden = true;
        panel.querySelector('[data-when="here"]').hidden = false;
      } else {
        life = Math.max(life, answer.expires_in);
        keepCodes(answer);
        turnTo('waiting');
        say(words('waiting'));
        showCode();
        showTime();
      }
      return true;
    },
    scanned: function (answer) {
      until = Date.now() + answer.expires_in * 1000;
      showScanned(answer);
      return true;
    },
    approved: function (answer) {
      if (answer.way !== 'same_device') {
        leave();
        return false;
      }
      turnTo('told');
      parts.text.textContent = words('approved_here');
      parts.again.hidden = true;
      say(parts.text.textContent);
      return true;
    },
    ended: function (answer) {
      if (answer.reason === 'expired') {
        renew();
      } else {
        tell(answer.reason, true);
      }
      return false;
    },
    expired: function (answer, before) {
      if (before && before.state === 'approved') { // the other window took the answer
        stop();
      } else {
        renew();
      }
      return false;
    },
    moved: function (answer, before) {
      if (before && before.way === 'same_device') {
        tell('approved_here', false);
      } else {
        leave();
      }
      return false;
    },
  };

  /* Takes an answer; true when the next one is to be waited for. */
  function take(answer) {
    const handle = states[answer.state];
    if (!handle) {
      tell('failed', false);
      return false;
    }
    const before = last;
    last = answer.seen ? answer : last;
    return handle(answer, before);
  }

  /* ---- requests ---- */

  function stop() {
    clearTimeout(again);
    if (request) {
      request.abort();
      request = null;
    }
  }

  function setLost(lost) {
    if (parts.lost.hidden === lost) {
      parts.lost.hidden = !lost;
      say(words(lost ? 'lost' : 'back'));
    }
  }

  function retry(run) {
    const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
    failures++;
    setLost(true);
    again = setTimeout(run, wait * (0.75 + Math.random() / 2));
  }

  function refused(status, answer) {
    if (status === 429) {
      tell('throttled', false);
      again = setTimeout(function () { begin(false); }, 1000 * Math.min(600, answer.retry_after || 60));
    } else if (status === 404 || answer.error === 'elsewhere') {
      location.reload();
    } else {
      tell('failed', false);
    }
  }

  /* One request; `done` gets its answer, `run` is what makes it again. */
  async function send(url, options, done, run) {
    stop();
    const controller = new AbortController();
    request = controller;
    let status = 0;
    let answer = {};
    try {
      const response = await fetch(url, Object.assign({signal: controller.signal, cache: 'no-store',
        headers: {Accept: 'application/json'}}, options));
      status = response.status;
      answer = await response.json();
    } catch (fault) {
      status = status >= 400 && status < 500 ? status : 0;
    }
    if (request !== controller) { // another one took its place
      return;
    }
    request = null;
    if (status === 0 || status >= 500) {
      retry(run);
      return;
    }
    failures = 0;
    setLost(false);
    if (status === 200) {
      done(answer);
    } else {
      refused(status, answer);
    }
  }

  /* Waits for news; `now`: asks how things are, without waiting. */
  function ask(now) {
    if (!active || !last) {
      return;
    }
    const seen = last.seen;
    const asked = Date.now();
    const url = panel.dataset.channel + (now ? '' : '?seen=' + encodeURIComponent(seen));
    send(url, {}, function (answer) {
      const early = !now && answer.seen === seen && Date.now() - asked < 5000; // too many wait already
      if (take(answer)) {
        again = setTimeout(function () { ask(false); }, early ? 5000 : 0);
      }
    }, function () { ask(true); });
  }

  function begin(anew) {
    active = true;
    const form = new URLSearchParams({csrf: others.elements.csrf.value, way: way, anew: anew ? 'yes' : 'no'});
    send(panel.dataset.channel, {method: 'POST', body: form}, function (answer) {
      if (take(answer)) {
        ask(false);
      }
      if (answer.link && answer.state === 'waiting') {
        location.href = answer.link;
      }
    }, function () { begin(anew); });
  }

  /* ---- the person ---- */

  const actions = {
    open: function () {
      way = 'same_device';
      begin(true);
    },
    show: function () {
      way = 'qr';
      clearCodes();
      turnTo('waiting');
      begin(false);
    },
    anew: function () {
      renewals = 0;
      if (way === 'same_device') {
        turnTo('here');
        stop();
      } else {
        clearCodes();
        turnTo('waiting');
        begin(true);
      }
    },
  };

  /* The phone's panel or the number's. */
  function choose(name, moves) {
    const number = document.querySelector('[data-number]');
    const phone = name === 'phone' || !number;
    panel.hidden = !phone;
    others.hidden = !phone;
    if (number) {
      number.classList.toggle('chosen', !phone);
    }
    active = phone;
    if (!phone) {
      stop();
    } else if (last) {
      ask(true);
    } else if (panel.dataset.state !== 'here') {
      begin(false);
    }
    if (moves) {
      (phone ? panel : number).scrollIntoView({block: 'nearest'});
      (phone ? panel.querySelector('h1') : number.querySelector('[name="kidc"]')).focus();
    }
  }

  function isPhone() {
    return panel.querySelector('[data-when="here"]') && ('mobile' in panel.dataset ||
      (matchMedia('(pointer: coarse)').matches && matchMedia('(max-width: 48rem)').matches));
  }

  function find() {
    panel = document.querySelector('[data-phone]');
    others = document.querySelector('[data-others]');
    parts = {};
    for (const name of ['code', 'busy', 'left', 'bar', 'clock', 'digits', 'pick', 'unlock', 'text', 'again', 'lost',
      'say']) {
      parts[name] = panel.querySelector('[data-' + name + ']');
    }
  }

  function wake() {
    if (active && last && last.state !== 'ended' && document.visibilityState === 'visible') {
      ask(true);
    }
  }

  document.addEventListener('DOMContentLoaded', function () {
    find();
    document.addEventListener('click', function (event) {
      const button = event.target.closest('[data-do], [data-to]');
      if (button && button.dataset.do) {
        actions[button.dataset.do]();
        panel.querySelector('h1').focus(); // the button is gone
      } else if (button) {
        choose(button.dataset.to, true);
      }
    });
    turnTo(isPhone() ? 'here' : 'waiting');
    choose(document.querySelector('[data-number][data-chosen]') ? 'number' : 'phone', false);
    setInterval(tick, 250);
  });
  document.addEventListener('visibilitychange', wake);
  window.addEventListener('online', wake);
  window.addEventListener('pageshow', function (event) {
    if (event.persisted) { // out of the browser's cache of pages
      last ? wake() : choose('phone', false);
    }
  });
  window.addEventListener('pagehide', stop);
})();
