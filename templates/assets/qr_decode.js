/* decodeQR({data, width, height}): the text of the QR code in a picture (RGBA, as of a canvas), or null. For browsers
   without BarcodeDetector. Needs qr_read.js. Finds the three finder patterns (the squares in the corners) and the small
   one near the fourth corner, which give the plane that the code lies in, and reads a module at each place of that. */
'use strict';
(function () {
  const BLOCK = 8;

  function greyOf({ data, width, height }) {
    const grey = new Uint8Array(width * height);
    for (let i = 0, j = 0; i < grey.length; i++, j += 4) {
      grey[i] = (data[j] * 77 + data[j + 1] * 150 + data[j + 2] * 29) >> 8;
    }
    return grey;
  }

  /* Each pixel with its eight neighbours: noise lessens. */
  function smooth(grey, width) {
    const soft = grey.slice();
    const across = new Uint16Array(grey.length);
    for (let i = 1; i < grey.length - 1; i++) {
      across[i] = grey[i - 1] + grey[i] + grey[i + 1];
    }
    for (let i = width; i < grey.length - width; i++) {
      soft[i] = (across[i - width] + across[i] + across[i + width]) / 9;
    }
    return soft;
  }

  /* How much darker each pixel is than its surroundings, `reach` blocks to each side. Light that falls unevenly does not matter then. */
  function darknessOf(grey, width, height, reach) {
    const columns = Math.ceil(width / BLOCK);
    const rows = Math.ceil(height / BLOCK);
    const sums = new Float64Array((columns + 1) * (rows + 1));
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const right = Math.min(width, (column + 1) * BLOCK);
        const bottom = Math.min(height, (row + 1) * BLOCK);
        let sum = 0;
        for (let y = row * BLOCK; y < bottom; y++) {
          for (let x = column * BLOCK; x < right; x++) {
            sum += grey[y * width + x];
          }
        }
        const i = (row + 1) * (columns + 1) + column + 1;
        sums[i] = sum / (right - column * BLOCK) / (bottom - row * BLOCK) + sums[i - 1] + sums[i - columns - 1] - sums[i - columns - 2];
      }
    }
    const dark = new Int16Array(width * height);
    for (let row = 0; row < rows; row++) {
      const [top, bottom] = [Math.max(0, row - reach), Math.min(rows, row + reach + 1)].map((one) => one * (columns + 1));
      for (let column = 0; column < columns; column++) {
        const left = Math.max(0, column - reach);
        const right = Math.min(columns, column + reach + 1);
        const sum = sums[bottom + right] - sums[bottom + left] - sums[top + right] + sums[top + left];
        const level = (sum / (right - left) / (bottom - top)) * (columns + 1) * 0.95 - 2;
        const end = Math.min(width, (column + 1) * BLOCK);
        for (let y = row * BLOCK; y < Math.min(height, (row + 1) * BLOCK); y++) {
          for (let x = column * BLOCK; x < end; x++) {
            dark[y * width + x] = level - grey[y * width + x];
          }
        }
      }
    }
    return { dark, width, height };
  }

  /* Dark, light, dark in the proportions 1:1:3:1:1, roughly. */
  function isFinder(runs) {
    const total = runs[0] + runs[1] + runs[2] + runs[3] + runs[4];
    const off = (total / 7) * 0.6 + 0.4;
    return total >= 7 && runs.every((run, i) => run > 0 && Math.abs(run - (total / 7) * (i === 2 ? 3 : 1)) < (i === 2 ? 2 * off : off));
  }

  /* The five runs through a dark pixel in a direction: [how far their middle is from it, their length]; null if they are not a finder's. */
  function cross({ dark, width, height }, x, y, dx, dy, most) {
    const runs = [0, 0, 0, 0, 0];
    const middle = [0, 0];
    for (const way of [1, -1]) {
      let px = x;
      let py = y;
      for (let run = 2; run >= 0 && run <= 4; run += way) {
        let length = 0;
        while (px >= 0 && px < width && py >= 0 && py < height && (dark[py * width + px] > 0) === (run % 2 === 0) && length <= most) {
          length++;
          px += way * dx;
          py += way * dy;
        }
        runs[run] += length;
        middle[way > 0 ? 1 : 0] += length;
      }
    }
    runs[2]--;
    return isFinder(runs) ? [(middle[1] - middle[0]) / 2, runs[0] + runs[1] + runs[2] + runs[3] + runs[4]] : null;
  }

  function addFinder(image, found, x, y, length) {
    const down = cross(image, x, y, 0, 1, length);
    if (!down) {
      return;
    }
    y = Math.round(y + down[0]);
    const along = cross(image, x, y, 1, 0, length);
    if (!along) {
      return;
    }
    x = Math.round(x + along[0]);
    const slant = cross(image, x, y, 1, 1, length);
    if (!slant) {
      return;
    }
    const size = Math.max(along[1], down[1]);
    const same = found.find((one) => Math.hypot(one.x - x, one.y - y) < size / 4);
    if (same) {
      same.x += (x - same.x) / ++same.count;
      same.y += (y - same.y) / same.count;
    } else {
      found.push({ x, y, size, count: 1 });
    }
  }

  function findFinders(image) {
    const { dark, width, height } = image;
    const found = [];
    for (let y = 1; y < height; y += 2) {
      const runs = [0, 0, 0, 0, 0];
      let isDark = false;
      let length = 0;
      for (let x = 0, i = y * width; x <= width; x++, i++) {
        if (x < width && dark[i] > 0 === isDark) {
          length++;
          continue;
        }
        runs.shift();
        runs.push(length);
        if (isDark && isFinder(runs)) {
          addFinder(image, found, x - runs[4] - runs[3] - ((runs[2] + 1) >> 1), y, runs[0] + runs[1] + runs[2] + runs[3] + runs[4]);
        }
        isDark = !isDark;
        length = 1;
      }
    }
    return found.sort((a, b) => b.count - a.count).slice(0, 12);
  }

  /* How long a module is at a finder's middle, in the direction of another: from there to its edge are 3.5, either way. */
  function moduleLength({ dark, width, height }, from, to) {
    const distance = Math.hypot(to.x - from.x, to.y - from.y);
    let total = 0;
    for (const way of [1, -1]) {
      let edges = 0;
      let before = 1;
      let steps = 0;
      for (; edges < 3; steps++) {
        const x = Math.round(from.x + (way * steps * (to.x - from.x)) / distance);
        const y = Math.round(from.y + (way * steps * (to.y - from.y)) / distance);
        if (x < 0 || y < 0 || x >= width || y >= height || steps > distance) {
          return 0;
        }
        const now = dark[y * width + x];
        if (now > 0 !== before > 0 && steps > 0) {
          edges++;
          total += edges === 3 ? steps - now / (now - before) : 0;
        }
        before = now;
      }
    }
    return total / 7;
  }

  /* Three finders as corners: `a` the top left one, `b` right of it, `c` below. How much they look like that: less is better. */
  function shape(a, b, c) {
    const [ux, uy, vx, vy] = [b.x - a.x, b.y - a.y, c.x - a.x, c.y - a.y];
    const [u, v] = [Math.hypot(ux, uy), Math.hypot(vx, vy)];
    const sizes = [a.size, b.size, c.size];
    const spread = Math.max(...sizes) / Math.min(...sizes);
    const slant = Math.abs(ux * vx + uy * vy) / (u * v);
    const modules = ((u + v) * 10.5) / (a.size + b.size + c.size);
    if (ux * vy - uy * vx <= 0 || slant > 0.6 || spread > 2.5 || u > 2 * v || v > 2 * u || modules < 8 || modules > 80) {
      return Infinity;
    }
    return slant + Math.abs(Math.log(u / v)) + Math.log(spread) - Math.log(a.count * b.count * c.count) / 8;
  }

  function corners(found) {
    const all = [];
    for (const a of found) {
      for (const b of found) {
        for (const c of found) {
          const off = a === b || b === c || a === c ? Infinity : shape(a, b, c);
          if (off < Infinity) {
            all.push({ off, a, b, c });
          }
        }
      }
    }
    return all.sort((one, other) => one.off - other.off).slice(0, 6);
  }

  /* A plane: the middles of the three finders in the picture, how much it leans along either side, and how many modules
     there are between the middles. (u, v) in modules from the first middle; gives the place in the picture. */
  function place({ a, b, c, g, h, span }, u, v) {
    u /= span;
    v /= span;
    const w = 1 + g * u + h * v;
    const [rest, right, below] = [(1 - u - v) / w, (u * (1 + g)) / w, (v * (1 + h)) / w];
    return [a.x * rest + b.x * right + c.x * below, a.y * rest + b.y * right + c.y * below];
  }

  /* How dark a module is: nine points of it together. */
  function toneAt({ dark, width, height }, plane, u, v) {
    const [x, y] = place(plane, u, v);
    const [x1, y1] = place(plane, u + 0.25, v);
    const [x2, y2] = place(plane, u, v + 0.25);
    let sum = 0;
    for (let i = -1; i <= 1; i++) {
      for (let j = -1; j <= 1; j++) {
        const px = Math.round(x + i * (x1 - x) + j * (x2 - x));
        const py = Math.round(y + i * (y1 - y) + j * (y2 - y));
        if (px >= 0 && py >= 0 && px < width && py < height) {
          sum += Math.max(-50, Math.min(50, dark[py * width + px]));
        }
      }
    }
    return sum / 9;
  }

  /* How much the picture there looks like a pattern of squares in each other, of which one ring is light: 1 is wholly, 0 by chance. */
  function likeness(image, plane, u, v, reach, light) {
    let agreed = 0;
    let all = 1;
    for (let i = -reach; i <= reach; i++) {
      for (let j = -reach; j <= reach; j++) {
        const tone = toneAt(image, plane, u + i, v + j);
        agreed += Math.max(Math.abs(i), Math.abs(j)) === light ? -tone : tone;
        all += Math.abs(tone);
      }
    }
    return agreed / all;
  }

  /* Looks for the pattern near the fourth corner, and sets the lean so that the corner is where it was found. */
  function settle(image, plane) {
    const { a, b, c, span } = plane;
    const t = (span - 3) / span;
    let best = -Infinity;
    let found = null;
    for (let i = -4; i <= 4; i += 0.5) {
      for (let j = -4; j <= 4; j += 0.5) {
        const like = likeness(image, plane, span - 3 + i, span - 3 + j, 2, 1) - (i * i + j * j) / 200;
        if (like > best) {
          best = like;
          found = place(plane, span - 3 + i, span - 3 + j);
        }
      }
    }
    const [x, y] = found;
    const [gx, gy, hx, hy] = [(b.x - x) * t, (b.y - y) * t, (c.x - x) * t, (c.y - y) * t];
    const [rx, ry] = [x - a.x * (1 - 2 * t) - (b.x + c.x) * t, y - a.y * (1 - 2 * t) - (b.y + c.y) * t];
    const area = gx * hy - gy * hx;
    plane.g = (rx * hy - ry * hx) / area;
    plane.h = (gx * ry - gy * rx) / area;
  }

  /* The code in that plane. When it cannot be read as it is, each module is told from its neighbours, which undoes much of a blur. */
  function readPlane(image, plane) {
    const size = plane.span + 7;
    const tones = Float32Array.from({ length: size * size }, (_, i) => toneAt(image, plane, (i % size) - 3, Math.floor(i / size) - 3));
    const tone = (i) => (i >= 0 && i < tones.length ? tones[i] : 0);
    const sharp = tones.map((one, i) => 8 * one - tone(i - 1) - tone(i + 1) - tone(i - size) - tone(i + size));
    return konsaoQrRead(tones.map((one) => one > 0), size) || konsaoQrRead(sharp.map((one) => one > 0), size);
  }

  function readAt(image, { a, b, c }) {
    const [ab, ba, ac, ca] = [[a, b], [b, a], [a, c], [c, a]].map(([from, to]) => moduleLength(image, from, to));
    if (!(ab * ba * ac * ca > 0)) {
      return null;
    }
    const [across, down] = [Math.hypot(b.x - a.x, b.y - a.y) / Math.sqrt(ab * ba), Math.hypot(c.x - a.x, c.y - a.y) / Math.sqrt(ac * ca)];
    const version = ((across + down) / 2 - 10) / 4;
    if (across > 1.3 * down || down > 1.3 * across) {
      return null;
    }
    const nearest = Math.round(version);
    for (const one of [nearest, version > nearest ? nearest + 1 : nearest - 1]) {
      const plane = { a, b, c, span: 10 + one * 4, g: Math.sqrt(ab / ba) - 1, h: Math.sqrt(ac / ca) - 1 };
      const corners = [[0, 0], [plane.span, 0], [0, plane.span]];
      if (one < 1 || one > 10 || corners.some(([u, v]) => likeness(image, plane, u, v, 3, 2) < 0.3)) {
        continue;
      }
      if (one > 1) {
        settle(image, plane);
      }
      const text = readPlane(image, plane);
      if (text) {
        return text;
      }
    }
    return null;
  }

  /* The picture as it is; without its noise; with larger surroundings, for a code that fills the picture. */
  self.decodeQR = function (picture) {
    const { width, height } = picture;
    let grey = greyOf(picture);
    for (const [pass, share] of [16, 16, 6].entries()) {
      grey = pass === 1 ? smooth(grey, width) : grey;
      const image = darknessOf(grey, width, height, Math.ceil(Math.max(width, height) / BLOCK / share));
      for (const three of corners(findFinders(image))) {
        const text = readAt(image, three);
        if (text) {
          return text;
        }
      }
    }
    return null;
  };
})();
