// The examples of the documents, run as they stand there: fenced blocks whose info string names a test (```js test=NAME, sh, json). Blocks of one name follow each
// other and share what they declare.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atEnd } from './cleanup.mjs';
import { build, root } from './servers.mjs';

const AsyncFunction = (async () => {}).constructor;
const issuer = 'http://localhost:8080'; // as the documents write it

export class Page {
  constructor(name) {
    const text = readFileSync(join(root, 'docs', name), 'utf8');
    this.name = name;
    this.blocks = [...text.matchAll(/^```(\w+) test=(\S+)\n([\s\S]*?)^```$/gm)].map(([, language, test, code]) => ({ language, test, code }));
    this.unmarked = [...text.matchAll(/^```(js|json|sh)$/gm)].length;
    this.run = new Set();
  }

  take(language, test) {
    const found = this.blocks.filter((block) => block.language === language && block.test === test).map(({ code }) => code);
    assert.ok(found.length > 0, `${this.name} has no ${language} example called ${test}`);
    found.forEach(() => this.run.add(`${language} ${test}`));
    return found;
  }

  /** Examples that no test took. */
  left() {
    return this.blocks.map(({ language, test }) => `${language} ${test}`).filter((one) => !this.run.has(one));
  }
}

/** A developer's machine, in a folder of its own: where files, `konsao`, curl and Node.js meet `provider`. Its folder is the current one of this process. */
export class Desk {
  folder = mkdtempSync(join(tmpdir(), 'konsao-desk-'));

  constructor(provider) {
    this.provider = provider;
    process.chdir(this.folder);
    atEnd(() => {
      process.chdir(root);
      rmSync(this.folder, { recursive: true, force: true });
    });
    mkdirSync(join(this.folder, 'bin'));
    const flags = provider.flags().map((flag) => `'${flag}'`).join(' ');
    const script = `#!/bin/sh\njson=\ncase "$1 $2" in "client add") json=--json ;; esac\nexec '${join(build, 'konsao')}' "$@" $json ${flags}\n`;
    writeFileSync(join(this.folder, 'bin/konsao'), script, { mode: 0o755 });
  }

  /** Writes a page's JSON example to a file of its name; `changes` (undefined: taken away) come on top, for what the example can't know. */
  json(page, test, changes = {}) {
    const [text] = page.take('json', test);
    writeFileSync(test, JSON.stringify({ ...JSON.parse(text), ...changes }));
  }

  /** Runs a page's shell example; answers with the JSON objects that it printed, one a line. `env`: what the reader filled in. */
  async sh(page, test, env = {}) {
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', page.take('sh', test).join('\n')], {
      env: { ...process.env, ISSUER: this.provider.issuer, ...env, PATH: `${join(this.folder, 'bin')}:${process.env.PATH}` } });
    return stdout.split(/\n(?=\{)|(?<=\})(?=\{)/).map((one) => one.trim()).filter((one) => one.startsWith('{')).map((one) => JSON.parse(one));
  }

  /** Runs a page's Node.js example. `given`: names that it uses; `between`: code before each block but the first; answers with the values of `wanted`. */
  async js(page, test, { given = {}, between = [], wanted = [] } = {}) {
    const blocks = page.take('js', test);
    const source = blocks.flatMap((block, i) => (i > 0 && between[i - 1] ? [between[i - 1], block] : [block])).join('\n');
    const modules = {};
    for (const [, module] of source.matchAll(/^import .* from '([^']+)';/gm)) modules[module] = await import(module);
    const code = source.replaceAll(issuer, this.provider.issuer)
      .replace(/^import \* as (\w+) from ('[^']+');/gm, 'const $1 = modules[$2];').replace(/^import (\{.*\}) from ('[^']+');/gm, 'const $1 = modules[$2];');
    assert.ok(!/^import /m.test(code), `an import that is not understood:\n${code}`);
    const names = Object.keys(given);
    return new AsyncFunction('modules', 'console', ...names, `${code}\nreturn { ${wanted.join(', ')} };`)(modules, { log() {} }, ...names.map((name) => given[name]));
  }
}
