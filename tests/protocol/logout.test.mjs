// Signing out against one's will, and where it leads. Numbers in brackets: lines of the misuse list (docs/misuse.md).
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { redirectUri, relyingParty } from '../lib/fixture.mjs';
import { visits } from '../lib/visits.mjs';

let provider, portal, signedIn, isSignedIn;

before(async () => {
  ({ provider, portal, signedIn, isSignedIn } = await visits());
});

const logoutUrl = (parameters) => `${provider.issuer}/logout?${new URLSearchParams(parameters)}`;
const bye = 'http://localhost:9999/bye';

test('[44] logout by a page of elsewhere asks first; its form cannot be forged', async () => {
  const { browser } = await signedIn();
  const stranger = await signedIn();
  const asked = await browser.go(logoutUrl({}));
  assert.match(asked.body, /value="logout"/);
  assert.ok(await isSignedIn(browser), 'a GET alone ends nothing');
  assert.match((await browser.go(`${provider.issuer}/logout`, { method: 'POST', body: new URLSearchParams({ client_id: portal.metadata.client_id }) })).body, /value="logout"/);
  const theirs = stranger.browser.fill(await stranger.browser.go(logoutUrl({})), 'logout').body.get('csrf');
  const { url, body } = browser.fill(asked, 'logout');
  for (const csrf of [undefined, '', 'x', theirs]) {
    const forged = new URLSearchParams(body);
    forged.delete('csrf');
    if (csrf !== undefined) forged.set('csrf', csrf);
    const answer = await browser.request(url, { method: 'POST', body: forged });
    assert.equal(answer.status, 403, String(csrf));
    assert.ok(await isSignedIn(browser), String(csrf));
  }
  assert.equal((await browser.request(`${url}?${body}`)).status, 405, 'by GET');
  await browser.submit(asked, 'stay');
  assert.ok(await isSignedIn(browser), 'staying');
  await browser.submit(asked, 'logout');
  assert.ok(!(await isSignedIn(browser)));
  assert.ok(await isSignedIn(stranger.browser));
});

test('[44] an id_token_hint of another session, another client, with alg none, of another kind, changed: no logout', async () => {
  const mine = await signedIn();
  const theirs = await signedIn();
  const other = await relyingParty(provider);
  const [head, body, signature] = mine.tokens.id_token.split('.');
  const encode = (object) => Buffer.from(typeof object === 'string' ? object : JSON.stringify(object)).toString('base64url');
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  const { kid } = JSON.parse(Buffer.from(head, 'base64url'));
  for (const [what, hint] of Object.entries({
    'alg none': `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
    'alg none with our kid and signature': `${encode({ alg: 'none', typ: 'JWT', kid })}.${body}.${signature}`,
    'alg HS256': `${encode({ alg: 'HS256', typ: 'JWT', kid })}.${body}.${signature}`,
    'alg ES256 with the RS256 key': `${encode({ alg: 'ES256', typ: 'JWT', kid })}.${body}.${signature}`,
    'no signature': `${head}.${body}.`,
    'changed claims': `${head}.${encode({ ...claims, sub: 'x' })}.${signature}`,
    'an access token': mine.tokens.access_token,
    'five parts': `${mine.tokens.id_token}.x.x`,
    'padding': `${mine.tokens.id_token}=`,
    'a kid that is a path': `${encode({ alg: 'RS256', typ: 'JWT', kid: '../../../../dev/null' })}.${body}.${signature}`,
    garbage: 'x', empty: '..', huge: 'A'.repeat(5000),
  })) {
    const answer = await mine.browser.request(logoutUrl({ id_token_hint: hint, post_logout_redirect_uri: bye }));
    assert.ok([400, 414].includes(answer.status), `${what}: ${answer.status}`);
    assert.equal(answer.location, undefined, what);
    const plain = await mine.browser.request(logoutUrl({ id_token_hint: hint }));
    assert.ok([400, 414].includes(plain.status), `${what}, without an address: ${plain.status}`);
    assert.ok(await isSignedIn(mine.browser), what);
  }
  const foreign = await mine.browser.request(logoutUrl({ id_token_hint: theirs.tokens.id_token, post_logout_redirect_uri: bye }));
  assert.equal(foreign.location, undefined, 'the hint of another session');
  assert.match(foreign.body, /value="logout"/, 'is asked about');
  assert.ok((await isSignedIn(mine.browser)) && (await isSignedIn(theirs.browser)));
  const mismatch = await mine.browser.request(logoutUrl({ id_token_hint: mine.tokens.id_token, client_id: other.metadata.client_id, post_logout_redirect_uri: bye }));
  assert.equal(mismatch.status, 400, 'a hint of one client, the client_id of another');
  const narrow = provider.client('--name', 'Narrow', '--redirect-uri', redirectUri, '--scope', 'openid', '--auth', 'client_secret_basic');
  assert.equal((await mine.browser.request(logoutUrl({ client_id: narrow.client_id, post_logout_redirect_uri: bye }))).status, 400, 'the address of another client');
  assert.ok(await isSignedIn(mine.browser));
});

const redirects = ['http://evil.example/', '//evil.example', '///evil.example', '/\\evil.example', '\\\\evil.example', 'http:evil.example', 'https:/evil.example', 'http://localhost:9999@evil.example/bye',
  'http://localhost:9999%40evil.example/bye', 'http://localhost:9999\\@evil.example/bye', 'http://evil.example#http://localhost:9999/bye', 'http://evil.example?http://localhost:9999/bye', 'http://localhost:9999/bye/../x',
  'http://localhost:9999/bye/', 'http://localhost:9999/bye?x', 'http://localhost:9999/bye#x', 'http://localhost:9999/BYE', 'http://localhost:9999/bye%00', 'http://localhost:9999/bye%0d%0aset-cookie:a=b',
  'http://localhost:9999/bye ', ' http://localhost:9999/bye', 'http://localhost:9999/bye\t', 'http://localhost:9999/bye\r\nset-cookie: a=b', 'http://LOCALHOST:9999/bye', 'http://localhost.evil.example:9999/bye', 'http://localhost:99999/bye',
  'http://127.0.0.1:9999/bye', 'http://[::1]:9999/bye', 'https://localhost:9999/bye', 'ftp://localhost:9999/bye', 'javascript:alert(1)', 'data:text/html,x', '/bye', 'bye', '.', '%2F%2Fevil.example', '〱evil.example', 'http://evil。example',
  'http://localhost:9999/callback', 'http://localhost:9999', 'http://localhost:9999/bye;x', 'http://localhost:9999/./bye', 'http://user@localhost:9999/bye', 'http://localhost:09999/bye', 'http://0x7f.1:9999/bye', 'blob:http://localhost:9999/bye'];

test('[6] post_logout_redirect_uri: only what is registered, byte for byte, and only with a good hint', async () => {
  const { browser, tokens } = await signedIn();
  for (const target of redirects)
    for (const parameters of [{ id_token_hint: tokens.id_token }, { client_id: portal.metadata.client_id }, {}]) {
      const answer = await browser.request(logoutUrl({ ...parameters, post_logout_redirect_uri: target }));
      assert.equal(answer.status, 400, target);
      assert.equal(answer.location, undefined, target);
      assert.ok(!answer.body.includes('href="http://evil'), target);
    }
  assert.ok(await isSignedIn(browser), 'nothing was ended');
  const twice = await browser.request(`${logoutUrl({ id_token_hint: tokens.id_token, post_logout_redirect_uri: bye })}&post_logout_redirect_uri=http://evil.example`);
  assert.equal(twice.status, 400);
  const without = await browser.request(logoutUrl({ client_id: portal.metadata.client_id, post_logout_redirect_uri: bye }));
  assert.equal(without.location, undefined, 'without a hint nothing is redirected to');
  const state = 'a&b=c#d\r\nx: y';
  const good = await browser.request(logoutUrl({ id_token_hint: tokens.id_token, post_logout_redirect_uri: bye, state }));
  assert.equal(new URL(good.location).searchParams.get('state'), state);
  assert.ok(good.location.startsWith(`${bye}?state=`));
});

test('[6] nothing else redirects to where a parameter says', async () => {
  const { browser } = await signedIn();
  for (const name of ['next', 'return_to', 'returnTo', 'redirect', 'redirect_uri', 'url', 'continue', 'goto', 'target', 'post_logout_redirect_uri'])
    for (const path of ['/', '/signin/x', '/authorize/x', '/logout/confirm', '/assets/x', '/health']) {
      const answer = await browser.request(`${provider.issuer}${path}?${new URLSearchParams({ [name]: 'http://evil.example' })}`);
      assert.ok(!answer.location || new URL(answer.location).origin === provider.issuer, `${path}?${name}`);
    }
});
