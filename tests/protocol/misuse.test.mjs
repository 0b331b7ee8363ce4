// docs/misuse.md names tests: each of them must exist, and each line of the list must be there.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../lib/servers.mjs';

const text = readFileSync(join(root, 'docs/misuse.md'), 'utf8');
const folders = ['tests/protocol', 'tests/unit', 'tests/fuzz', 'tests'];

test('every test that docs/misuse.md names exists', () => {
  const references = [...text.matchAll(/`([\w/.-]+\.(?:test\.mjs|c))`((?:,? \*[^*]+\*)+)/g)];
  assert.ok(references.length > 60, `${references.length} references`);
  const missing = [];
  for (const [, file, names] of references) {
    const path = folders.map((folder) => join(root, folder, file)).find(existsSync);
    assert.ok(path, `there is no ${file}`);
    const source = readFileSync(path, 'utf8').replaceAll("\\'", "'");
    for (const [, name] of names.matchAll(/\*([^*]+)\*/g))
      if (!source.includes(name.trim().replaceAll("\\'", "'"))) missing.push(`${file}: ${name}`);
  }
  assert.deepEqual(missing, []);
});

test('every line of the list is answered', () => {
  const numbers = [...text.matchAll(/^\| (\d+) \| .+ \| .{10,} \|$/gm)].map(([, number]) => Number(number));
  assert.deepEqual(numbers, Array.from({ length: 58 }, (_, i) => i + 1));
});
