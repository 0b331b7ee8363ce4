// The pictures of docs/guide.md: made anew by KONSAO_GUIDE=docs/images/guide, and in every run held against the steps that there are.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sizes } from './chromium.mjs';
import { root } from './servers.mjs';

const folder = process.env.KONSAO_GUIDE && resolve(root, process.env.KONSAO_GUIDE);
const taken = new Set();

const file = (step, lang, size) => `${step}-${lang}-${size}.webp`;

/** One step, as it is on the page now: a picture of it at each size. */
export async function picture(page, step, lang) {
  for (const size of Object.keys(sizes)) taken.add(file(step, lang, size));
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const was = page.viewportSize();
  page.cdp ??= await page.context().newCDPSession(page); // a phone's must stay: its passkeys go with it
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    await page.evaluate(() => document.fonts.ready.then(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))));
    const { data } = await page.cdp.send('Page.captureScreenshot', { format: 'webp', quality: 60 });
    writeFileSync(join(folder, file(step, lang, size)), Buffer.from(data, 'base64'));
  }
  await page.setViewportSize(was);
}

/** What is wrong with the guide: pictures that no step makes, steps without one, and pictures that it does not show. */
export function faultsOfGuide() {
  const kept = new Set(readdirSync(join(root, 'docs/images/guide')));
  const guide = readFileSync(join(root, 'docs/guide.md'), 'utf8');
  const shown = new Set([...guide.matchAll(/images\/guide\/([\w-]+\.webp)/g)].map(([, name]) => name));
  return [
    ...[...taken].filter((name) => !kept.has(name)).map((name) => `no picture ${name}`),
    ...[...kept].filter((name) => !taken.has(name)).map((name) => `no step makes ${name}`),
    ...[...kept].filter((name) => !shown.has(name)).map((name) => `docs/guide.md does not show ${name}`),
    ...[...shown].filter((name) => !kept.has(name)).map((name) => `docs/guide.md shows ${name}, which is not there`),
  ];
}
