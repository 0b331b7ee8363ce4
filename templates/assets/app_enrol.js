'use strict';

/* Setting a device up: the number, the code, a passkey. What was begun is kept, because a phone may close the app while
 * its owner reads the message with the code. */
const enrol = (() => {
  let begun = null; // { enrolment, key, until, resendAt }
  let number = ''; // never written down
  let options = null;
  let credential = null; // once made: posting it again needs no second one

  function guessName() {
    const agent = navigator.userAgent;
    if (/Android/.test(agent)) return view.word('name_android');
    return view.word(/iPhone|iPad/.test(agent) ? 'name_ios' : 'name_other');
  }

  async function start() {
    begun = await store.get('enrolment');
    if (begun && begun.until > Date.now()) askCode();
    else askNumber();
  }

  function askNumber() {
    credential = options = null;
    view.show('number', {}, { send });
  }

  async function send(data, form) {
    const typed = form.elements.kidc.value.trim();
    if (!typed) throw new ApiError('missing_kidc');
    await begin(typed);
    askCode();
  }

  async function begin(typed) {
    const key = begun?.key ?? (await device.newKey());
    const answer = await api.post('/app/api/enrolments', { kidc: typed }, { key });
    number = typed;
    begun = {
      key,
      enrolment: answer.enrolment,
      until: Date.now() + answer.expires_in * 1000,
      resendAt: Date.now() + answer.resend_after * 1000,
    };
    await store.set('enrolment', begun);
  }

  function askCode() {
    view.show('code', { resend: true }, { code, number: restart, again });
  }

  async function restart() {
    await drop();
    askNumber();
  }

  async function again() {
    if (!number) return restart();
    const seconds = Math.ceil((begun.resendAt - Date.now()) / 1000);
    if (seconds > 0) throw new ApiError('throttled', { retry_after: seconds });
    await begin(number);
    askCode();
    view.say(view.word('resent'));
  }

  async function code(data, form) {
    const typed = view.digits(form.elements.otp.value);
    if (typed.length !== 6) throw new ApiError('missing_code');
    const { enrolment, key } = begun;
    const answer = await api.post('/app/api/enrolments/code', { enrolment, code: typed }, { key }).catch(lost);
    options = answer.options;
    view.show('passkey', { others: answer.others > 0 }, { make });
    document.getElementById('name').value = guessName();
  }

  /* An enrolment whose time is over begins anew. */
  async function lost(error) {
    if (['invalid_enrolment', 'frozen', 'forbidden'].includes(error.code)) await restart();
    throw error;
  }

  async function make(data, form) {
    const name = form.elements.name.value.trim();
    if (!name) throw new ApiError('invalid_name');
    credential ??= await passkey.create(options);
    const { enrolment, key } = begun;
    const body = { enrolment, name, credential };
    const answer = await api.post('/app/api/enrolments/passkey', body, { key }).catch((error) => {
      if (error.code === 'invalid_passkey') credential = null;
      return lost(error);
    });
    await device.become(key, answer);
    await drop();
    ready();
  }

  /* A device that lost its key but has its passkey. */
  async function restore() {
    const key = await device.newKey();
    const { options: any } = await api.post('/app/api/unlock/options', {}, { key });
    const held = await passkey.get(any).catch((error) => {
      throw error.code === 'cancelled' ? new ApiError('none') : error;
    });
    const body = { credential: held, name: guessName() };
    const answer = await api.post('/app/api/restore', body, { key });
    await device.become(key, answer);
    ready();
  }

  function ready() {
    const waits = device.waits();
    app.enrolled();
    view.show('ready', {
      works: !waits && !app.codeCame,
      waits: !waits && app.codeCame,
      active_at: waits && view.time(device.authenticator.active_at),
      scan: !waits,
    });
    app.codeCame = false;
  }

  async function drop() {
    begun = options = credential = null;
    number = '';
    await store.remove('enrolment');
  }

  return { start, restore };
})();
