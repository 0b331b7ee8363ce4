// Pictures of QR codes as a hand-held phone sees them, made from what libqrencode (Debian's qrencode) draws; and our own decoder, loaded as a page loads it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import { root } from './servers.mjs';

/** decodeQR and konsaoQrRead, from templates/assets: classic scripts, with this process as their page (they run at full speed that way). */
export function decoder() {
  globalThis.self = globalThis;
  for (const name of ['qr_read', 'qr_decode']) runInThisContext(readFileSync(join(root, `templates/assets/${name}.js`), 'utf8'), `${name}.js`);
  return globalThis;
}

/** The text of a QR code drawn by us. */
export function readSvg(svg) {
  const size = Number(svg.match(/viewBox="0 0 (\d+) /)[1]);
  const rows = Array.from({ length: size }, () => new Uint8Array(size));
  let x = 0, y = 0;
  for (const [, command, a, b] of svg.match(/stroke="#000" d="([^"]*)"/)[1].matchAll(/([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?/g)) {
    if (command === 'M') [x, y] = [Number(a), Math.floor(Number(b))];
    else if (command === 'm') x += Number(a);
    else for (const end = x + Number(a); x < end; x++) rows[y][x] = 1;
  }
  const dark = rows.findIndex((row) => row.includes(1));
  const modules = rows.slice(dark, size - dark).map((row) => [...row.slice(dark, size - dark)]);
  return decoder().konsaoQrRead(modules.flat(), modules.length);
}

/** The modules of a code, rows of 0 and 1 without the quiet zone. `options`: of qrencode. */
export function encode(text, options = ['-l', 'L', '-8']) {
  const drawn = execFileSync('qrencode', ['-t', 'ASCII', '-m', '0', '-o', '-', ...options], { input: Buffer.from(text), encoding: 'latin1' });
  return drawn.split('\n').filter(Boolean).map((line) => Array.from({ length: line.length / 2 }, (_, x) => (line[2 * x] === '#' ? 1 : 0)));
}

/** The same numbers each time, between 0 and 1. */
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A camera's picture of a code. angle, tilt and turn in degrees; module: pixels of a module where the code is level; blur: radius in pixels, done twice;
 *  noise: most a value may be off; dark and light: the two tones; shade: how much darker the far side is (0 to 1); glare: a bright spot. */
export function photograph(modules, { width = 400, height = 300, angle = 0, tilt = 0, turn = 0, module = 5, blur = 0, noise = 0, dark = 30, light = 220, shade = 0, glare = 0, shift = [0, 0], seed = 1 } = {}) {
  const size = modules.length;
  const [[a, b, c], [d, e, f], [g, h, k]] = inverse(camera({ width, height, angle, tilt, turn, module, shift }));
  let grey = new Float32Array(width * height);
  const tone = (x, y) => {
    const w = g * x + h * y + k;
    const u = Math.floor((a * x + b * y + c) / w + size / 2);
    const v = Math.floor((d * x + e * y + f) / w + size / 2);
    if (u >= 0 && v >= 0 && u < size && v < size) return modules[v][u] ? dark : light;
    return u >= -4 && v >= -4 && u < size + 4 && v < size + 4 ? light : 90 + 60 * Math.sin(x / 17) * Math.sin(y / 23);
  };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (const dx of [0.25, 0.75]) for (const dy of [0.25, 0.75]) sum += tone(x + dx, y + dy);
      grey[y * width + x] = sum / 4;
    }
  for (let n = 0; n < 2 && blur > 0; n++) grey = blurred(blurred(grey, width, height, blur, true), width, height, blur, false);
  const random = dice(seed);
  return picture(width, height, (x, y) => {
    const lit = grey[y * width + x] * (1 - (shade * (x + y)) / (width + height)) + glare * Math.exp(-((x - width / 2) ** 2 + (y - height / 2.5) ** 2) / 9000);
    return lit + noise * (2 * random() - 1);
  });
}

/** An RGBA picture of what `tone` says of each pixel. */
export function picture(width, height, tone) {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0, y = 0; y < height; y++)
    for (let x = 0; x < width; x++, i += 4) {
      data[i] = data[i + 1] = data[i + 2] = tone(x, y);
      data[i + 3] = 255;
    }
  return { data, width, height };
}

/** The 3×3 matrix from modules (the code's middle is 0, 0) to pixels. */
function camera({ width, height, angle, tilt, turn, module, shift }) {
  const [a, t, s] = [angle, tilt, turn].map((degrees) => (degrees * Math.PI) / 180);
  const distance = (0.85 * width) / module; // in modules: a phone's lens sees about 60 degrees
  const rows = [
    [Math.cos(s) * Math.cos(a), -Math.cos(s) * Math.sin(a)],
    [Math.cos(t) * Math.sin(a) + Math.sin(t) * Math.sin(s) * Math.cos(a), Math.cos(t) * Math.cos(a) - Math.sin(t) * Math.sin(s) * Math.sin(a)],
    [Math.sin(t) * Math.sin(a) - Math.cos(t) * Math.sin(s) * Math.cos(a), Math.sin(t) * Math.cos(a) + Math.cos(t) * Math.sin(s) * Math.sin(a)],
  ];
  const [cx, cy] = [width / 2 + shift[0], height / 2 + shift[1]];
  const focus = module * distance;
  return [
    [focus * rows[0][0] + cx * rows[2][0], focus * rows[0][1] + cx * rows[2][1], cx * distance],
    [focus * rows[1][0] + cy * rows[2][0], focus * rows[1][1] + cy * rows[2][1], cy * distance],
    [rows[2][0], rows[2][1], distance],
  ];
}

function inverse([[a, b, c], [d, e, f], [g, h, i]]) {
  return [[e * i - f * h, c * h - b * i, b * f - c * e], [f * g - d * i, a * i - c * g, c * d - a * f], [d * h - e * g, b * g - a * h, a * e - b * d]];
}

function blurred(grey, width, height, radius, across) {
  const out = new Float32Array(grey.length);
  const whole = Math.ceil(radius);
  const weights = Array.from({ length: 2 * whole + 1 }, (_, i) => Math.max(0, Math.min(1, radius + 1 - Math.abs(i - whole))));
  const total = weights.reduce((sum, one) => sum + one);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let i = -whole; i <= whole; i++) {
        const px = across ? Math.max(0, Math.min(width - 1, x + i)) : x;
        const py = across ? y : Math.max(0, Math.min(height - 1, y + i));
        sum += weights[i + whole] * grey[py * width + px];
      }
      out[y * width + x] = sum / total;
    }
  return out;
}
