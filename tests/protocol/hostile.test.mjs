// Bytes that no browser sends, against the real server. Each test ends by asking whether the server still serves. Numbers in brackets: lines of the misuse list.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, before, test } from 'node:test';
import { Browser } from '../lib/browser.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { authorizationRequest, fixture, relyingParty } from '../lib/fixture.mjs';
import { answers, exchange, statuses } from '../lib/raw.mjs';
import { Provider, until } from '../lib/servers.mjs';

let servers, provider, port, portal, basic;

before(async () => {
  servers = await fixture();
  ({ provider } = servers);
  ({ port } = provider);
  portal = await relyingParty(provider);
  basic = Buffer.from(`${portal.metadata.client_id}:${portal.metadata.client_secret}`).toString('base64');
});

afterEach(async () => {
  assert.equal((await fetch(`${provider.issuer}/health`)).status, 200, 'the server still serves');
  assert.equal(provider.server.end, undefined, 'and is the same process');
});

async function start(settings) {
  const one = await Provider.start(servers.register, settings);
  atEnd(() => one.stop());
  return one;
}

const host = 'Host: localhost\r\n';
const form = 'Content-Type: application/x-www-form-urlencoded\r\n';
const post = (path, body, more = '') => `POST ${path} HTTP/1.1\r\n${host}${form}${more}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
/** Sends and reads all; the server must close by itself. */
const send = (bytes, options) => exchange(port, bytes, options);
const first = async (bytes, options) => statuses(await send(bytes, { enough: answers(1), ...options }))[0];

/** A refusal, or a connection that is closed without one. */
function assertRefused(status, allowed, what) {
  assert.ok(status === undefined || allowed.includes(status), `${what}: ${status}`);
}

// ---- too much ----

test('a megabyte of headers, in one, in many, in the address, in cookies: refused', async () => {
  const megabyte = 'x'.repeat(1 << 20);
  for (const [what, bytes] of Object.entries({
    'one header': `GET /health HTTP/1.1\r\n${host}X: ${megabyte}\r\n\r\n`,
    'a header\'s name': `GET /health HTTP/1.1\r\n${host}${megabyte}: x\r\n\r\n`,
    'many headers': `GET /health HTTP/1.1\r\n${host}${'X: y\r\n'.repeat(200000)}\r\n`,
    'the address': `GET /${megabyte} HTTP/1.1\r\n${host}\r\n`,
    'the query': `GET /authorize?x=${megabyte} HTTP/1.1\r\n${host}\r\n`,
    'the method': `${megabyte} / HTTP/1.1\r\n${host}\r\n`,
    'the version': `GET / HTTP/1.1${megabyte}\r\n${host}\r\n`,
    'one cookie': `GET /health HTTP/1.1\r\n${host}Cookie: a=${megabyte}\r\n\r\n`,
    '[55] a hundred thousand cookies': `GET /health HTTP/1.1\r\n${host}Cookie: ${'a=b; '.repeat(100000)}\r\n\r\n`,
    'one Authorization': `GET /userinfo HTTP/1.1\r\n${host}Authorization: Bearer ${megabyte}\r\n\r\n`,
    'no line end at all': megabyte,
  })) assertRefused(await first(bytes), [400, 413, 414, 431, 501, 505], what);
});

test('[55] many small cookies that fit are carried, and mean nothing', async () => {
  assert.equal(await first(`GET /health HTTP/1.1\r\n${host}Cookie: ${'a=b; '.repeat(100)}konsao_session=x\r\n\r\n`), 200);
});

test('a megabyte of body, announced or in chunks, wherever: 413; a gigabyte that is announced is refused before it comes', async () => {
  const body = 'a='.padEnd(1 << 20, 'x');
  for (const path of ['/token', '/introspect', '/revoke', '/userinfo', '/authorize', '/logout', '/logout/confirm', `/signin/${'A'.repeat(22)}`])
    assert.equal(await first(post(path, body)), 413, path);
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  assert.equal(await first(`POST /token HTTP/1.1\r\n${host}${form}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(16)}0\r\n\r\n`), 413, 'chunked');
  assert.equal(await first(`POST /token HTTP/1.1\r\n${host}${form}Content-Length: 1073741824\r\n\r\n`), 413);
  assert.equal(await first(`POST /token HTTP/1.1\r\n${host}${form}Content-Length: 1073741824\r\nExpect: 100-continue\r\n\r\n`), 413);
});

test('one field as large as a body may be is read and refused for what it says', async () => {
  const large = 'x'.repeat(60000);
  for (const name of ['code', 'refresh_token', 'client_assertion', 'code_verifier', 'scope', 'grant_type', 'client_id', 'token'])
    for (const path of ['/token', '/introspect', '/revoke']) {
      const status = await first(post(path, `grant_type=authorization_code&${name === 'grant_type' ? 'x' : name}=${large}`, `Authorization: Basic ${basic}\r\n`));
      assert.ok([200, 400, 401].includes(status), `${path} ${name}: ${status}`);
    }
  for (const name of ['state', 'nonce', 'scope', 'claims', 'redirect_uri', 'client_id', 'code_challenge', 'login_hint', 'ui_locales', 'acr_values', 'id_token_hint', 'max_age', 'prompt']) {
    const { url } = await authorizationRequest(portal.config);
    url.searchParams.set(name, large);
    const status = await first(post('/authorize', url.search.slice(1)));
    assert.ok([303, 400].includes(status), `/authorize ${name}: ${status}`);
  }
});

test('ten thousand parameters: refused in a body, in a query, in a form of ours', async () => {
  const many = Array.from({ length: 10000 }, (_, i) => `${i.toString(36)}=`).join('&');
  assert.ok(many.length < 65536, 'within the limit for a body');
  for (const path of ['/token', '/introspect', '/revoke', '/authorize', '/logout'])
    assert.equal(await first(post(path, many, path === '/authorize' || path === '/logout' ? '' : `Authorization: Basic ${basic}\r\n`)), 400, path);
  const { url } = await authorizationRequest(portal.config);
  const browser = new Browser();
  const page = await browser.go(url);
  const { url: target, body } = browser.fill(page, 'continue', { kidc: servers.resident.kidc });
  const answer = await browser.request(target, { method: 'POST', body: `${body}&${many}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  assert.equal(answer.status, 400);
  assertRefused(await first(`GET /authorize?${many} HTTP/1.1\r\n${host}\r\n`), [414, 431], 'query');
});

test('[54] JSON a thousand deep, in claims and in assertions: refused, without a deep stack', async () => {
  for (const deep of ['['.repeat(1500), '{"a":'.repeat(800), `{"userinfo":{"email":{"value":${'['.repeat(20)}${']'.repeat(20)}}}}`, `${'{"userinfo":'.repeat(300)}null${'}'.repeat(300)}`]) {
    const { url } = await authorizationRequest(portal.config, { claims: deep });
    const page = await new Browser().go(url.origin + url.pathname, { method: 'POST', body: url.searchParams });
    assert.equal(new URL(page.location).searchParams.get('error'), 'invalid_request', deep.slice(0, 20));
  }
  const part = (text) => Buffer.from(text).toString('base64url');
  for (const jwt of [`${part('['.repeat(20000))}.${part('{}')}.x`, `${part('{"alg":"ES256"}')}.${part('{"a":'.repeat(7000))}.x`, `${part(`{"alg":"ES256","kid":${'['.repeat(500)}${']'.repeat(500)}}`)}.${part('{}')}.x`]) {
    const status = await first(post('/token', `grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=${jwt}`));
    assert.ok([400, 401].includes(status), String(status));
  }
});

test('[34][52][55] compressed, multipart and other bodies are not unpacked but refused', async () => {
  const { gzipSync } = await import('node:zlib');
  const bomb = gzipSync('a='.padEnd(10 << 20, 'x')).toString('latin1');
  assertRefused(await first(post('/token', bomb, `Content-Encoding: gzip\r\nAuthorization: Basic ${basic}\r\n`)), [400, 415], 'gzip');
  for (const type of ['multipart/form-data; boundary=x', 'multipart/form-data', 'multipart/form-data; boundary=', `multipart/form-data; boundary=${'x'.repeat(2000)}`, 'application/json', 'text/plain', 'application/x-www-form-urlencoded; charset=utf-7', 'a', '/', '']) {
    const body = '--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--x--\r\n';
    const status = await first(`POST /token HTTP/1.1\r\n${host}Content-Type: ${type}\r\nAuthorization: Basic ${basic}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    assert.equal(status, 400, type.slice(0, 50));
  }
});

test('[51] odd queries and bodies at every endpoint', async () => {
  for (const path of ['/authorize', '/logout', '/.well-known/openid-configuration', '/jwks', '/userinfo', '/device', '/approve/x', '/session/check', '/register/x', '/docs/openapi.json', '/', '/health', '/nothing'])
    for (const query of ['', '&', '=', 'a', '%', '%zz', '%0', '%00', '=&=', '&&&&', '%ff', '?', '?a=b', 'a=%', 'a=b;c=d', '+', '%E0%80%80', '%u0041', 'lang=%00', `${'&'.repeat(3000)}`]) {
      const status = await first(`GET ${path}?${query} HTTP/1.1\r\n${host}\r\n`);
      assert.ok(status < 500 && status >= 200, `${path}?${query.slice(0, 20)}: ${status}`);
    }
  for (const path of ['/token', '/introspect', '/revoke', '/userinfo', '/logout', '/logout/confirm', '/authorize', '/par', '/device_authorization', '/device', '/backchannel', '/register'])
    for (const body of ['&', '=', 'a', '%', '%zz', '%00', '=&=', '%ff', '\0', '\xff\xfe', 'token', 'token=', 'grant_type', 'grant_type=&grant_type=', ' ', '\r\n', '{}']) {
      const status = await first(post(path, body));
      assert.ok(status < 500 && status >= 200, `${path} ${JSON.stringify(body)}: ${status}`);
    }
});

// ---- wrong ----

const smuggled = `GET /health HTTP/1.1\r\n${host}Connection: close\r\n\r\n`;
const headOf = (line, more) => `${line} HTTP/1.1\r\n${more}`;
const shapes = {
  'no Host': headOf('GET /health', '\r\n'),
  'Host twice': headOf('GET /health', `${host}${host}\r\n`),
  'Host twice, different': headOf('GET /health', `${host}hOST: evil\r\n\r\n`),
  'Content-Length twice': headOf('POST /token', `${host}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`),
  'Content-Length twice, different': headOf('POST /token', `${host}Content-Length: 0\r\nContent-Length: ${smuggled.length}\r\n\r\n`),
  'Authorization twice': headOf('GET /userinfo', `${host}Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n`),
  'Cookie twice': headOf('GET /health', `${host}Cookie: a=1\r\nCookie: b=2\r\n\r\n`),
  'Content-Type twice': headOf('POST /token', `${host}${form}${form}Content-Length: 0\r\n\r\n`),
  'both Content-Length and Transfer-Encoding': headOf('POST /token', `${host}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX`),
  'Transfer-Encoding first, then Content-Length': headOf('POST /token', `${host}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nZ\r\nQ`),
  'Transfer-Encoding twice': headOf('POST /token', `${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`),
  'Transfer-Encoding: gzip, chunked': headOf('POST /token', `${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`),
  'Transfer-Encoding: xchunked': headOf('POST /token', `${host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`),
  'Transfer-Encoding: identity': headOf('POST /token', `${host}Transfer-Encoding: identity\r\n\r\n`),
  'Transfer-Encoding : chunked': headOf('POST /token', `${host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`),
  'Transfer-Encoding behind a tab': headOf('POST /token', `${host}\tTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  'Transfer-Encoding behind a vertical tab': headOf('POST /token', `${host}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`),
  'Transfer-Encoding in HTTP/1.0': `POST /token HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'Content-Length: +1': headOf('POST /token', `${host}Content-Length: +1\r\n\r\na`),
  'Content-Length: -1': headOf('POST /token', `${host}Content-Length: -1\r\n\r\n`),
  'Content-Length: 0x1': headOf('POST /token', `${host}Content-Length: 0x1\r\n\r\na`),
  'Content-Length: 1,1': headOf('POST /token', `${host}Content-Length: 1,1\r\n\r\na`),
  'Content-Length: 1 1': headOf('POST /token', `${host}Content-Length: 1 1\r\n\r\na`),
  'Content-Length: nothing': headOf('POST /token', `${host}Content-Length: \r\n\r\n`),
  'Content-Length beyond 64 bits': headOf('POST /token', `${host}Content-Length: 18446744073709551617\r\n\r\na`),
  'a chunk size with a sign': headOf('POST /token', `${host}Transfer-Encoding: chunked\r\n\r\n-1\r\n`),
  'a chunk size with 0x': headOf('POST /token', `${host}Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n`),
  'a chunk size beyond 64 bits': headOf('POST /token', `${host}Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n`),
  'a chunk without its end': headOf('POST /token', `${host}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`),
  'a folded header': headOf('GET /health', `${host}X: a\r\n b\r\n\r\n`),
  'a bare CR': headOf('GET /health', `${host}X: a\rY: b\r\n\r\n`),
  'bare line feeds': 'GET /health HTTP/1.1\nHost: a\n\n',
  'a NUL in a header': headOf('GET /health', `${host}X: a\0b\r\n\r\n`),
  'a NUL in the address': headOf('GET /health\0x', `${host}\r\n`),
  'a header without a colon': headOf('GET /health', `${host}X\r\n\r\n`),
  'a header without a name': headOf('GET /health', `${host}: a\r\n\r\n`),
  'a space before the colon': headOf('GET /health', `${host}Cookie : a=b\r\n\r\n`),
  'an absolute address': headOf('GET http://evil.example/health', `${host}\r\n`),
  'an address without a slash': headOf('GET health', `${host}\r\n`),
  'an asterisk': headOf('OPTIONS *', `${host}\r\n`),
  'CONNECT': headOf('CONNECT evil.example:443', `${host}\r\n`),
  'a fragment': headOf('GET /health#x', `${host}\r\n`),
  'two spaces': headOf('GET  /health', `${host}\r\n`),
  'a tab between': headOf('GET\t/health', `${host}\r\n`),
  'a space in the address': headOf('GET /health x', `${host}\r\n`),
  'bytes above ASCII in the address': headOf('GET /\xe1\x9e\x80', `${host}\r\n`),
  'HTTP/0.9': 'GET /health\r\n\r\n',
  'HTTP/2': `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
  'http in small letters': `GET /health http/1.1\r\n${host}\r\n`,
  'TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'.padEnd(520, '\x00') + '\r\n\r\n',
  'garbage': Array.from({ length: 2000 }, (_, i) => String.fromCharCode((i * 7919) % 256)).join('') + '\r\n\r\n',
  'empty lines only': '\r\n'.repeat(200000),
  'NULs only': '\0'.repeat(100000),
};

for (const [name, bytes] of Object.entries(shapes))
  test(`[53] ${name}: refused, closed, and nothing behind it is served`, async () => {
    const text = await send(bytes + smuggled);
    const seen = statuses(text);
    for (const status of [seen[0], ...seen]) assertRefused(status, [400, 413, 414, 431, 501, 505], `${name} (${seen})`);
    // libmicrohttpd writes the head of its own answer to a bad Content-Length twice, then closes.
    assert.ok(seen.length <= (name.startsWith('Content-Length') ? 2 : 1), `${seen.length} answers: ${seen}`);
  });

test('[53] pipelining: twenty requests in one go get twenty answers, in order', async () => {
  const paths = ['/health', '/nothing', '/jwks', '/userinfo', '/token'];
  const want = { '/health': 200, '/nothing': 404, '/jwks': 200, '/userinfo': 401, '/token': 405 };
  const bytes = Array.from({ length: 20 }, (_, i) => `GET ${paths[i % 5]} HTTP/1.1\r\n${host}${i === 19 ? 'Connection: close\r\n' : ''}\r\n`).join('');
  assert.deepEqual(statuses(await send(bytes)), Array.from({ length: 20 }, (_, i) => want[paths[i % 5]]));
});

test('[53] a body stays a body: what looks like a request in it is not served', async () => {
  const text = await send(`POST /token HTTP/1.1\r\n${host}${form}Content-Length: ${smuggled.length}\r\nConnection: close\r\n\r\n${smuggled}`);
  assert.equal(statuses(text).length, 1);
  const get = await send(`GET /jwks HTTP/1.1\r\n${host}Content-Length: ${smuggled.length}\r\nConnection: close\r\n\r\n${smuggled}`);
  assert.equal(statuses(get).length, 1, 'in a GET as well');
});

test('HTTP/1.0 is answered and closed; a later 1.x is taken as 1.1', async () => {
  assert.deepEqual(statuses(await send(`GET /health HTTP/1.9\r\n${host}Connection: close\r\n\r\n`)), [200]);
  const text = await send('GET /health HTTP/1.0\r\n\r\n');
  assert.deepEqual(statuses(text), [200]);
});

test('methods that there are none of: 405 with what there is, or a refusal; TRACE reflects nothing', async () => {
  for (const method of ['TRACE', 'PUT', 'DELETE', 'PATCH', 'get', 'PROPFIND', 'X-Y', 'DEBUG'])
    for (const path of ['/health', '/token', '/authorize']) {
      const text = await send(`${method} ${path} HTTP/1.1\r\n${host}X-Secret: konsao-reflect\r\nConnection: close\r\n\r\n`);
      assertRefused(statuses(text)[0], [400, 405, 501], `${method} ${path}`);
      assert.ok(!text.includes('konsao-reflect'));
      if (statuses(text)[0] === 405) assert.match(text, /^allow: .*(GET|POST)/im);
    }
  const head = await send(`HEAD /jwks HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
  assert.equal(statuses(head)[0], 200);
  assert.ok(head.endsWith('\r\n\r\n'), 'HEAD has no body');
});

test('a request that ends anywhere, at each of its bytes, harms nobody', async () => {
  const whole = post('/token', 'grant_type=authorization_code&code=x', `Authorization: Basic ${basic}\r\n`);
  const brisk = await start({ 'limit.request': 1 });
  const texts = await Promise.all(Array.from({ length: whole.length - 1 }, (_, i) => exchange(brisk.port, whole.slice(0, i + 1), { half: true })));
  // libmicrohttpd may miss an end that comes together with bytes; the time for a request ends it then.
  for (const text of texts) assertRefused(statuses(text)[0], [408], text.slice(0, 100));
  for (const cut of [1, 20, 80, whole.length - 1])
    await new Promise((done) => {
      const socket = connect(brisk.port, '127.0.0.1', () => socket.write(whole.slice(0, cut), () => (socket.resetAndDestroy(), done())));
    });
  assert.equal((await fetch(`${brisk.issuer}/health`)).status, 200);
});

test('[49] the files of the pages are all that /assets gives, however it is asked', async () => {
  const page = await new Browser().go(`${provider.issuer}/`);
  const style = page.body.match(/\/assets\/style[^"]+/)[0];
  assert.equal(await first(`GET ${style} HTTP/1.1\r\n${host}\r\n`), 200, 'positive control');
  for (const path of ['/assets/', '/assets', '/assets/.', '/assets/..', '/assets/../konsao.conf', '/assets/../../../../etc/passwd', '/assets/..%2f..%2f..%2fetc%2fpasswd', '/assets/%2e%2e/%2e%2e/etc/passwd', '/assets/%252e%252e%252fetc%252fpasswd',
    '/assets/..;/..;/etc/passwd', '/assets//etc/passwd', '/assets/\\..\\..\\etc\\passwd', '/assets/%5c..%5cetc%5cpasswd', '/assets/%c0%ae%c0%ae/etc/passwd', '/assets/style.css', '/assets/style.css%00.png', `${style}%00`, `${style}/`, `${style}/..`, `/x/..${style}`, `/.${style}`, `/${style}`, `${style};x=y`, `${style}.gz`,
    '/templates/home.html', '/assets/home.html', '/locales/en.json', '/data/master.key', '/master.key', '/.git/config', '/assets/file:///etc/passwd', '/client-logo/../../etc/passwd', '/client-logo/%2e%2e', '/signin/../health', '/authorize/../health']) {
    const text = await send(`GET ${path} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
    assertRefused(statuses(text)[0], [400, 404], path);
    assert.ok(!/root:|\[core\]|\{\{/.test(text), path);
  }
});

test('[10] paths are not normalised, decoded or cut before they are compared', async () => {
  for (const path of ['//token', '/token/', '/token;x=y', '/./token', '/x/../token', '/%74oken', '/TOKEN', '/token%20', '/token.json', '/token//', '/authorize;a=b/x'])
    assertRefused(await first(post(path, 'grant_type=client_credentials')), [400, 404], path);
});

// ---- slow, and many ----

test('a client that sends its head, its body or nothing slowly is cut, and nobody waits for it', async () => {
  const slow = await start({ 'limit.request': 2, 'limit.idle': 3, 'limit.body': 65536 });
  const began = Date.now();
  const trickles = [`GET /health HTTP/1.1\r\nHost: ${'x'.repeat(5000)}`, `POST /token HTTP/1.1\r\n${host}${form}Content-Length: 60000\r\n\r\n${'a'.repeat(5000)}`, `POST /token HTTP/1.1\r\n${host}${form}Transfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(1000)}`];
  const cut = trickles.map((bytes) => new Promise((done) => {
    const socket = connect(slow.port, '127.0.0.1');
    let at = 0, text = '';
    const pace = setInterval(() => !socket.destroyed && socket.write(bytes[at++], () => {}), 20); // a byte at a time is the attack
    socket.on('data', (data) => (text += data)).on('error', () => {}).on('close', () => (clearInterval(pace), done(text)));
  }));
  const silent = exchange(slow.port, '');
  const half = exchange(slow.port, 'GET /health HTTP/1.1\r\nHost: x\r\n');
  const kept = exchange(slow.port, `GET /health HTTP/1.1\r\n${host}\r\n`);
  for (let i = 0; i < 20; i++) assert.equal((await fetch(`${slow.issuer}/health`)).status, 200, 'others are served meanwhile');
  for (const text of await Promise.all([...cut, silent, half])) assert.ok(statuses(text).every((status) => status === 408), text.slice(0, 100));
  assert.deepEqual(statuses(await kept), [200], 'a connection that is kept and silent is closed as well');
  assert.ok(Date.now() - began < 15000, 'within seconds');
});

/** Opens `count` connections; each asks, and all that are answered stay open. Answers with the sockets of the answered. */
async function flood(at, count, from) {
  const sockets = Array.from({ length: count }, () => connect({ port: at, host: '127.0.0.1', localAddress: from }));
  const seen = await Promise.all(sockets.map((socket) => new Promise((done) => {
    socket.on('connect', () => socket.write(`GET /health HTTP/1.1\r\n${host}\r\n`));
    socket.on('data', () => done(socket)).on('error', () => done()).on('close', () => done());
  })));
  return seen.filter(Boolean);
}

test('two thousand connections from one address: fifty are held; other addresses are served; when they go, all is as before', async () => {
  const one = await start({ 'limit.connections_per_ip': 50, loops: 2 });
  const held = await flood(one.port, 2000, '127.0.0.9');
  assert.ok(held.length <= 51 && held.length > 0, `${held.length} were held`); // two loops that accept at the same moment
  assert.equal(statuses(await exchange(one.port, smuggled, { from: '127.0.0.10' }))[0], 200, 'another address');
  assert.deepEqual(await flood(one.port, 5, '127.0.0.9'), [], 'no more from this one');
  for (const socket of held) socket.destroy();
  await until('the address to be served again', async () => statuses(await exchange(one.port, smuggled, { from: '127.0.0.9' }))[0] === 200);
});

test('more connections than there may be in all are refused, and served again when others go', async () => {
  const one = await start({ 'limit.connections': 100, loops: 2 });
  const held = (await Promise.all(Array.from({ length: 10 }, (_, i) => flood(one.port, 40, `127.0.1.${i + 1}`)))).flat();
  assert.ok(held.length <= 101 && held.length > 0, `${held.length} were held`);
  for (const socket of held) socket.destroy();
  await until('it to be served again', async () => (await fetch(`${one.issuer}/health`)).ok);
});

test('many requests at once that must wait: each is served or told to come back', async () => {
  const one = await start({ workers: 2, 'limit.queue': 4 });
  const all = await Promise.all(Array.from({ length: 300 }, () => exchange(one.port, post('/token', 'grant_type=client_credentials'))));
  const seen = all.map((text) => statuses(text)[0]);
  assert.ok(seen.every((status) => [400, 401, 429, 503].includes(status)), String([...new Set(seen)]));
  for (const text of all) if (statuses(text)[0] === 503) assert.match(text, /^retry-after: \d/im);
  assert.equal((await fetch(`${one.issuer}/health`)).status, 200);
});
