// Encryption both ways between crypto/ and npm's jose: what one writes the other reads, for each pair of algorithms.
import { execFileSync } from 'node:child_process';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import * as jose from 'jose';
import { build } from '../lib/servers.mjs';

const text = '{"sub":"សុខ"}';
const tool = (args, input) =>
  execFileSync(join(build, 'jwe_tool'), args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });

for (const alg of ['ECDH-ES', 'RSA-OAEP-256']) {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { crv: 'P-256', modulusLength: 2048, extractable: true });
  const [open, secret] = await Promise.all([publicKey, privateKey].map(jose.exportJWK));

  for (const enc of ['A128GCM', 'A256GCM', 'A128CBC-HS256']) {
    test(`jose decrypts what we encrypt with ${alg} and ${enc}`, async () => {
      const jwe = tool(['encrypt', alg, enc, JSON.stringify({ ...open, kid: 'a', use: 'enc' })], text);
      const { plaintext, protectedHeader } = await jose.compactDecrypt(jwe, privateKey, {
        keyManagementAlgorithms: [alg],
        contentEncryptionAlgorithms: [enc],
      });
      assert.equal(new TextDecoder().decode(plaintext), text);
      assert.equal(protectedHeader.kid, 'a');
      assert.equal(protectedHeader.cty, 'JWT');
      assert.equal(protectedHeader.epk?.d, undefined);
    });

    test(`we decrypt what jose encrypts with ${alg} and ${enc}`, async () => {
      const jwe = await new jose.CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader({ alg, enc })
        .encrypt(publicKey);
      assert.equal(tool(['decrypt', alg, JSON.stringify(secret)], jwe), text);
      assert.throws(() => tool(['decrypt', alg, JSON.stringify(secret)], jwe.slice(0, -1)), /does not open/);
    });
  }
}
