// The authorization endpoint says no: each fault as the specification names it, on the right side of the redirect.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, fixture, redirectUri, relyingParty } from '../lib/fixture.mjs';

let servers, portal;

before(async () => {
  servers = await fixture();
  portal = await relyingParty(servers.provider, { args: ['--redirect-uri', 'https://portal.example/cb?tenant=1', '--sector', 'portal.example'] });
});

async function ask(change, config = portal.config) {
  const { url, checks } = await authorizationRequest(config);
  for (const [name, value] of Object.entries(change))
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  return { page: await new Browser().request(url), checks };
}

async function redirected(change, error) {
  const { page, checks } = await ask(change);
  assert.equal(page.status, 303, page.body);
  const answer = new URL(page.location);
  assert.equal(answer.origin + answer.pathname, redirectUri);
  const said = /token/.test(change.response_type) ? new URLSearchParams(answer.hash.slice(1)) : answer.searchParams;
  assert.equal(said.get('error'), error);
  assert.equal(said.get('state'), checks.expectedState);
  assert.equal(said.get('iss'), servers.provider.issuer);
  assert.match(said.get('error_description'), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  assert.equal(said.get('code'), null);
}

async function shown(change) {
  const { page } = await ask(change);
  assert.equal(page.location, undefined, `redirected to ${page.location}`);
  assert.equal(page.status, 400);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  return page;
}

const faults = {
  'response_type is missing': [{ response_type: undefined }, 'invalid_request'],
  'response_type=token': [{ response_type: 'token' }, 'unsupported_response_type'],
  'response_type=code id_token': [{ response_type: 'code id_token' }, 'unauthorized_client'],
  'response_mode=web_message': [{ response_mode: 'web_message' }, 'invalid_request'],
  'a request object that nobody signed': [{ request: 'eyJhbGciOiJub25lIn0.e30.' }, 'invalid_request_object'],
  'a request_uri': [{ request_uri: 'http://127.0.0.1/request.jwt' }, 'request_uri_not_supported'],
  'a registration': [{ registration: '{}' }, 'registration_not_supported'],
  'no scope': [{ scope: undefined }, 'invalid_scope'],
  'scopes that nobody knows alone': [{ scope: 'made:up' }, 'invalid_scope'],
  'a scope with a quote': [{ scope: 'openid "x"' }, 'invalid_scope'],
  'PKCE is missing': [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
  'PKCE plain': [{ code_challenge_method: 'plain' }, 'invalid_request'],
  'PKCE without a method, which means plain': [{ code_challenge_method: undefined }, 'invalid_request'],
  'a challenge of the wrong length': [{ code_challenge: 'short' }, 'invalid_request'],
  'prompt=none login': [{ prompt: 'none login' }, 'invalid_request'],
  'prompt=none create': [{ prompt: 'none create' }, 'invalid_request'],
  'an unknown prompt': [{ prompt: 'create_all' }, 'invalid_request'],
  'max_age=-1': [{ max_age: '-1' }, 'invalid_request'],
  'max_age=1e3': [{ max_age: '1e3' }, 'invalid_request'],
  'claims that are not JSON': [{ claims: '{' }, 'invalid_request'],
  'claims that are an array': [{ claims: '[]' }, 'invalid_request'],
  'claims with a repeated member': [{ claims: '{"userinfo":{"email":null,"email":null}}' }, 'invalid_request'],
  'claims with a text for a wish': [{ claims: '{"userinfo":{"email":"yes"}}' }, 'invalid_request'],
  'claims with essential as a text': [{ claims: '{"userinfo":{"email":{"essential":"true"}}}' }, 'invalid_request'],
  'claims nested too deep': [{ claims: `{"userinfo":{"email":{"value":${'['.repeat(40)}${']'.repeat(40)}}}}` }, 'invalid_request'],
  'id_token_hint that nobody signed': [{ id_token_hint: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.' }, 'invalid_request'],
  'a login_hint of 1 KB': [{ login_hint: 'x'.repeat(1024) }, 'invalid_request'],
};
for (const [name, [change, error]] of Object.entries(faults))
  test(`${name} → ${error}, at the client`, () => redirected(change, error));

test('a client that is missing or unknown is told here, not by redirect', async () => {
  await shown({ client_id: undefined });
  const page = await shown({ client_id: 'nobody' });
  assert.match(page.body, /invalid_client/);
});

const tricks = {
  missing: undefined,
  '[1] another path': 'http://localhost:9999/callback2',
  '[1] a path below': 'http://localhost:9999/callback/x',
  '[2] dots in the path': 'http://localhost:9999/x/../callback',
  '[2] an encoded path': 'http://localhost:9999/%63allback',
  '[2] an encoded slash': 'http://localhost:9999/callback%2F..',
  '[5] another case in the path': 'http://localhost:9999/Callback',
  '[5] another case in the host': 'http://LOCALHOST:9999/callback',
  '[1] another scheme': 'https://localhost:9999/callback',
  '[1] another port': 'http://localhost:9998/callback',
  '[1] no port': 'http://localhost/callback',
  '[1] another host that begins the same': 'http://localhost.evil.example:9999/callback',
  '[3] userinfo': 'http://localhost:9999@evil.example/callback',
  '[3] userinfo that is the host': 'http://evil@localhost:9999/callback',
  '[1] a fragment': 'http://localhost:9999/callback#x',
  '[5] a query added': 'http://localhost:9999/callback?x=1',
  '[3] a backslash': 'http://localhost:9999\\@evil.example/callback',
  '[3] a tab': 'http://localhost:9999/call\tback',
  '[3] a line break': 'http://localhost:9999/callback\r\nset-cookie: a=b',
  '[1] a trailing slash': 'http://localhost:9999/callback/',
  '[1] a trailing space': 'http://localhost:9999/callback ',
  '[1] a trailing dot': 'http://localhost.:9999/callback',
  '[5] another loopback name': 'http://127.0.0.1:9999/callback',
  '[1] a registered query with another value': 'https://portal.example/cb?tenant=2',
  '[1] a registered query with more': 'https://portal.example/cb?tenant=1&tenant=2',
  '[1] a registered query left out': 'https://portal.example/cb',
  '[8] javascript': 'javascript:alert(1)//http://localhost:9999/callback',
  '[8] data': 'data:text/html,x',
  '[1] a protocol-relative one': '//localhost:9999/callback',
  '[4] another letter where a dot is': 'https://portalxexample/cb?tenant=1',
};
for (const [name, uri] of Object.entries(tricks))
  test(`redirect_uri trick, ${name}: never redirected`, async () => {
    const page = await shown({ redirect_uri: uri });
    if (uri) assert.ok(!page.body.includes('href="javascript'), 'the page does not link to it');
  });

test('a registered redirect_uri with a query keeps it', async () => {
  const { page } = await ask({ redirect_uri: 'https://portal.example/cb?tenant=1', prompt: 'none' });
  assert.match(page.location, /^https:\/\/portal\.example\/cb\?tenant=1&error=login_required&/);
});

test('[7] a repeated parameter is refused, whichever stands first', async () => {
  const { url, checks } = await authorizationRequest(portal.config);
  const twice = await new Browser().request(`${url}&scope=openid`);
  assert.equal(new URL(twice.location).searchParams.get('error'), 'invalid_request');
  for (const more of ['&redirect_uri=http://evil.example/', '&client_id=other']) {
    for (const query of [`${url.search.slice(1)}${more}`, `${more.slice(1)}&${url.search.slice(1)}`]) {
      const page = await new Browser().request(`${url.origin}${url.pathname}?${query}`);
      if (page.location) assert.equal(new URL(page.location).searchParams.get('error'), 'invalid_request');
      if (page.location) assert.equal(new URL(page.location).host, 'localhost:9999');
    }
  }
  assert.ok(checks);
});

test('unknown parameters and scopes are passed over; POST works like GET', async () => {
  const { url } = await authorizationRequest(portal.config);
  url.searchParams.set('scope', 'openid profile made:up');
  url.searchParams.set('display', 'popup');
  url.searchParams.set('claims_locales', 'km en');
  url.searchParams.set('vendor_thing', 'x');
  const page = await new Browser().go(url.origin + url.pathname, { method: 'POST', body: url.searchParams });
  assert.equal(page.status, 200);
  assert.match(page.body, /name="kidc"/);
});

test('state goes back exactly, whatever is in it', async () => {
  for (const state of ['a b+c&d=e%20', 'ភាសាខ្មែរ "<>', 'x'.repeat(2048)]) {
    const { page } = await ask({ state, prompt: 'none' });
    assert.equal(new URL(page.location).searchParams.get('state'), state);
  }
  const { page } = await ask({ state: undefined, prompt: 'none' });
  assert.ok(!new URL(page.location).searchParams.has('state'), 'none is made up');
});

test('a state that could not be brought back is refused, and not brought back', async () => {
  for (const state of ['x'.repeat(2049), '('.repeat(5000)]) {
    const { url } = await authorizationRequest(portal.config, { state: 'STATE' });
    const page = await new Browser().request(url.href.replace('STATE', state));
    const answer = new URL(page.location).searchParams;
    assert.equal(answer.get('error'), 'invalid_request');
    assert.equal(answer.get('state'), null);
  }
});

test('[51] an odd query never brings the server down', async () => {
  for (const query of ['', '&', '=', 'a', '%', '%zz', '%00', '=&=&', 'client_id', 'client_id=%ff', 'client_id=a%0d%0ab', '?'.repeat(50)]) {
    const page = await new Browser().request(`${servers.provider.issuer}/authorize?${query}`);
    assert.equal(page.status, 400, query);
    assert.equal(page.location, undefined);
  }
  const many = Array.from({ length: 10000 }, (_, i) => `p${i}`).join('&');
  const answer = await fetch(`${servers.provider.issuer}/authorize?${many}`, { redirect: 'manual' }).catch(() => ({ status: 'closed' }));
  assert.ok(['closed', 400, 413, 414, 431].includes(answer.status), String(answer.status));
  assert.equal((await fetch(`${servers.provider.issuer}/health`)).status, 200);
});

test('[45] the issuer is the configured one, whatever Host and X-Forwarded-Host say', async () => {
  const { request } = await import('node:http');
  const body = await new Promise((done, fail) => {
    request({ port: servers.provider.port, path: '/.well-known/openid-configuration', headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example' } },
      (answer) => answer.on('data', (data) => done(String(data)))).on('error', fail).end();
  });
  assert.ok(!body.includes('evil.example'));
});

test('discovery: both documents are the same, and every endpoint in it answers', async () => {
  const [one, two] = await Promise.all(['openid-configuration', 'oauth-authorization-server'].map((name) =>
    fetch(`${servers.provider.issuer}/.well-known/${name}`).then((answer) => answer.json())));
  assert.deepEqual(one, two);
  for (const [name, value] of Object.entries(one)) {
    if (!/(_endpoint|_uri)$/.test(name)) continue;
    for (const method of ['GET', 'POST']) {
      const answer = await fetch(value, { method, redirect: 'manual' });
      assert.notEqual(answer.status, 404, name);
      assert.ok(answer.status < 500, `${name}: ${answer.status}`);
    }
  }
  assert.ok(one.id_token_signing_alg_values_supported.includes('RS256'));
  assert.ok(!JSON.stringify(one).includes('none"') || one.token_endpoint_auth_methods_supported.includes('none'));
  assert.deepEqual(one.code_challenge_methods_supported, ['S256']);
});

test('JWKS: distinct kids, nothing private, active and next keys', async () => {
  const { keys } = await (await fetch(`${servers.provider.issuer}/jwks`)).json();
  assert.equal(new Set(keys.map((key) => key.kid)).size, keys.length);
  for (const key of keys) {
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(member in key));
    assert.ok(['sig', 'enc'].includes(key.use));
  }
  assert.equal(keys.filter((key) => key.alg === 'ES256').length, 2);
  assert.equal(keys.filter((key) => key.alg === 'RS256').length, 2);
});
