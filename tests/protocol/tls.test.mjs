// TLS that Konsao terminates itself, and nginx in front of its sockets (docs/operating.md), against the real server.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { before, describe, test } from 'node:test';
import { connect, getCiphers } from 'node:tls';
import { join } from 'node:path';
import { Browser } from '../lib/browser.mjs';
import { certificate } from '../lib/certificates.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { relyingParty, signIn } from '../lib/fixture.mjs';
import { Nginx } from '../lib/nginx.mjs';
import { freePort, Provider, Register, until } from '../lib/servers.mjs';

// RFC 9325 section 4.2, FAPI 2.0 section 5.2.1
const permitted = ['ecdhe-ecdsa-aes128-gcm-sha256', 'ecdhe-rsa-aes128-gcm-sha256', 'ecdhe-ecdsa-aes256-gcm-sha384', 'ecdhe-rsa-aes256-gcm-sha384'];

let register, resident;

before(async () => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // for fetch, which takes no authority of ours; `ask` checks the certificate
  process.removeAllListeners('warning');
  register = await Register.start();
  atEnd(() => register.stop());
  resident = (await register.residents()).find((one) => one.status === 'ACTIVE' && !one.minor && one.phone);
});

/** A TLS handshake: { protocol, cipher, peer } of the one that was done, or { fault }: the error's code. */
function handshake(port, options) {
  return new Promise((done) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false, ...options });
    socket.once('secureConnect', () => {
      done({ protocol: socket.getProtocol(), cipher: socket.getCipher().name, peer: socket.getPeerX509Certificate().fingerprint256 });
      socket.destroy();
    });
    socket.once('error', (error) => done({ fault: error.code ?? error.message }));
    socket.once('close', () => done({ fault: 'closed' }));
  });
}

/** One request: { status, headers, body }. `options` as for node:https, with `plain` as for node:http. */
function ask({ plain, ...options }) {
  return new Promise((done, fail) => {
    const request = (plain ? httpRequest : httpsRequest)({ host: 'localhost', path: '/health', agent: false, rejectUnauthorized: true, ...options }, (answer) => {
      let body = '';
      answer.on('data', (data) => (body += data));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body }));
    });
    request.once('error', fail);
    request.end(options.body);
  });
}

/** Registers a client that has a self-signed certificate, and proves that it gets a token with that alone. `ca`: what the server's is checked with. */
async function useCertificate(provider, ca, algorithm) {
  const identity = certificate(algorithm, 'client.example'), other = certificate(algorithm, 'client.example');
  const at = (url, options) => ask({ port: new URL(url).port, path: new URL(url).pathname, ca, ...options });
  const metadata = JSON.parse((await at(`${provider.issuer}/.well-known/openid-configuration`)).body);
  const initial = JSON.parse(provider.command('registration', 'token', '--json', '--grant', 'client_credentials')).initial_access_token;
  const registered = await at(metadata.registration_endpoint, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${initial}` },
    body: JSON.stringify({ grant_types: ['client_credentials'], response_types: [], token_endpoint_auth_method: 'self_signed_tls_client_auth',
      tls_client_certificate_bound_access_tokens: true, jwks: { keys: [{ ...createPublicKey(identity.cert).export({ format: 'jwk' }),
        x5c: [new X509Certificate(identity.cert).raw.toString('base64')] }] } }) });
  assert.equal(registered.status, 201, registered.body);
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: JSON.parse(registered.body).client_id }).toString();
  const token = (url, options) => at(url, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body, ...options });
  const alias = metadata.mtls_endpoint_aliases.token_endpoint;
  assert.notEqual(new URL(alias).port, new URL(metadata.token_endpoint).port);
  const escaped = { 'content-type': 'application/x-www-form-urlencoded', 'x-client-cert': encodeURIComponent(identity.cert) };
  for (const refused of [await token(alias), await token(alias, other), await token(metadata.token_endpoint, identity), await token(metadata.token_endpoint, { headers: escaped }),
    await token(alias, { headers: escaped }), await token(alias, { ...other, headers: escaped })])
    assert.deepEqual([refused.status, JSON.parse(refused.body).error], [401, 'invalid_client']);
  const answer = await token(alias, { cert: identity.cert, key: identity.key });
  assert.equal(answer.status, 200, answer.body);
  const claims = JSON.parse(Buffer.from(JSON.parse(answer.body).access_token.split('.')[1], 'base64url'));
  assert.equal(claims.cnf['x5t#S256'], createHash('sha256').update(new X509Certificate(identity.cert).raw).digest('base64url')); // RFC 8705 section 3.1
}

describe('TLS of its own', () => {
  let provider, own, ports;

  before(async () => {
    own = certificate('rsa');
    ports = { tls: await freePort(), mtls: await freePort() };
    provider = await Provider.start(register, { issuer: `https://localhost:${ports.tls}`, 'tls.port': ports.tls, 'tls.mtls_port': ports.mtls,
      'tls.certificate': own.files.cert, 'tls.key': own.files.key, 'tls.address': '127.0.0.1' });
    provider.issuer = `https://localhost:${ports.tls}`;
    atEnd(() => provider.stop());
  });

  test('TLS 1.2 and 1.3 are served on both ports, with the four suites of RFC 9325 alone', async () => {
    for (const port of Object.values(ports)) {
      assert.equal((await handshake(port, { minVersion: 'TLSv1.3' })).protocol, 'TLSv1.3');
      for (const cipher of permitted.filter((name) => name.includes('rsa'))) {
        const done = await handshake(port, { maxVersion: 'TLSv1.2', ciphers: cipher.toUpperCase() });
        assert.deepEqual([done.protocol, done.cipher], ['TLSv1.2', cipher.toUpperCase()]);
      }
    }
  });

  test('TLS 1.0 and 1.1 are refused with an alert', async () => {
    for (const port of Object.values(ports))
      for (const version of ['TLSv1', 'TLSv1.1'])
        assert.match((await handshake(port, { minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' })).fault, /ALERT_PROTOCOL_VERSION/);
  });

  test('every other suite of TLS 1.2 that OpenSSL has is refused with an alert', async () => {
    const others = getCiphers().filter((name) => !name.startsWith('tls_') && !/psk|srp|^adh|^aecdh/.test(name) && !permitted.includes(name));
    assert.ok(others.length > 20 && others.includes('aes128-gcm-sha256') && others.includes('ecdhe-rsa-aes128-sha256'));
    for (const name of others) {
      const { fault } = await handshake(ports.tls, { maxVersion: 'TLSv1.2', ciphers: `${name.toUpperCase()}:@SECLEVEL=0` });
      assert.match(fault ?? `${name} was taken`, /ALERT_HANDSHAKE_FAILURE/, name);
    }
  });

  test('client certificates of both kinds, and none, are let in where they are asked for', async () => {
    for (const algorithm of ['rsa', 'ec'])
      for (const version of ['TLSv1.2', 'TLSv1.3']) {
        const { cert, key } = certificate(algorithm, 'client.example');
        assert.equal((await ask({ port: ports.mtls, ca: own.cert, cert, key, minVersion: version, maxVersion: version })).status, 200);
      }
    assert.equal((await ask({ port: ports.mtls, ca: own.cert })).status, 200);
  });

  test('a client is known by its certificate alone, and its token is bound to that', async () => {
    for (const algorithm of ['rsa', 'ec']) await useCertificate(provider, own.cert, algorithm);
  });

  test('a forged X-Client-Cert is nothing on any port', async () => {
    const headers = { 'x-client-cert': 'nonsense', 'client-cert': ':nonsense:' };
    assert.equal((await ask({ port: ports.tls, ca: own.cert, headers })).status, 200);
    assert.equal((await ask({ port: ports.mtls, ca: own.cert, headers })).status, 200);
    assert.equal((await ask({ plain: true, port: provider.port, headers })).status, 200);
  });

  test('plain HTTP on the TLS port ends without an answer, and the server goes on', async () => {
    const answer = await new Promise((done) => {
      let got = '';
      const socket = connectTcp(ports.tls, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
      socket.on('data', (data) => (got += data.toString('latin1')));
      socket.on('error', () => {});
      socket.on('close', () => done(got));
    });
    assert.ok(!answer.includes('HTTP'), answer);
    assert.equal((await ask({ port: ports.tls, ca: own.cert })).status, 200);
  });

  test('a person signs in over TLS, with Secure cookies, and an independent relying party is content', async () => {
    const browser = new Browser();
    const { config } = await relyingParty(provider);
    const { claims } = await signIn({ register, config, kidc: resident.kidc, browser });
    assert.equal(claims.iss, provider.issuer);
    assert.ok([...browser.cookies.keys()].every((name) => name.startsWith('__Host-')) && browser.cookies.size > 0);
  });

  test('konsao check says until when the certificate holds, and what is wrong with another', () => {
    assert.match(JSON.parse(provider.command('check', '--json')).checks.tls.text, /^the certificate and its key can be used, until 20/);
    const problem = (settings) => {
      const other = Object.assign(new Provider(), { settings: { ...provider.settings, ...settings } });
      assert.throws(() => other.command('check', '--json'), (error) => (problem.found = JSON.parse(error.stdout).checks.tls) && error.status === 1);
      return problem.found;
    };
    assert.match(problem({ 'tls.key': certificate('rsa').files.key }).text, /does not belong to the certificate/);
    assert.match(problem({ 'tls.key': '/nowhere/key.pem' }).text, /can't be read: No such file/);
    assert.match(problem({ issuer: `https://id.example:${ports.tls}` }).text, /is for another host/);
  });

  test('a renewed certificate is shown to new connections without a restart', async () => {
    const fingerprint = async () => (await handshake(ports.tls, {})).peer;
    const before = await fingerprint();
    const renewed = certificate('ec');
    for (const name of ['cert', 'key']) writeFileSync(own.files[name], readFileSync(renewed.files[name]));
    await until('the new certificate', async () => (await fingerprint()) !== before);
    assert.equal((await ask({ port: ports.mtls, ca: renewed.cert })).status, 200);
    for (const cipher of permitted.filter((name) => name.includes('ecdsa')))
      assert.equal((await handshake(ports.tls, { maxVersion: 'TLSv1.2', ciphers: cipher.toUpperCase() })).cipher, cipher.toUpperCase());
  });
});

describe('nginx in front, by Unix sockets, as docs/examples/nginx.conf has it', () => {
  let provider, own, ports, sockets;

  before(async () => {
    own = certificate('rsa');
    ports = { tls: await freePort(), mtls: await freePort() };
    const issuer = `https://localhost:${ports.tls}`;
    const folder = certificate('ec').files.cert.replace(/cert\.pem$/, '');
    sockets = { plain: join(folder, 'konsao.sock'), mtls: join(folder, 'mtls.sock') };
    provider = await Provider.start(register, { issuer, 'listen.socket': sockets.plain, 'listen.mtls_socket': sockets.mtls,
      'tls.mtls_url': `https://localhost:${ports.mtls}` });
    provider.issuer = issuer;
    atEnd(() => provider.stop());
    const nginx = await Nginx.start(sockets, own, ports);
    atEnd(() => nginx.stop());
  });

  test('the configuration permits no more than Konsao itself does', async () => {
    for (const port of Object.values(ports)) {
      assert.match((await handshake(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' })).fault, /ALERT_PROTOCOL_VERSION/);
      assert.equal((await handshake(port, { maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
      assert.match((await handshake(port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA256:AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256' })).fault, /HANDSHAKE_FAILURE/);
    }
  });

  test('what nginx forwards of a certificate is read: Konsao would refuse what it cannot read', async () => {
    for (const algorithm of ['rsa', 'ec']) {
      const { cert, key } = certificate(algorithm, 'client.example');
      assert.equal((await ask({ port: ports.mtls, ca: own.cert, cert, key })).status, 200);
    }
    assert.equal((await ask({ port: ports.mtls, ca: own.cert })).status, 200);
    assert.equal((await ask({ plain: true, socketPath: sockets.mtls, headers: { 'x-client-cert': 'nonsense' } })).status, 400);
  });

  test('a client is known by the certificate that nginx saw, byte for byte, and by no other', async () => {
    for (const algorithm of ['rsa', 'ec']) await useCertificate(provider, own.cert, algorithm);
  });

  test('what a client forges goes nowhere', async () => {
    const headers = { 'x-client-cert': 'nonsense' };
    assert.equal((await ask({ port: ports.tls, ca: own.cert, headers })).status, 200);
    assert.equal((await ask({ port: ports.mtls, ca: own.cert, headers })).status, 200);
    assert.equal((await ask({ plain: true, socketPath: sockets.plain, headers })).status, 200);
    assert.equal((await ask({ plain: true, port: provider.port, headers })).status, 200);
  });

  test('metrics stay inside, on the sockets too', async () => {
    assert.equal((await ask({ port: ports.tls, ca: own.cert, path: '/metrics' })).status, 404);
    assert.equal((await ask({ plain: true, socketPath: sockets.plain, path: '/metrics' })).status, 404);
  });

  test('a person signs in through it', async () => {
    const { config } = await relyingParty(provider);
    const { claims } = await signIn({ register, config, kidc: resident.kidc });
    assert.equal(claims.iss, provider.issuer);
    assert.match(provider.server.output, /peer=127\.0\.0\.1/);
  });

  test('the sockets go with the server and come again', async () => {
    await provider.server.stop();
    assert.equal((await ask({ port: ports.tls, ca: own.cert })).status, 502);
    await provider.run();
    assert.equal((await ask({ port: ports.tls, ca: own.cert })).status, 200);
  });
});
