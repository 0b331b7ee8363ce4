// A resident's visits to the sign-in pages, step by step, for tests that do something wrong at one of the steps. Between provider and register stands a Tap.
import assert from 'node:assert/strict';
import * as oidc from 'openid-client';
import { Browser } from './browser.mjs';
import { atEnd } from './cleanup.mjs';
import { authorizationRequest, redirectUri, relyingParty } from './fixture.mjs';
import { Provider, Register } from './servers.mjs';
import { Tap } from './tap.mjs';

export const wrongOf = (code) => String((Number(code) + 1) % 1000000).padStart(6, '0');
export const atPortal = (page) => page.location?.startsWith(redirectUri);
export const asksForKidc = (page) => assert.match(page.body, /name="kidc"/);

/** That nothing was given away: no code, and no redirect to a portal. */
export function assertNothing(page, what) {
  assert.ok(!atPortal(page), `${what}: redirected to ${page.location}`);
  assert.ok(!/[?&]code=/.test(page.location ?? ''), what);
}

/** Starts a register, a provider and a portal; with functions that visit them. */
export async function visits(settings) {
  const register = await Register.start(['--otp-attempts', '100']);
  atEnd(() => register.stop());
  const tap = await Tap.before(register);

  /** A provider, with the same register. */
  async function start(more) {
    const one = await Provider.start(tap, more);
    atEnd(() => one.stop());
    return one;
  }

  const provider = await start({ 'otp.resend_wait': 0, 'otp.attempts': 5, ...settings });
  const portal = await relyingParty(provider);
  const residents = (await register.residents()).filter((one) => one.status === 'ACTIVE' && !one.minor && one.phone && one.email);
  const loners = residents.splice(-12);
  let next = 0;

  /** A resident, another each time as long as there are. */
  const someone = () => residents[next++ % residents.length].kidc;
  /** A resident whom no other test uses: for those that count. */
  const alone = () => loners.pop().kidc;

  /** A browser at a portal's first page. */
  async function open({ rp = portal, parameters, browser = new Browser() } = {}) {
    const { url, checks } = await authorizationRequest(rp.config, parameters);
    return { browser, checks, rp, page: await browser.go(url) };
  }

  async function openCode(kidc, options) {
    const visit = await open(options);
    const sent = await register.sent(kidc);
    visit.page = await visit.browser.submit(visit.page, 'continue', { kidc });
    visit.code = await register.code(kidc, sent);
    return visit;
  }

  async function openConsent(kidc, options) {
    const visit = await openCode(kidc, { ...options, parameters: { prompt: 'consent', ...options?.parameters } });
    visit.page = await visit.browser.submit(visit.page, 'continue', { otp: visit.code });
    assert.match(visit.page.body, /value="allow"/, 'at consent');
    return visit;
  }

  async function userinfo({ rp, checks }, callback) {
    const tokens = await oidc.authorizationCodeGrant(rp.config, new URL(callback), checks);
    return { tokens, userinfo: await oidc.fetchUserInfo(rp.config, tokens.access_token, tokens.claims().sub) };
  }

  async function signedIn(rp = portal, kidc = someone()) {
    const visit = await openConsent(kidc, { rp });
    return { ...visit, ...(await userinfo(visit, (await visit.browser.submit(visit.page, 'allow')).location)) };
  }

  async function isSignedIn(browser) {
    const answer = await browser.request((await authorizationRequest(portal.config, { prompt: 'none' })).url);
    return new URL(answer.location).searchParams.get('error') !== 'login_required';
  }

  return { register, tap, provider, portal, start, someone, alone, open, openCode, openConsent, userinfo, signedIn, isSignedIn };
}
