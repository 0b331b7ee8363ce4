// Debian's Chromium, driven by playwright-core.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { atEnd } from './cleanup.mjs';
import { root } from './servers.mjs';

export const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };

/** Starts the browser, and closes it after the file's tests. */
export async function startChromium(...more) {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', ...more],
  });
  atEnd(() => browser.close());
  return browser;
}

/** A new person's browser (`more`: of newContext). `failures` collects what a page should never do: load from elsewhere, break the CSP, throw. */
export async function newPage(browser, { size = 'desktop', scripts = true, home, ...more } = {}) {
  const context = await browser.newContext({ viewport: sizes[size], javaScriptEnabled: scripts, ...more });
  const page = await context.newPage();
  page.failures = [];
  page.on('pageerror', (error) => page.failures.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && !/status of [45]\d\d/.test(message.text()) && page.failures.push(message.text()));
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && !['localhost', '127.0.0.1'].includes(hostname)) page.failures.push(`loads ${request.url()}`);
  });
  if (home) await page.goto(home);
  return page;
}

/** From the first page's code for a phone, where that is shown, to the form for the number. */
export async function chooseNumber(page) {
  await page.locator('#kidc').waitFor({ state: 'attached' });
  await page.waitForLoadState(); // the page's script decides what is shown
  const other = page.locator('[data-to=number]');
  if (await other.isVisible()) await other.click();
}

/** Keeps a picture under build/screenshots, for the eye. */
export async function shoot(page, name) {
  const folder = join(root, 'build/screenshots');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** What a screen reader and a keyboard need of every page: one h1, a language, labelled inputs, named buttons, a way on, no sideways scrolling, big enough targets. */
export async function checkPage(page) {
  const faults = await page.evaluate(() => {
    const found = [];
    const visible = (element) => { const box = element.getBoundingClientRect(); return box.width > 1 && box.height > 1; };
    if ([...document.querySelectorAll('h1')].filter(visible).length !== 1) found.push('not one h1');
    if (!['km', 'en'].includes(document.documentElement.lang)) found.push(`lang is ${document.documentElement.lang}`);
    if (!document.title.trim()) found.push('no title');
    if (document.documentElement.scrollWidth > innerWidth + 1) found.push(`scrolls sideways: ${document.documentElement.scrollWidth} > ${innerWidth}`);
    for (const input of document.querySelectorAll('input:not([type=hidden])'))
      if (!input.labels?.length && !input.ariaLabel && !input.getAttribute('aria-labelledby')) found.push(`no label: ${input.name}`);
    for (const button of document.querySelectorAll('button, a.button')) {
      if (!visible(button)) continue;
      if (!button.textContent.trim() && !button.ariaLabel) found.push(`no name: ${button.outerHTML}`);
      const box = button.getBoundingClientRect();
      if (box.height < 24 || box.width < 24) found.push(`small target: ${button.textContent.trim()} ${box.width}×${box.height}`);
    }
    for (const described of document.querySelectorAll('[aria-describedby], [aria-labelledby]'))
      for (const name of ['aria-describedby', 'aria-labelledby'])
        for (const id of (described.getAttribute(name) ?? '').split(/\s+/).filter(Boolean))
          if (!document.getElementById(id)) found.push(`${name} points at nothing: ${id}`);
    if (!document.querySelector('form button, main a')) found.push('a dead end');
    return found;
  });
  return [...faults, ...page.failures];
}
