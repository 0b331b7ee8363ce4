// The decoder for browsers without BarcodeDetector, on codes that libqrencode made: as a hand-held phone sees them, and hostile ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decoder, dice, encode, photograph, picture } from '../lib/qr.mjs';

const { decodeQR, konsaoQrRead } = decoder();
const url = 'https://id.example.gov.kh/q/8vJf0c2Q1mXc0Kp7wQmZ9A.17.Zk3v0s8Yw1Qe5rT7uI9oPQ';
const code = encode(url);
const flat = (modules) => Uint8Array.from(modules.flat());
const read = (modules) => konsaoQrRead(flat(modules), modules.length);

const bits = (...fields) => fields.map(([value, count]) => value.toString(2).padStart(count, '0')).join('');

/** The 26 codewords of a code of version 1, level L, with these data bits: the rest of the division by the generator of seven roots comes behind. */
function codewords(data) {
  const bytes = [];
  for (let padded = (data + '0000').padEnd(Math.ceil((data.length + 4) / 8) * 8, '0'), i = 0; bytes.length < 19; i += 8)
    bytes.push(i < padded.length ? parseInt(padded.slice(i, i + 8), 2) : (i - padded.length) % 16 ? 17 : 236);
  const power = [1];
  for (let i = 1; i < 255; i++) power.push((power[i - 1] << 1) ^ (power[i - 1] > 127 ? 0x11d : 0));
  const times = (a, b) => (a && b ? power[(power.indexOf(a) + power.indexOf(b)) % 255] : 0);
  const generator = power.slice(0, 7).reduce((made, root) => [...made, 0].map((factor, i) => factor ^ times(i ? made[i - 1] : 0, root)), [1]);
  const rest = [...bytes, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < 19; i++) for (let j = 7, lead = rest[i]; j >= 0; j--) rest[i + j] ^= times(generator[j], lead);
  return [...bytes, ...rest.slice(19)];
}

/** A code of version 1 with these data bits: qrencode's of another text, with the modules turned over in which the two differ. */
function smallest(data) {
  const modules = encode('id', ['-8', '-l', 'L', '-v', '1']);
  const [was, is] = [codewords(bits([4, 4], [2, 8], [0x69, 8], [0x64, 8])), codewords(data)];
  const differs = Array.from(was, (byte, i) => bits([byte ^ is[i], 8])).join('');
  let place = 0;
  for (const right of [20, 18, 16, 14, 12, 10, 8, 5, 3, 1])
    for (let i = 0; i < 21; i++)
      for (const x of [right, right - 1]) {
        const y = (right + 1) & 2 ? i : 20 - i;
        if (x !== 6 && y !== 6 && !(x < 9 && (y < 9 || y > 12)) && !(y < 9 && x > 12)) modules[y][x] ^= Number(differs[place++]);
      }
  assert.equal(place, 208);
  return modules;
}

/** How many of `count` pictures are read; none of them as something else. */
function readOf(count, view, modules = code, text = url) {
  let good = 0;
  for (let i = 0; i < count; i++) {
    const found = decodeQR(photograph(modules, { seed: i, ...view(i) }));
    assert.ok(found === text || found === null, `read as ${found}`);
    good += found === text;
  }
  return good;
}

test('a code is read at any rotation', () => assert.equal(readOf(12, (i) => ({ angle: i * 30 + 7 })), 12));

test('a code is read from small to filling the picture', () =>
  assert.equal(readOf(5, (i) => ({ module: [2.5, 3, 4, 6, 8][i], angle: 5 })), 5));

test('a code is read at a slant, to any side', () =>
  assert.equal(readOf(9, (i) => ({ tilt: [0, 25, 40][i % 3] * (i % 2 ? 1 : -1), turn: [35, -20, 0, 15][i % 4], angle: i * 40 })), 9));

test('a large code is read at a slant to two sides, by the pattern near its fourth corner', () => {
  const text = 'https://id.example.gov.kh/'.padEnd(220, 'x');
  assert.equal(readOf(1, () => ({ width: 500, height: 400, tilt: 30, turn: 30, angle: 45 }), encode(text), text), 1);
});

test('a code is read when blurred, noisy, pale, or half in shade', () => {
  const views = [{ blur: 1 }, { blur: 2 }, { blur: 2.3 }, { blur: 3, module: 6.5 }, { noise: 50 }, { noise: 40, dark: 80, light: 160 }, { dark: 100, light: 150 }, { dark: 60, light: 95, noise: 6 },
    { shade: 0.85 }, { shade: 0.85, angle: 140 }, { glare: 120 }];
  for (const view of views) assert.equal(readOf(1, () => view), 1, JSON.stringify(view));
});

test('a code is read as a hand holds the phone: all of that at once, nine times of ten', () => {
  const random = dice(7);
  const view = () => ({ angle: 360 * random(), tilt: 50 * random() - 25, turn: 50 * random() - 25, module: 4 + 2 * random(), blur: 1.2 * random(), noise: 30 * random(),
    shade: 0.6 * random(), shift: [60 * random() - 30, 40 * random() - 20] });
  assert.ok(readOf(20, view) >= 18);
});

test('every version from 1 to 10 is read, at every level, from the picture', () => {
  for (const [i, level] of ['L', 'M', 'Q', 'H', 'L', 'M', 'Q', 'H', 'L', 'M'].entries()) {
    const text = `https://x.kh/${level}`;
    const modules = encode(text, ['-8', '-l', level, '-v', String(i + 1)]);
    assert.ok(modules.length >= 17 + 4 * (i + 1));
    assert.equal(readOf(1, () => ({ module: 200 / modules.length, angle: 45 - 9 * i }), modules, text), 1, `version ${i + 1}`);
  }
});

test('every version and level is read from its modules, filled to the brim', () => {
  for (const level of ['L', 'M', 'Q', 'H'])
    for (const length of [5, 11, 20, 32, 44, 60, 78, 98, 119, 140, 152]) {
      const text = 'ab/Z'.repeat(38).slice(0, length);
      const modules = encode(text, ['-8', '-l', level]);
      if (modules.length <= 57) assert.equal(read(modules), text, `${level} ${length}`);
    }
});

test('every version is laid out as the standard says, at every level', () => {
  for (const level of ['L', 'M', 'Q', 'H'])
    for (let version = 1; version <= 10; version++) {
      const modules = encode('id.kh', ['-8', '-l', level, '-v', String(version)]);
      assert.equal(modules.length, 17 + 4 * version);
      assert.equal(read(modules), 'id.kh', `${version}-${level}`);
    }
});

test('numbers, letters, bytes and UTF-8 are read, also in one code', () => {
  for (const text of ['7', '42', '0123456789012', 'A', 'KONSAO $%*+-./: 7', 'HTTPS://ID.KH/12345678901234567890abc', 'ភាសាខ្មែរ'])
    for (const options of [['-l', 'M'], ['-l', 'M', '-v', '10']]) assert.equal(read(encode(text, options)), text);
  assert.equal(read(encode('AC-42', ['-i'])), 'AC-42');
});

test('segments as they should not be: UTF-8 said so is read; other character sets, and counts and groups that cannot be, are not', () => {
  const byte = (text, count = text.length) => bits([4, 4], [count, 8], ...Array.from(text, (letter) => [letter.charCodeAt(0), 8]));
  assert.equal(read(smallest(byte('kh'))), 'kh');
  assert.equal(read(smallest(bits([7, 4], [26, 8]) + byte('kh'))), 'kh', 'UTF-8');
  assert.equal(read(smallest(bits([7, 4], [3, 8]) + byte('kh'))), null, 'ISO 8859-1');
  assert.equal(read(smallest(bits([1, 4], [3, 10], [999, 10]) + byte('k'))), '999k');
  assert.equal(read(smallest(bits([1, 4], [3, 10], [1000, 10]))), null, 'no three digits');
  assert.equal(read(smallest(bits([2, 4], [2, 9], [2024, 11]))), '::');
  assert.equal(read(smallest(bits([2, 4], [2, 9], [2025, 11]))), null, 'no two letters');
  assert.equal(read(smallest(byte('kh', 18))), null, 'more than there is room for');
  for (const mode of [3, 5, 6, 8, 9, 15]) assert.equal(read(smallest(byte('kh') + bits([mode, 4]))), null, `mode ${mode}`);
  assert.equal(read(smallest(bits([0, 4]))), null, 'nothing');
});

test('kanji and a text in several codes are not read; nor are bytes that are no UTF-8', () => {
  assert.equal(read(encode(Buffer.from([0x93, 0x5f, 0xe4, 0xaa]), ['-k'])), null);
  assert.equal(read(encode(Buffer.from([0xff, 0xfe, 0x41]), ['-8'])), null);
});

test('as many damaged codewords as the level can mend are mended; more give nothing, and never another text', () => {
  for (const level of ['L', 'M', 'Q', 'H']) {
    const modules = encode(url, ['-8', '-l', level]);
    const random = dice(3);
    let mended = 0;
    for (let damage = 0; damage <= 60; damage++) {
      const worn = modules.map((row) => row.slice());
      // from the middle, where there is data alone
      for (let n = 0; n < damage; n++) worn[10 + Math.floor(random() * (modules.length - 20))][10 + Math.floor(random() * (modules.length - 20))] ^= 1;
      const found = read(worn);
      assert.ok(found === url || found === null);
      mended += found === url;
    }
    assert.ok(mended >= { L: 4, M: 8, Q: 12, H: 15 }[level], `${level}: ${mended}`);
  }
});

test('format bits: three wrong ones in both copies are mended; with all of them wrong nothing is read', () => {
  const size = code.length;
  const spots = [...Array.from({ length: 6 }, (_, i) => [[8, i], [size - 1 - i, 8]]), [[8, 7], [size - 7, 8]], [[8, 8], [size - 8, 8]],
    ...Array.from({ length: 7 }, (_, i) => [[i < 1 ? 7 : 6 - i, 8], [8, size - 7 + i]])];
  const flip = (which) => {
    const worn = code.map((row) => row.slice());
    for (const i of which) for (const [x, y] of spots[i]) worn[y][x] ^= 1;
    return read(worn);
  };
  assert.equal(flip([0, 5, 11]), url);
  assert.equal(flip([0, 2, 4, 6, 8, 10, 12, 14]), null);
});

test('what is no code gives nothing, soon: noise, stripes, squares everywhere, one colour, tiny and odd sizes', () => {
  const random = dice(5);
  const coarse = (size) => {
    const tones = Array.from({ length: 90000 }, () => (random() < 0.5 ? 20 : 230));
    return picture(640, 480, (x, y) => tones[Math.floor(x / size) + 300 * Math.floor(y / size)]);
  };
  const squares = (x, y) => {
    const ring = Math.max(Math.abs((x % 36) - 18), Math.abs((y % 36) - 18));
    return ring < 6 || (ring >= 10 && ring < 14) ? 0 : 255;
  };
  const pictures = [picture(640, 480, () => 255 * random()), picture(640, 480, () => 120 + 50 * random()), coarse(3), coarse(4), coarse(7), picture(640, 480, squares),
    picture(640, 480, (x) => (x & 8 ? 255 : 0)), picture(640, 480, () => 255), picture(640, 480, () => 0), ...[[0, 0], [1, 1], [3, 2], [7, 300]].map(([width, height]) => picture(width, height, () => 9))];
  for (const one of pictures) {
    const before = process.cpuUsage();
    assert.equal(decodeQR(one), null);
    const { user } = process.cpuUsage(before);
    assert.ok(user < 1e6, `${user / 1000} ms`); // the first calls are slow ones: the compiler has not seen the code yet
  }
});

test('a code with a broken corner, cut off or in two pieces gives nothing', () => {
  const whole = photograph(code);
  const erase = (from, to) => ({ ...whole, data: whole.data.map((value, i) => {
    const [x, y] = [Math.floor(i / 4) % whole.width, Math.floor(i / 4 / whole.width)];
    return x >= from[0] && x < to[0] && y >= from[1] && y < to[1] ? 220 : value;
  }) });
  assert.equal(decodeQR(whole), url);
  assert.equal(decodeQR(erase([110, 60], [155, 105])), null);
  assert.equal(decodeQR(erase([200, 0], [400, 300])), null);
  assert.equal(decodeQR(erase([0, 130], [400, 185])), null);
});

test('changed pictures and changed modules never throw, and never give another text', () => {
  const random = dice(11);
  const whole = photograph(code, { width: 320, height: 240, module: 4 });
  for (let n = 0; n < 40; n++) {
    const data = whole.data.slice();
    const [left, top, side] = [random() * 300, random() * 220, random() * 120];
    for (let y = Math.floor(top); y < Math.min(240, top + side); y++)
      for (let x = Math.floor(left); x < Math.min(320, left + side); x++) data.fill(255 * random(), (y * 320 + x) * 4, (y * 320 + x) * 4 + 3);
    assert.ok([url, null].includes(decodeQR({ ...whole, data })));
  }
  for (let n = 0; n < 300; n++) {
    const size = 17 + 4 * (1 + Math.floor(random() * 10));
    konsaoQrRead(Uint8Array.from({ length: size * size }, () => (random() < 0.5 ? 1 : 0)), size);
  }
});

test('a picture of 640 by 480 takes few milliseconds, with a code and without', () => {
  const views = [photograph(code, { width: 640, height: 480, module: 7, angle: 20, tilt: 15, blur: 1, noise: 10 }), picture(640, 480, (x, y) => 128 + 100 * Math.sin(x / 9) * Math.sin(y / 7))];
  for (const view of views) {
    for (let i = 0; i < 10; i++) decodeQR(view);
    const before = process.cpuUsage();
    for (let i = 0; i < 10; i++) decodeQR(view);
    const { user } = process.cpuUsage(before);
    assert.ok(user / 10 < 40e3, `${user / 1e4} ms`);
  }
});
