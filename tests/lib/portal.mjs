// The demonstration portal (Apache with mod_auth_openidc) as a process of its own, a client of the provider given.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort, root, until } from './servers.mjs';

const build = process.env.KONSAO_BUILD ?? join(root, 'build/release');

export class Portal {
  /** `options`: of conformance/portal/start, or a function of the portal's URL that gives them. */
  static async start(provider, options = []) {
    const portal = new Portal();
    const port = await freePort();
    portal.url = `http://localhost:${port}`;
    portal.folder = join(provider.data, `portal-${port}`);
    portal.child = spawn(join(root, 'conformance/portal/start'), ['--folder', portal.folder, '--port', String(port), '--issuer', provider.issuer,
      '--konsao', join(build, 'konsao'), '--templates', join(build, 'share/templates'), ...(typeof options === 'function' ? options(portal.url) : options), '--', ...provider.flags()], { stdio: ['ignore', 'pipe', 'pipe'] });
    portal.output = '';
    for (const stream of [portal.child.stdout, portal.child.stderr]) stream.on('data', (data) => (portal.output += data));
    portal.ended = new Promise((done) => portal.child.once('exit', (code) => done((portal.end = { code }))));
    await until('the portal to answer', async () => portal.end || (await fetch(portal.url)).ok);
    if (portal.end) throw new Error(`the portal ended at its start:\n${portal.output}`);
    return portal;
  }

  stop() {
    if (!this.end) this.child.kill('SIGTERM');
    return this.ended;
  }
}
