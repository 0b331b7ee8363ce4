// docs/misuse.md names tests: each of them must exist, and each line of the list must be there.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

/** Lines without a test in JavaScript: 56 and 57 are shown by tests in C, and by how things are built. */
const elsewhere = [56, 57];

test('every line that can apply has a test that carries its number', () => {
  const sources = ['tests/protocol', 'tests/browser'].flatMap((folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.test.mjs')).map((name) => readFileSync(join(root, folder, name), 'utf8')));
  const numbers = new Set(sources.flatMap((source) => [...source.matchAll(/['"`]((?:\[\d+\])+) /g)].flatMap(([, brackets]) => [...brackets.matchAll(/\d+/g)].map(Number))));
  assert.deepEqual(Array.from({ length: 58 }, (_, i) => i + 1).filter((number) => !numbers.has(number) && !elsewhere.includes(number)), []);
});

test('[4][58] no regular expression is made of input, for there is none', () => {
  const files = ['idp', 'crypto', 'keys'].flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).filter((name) => /\.[ch]$/.test(name)).map((name) => join(root, folder, name)));
  assert.ok(files.length > 200, `${files.length} files`);
  for (const file of files) assert.doesNotMatch(readFileSync(file, 'utf8'), /\b(regcomp|regexec|pcre2?_\w+|fnmatch|glob)\b|<regex\.h>/, file);
});
