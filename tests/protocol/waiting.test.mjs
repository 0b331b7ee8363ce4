// Two hundred browsers wait for their phones at once, without a thread of the server's. (Ten thousand: tests/load/waiting.)
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { fixture, redirectUri } from '../lib/fixture.mjs';
import { until } from '../lib/servers.mjs';
import { Waiter, inTurns } from '../lib/waiters.mjs';

const BROWSERS = 200;

let provider, query;
const waiters = [];

before(async () => {
  ({ provider } = await fixture({ workers: 4, 'limit.queue': 16 }));
  const client = provider.client('--name', 'Test portal', '--redirect-uri', redirectUri, '--scope', 'openid profile');
  query = new URLSearchParams({
    response_type: 'code', client_id: client.client_id, redirect_uri: redirectUri, scope: 'openid profile', state: 's', nonce: 'n',
    code_challenge_method: 'S256', code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  });
  await inTurns(Array.from({ length: BROWSERS }), 8, async () => {
    const browser = new Waiter(provider, query);
    await browser.open();
    waiters.push(browser);
  });
});

async function parked() {
  const metrics = await (await fetch(`${provider.issuer}/metrics`)).text();
  return Number(/^konsao_http_parked (\d+)/m.exec(metrics)[1]);
}

/** The same browser in another tab asks for a new code, which ends what the first one waits for. */
async function beginAnew(browser) {
  const tab = Object.assign(new Waiter(provider, query), { cookie: browser.cookie, interaction: browser.interaction, csrf: browser.csrf });
  await tab.begin('qr', { anew: 'yes' });
  tab.close();
}

describe('two hundred browsers that wait', () => {
  let waits;

  test('cost no thread: four workers answer others meanwhile', async () => {
    for (const browser of waiters) browser.answered = false;
    waits = waiters.map(async (browser) => {
      const news = await browser.wait();
      browser.answered = true;
      return news;
    });
    await until('all to wait', async () => (await parked()) === BROWSERS);
    const other = new Waiter(provider, query);
    assert.equal((await other.open()).state, 'waiting');
    other.close();
    assert.ok(waiters.every((browser) => !browser.answered));
  });

  test('each is answered at once when its channel changes, and nobody else', async () => {
    const half = waiters.filter((_, i) => i % 2 === 0);
    await inTurns(half, 8, async (browser) => {
      await beginAnew(browser);
      const news = await waits[waiters.indexOf(browser)];
      assert.deepEqual([news.state, news.reason], ['ended', 'replaced']);
    });
    assert.equal(await parked(), BROWSERS / 2);
    assert.equal(waiters.filter((browser) => browser.answered).length, BROWSERS / 2);
  });

  test('those that leave are forgotten, and the end of the server answers the rest', async () => {
    const rest = waiters.filter((browser) => !browser.answered);
    for (const browser of rest.splice(0, 10)) browser.line.socket.destroy();
    const began = Date.now();
    const ends = Promise.allSettled(waits);
    await provider.server.stop();
    assert.ok(Date.now() - began < 5000, 'it does not wait for them');
    const refused = (await ends).filter((one) => one.status === 'rejected');
    assert.equal(refused.length, BROWSERS / 2);
    assert.equal(refused.filter((one) => /temporarily_unavailable/.test(one.reason.message)).length, rest.length);
  });
});
