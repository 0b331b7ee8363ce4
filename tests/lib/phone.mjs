// A phone in a real browser: the authenticator at /app, with a passkey of the browser's own (Chromium's virtual authenticator).
import { newPage } from './chromium.mjs';

export const small = { width: 360, height: 740 };

/** Opens the app on a new phone, which unlocks whenever it is asked to. `to`: what comes after /app; `context`: of newContext. */
export async function newPhone(chromium, provider, { lang = 'en', to = '', size = small, scheme, scripts, context } = {}) {
  const page = await newPage(chromium, { size: 'phone', ...context });
  await page.setViewportSize(size);
  if (scheme) await page.emulateMedia({ colorScheme: scheme });
  for (const script of scripts ?? []) await page.addInitScript(script);
  page.cdp = await page.context().newCDPSession(page);
  await page.cdp.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  page.passkeys = (await page.cdp.send('WebAuthn.addVirtualAuthenticator', { options })).authenticatorId;
  page.app = `${provider.issuer}/app`;
  await page.goto(`${page.app}?lang=${lang}${to}`);
  return page;
}

/** Waits for a screen of the app, with nothing under way. */
export const screen = (page, ...names) => page.waitForSelector(names.map((name) => `body[data-screen=${name}] #main:not([aria-busy=true])`).join(', '));

/** Presses what does `action`. */
export const press = (page, action) => page.click(`#main [data-do=${action}]:not(form), #main form[data-do=${action}] button:not([type=button])`);

/** Goes to a screen by its address, and unlocks on the way where that is asked for. */
export async function go(page, name) {
  await page.evaluate((hash) => (location.hash === hash ? dispatchEvent(new Event('hashchange')) : (location.hash = hash)), `#/${name}`);
  await screen(page, name || 'home', 'locked');
  if ((await page.getAttribute('body', 'data-screen')) !== 'locked') return;
  await press(page, 'unlock');
  await screen(page, name);
}

/** Sets the phone up from its first screen on. `look(name)` is called at each. */
export async function enrol(page, register, kidc, { name, look = async () => {} } = {}) {
  await screen(page, 'welcome');
  await look('welcome');
  await page.click('a[href="#/enrol"]');
  await screen(page, 'number');
  await look('number');
  const sent = await register.sent(kidc);
  await page.fill('#kidc', kidc);
  await press(page, 'send');
  await screen(page, 'code');
  await look('code');
  await page.fill('#otp', await register.code(kidc, sent));
  await press(page, 'code');
  await screen(page, 'passkey');
  await look('passkey');
  if (name) await page.fill('#name', name);
  await press(page, 'make');
  await screen(page, 'ready');
  await look('ready');
}

/** What a camera app does with a code: opens its link, which ends at the app. */
export const follow = (page, link) => page.goto(link);
