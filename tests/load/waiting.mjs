// Ten thousand browsers on the sign-in page, each with a channel and a request that waits: what they cost, and how soon they know what a phone did.
// Run it by tests/load/waiting.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Authenticator } from '../lib/authenticator.mjs';
import { Provider, Register, until } from '../lib/servers.mjs';
import { Waiter, inTurns } from '../lib/waiters.mjs';

const { values } = parseArgs({
  options: { browsers: { type: 'string', default: '10000' }, approvals: { type: 'string', default: '200' }, phones: { type: 'string', default: '16' } },
});
const browsers = Number(values.browsers), approvals = Math.min(Number(values.approvals), browsers), phones = Number(values.phones);
const PERIOD_MS = 26000; // each browser is answered within 25 s, news or not, and asks again
const rows = [];

const row = (what, value) => rows.push([what, value]);
const fixed = (value, unit, digits = 1) => `${value.toFixed(digits)} ${unit}`;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function checkDescriptors() {
  const allowed = Number(execFileSync('bash', ['-c', 'ulimit -Hn'], { encoding: 'latin1' }));
  if (allowed >= browsers + 1000) return;
  console.error(`waiting: ${browsers} browsers need ${browsers + 1000} open files, the hard limit is ${allowed}: ulimit -Hn (as root), or fewer --browsers`);
  process.exit(2);
}

/** Of /proc/PID/status and /proc/meminfo, in KB. */
const kb = (file, name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'latin1'))?.[1] ?? 0);

/** KB: the process's own memory, the store's pages that it has mapped, and the kernel's for sockets (slab, buffers) of both ends. */
function memory(pid) {
  const status = `/proc/${pid}/status`;
  const buffers = Number(/^TCP: .* mem (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'latin1'))?.[1] ?? 0) * 4;
  return { own: kb(status, 'RssAnon'), mapped: kb(status, 'RssFile') + kb(status, 'RssShmem'), kernel: kb('/proc/meminfo', 'SUnreclaim') + buffers };
}

/** Seconds of CPU that the process has had. */
function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'latin1' }));
}

async function parked(provider) {
  const metrics = await (await fetch(`${provider.issuer}/metrics`)).text();
  return Number(/^konsao_http_parked (\d+)/m.exec(metrics)[1]);
}

const of = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
function latency(what, times) {
  const sorted = [...times].sort((a, b) => a - b);
  if (sorted.length > 0) row(what, `median ${fixed(of(sorted, 0.5), 'ms')}, 99 % within ${fixed(of(sorted, 0.99), 'ms')}`);
}

/** Sends `browser` waiting for as long as nothing happens to it; a code that is over is begun anew, as the page does. */
async function keepWaiting(browser, load) {
  while (!load.over) {
    const news = await browser.wait();
    load.answers++;
    load.changed.get(browser)?.(news.state);
    if (['ended', 'expired', 'approved'].includes(news.state)) await browser.begin('qr', { anew: 'yes' });
  }
}

async function openAll(provider, query, load) {
  const waiters = [];
  await inTurns(Array.from({ length: browsers }), 32, async () => {
    const browser = new Waiter(provider, query);
    await browser.open();
    waiters.push(browser);
    keepWaiting(browser, load).catch((fault) => !load.over && load.faults.push(fault));
  });
  return waiters;
}

async function measureRest(provider, load) {
  const pid = provider.server.child.pid;
  const [before, answers] = [cpu(pid), load.answers];
  await sleep(PERIOD_MS);
  const used = cpu(pid) - before, answered = load.answers - answers;
  row(`CPU while nothing happens, ${PERIOD_MS / 1000} s`, `${fixed((100 * used * 1000) / PERIOD_MS, '% of a core')}; ${answered} answered without news, ${fixed((used * 1e6) / answered, 'µs', 0)} each`);
}

/** When the browser is told that its channel is in `state`. */
async function toldOf(browser, state, load) {
  const now = await new Promise((done) => load.changed.set(browser, (now) => now !== 'waiting' && done(now)));
  if (now !== state) throw new Error(`${now} instead of ${state}: ${JSON.stringify(browser.news)}`);
  return browser.told;
}

async function enrolPhones(provider, register) {
  const residents = (await register.residents()).filter((one) => one.status === 'ACTIVE' && !one.minor && one.phone).slice(0, phones);
  return Promise.all(residents.map(async ({ kidc }) => {
    const phone = new Authenticator(provider, { send: (...request) => ((phone.sent = performance.now()), fetch(...request)) });
    await phone.enrol(register, kidc);
    return phone;
  }));
}

/** A resident signs in at `browser`; in milliseconds, how long after the phone's requests were sent it was told, and the phone answered. Undefined when the code
 * was too old when it arrived, which is for an overloaded machine alone. */
async function approve(browser, phone, load) {
  const scanned = toldOf(browser, 'scanned', load);
  scanned.catch(() => {}); // it is told in its place
  const asked = await phone.scan(await until('a code', () => browser.code())).catch((fault) => (fault.json?.error === 'stale_code' ? undefined : Promise.reject(fault)));
  if (!asked) return undefined;
  const scan = (await scanned) - phone.sent;
  const told = toldOf(browser, 'approved', load);
  told.catch(() => {});
  await phone.approve(asked, { number: browser.news.number });
  const answer = performance.now() - phone.sent;
  return { scan, answer, approval: (await told) - phone.sent };
}

/** Approvals at browsers all over, four at a time, while the others wait on. */
async function measureApprovals(provider, register, waiters, load) {
  const free = await enrolPhones(provider, register);
  const times = [];
  let late = 0;
  await inTurns(waiters.filter((_, i) => i % Math.floor(browsers / approvals) === 0).slice(0, approvals), 4, async (browser) => {
    const phone = free.shift();
    const time = await approve(browser, phone, load);
    if (time) times.push(time);
    else late++;
    free.push(phone);
    load.changed.delete(browser);
  });
  row('approvals while the others wait', `${times.length}${late > 0 ? `; ${late} codes were too old when they came: the machine is overloaded` : ''}`);
  latency('scan sent to browser told', times.map(({ scan }) => scan));
  latency('approval sent to phone answered', times.map(({ answer }) => answer));
  latency('approval sent to browser told', times.map(({ approval }) => approval));
}

async function main() {
  checkDescriptors();
  const load = { over: false, answers: 0, faults: [], changed: new Map() };
  const register = await Register.start(['--otp-attempts', '100']);
  const provider = await Provider.start(register, {
    'log.level': 'error', 'limit.requests_per_ip': 1000000, 'limit.channels_per_ip': 1000000, 'limit.channels_per_client': 1000000, 'limit.asked_per_resident': 1000000,
    'limit.connections': browsers + 500, 'limit.waiting': browsers + 500,
  });
  const pid = provider.server.child.pid;
  process.on('exit', () => [provider, register].forEach(({ server }) => server.end ?? server.child.kill()));
  try {
    const client = provider.client('--name', 'Load', '--redirect-uri', 'http://localhost:1/cb', '--scope', 'openid profile');
    const query = new URLSearchParams({
      response_type: 'code', client_id: client.client_id, redirect_uri: 'http://localhost:1/cb', scope: 'openid profile', state: 's', nonce: 'n',
      code_challenge_method: 'S256', code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    });
    const empty = memory(pid), began = performance.now();
    const waiters = await openAll(provider, query, load);
    await until('all to wait', async () => (await parked(provider)) >= browsers * 0.99, 60000);
    const full = memory(pid);
    row('browsers that wait', `${await parked(provider)}, opened in ${fixed((performance.now() - began) / 1000, 's')}`);
    row('memory for each', fixed((full.own - empty.own) / browsers, 'KB'));
    row('of the store that is mapped, for each', fixed((full.mapped - empty.mapped) / browsers, 'KB'));
    row('memory of the kernel for each, both ends', fixed((full.kernel - empty.kernel) / browsers, 'KB'));
    await measureRest(provider, load);
    await measureApprovals(provider, register, waiters, load);
    row('waiting at the end', String(await parked(provider)));
    load.over = true;
    for (const browser of waiters) browser.close();
    if (load.faults.length > 0) throw new Error(`${load.faults.length} browsers failed, the first: ${load.faults[0].stack}`);
    for (const [what, value] of rows) console.log(`| ${what.padEnd(44)} | ${value} |`);
  } finally {
    load.over = true;
    await provider.stop();
    await register.stop();
  }
}

await main();
