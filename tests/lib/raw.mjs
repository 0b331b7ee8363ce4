// Bytes as an attacker sends them: nothing is corrected on the way.
import { connect } from 'node:net';

/** Writes `bytes` from `from` and reads until the server closes, or until `enough(text)`. Answers with all that came, as latin1; a reset ends it as well. */
export function exchange(port, bytes, { enough = () => false, from = '127.0.0.1', half = false, ms = 20000 } = {}) {
  return new Promise((done, fail) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1', localAddress: from, allowHalfOpen: true });
    const timer = setTimeout(() => (socket.destroy(), fail(new Error(`no end after ${ms} ms: ${text.slice(0, 300)}`))), ms);
    const finish = () => (clearTimeout(timer), socket.destroy(), done(text));
    socket.on('connect', () => (half ? socket.end(bytes, 'latin1') : socket.write(bytes, 'latin1')));
    socket.on('data', (data) => {
      text += data.toString('latin1');
      if (enough(text)) finish();
    });
    socket.on('end', finish).on('error', finish).on('close', finish);
  });
}

/** The status codes of the answers in `text`. */
export const statuses = (text) => [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status));

/** `enough` for exchange: that many answers have begun, and the last one's head is whole. */
export const answers = (count) => (text) => statuses(text).length >= count && text.lastIndexOf('\r\n\r\n') > text.lastIndexOf('HTTP/1.');
