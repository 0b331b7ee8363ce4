'use strict';

/* Screens. Each is a <template> of the page with all of its words; data goes in as text, never as markup:
 * data-text, data-src, data-href=NAME take a value; data-if=NAME stays when it is set; data-each=NAME repeats the
 * template inside; data-do=NAME is what a button or a form does. */
const view = (() => {
  const main = document.getElementById('main');
  const lang = document.documentElement.lang;
  const words = document.getElementById('words').content;
  const brand = document.title;
  let leave = null; // what the screen that is shown wants done when it goes

  const isSet = (value) => (Array.isArray(value) ? value.length > 0 : Boolean(value));

  function repeat(list, items, actions) {
    const template = list.querySelector(':scope > template');
    list.replaceChildren(...(items ?? []).map((item) => fill(template, item, actions)));
  }

  function fillOne(element, data, actions) {
    const { text, if: condition, each, src, href, do: action } = element.dataset;
    if (condition && !isSet(data[condition])) return element.remove();
    if (text) {
      if (isSet(data[text])) element.textContent = data[text];
      else element.remove();
    }
    if (src) element.src = data[src];
    if (href) element.href = data[href];
    if (action) on(element, actions[action], data);
    if (each) repeat(element, data[each], actions);
  }

  const marked = ['text', 'if', 'each', 'src', 'href', 'do'].map((name) => `[data-${name}]`).join(', ');

  /* A copy of a template with its data. */
  function fill(template, data, actions) {
    const copy = template.content.cloneNode(true);
    for (const element of copy.querySelectorAll(marked))
      if (copy.contains(element)) fillOne(element, data, actions);
    return copy;
  }

  function on(element, action, data) {
    const event = element.matches('form') ? 'submit' : 'click';
    element.addEventListener(event, (happened) => {
      happened.preventDefault();
      perform(element, () => action(data, element));
    });
  }

  /* One thing at a time: pressing again while it runs does nothing. */
  async function perform(element, work) {
    if (main.getAttribute('aria-busy') === 'true') return;
    main.setAttribute('aria-busy', 'true');
    unsay();
    try {
      await work();
    } catch (error) {
      problem(error, element);
    } finally {
      main.removeAttribute('aria-busy');
    }
  }

  const template = (name) => document.getElementById(`screen-${name}`);

  /* The screen that is shown, with other data: nobody's place is lost. */
  function redraw(data, actions) {
    const { tagName, textContent } = document.activeElement;
    const had = main.contains(document.activeElement);
    main.replaceChildren(fill(template(document.body.dataset.screen), data, actions));
    if (!had) return;
    const same = [...main.querySelectorAll(tagName)].find((one) => one.textContent === textContent);
    (same ?? main.querySelector('h1')).focus({ preventScroll: true });
  }

  function show(name, data = {}, actions = {}, onLeave = null) {
    leave?.();
    leave = onLeave;
    main.replaceChildren(fill(template(name), data, actions));
    document.body.dataset.screen = name;
    const title = main.querySelector('h1');
    document.title = `${title.textContent.trim()} – ${brand}`;
    scrollTo(0, 0);
    const first = main.querySelector('[data-focus]');
    (first && isInView(first) ? first : title).focus({ preventScroll: true });
  }

  const isInView = (element) => element.getBoundingClientRect().bottom <= innerHeight;

  /* Digits as they were typed, Khmer ones too. */
  const digits = (typed) =>
    typed.replace(/[០-៩]/g, (digit) => String(digit.charCodeAt(0) - 0x17e0)).replace(/[^0-9]/g, '');

  const word = (name) => words.querySelector(`[data-word="${name}"]`)?.textContent;

  /* When. Not all browsers know Khmer's months, so there they are numbers. */
  const months = lang === 'km' ? '2-digit' : 'short';
  const dayStyle = { day: lang === 'km' ? '2-digit' : 'numeric', month: months, year: 'numeric' };
  const format = (seconds, style) => new Intl.DateTimeFormat('en-GB', style).format(new Date(seconds * 1000));
  const whole = (text) => text.replace(/ /g, '\u00a0').replace(',\u00a0', ', '); // a day stays on one line
  const day = (seconds) => whole(format(seconds, dayStyle));
  const time = (seconds) => whole(format(seconds, { ...dayStyle, hour: '2-digit', minute: '2-digit' }));

  /* An error in words, and what came along with it. */
  function explain(error) {
    const { code = 'unexpected', more = {} } = error;
    const parts = [
      code === 'ended' && word(`reason_${more.reason}`),
      word(`error_${more.reason === 'expired' ? 'expired' : code}`) ?? word('error_unexpected'),
      more.status && word(`status_${more.status.toLowerCase().replace(/_.*/, '')}`),
      more.attempts_left !== undefined && `${word('attempts')} ${more.attempts_left}`,
    ];
    return { text: parts.filter(Boolean).join(' '), until: until(more) };
  }

  function until({ retry_after: seconds, active_at: at }) {
    if (at) return time(at);
    return seconds ? time(Date.now() / 1000 + seconds) : '';
  }

  function unsay() {
    main.querySelector('[data-said]')?.remove();
    main.querySelector('[aria-invalid]')?.removeAttribute('aria-invalid');
  }

  /* A message at the top of the screen; it is read out. */
  function say(text, { bad = false, title = '' } = {}) {
    unsay();
    const note = document.createElement('div');
    note.className = bad ? 'note bad' : 'note good';
    note.dataset.said = '';
    note.id = 'said';
    note.setAttribute('role', bad ? 'alert' : 'status');
    for (const [line, kind] of [[title, 'note-title'], [text, '']]) {
      if (!line) continue;
      const paragraph = document.createElement('p');
      paragraph.className = kind;
      paragraph.textContent = line;
      note.append(paragraph);
    }
    main.querySelector('h1').before(note);
    note.scrollIntoView({ block: 'nearest' });
  }

  const isOfInput = /^(missing_\w+|invalid_kidc|invalid_name|invalid_code|wrong_code|expired_code)$/;

  function problem(error, element) {
    if (!(error instanceof ApiError)) console.warn(error);
    if (error.code === 'unknown_authenticator') return app.removed();
    if (error.code === 'unauthorized') return app.locked();
    const { text, until: when } = explain(error);
    say(when ? `${text} ${word('until')} ${when}` : text, { bad: true, title: word('problem') });
    const input = isOfInput.test(error.code) && element?.querySelector('input');
    if (input) {
      input.setAttribute('aria-invalid', 'true');
      input.setAttribute('aria-errormessage', 'said');
      input.focus();
    }
  }

  /* Asks before something that can't be undone; resolves to the form's data, or null for no. */
  function ask(name, data = {}, prepare = () => {}) {
    const dialog = document.getElementById('ask');
    dialog.replaceChildren(fill(document.getElementById(`ask-${name}`), data, {}));
    dialog.setAttribute('aria-labelledby', 'ask-title');
    prepare(dialog);
    dialog.returnValue = 'no';
    dialog.showModal();
    return new Promise((resolve) => {
      const answer = () => (dialog.returnValue === 'yes' ? new FormData(dialog.querySelector('form')) : null);
      dialog.addEventListener('close', () => resolve(answer()), { once: true });
    });
  }

  return { show, redraw, digits, say, problem, explain, word, time, day, ask, fill, perform };
})();
