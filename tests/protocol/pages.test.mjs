// What pages carry: markup, headers, cookies, addresses. Numbers in brackets: lines of the misuse list (docs/misuse.md).
import assert from 'node:assert/strict';
import { request as plainRequest } from 'node:http';
import { before, test } from 'node:test';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, redirectUri, relyingParty } from '../lib/fixture.mjs';
import { visits, wrongOf } from '../lib/visits.mjs';

let register, provider, portal, start, someone, open, openCode;

before(async () => {
  ({ register, provider, portal, start, someone, open, openCode } = await visits());
});

const payload = '"><script>alert(1)</script>\'&{{csrf}}<!--';
const clean = (page, what) => {
  assert.ok(!/<script>|<script [^>]*>[^<]/.test(page.body), `${what}: a script`);
  assert.ok(!page.body.includes('"><script'), what);
  assert.ok(!page.body.includes('alert(1)</script>'), what);
};

test('[13] markup in a client\'s name, in state, in hints and in what is typed stays text', async () => {
  const name = '<b onclick=alert(1)>&"\' {{csrf}}';
  const rp = await relyingParty(provider, { args: ['--name', name] }).catch(() => relyingParty(provider));
  const parameters = { state: payload, login_hint: payload, ui_locales: `en ${payload}`, nonce: payload, response_mode: 'form_post' };
  const { browser, page } = await open({ rp, parameters });
  clean(page, 'the first page');
  assert.ok(!page.body.includes('<b onclick'));
  clean(await browser.submit(page, 'continue', { kidc: payload }), 'what was typed');
  clean(await browser.go(`${page.url}?lang=${encodeURIComponent(payload)}`), 'the language');
  const cancelled = await browser.submit(page, 'cancel');
  clean(cancelled, 'the form for the portal');
  assert.ok(cancelled.body.includes('name="state"'), 'positive control: the state is in it');
  for (const path of [`/authorize?client_id=${encodeURIComponent(payload)}`, `/authorize?client_id=${portal.metadata.client_id}&redirect_uri=${encodeURIComponent(`javascript:${payload}`)}`,
    `/${encodeURIComponent(payload)}`, `/signin/${encodeURIComponent(payload)}`, `/logout?post_logout_redirect_uri=${encodeURIComponent(payload)}&state=${encodeURIComponent(payload)}`,
    `/logout?state=${encodeURIComponent(payload)}`, `/?lang=${encodeURIComponent(payload)}`, `/assets/${encodeURIComponent(payload)}`])
    clean(await browser.go(provider.issuer + path), path);
});

test('[8] no page, form or redirect leads to javascript: or data:', async () => {
  for (const uri of ['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', ' javascript:alert(1)', 'java\tscript:alert(1)', 'JAVASCRIPT:alert(1)']) {
    assert.throws(() => provider.client('--name', 'Bad', '--redirect-uri', uri), undefined, `${uri} can be registered`);
    assert.throws(() => provider.client('--name', 'Bad', '--redirect-uri', redirectUri, '--post-logout-redirect-uri', uri), undefined, uri);
    assert.throws(() => provider.client('--name', 'Bad', '--redirect-uri', redirectUri, '--uri', uri), undefined, uri);
  }
});

/** One page of each kind, by the browser's eyes. */
async function everyPage() {
  const pages = {};
  const kidc = someone();
  const { browser, page } = await open();
  pages.kidc = page;
  pages['a wrong KIdC'] = await browser.submit(page, 'continue', { kidc: '1' });
  const sent = await register.sent(kidc);
  pages.code = await browser.submit(page, 'continue', { kidc });
  const code = await register.code(kidc, sent);
  pages['a wrong code'] = await browser.submit(pages.code, 'continue', { otp: wrongOf(code) });
  pages.consent = await browser.submit(pages.code, 'continue', { otp: code });
  const other = await open({ browser, parameters: { response_mode: 'form_post', prompt: 'login' } });
  pages['form_post'] = await browser.submit(other.page, 'cancel');
  pages.elsewhere = await new Browser().go(page.url);
  pages.expired = await browser.go(`${provider.issuer}/signin/${'A'.repeat(22)}`);
  pages.forged = await browser.request(page.url, { method: 'POST', body: new URLSearchParams({ csrf: 'x' }) });
  pages['an OAuth error'] = await browser.go(`${provider.issuer}/authorize?client_id=nobody`);
  pages.logout = await browser.go(`${provider.issuer}/logout`);
  pages['logged out'] = await new Browser().go(`${provider.issuer}/logout`);
  pages.home = await browser.go(`${provider.issuer}/`);
  const headers = { accept: 'text/html,*/*;q=0.8' };
  pages.nothing = await browser.go(`${provider.issuer}/nothing`, { headers });
  pages['the wrong method'] = await browser.request(`${provider.issuer}/introspect`, { headers });
  pages['too large'] = await browser.request(page.url, { method: 'POST', body: 'x'.repeat(100000), headers });
  return pages;
}

test('every page: a policy without inline code, no framing, no sniffing, no storing, no referrer', async () => {
  for (const [name, page] of Object.entries(await everyPage())) {
    if (!page.headers.get('content-type')?.startsWith('text/html')) {
      assert.fail(`${name} is no page: ${page.status} ${page.headers.get('content-type')}`);
    }
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /(^|; )default-src 'none'/, name);
    assert.match(policy, /frame-ancestors 'none'/, name);
    assert.match(policy, /base-uri 'none'/, name);
    assert.match(policy, /form-action 'self'/, name);
    assert.ok(!/unsafe|\*|http:\/\/(?!localhost:9999)/.test(policy), `${name}: ${policy}`);
    assert.equal(page.headers.get('x-frame-options'), 'DENY', name);
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff', name);
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer', name);
    assert.equal(page.headers.get('cache-control'), 'no-store', name);
    assert.equal(page.headers.get('access-control-allow-origin'), null, name);
    assert.equal(page.headers.get('server'), null, name);
    assert.ok(!/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/i.test(page.body), `${name}: inline code`);
    for (const [, url] of page.body.matchAll(/<(?:script|img|link|iframe|object|embed)\b[^>]*\s(?:src|href)="([^"]*)"/g)) assert.match(url, /^\/(?!\/)/, `${name} loads ${url}`);
  }
});

test('[41] cookies: HttpOnly (but for the one that says nothing), SameSite=Lax, for this host alone; and Secure where the issuer is https', async () => {
  const seen = [];
  const kidc = someone();
  const browser = new Browser();
  const request = browser.request;
  browser.request = async function (...args) {
    const page = await request.apply(this, args);
    seen.push(...page.headers.getSetCookie());
    return page;
  };
  const { page, code } = await openCode(kidc, { browser });
  await browser.submit(page, 'continue', { otp: code });
  assert.ok(seen.some((line) => line.includes('browser=')) && seen.some((line) => line.includes('session=')), 'both cookies were set');
  for (const line of seen) {
    if (!/^(__Host-)?konsao_state=/.test(line)) assert.match(line, /; HttpOnly/); // for Session Management: opens nothing
    assert.match(line, /; SameSite=Lax/);
    assert.match(line, /; Path=\/(;|$)/);
    assert.ok(!/domain=/i.test(line));
  }
  const secure = await start({ issuer: 'https://id.example' });
  const { client_id } = secure.client('--name', 'Secure', '--redirect-uri', 'https://portal.example/cb', '--scope', 'openid profile', '--auth', 'client_secret_basic');
  const query = new URLSearchParams({ client_id, redirect_uri: 'https://portal.example/cb', response_type: 'code', scope: 'openid', state: 'x', code_challenge: 'A'.repeat(43), code_challenge_method: 'S256' });
  const answer = await fetch(`http://localhost:${secure.port}/authorize?${query}`, { redirect: 'manual' });
  assert.match(answer.headers.get('location'), /^https:\/\/id\.example\/signin\//);
  const lines = answer.headers.getSetCookie();
  assert.equal(lines.length, 1);
  for (const line of lines) {
    assert.match(line, /; Secure/);
    assert.match(line, /^__Host-/, '[41] a subdomain cannot overwrite it');
  }
  const bare = lines[0].slice(7).split(';')[0];
  const path = new URL(answer.headers.get('location')).pathname;
  const seenBy = (cookie) => fetch(`http://localhost:${secure.port}${path}`, { headers: { cookie } }).then((page) => page.status);
  assert.equal(await seenBy(lines[0].split(';')[0]), 200);
  assert.equal(await seenBy(bare), 403, '[41] the same cookie without the prefix, as a subdomain could set it, counts for nothing');
});

test('[45] Host and X-Forwarded-* never get into a link, a redirect, a form or the discovery', async () => {
  const { url } = await authorizationRequest(portal.config);
  const ask = (path, headers) => new Promise((done, fail) => {
    plainRequest({ host: '127.0.0.1', port: provider.port, path, headers }, (answer) => {
      let body = '';
      answer.on('data', (data) => (body += data)).on('end', () => done({ status: answer.statusCode, headers: answer.headers, body }));
    }).on('error', fail).end();
  });
  const evil = 'evil.example';
  const lies = { host: evil, 'x-forwarded-host': evil, 'x-forwarded-proto': 'https', 'x-forwarded-port': '444', 'x-forwarded-prefix': `/${evil}`, forwarded: `host=${evil};proto=https`, 'x-original-url': `/${evil}`, 'x-rewrite-url': `/${evil}`, 'x-host': evil };
  const redirect = await ask(url.pathname + url.search, lies);
  assert.ok(redirect.headers.location.startsWith(`${provider.issuer}/signin/`));
  const cookie = redirect.headers['set-cookie'][0].split(';')[0];
  for (const path of [new URL(redirect.headers.location).pathname, '/', '/nothing', '/logout', '/.well-known/openid-configuration', '/authorize?client_id=nobody']) {
    const answer = await ask(path, { ...lies, cookie });
    assert.ok(!answer.body.includes(evil) && !JSON.stringify(answer.headers).includes(evil), path);
  }
  for (const host of ['', 'localhost:1', 'localhost:8080@evil.example', 'a b', '[::1']) assert.ok((await ask('/health', { host })).status < 500, host);
});

test('[15] cross-origin reading: never of pages, never with cookies, not for an Origin of null', async () => {
  for (const origin of ['null', 'https://evil.example']) {
    for (const path of ['/authorize', '/logout', '/', '/introspect', `/signin/${'A'.repeat(22)}`]) {
      const answer = await fetch(provider.issuer + path, { headers: { origin }, redirect: 'manual' });
      assert.equal(answer.headers.get('access-control-allow-origin'), null, path);
    }
    for (const path of ['/token', '/userinfo', '/jwks', '/.well-known/openid-configuration']) {
      const answer = await fetch(provider.issuer + path, { headers: { origin } });
      assert.ok([null, '*'].includes(answer.headers.get('access-control-allow-origin')), path);
      assert.equal(answer.headers.get('access-control-allow-credentials'), null, path);
    }
  }
});
