// A person with a real browser (Debian's Chromium), for what the suite's own can't do: frames that talk to each other, in session management.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../../tests/lib/servers.mjs';

export class Visitor {
  /** `suite`: whose pages are the ends of all ways. */
  static async start({ suite, kidc, code }) {
    const visitor = Object.assign(new Visitor(), { suite: new URL(suite).origin, fields: { kidc, otp: code } });
    const { chromium } = createRequire(join(root, 'tests/package.json'))('playwright-core'); // only where it is needed: not everybody has the tests' packages
    visitor.browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
    return visitor;
  }

  /** Forgets everything: each module meets somebody new. */
  async renew() {
    await this.context?.close();
    this.context = await this.browser.newContext({ ignoreHTTPSErrors: true });
    this.page = await this.context.newPage();
  }

  /** Goes to a page, and on through Konsao's until it is at the suite again. */
  async visit(url) {
    await this.page.goto(url);
    for (let steps = 0; new URL(this.page.url()).origin !== this.suite; steps++) {
      if (steps > 5) throw new Error(`no way on from ${this.page.url()}`);
      await this.step();
    }
  }

  async step() {
    const number = this.page.locator('[data-to=number]'); // beside the code for a phone
    if (await number.isVisible()) await number.click();
    for (const [id, value] of Object.entries(this.fields))
      if (await this.page.locator(`input#${id}`).count()) await this.page.fill(`input#${id}`, value);
    const button = this.page.locator('button[value=continue], button[value=allow], button[value=logout]').first();
    await Promise.all([this.page.waitForEvent('load'), button.click()]);
  }

  stop() {
    return this.browser.close();
  }
}
