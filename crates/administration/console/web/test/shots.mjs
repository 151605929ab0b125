// node test/shots.mjs FOLDER [PAGE...]: pictures of the pages at desktop and phone width, light and dark.

import { mkdirSync } from 'node:fs';

import { startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { PAGES } from './lib/pages.mjs';

const [folder = 'shots', ...only] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const mock = await startMock();
const browser = await open();
for (const [size, viewport] of Object.entries({
  desktop: { width: 1280, height: 860 },
  phone: { width: 360, height: 780 },
})) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({
      viewport,
      colorScheme,
      hasTouch: size === 'phone',
      isMobile: size === 'phone',
    });
    const page = await context.newPage();
    page.on('dialog', (dialog) => dialog.accept());
    page.on(
      'console',
      (message) =>
        message.type() === 'error' &&
        !message.location().url.includes('/v1/') &&
        process.stderr.write(`${message.text()}\n`),
    );
    page.on('pageerror', (error) => process.stderr.write(`${error}\n`));
    for (const [name, path, prepare] of PAGES) {
      if (only.length && !only.some((word) => name.includes(word))) continue;
      await page.goto(mock.origin + (typeof path === 'function' ? path(mock) : path));
      await page.locator('h1').waitFor();
      await page.waitForFunction(() => !document.querySelector('.loading'));
      await prepare?.(page);
      await page.waitForTimeout(150);
      await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png`, fullPage: true });
    }
    await context.close();
  }
}
await browser.close();
await mock.stop();
