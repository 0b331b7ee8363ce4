// The resident whom a backchannel request (CIBA) asks: the suite says which request and what to answer, and this one goes to its page and does so.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { Browser } from '../../tests/lib/browser.mjs';

/** Comes to Konsao without TLS, past the issuer's address. */
class LocalBrowser extends Browser {
  constructor(issuer, local) {
    super();
    this.local = (url) => String(url).replace(issuer, local);
  }

  async request(url, init) {
    const page = await super.request(this.local(url), init);
    return { ...page, location: page.location && this.local(page.location) };
  }
}

export class Approver {
  /** `local`: where Konsao is, without TLS. The suite calls `url` with its placeholders filled in. */
  static async start({ issuer, local, register, kidc }) {
    const approver = Object.assign(new Approver(), { issuer, local, register, kidc });
    approver.server = createServer((rq, answer) => {
      const query = new URL(rq.url, local).searchParams;
      approver.answer(query.get('auth_req_id'), query.get('action')).then(() => answer.end('{}'), (error) => {
        answer.statusCode = 500;
        answer.end(JSON.stringify({ error: error.message }));
      });
    });
    await new Promise((done) => approver.server.listen(0, '127.0.0.1', done));
    approver.url = `http://${new URL(issuer).hostname}:${approver.server.address().port}/?auth_req_id={auth_req_id}&action={action}`;
    return approver;
  }

  async answer(authReqId, action) {
    const browser = new LocalBrowser(this.issuer, this.local);
    const reference = createHash('sha256').update(authReqId).digest('base64url');
    const page = await browser.go(`${this.issuer}/approve/${reference}`);
    const consent = await browser.signIn(this.register, page, this.kidc);
    const end = await browser.submit(consent, action === 'allow' ? 'allow' : 'deny');
    if (end.status >= 400) throw new Error(`the approval ended with ${end.status}`);
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
