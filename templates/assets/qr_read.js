/* A QR code's text from its modules: ISO/IEC 18004, model 2, versions 1 to 10. konsaoQrRead(modules, size) takes a
   row after the other, 1 for dark; gives null for what it cannot read. Loaded before qr_decode.js. */
'use strict';
(function () {
  /* By version: all codewords. By the two bits of the level (M, L, H, Q), by version: check codewords of a block; blocks. */
  const CODEWORDS = [0, 26, 44, 70, 100, 134, 172, 196, 242, 292, 346];
  const CHECKS = [
    [0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26],
    [0, 7, 10, 15, 20, 26, 18, 20, 24, 30, 18],
    [0, 17, 28, 22, 16, 22, 28, 26, 26, 24, 28],
    [0, 13, 22, 18, 26, 18, 24, 18, 22, 20, 24],
  ];
  const BLOCKS = [
    [0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5],
    [0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 4],
    [0, 1, 1, 2, 4, 4, 4, 5, 6, 8, 8],
    [0, 1, 1, 2, 2, 4, 4, 6, 6, 8, 8],
  ];
  const MASKS = [
    (x, y) => (x + y) % 2,
    (x, y) => y % 2,
    (x) => x % 3,
    (x, y) => (x + y) % 3,
    (x, y) => (Math.floor(x / 3) + (y >> 1)) % 2,
    (x, y) => ((x * y) % 2) + ((x * y) % 3),
    (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
    (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
  ];
  /* By mode: bits of the count up to version 9, and of 10; letters in a group, its bits, and those of a last smaller one. */
  const SEGMENTS = { 1: [10, 12, 3, 10, [0, 4, 7]], 2: [9, 11, 2, 11, [0, 6]], 4: [8, 16, 1, 8, [0]] };
  const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

  /* GF(256) modulo x^8+x^4+x^3+x^2+1; EXP twice over, so that a sum of two logarithms needs no modulo. */
  const EXP = new Uint8Array(512);
  const LOG = new Uint8Array(256);
  for (let i = 0, x = 1; i < 255; i++, x = (x << 1) ^ (x > 127 ? 0x11d : 0)) {
    EXP[i] = EXP[i + 255] = x;
    LOG[x] = i;
  }
  const times = (a, b) => (a && b ? EXP[LOG[a] + LOG[b]] : 0);
  const over = (a, b) => (a ? EXP[LOG[a] + 255 - LOG[b]] : 0);
  /* Coefficients from the lowest power on. */
  const at = (polynomial, x) => polynomial.reduceRight((sum, factor) => times(sum, x) ^ factor, 0);

  /* Berlekamp and Massey: the polynomial whose roots are where the errors are; null when there are more than `most`. */
  function locator(syndromes, most) {
    let sigma = [1];
    let before = [1];
    let errors = 0;
    let gap = 1;
    let last = 1;
    for (let n = 0; n < syndromes.length; n++, gap++) {
      let off = 0;
      for (let i = 0; i <= errors; i++) {
        off ^= times(sigma[i] || 0, syndromes[n - i]);
      }
      if (off === 0) {
        continue;
      }
      const next = sigma.slice();
      before.forEach((factor, i) => {
        next[i + gap] = (next[i + gap] || 0) ^ times(factor, over(off, last));
      });
      if (2 * errors <= n) {
        errors = n + 1 - errors;
        before = sigma;
        last = off;
        gap = 0;
      }
      sigma = Array.from(next, (factor) => factor || 0);
    }
    return errors <= most ? sigma.slice(0, errors + 1) : null;
  }

  /* Mends a block in place. The smallest codes give up one correction, so as not to take another text for theirs. */
  function correct(block, checks) {
    const syndromes = [];
    for (let i = 0; i < checks; i++) {
      syndromes.push(block.reduce((sum, byte) => times(sum, EXP[i]) ^ byte, 0));
    }
    if (syndromes.every((one) => one === 0)) {
      return true;
    }
    const sigma = locator(syndromes, (checks >> 1) - (checks <= 10 ? 1 : 0));
    if (!sigma) {
      return false;
    }
    const omega = syndromes.map((_, n) => sigma.reduce((sum, factor, i) => (i <= n ? sum ^ times(factor, syndromes[n - i]) : sum), 0));
    const slope = sigma.slice(1).map((factor, i) => (i % 2 ? 0 : factor));
    let found = 0;
    for (let power = 0; power < block.length; power++) {
      const inverse = EXP[255 - power];
      if (at(sigma, inverse) === 0) {
        const steep = at(slope, inverse);
        if (steep === 0) {
          return false;
        }
        block[block.length - 1 - power] ^= times(EXP[power], over(at(omega, inverse), steep));
        found++;
      }
    }
    return found === sigma.length - 1;
  }

  /* The five bits of level and mask: the nearest of the 32 that there are, of either copy, at most 3 bits off. */
  function readFormat(modules, size) {
    let copy = [0, 0];
    for (let i = 14; i >= 0; i--) {
      const one = i < 6 ? [8, i] : i < 8 ? [8, i + 1] : i === 8 ? [7, 8] : [14 - i, 8];
      const two = i < 8 ? [size - 1 - i, 8] : [8, size - 15 + i];
      copy = [one, two].map(([x, y], n) => (copy[n] << 1) | modules[y * size + x]);
    }
    let best = null;
    let least = 4;
    for (let format = 0; format < 32; format++) {
      let code = format << 10;
      for (let bit = 14; bit >= 10; bit--) {
        code ^= (code >> bit) & 1 ? 0x537 << (bit - 10) : 0;
      }
      code = ((format << 10) | code) ^ 0x5412;
      for (const read of copy) {
        let off = 0;
        for (let differs = code ^ read; differs; differs &= differs - 1) {
          off++;
        }
        if (off < least) {
          least = off;
          best = format;
        }
      }
    }
    return best;
  }

  /* Whether a module belongs to a pattern, the format or the version, and carries no data. */
  function isFixed(x, y, size, centres) {
    if (x === 6 || y === 6 || (x < 9 && (y < 9 || y >= size - 8)) || (y < 9 && x >= size - 8)) {
      return true;
    }
    if (size >= 45 && ((x < 6 && y >= size - 11) || (y < 6 && x >= size - 11))) {
      return true;
    }
    const [column, row] = [x, y].map((place) => centres.findIndex((centre) => Math.abs(place - centre) <= 2));
    const last = centres.length - 1;
    return column >= 0 && row >= 0 && (column > 0 || (row > 0 && row < last)) && (row > 0 || column < last);
  }

  function readCodewords(modules, size, mask) {
    const centres = konsaoQrRead.alignments(size);
    const bytes = [];
    let bits = 0;
    let byte = 0;
    for (let right = size - 1; right > 0; right -= right === 8 ? 3 : 2) {
      const up = ((right + 1) & 2) === 0;
      for (let i = 0; i < size; i++) {
        const y = up ? size - 1 - i : i;
        for (const x of [right, right - 1]) {
          if (!isFixed(x, y, size, centres)) {
            byte = (byte << 1) | (modules[y * size + x] ^ (MASKS[mask](x, y) === 0 ? 1 : 0));
            if (++bits % 8 === 0) {
              bytes.push(byte);
              byte = 0;
            }
          }
        }
      }
    }
    return bytes;
  }

  /* Undoes the interleaving, mends each block, and gives the data of all. */
  function readData(codewords, version, level) {
    const checks = CHECKS[level][version];
    const count = BLOCKS[level][version];
    const short = Math.floor(CODEWORDS[version] / count);
    const longs = CODEWORDS[version] % count;
    const data = [];
    for (let n = 0; n < count; n++) {
      const block = [];
      for (let i = 0; i < short - checks; i++) {
        block.push(codewords[i * count + n]);
      }
      if (n >= count - longs) {
        block.push(codewords[(short - checks) * count + n - (count - longs)]);
      }
      for (let i = 0; i < checks; i++) {
        block.push(codewords[CODEWORDS[version] - (checks - i) * count + n]);
      }
      if (!correct(block, checks)) {
        return null;
      }
      data.push(...block.slice(0, -checks));
    }
    return data;
  }

  /* Numbers, letters, bytes and UTF-8 said so; no kanji, no text in several codes. */
  function readText(data, version) {
    let place = 0;
    const left = () => data.length * 8 - place;
    const take = (bits) => {
      let value = 0;
      for (; bits > 0; bits--, place++) {
        value = (value << 1) | ((data[place >> 3] >> (7 - (place & 7))) & 1);
      }
      return value;
    };
    const bytes = [];
    const say = (text) => bytes.push(...Array.from(text, (letter) => letter.charCodeAt(0)));
    while (left() >= 4) {
      const mode = take(4);
      if (mode === 0) {
        break;
      }
      if (mode === 7) {
        if (left() < 8 || take(8) !== 26) {
          return null;
        }
        continue;
      }
      const [narrow, wide, group, groupBits, restBits] = SEGMENTS[mode] || [];
      const bits = version < 10 ? narrow : wide;
      if (!bits || left() < bits) {
        return null;
      }
      let count = take(bits);
      if (left() < Math.floor(count / group) * groupBits + restBits[count % group]) {
        return null;
      }
      for (; count > 0; count -= group) {
        const digits = Math.min(count, group);
        const value = take(digits === group ? groupBits : restBits[digits]);
        if (mode === 4) {
          bytes.push(value);
        } else if (value >= (mode === 1 ? 10 : 45) ** digits) {
          return null;
        } else if (mode === 1) {
          say(String(value).padStart(digits, '0'));
        } else {
          say((digits === 2 ? ALPHANUMERIC[Math.floor(value / 45)] : '') + ALPHANUMERIC[value % 45]);
        }
      }
    }
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(bytes)) || null;
    } catch {
      return null;
    }
  }

  function konsaoQrRead(modules, size) {
    const format = readFormat(modules, size);
    if (format === null) {
      return null;
    }
    const version = (size - 17) / 4;
    const data = readData(readCodewords(modules, size, format & 7), version, format >> 3);
    return data && readText(data, version);
  }

  /* Where the alignment patterns of a code of that size have their centres, along either side. */
  konsaoQrRead.alignments = function (size) {
    return size === 21 ? [] : size < 45 ? [6, size - 7] : [6, (size - 1) / 2, size - 7];
  };

  self.konsaoQrRead = konsaoQrRead;
})();
