// Stands between the provider and the register and remembers every call, so that a test sees what the register was really asked.
import { createServer, request } from 'node:http';
import { atEnd } from './cleanup.mjs';

export class Tap {
  calls = [];

  /** Listens before `register`. Give the result to Provider.start in the register's place. */
  static async before(register) {
    const tap = new Tap();
    const server = createServer((incoming, answer) => tap.pass(register, incoming, answer)).listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    tap.url = `http://127.0.0.1:${server.address().port}`;
    atEnd(() => new Promise((done) => (server.close(done), server.closeAllConnections())));
    return tap;
  }

  async pass(register, incoming, answer) {
    const [, , name, kidc] = new URL(incoming.url, register.url).pathname.split('/');
    const call = { name, kidc: decodeURIComponent(kidc ?? ''), headers: incoming.headers, body: await text(incoming) };
    this.calls.push(call);
    const outgoing = request(register.url + incoming.url, { method: incoming.method, headers: incoming.headers }, async (from) => {
      call.status = from.statusCode;
      call.answer = await text(from);
      answer.writeHead(from.statusCode, from.headers).end(call.answer);
    });
    outgoing.on('error', () => answer.destroy()).end(call.body);
  }

  /** How often the register was asked `name` (otp, authenticate, attributes) about a KIdC; with `status`, and answered so. */
  count(name, kidc, status) {
    return this.calls.filter((call) => call.name === name && digits(call.kidc) === digits(kidc) && (!status || call.status === status)).length;
  }
}

async function text(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

const digits = (kidc) => kidc.replaceAll('-', '');
