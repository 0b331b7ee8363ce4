// What Konsao fetches from clients, through the real server: keys at a jwks_uri, and where it does not go.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { fixture } from '../lib/fixture.mjs';
import { authentication, keyedClient, newKey } from '../lib/keyed.mjs';
import { Remote } from '../lib/remote.mjs';
import { Provider } from '../lib/servers.mjs';

const kept = 1 + 5; // the first fetch, and what the bucket for unknown kids holds
let remote, register, provider;

before(async () => {
  remote = await Remote.start();
  ({ register, provider } = await fixture(remote.settings));
});

const serveKeys = (path, ...keys) => (remote.answers[path] = { body: { keys: keys.map((key) => key.jwk) } });
const fetches = (path) => remote.requests.filter((one) => one.path === path).length;

/** A client that proves itself by a key at its jwks_uri. */
async function client(path, at = provider) {
  const key = await newKey();
  serveKeys(path, key);
  return keyedClient(at, { key, metadata: { jwks_uri: remote.url + path, token_endpoint_auth_method: 'private_key_jwt' } });
}

/** Authenticates; the status says whether that worked. */
async function authenticate(who, at = provider) {
  const { fields } = await authentication(who, at.issuer);
  const answer = await fetch(`${at.issuer}/introspect`, { method: 'POST', body: new URLSearchParams({ token: 'x', ...fields }) });
  const json = await answer.json();
  return answer.status === 200 ? 200 : json.error;
}

async function metric(name, at = provider) {
  const text = await (await fetch(`${at.issuer}/metrics`)).text();
  return Number(new RegExp(`^konsao_${name} (\\d+)$`, 'm').exec(text)[1]);
}

test('a client is known by the keys at its jwks_uri, which are fetched once', async () => {
  const one = await client('/once');
  for (let i = 0; i < 10; i++) assert.equal(await authenticate(one), 200);
  assert.equal(fetches('/once'), 1);
  const [request] = await remote.arrived('/once');
  assert.equal(request.method, 'GET');
  assert.equal(request.tls, 'TLSv1.3');
  assert.equal(request.headers.cookie, undefined);
});

test('a client that changes its keys is known by the new ones at once, and not by the old', async () => {
  const one = await client('/changes');
  assert.equal(await authenticate(one), 200);
  for (let i = 0; i < 3; i++) {
    const old = one.key;
    one.key = await newKey();
    serveKeys('/changes', one.key);
    assert.equal(await authenticate(one), 200);
    assert.equal(await authenticate({ ...one, key: old }), 'invalid_client');
  }
});

test('[35] made-up kids do not make a storm of fetches, and the client goes on', async () => {
  const one = await client('/storm');
  const strangers = await Promise.all(Array.from({ length: 25 }, async () => ({ ...one, key: await newKey() })));
  assert.equal(await authenticate(one), 200);
  for (const answer of await Promise.all(strangers.map((stranger) => authenticate(stranger)))) assert.equal(answer, 'invalid_client');
  assert.ok(fetches('/storm') <= kept, `${fetches('/storm')} fetches`);
  assert.equal(await authenticate(one), 200);
});

test('keys that can not be had let nobody in', async () => {
  const one = await client('/away');
  remote.answers['/away'] = { status: 302, headers: { location: `${remote.url}/once` }, body: '' };
  assert.equal(await authenticate(one), 'invalid_client');
  assert.equal(await authenticate(one), 'invalid_client');
  assert.equal(fetches('/away'), 1);
  assert.ok(await metric('jwks_failures_total') >= 1);
});

test('[12] a jwks_uri that leads into our own network gets no connection', async () => {
  const strict = await Provider.start(register, { 'outbound.ca': remote.certificates.ca, 'outbound.allow': 'localhost:1' });
  try {
    const one = await client('/inside', strict);
    assert.equal(await authenticate(one, strict), 'invalid_client');
    assert.equal(fetches('/inside'), 0);
    assert.equal(await metric('outbound_forbidden_total', strict), 1);
  } finally {
    await strict.stop();
  }
});
