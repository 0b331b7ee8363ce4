// Starts real servers for a test: the register (konsao-ipis) and the provider (konsao serve), each a process of its own on a free port with a data folder of
// its own. Nothing is shared between test files, and nothing is left behind.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');
export const build = process.env.KONSAO_BUILD ?? join(root, 'build/release');

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Calls `probe` until it gives something true, at most `ms`; fails with `what`. Waits for a condition, never for a time. */
export async function until(what, probe, ms = 15000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await Promise.resolve().then(probe).catch(() => undefined);
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for: ${what}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

class Server {
  constructor(name, command, args, env) {
    this.name = name;
    this.output = '';
    this.child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (data) => (this.output += data));
    this.ended = new Promise((done) => this.child.once('exit', (code, signal) => done({ code, signal })));
    this.ended.then((end) => (this.end = end));
  }

  async ready(url) {
    await until(`${this.name} to answer`, async () => {
      if (this.end) return true;
      return (await fetch(url)).ok;
    });
    if (this.end) throw new Error(`${this.name} ended at its start:\n${this.output}`);
  }

  /** Ends the process; answers with its exit code. */
  async stop(signal = 'SIGTERM') {
    if (!this.end) this.child.kill(signal);
    return this.ended;
  }
}

/** The register, with its outbox and its switches to misbehave. */
export class Register {
  static async start(options = []) {
    const register = new Register();
    register.port = await freePort();
    register.url = `http://127.0.0.1:${register.port}`;
    register.options = options;
    await register.run();
    return register;
  }

  async run() {
    this.server = new Server('konsao-ipis', join(build, 'konsao-ipis'),
      ['--port', String(this.port), '--residents', join(root, 'conformance/ipis/residents.json'), ...this.options]);
    await this.server.ready(`${this.url}/residents`);
  }

  async json(path, init) {
    const answer = await fetch(this.url + path, { ...init, headers: { accept: 'application/json', 'content-type': 'application/json' } });
    if (!answer.ok) throw new Error(`register ${path}: ${answer.status} ${await answer.text()}`);
    const text = await answer.text();
    return text ? JSON.parse(text) : undefined;
  }

  residents() {
    return this.json('/residents');
  }

  outbox(kidc) {
    return this.json(kidc ? `/outbox?kidc=${kidc}` : '/outbox');
  }

  /** How many codes were sent to a KIdC. */
  async sent(kidc) {
    return (await this.outbox(kidc)).length;
  }

  /** The newest code that was sent to a KIdC, once there are more than `before`. */
  async code(kidc, before = 0) {
    const messages = await until(`a code for the resident`, async () => {
      const found = await this.outbox(kidc);
      return found.length > before && found;
    });
    return messages[0].code;
  }

  misbehave(how) {
    return this.json('/misbehave', { method: 'POST', body: JSON.stringify(how) });
  }

  behave() {
    return this.json('/misbehave/reset', { method: 'POST' });
  }

  stop(signal) {
    return this.server.stop(signal);
  }
}

/** The provider. `settings`: keys and values of docs/settings.md. */
export class Provider {
  static async start(register, settings = {}) {
    const provider = new Provider();
    provider.data = mkdtempSync(join(tmpdir(), 'konsao-test-'));
    provider.port = await freePort();
    provider.issuer = `http://localhost:${provider.port}`;
    provider.settings = {
      issuer: provider.issuer, 'listen.port': provider.port, data: provider.data, 'register.url': register.url,
      'limit.signins_per_ip': 10000, 'limit.requests_per_ip': 100000, 'otp.sends_per_kidc': 10000, 'limit.connections_per_ip': 0, ...settings,
    };
    await provider.run();
    return provider;
  }

  flags() {
    return Object.entries(this.settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  }

  async run() {
    this.server = new Server('konsao', join(build, 'konsao'), ['serve', ...this.flags()]);
    await this.server.ready(`http://localhost:${this.port}/health`);
  }

  /** Runs `konsao …` on this provider's data; answers with what it prints. */
  command(...args) {
    return execFileSync(join(build, 'konsao'), [...args, ...this.flags()], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Registers a client; answers with its metadata, client_id and client_secret among them. */
  client(...args) {
    return JSON.parse(this.command('client', 'add', '--json', ...args));
  }

  async restart(signal = 'SIGTERM') {
    await this.server.stop(signal);
    await this.run();
  }

  /** Ends it, and fails unless it ended in order: a sanitizer speaks up at the end. */
  async stop() {
    const { code, signal } = await this.server.stop();
    rmSync(this.data, { recursive: true, force: true });
    if (code !== 0) throw new Error(`the provider ended with ${code ?? signal}:\n${this.server.output.slice(-4000)}`);
  }
}
