// nginx in front of a provider, with docs/examples/nginx.conf: only where things are is changed.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, root, until } from './servers.mjs';

const program = '/usr/sbin/nginx';

export class Nginx {
  /** `sockets`: { plain, mtls }, paths. `certificate`: as in certificates.mjs. */
  static async start(sockets, certificate, ports) {
    const nginx = new Nginx();
    nginx.folder = mkdtempSync(join(tmpdir(), 'konsao-nginx-'));
    nginx.ports = { http: await freePort(), ...ports };
    let site = readFileSync(join(root, 'docs/examples/nginx.conf'), 'utf8').replace(/^ *listen \[::\].*\n/gm, '');
    const changes = [['listen 443 ', `listen 127.0.0.1:${nginx.ports.tls} `], ['listen 8443 ', `listen 127.0.0.1:${nginx.ports.mtls} `],
      ['listen 80;', `listen 127.0.0.1:${nginx.ports.http};`], ['server_name id.example.gov.kh;', 'server_name localhost;'],
      ['/etc/ssl/konsao/fullchain.pem', certificate.files.cert], ['/etc/ssl/konsao/privkey.pem', certificate.files.key],
      ['unix:/run/konsao/konsao.sock', `unix:${sockets.plain}`], ['unix:/run/konsao/mtls.sock', `unix:${sockets.mtls}`],
      ['/var/log/nginx/konsao.log', join(nginx.folder, 'access.log')]];
    for (const [from, to] of changes) {
      if (!site.includes(from)) throw new Error(`docs/examples/nginx.conf has no "${from}"`);
      site = site.replaceAll(from, to);
    }
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${join(nginx.folder, name)};`).join('\n');
    writeFileSync(join(nginx.folder, 'nginx.conf'), `daemon off;
worker_processes 1;
pid ${join(nginx.folder, 'nginx.pid')};
error_log stderr;
${process.getuid() === 0 ? 'user root;' : ''}
events {}
http {
${temporary}
${site}
}
`);
    nginx.output = '';
    nginx.child = spawn(program, ['-p', nginx.folder, '-e', 'stderr', '-c', join(nginx.folder, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
    nginx.child.stderr.on('data', (data) => (nginx.output += data));
    nginx.ended = new Promise((done) => nginx.child.once('close', done));
    await until(`nginx to listen\n${nginx.output}`, () => new Promise((done, fail) => {
      const socket = connect(nginx.ports.mtls, '127.0.0.1', () => socket.end(() => done(true)));
      socket.once('error', fail);
    })).catch((error) => {
      throw new Error(`${error.message}\n${nginx.output}`);
    });
    return nginx;
  }

  async stop() {
    this.child.kill('SIGTERM');
    await this.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
