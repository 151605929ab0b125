// Every page that Gatewright itself serves, looked at by axe at desktop and phone width, light and dark.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { violations } from './lib/axe.mjs';
import { DESKTOP, PHONE, Person, launch } from './lib/browser.mjs';
import { startDemo } from './lib/gateway.mjs';

describe('accessibility', () => {
  let gateway, browser, ana, bo, nobody;

  before(async () => {
    gateway = await startDemo();
    browser = await launch();
    nobody = await Person.arrive(browser, { name: 'nobody', passkeys: false });
    ana = await Person.arrive(browser, { name: 'ana' });
    await ana.open(gateway.printedLink('ana'));
    await ana.press('Sign in');
    bo = await Person.arrive(browser, { name: 'bo' });
    await bo.open(gateway.printedLink('bo'));
    await bo.press('Sign in');
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  async function clean(person, name) {
    for (const viewport of [DESKTOP, PHONE]) {
      for (const colorScheme of ['light', 'dark']) {
        await person.page.setViewportSize(viewport);
        await person.page.emulateMedia({ colorScheme });
        assert.deepEqual(await violations(person.page), [], `${name} at ${viewport.width} px, ${colorScheme}`);
        const overflow = await person.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${name} is ${overflow} px too wide at ${viewport.width} px`);
      }
    }
    await person.pictures(`page-${name}`);
  }

  const pages = [
    ['sign-in', () => nobody, () => `${gateway.site('auth')}/sign-in`],
    ['sign-in-for-an-app', () => nobody, () => `${gateway.site('wiki')}/`],
    ['link', () => nobody, () => gateway.link('bo')],
    ['link-unknown', () => nobody, () => `${gateway.site('auth')}/link/AAAAAAAAAAAAAAAAAAAAAA`],
    ['portal', () => ana, () => `${gateway.site('portal')}/`],
    ['history', () => bo, async () => {
      await bo.open(`${gateway.site('payroll')}/`);
      return `${gateway.site('portal')}/history`;
    }],
    ['break-glass', () => nobody, () => `${gateway.site('auth')}/break-glass`],
    ['refused-with-a-way', () => ana, () => `${gateway.site('payroll')}/`],
    ['refused-without-a-way', () => bo, () => `${gateway.site('payroll')}/`],
    ['account', () => ana, () => `${gateway.site('auth')}/`],
    ['account-of-a-guest', () => bo, () => `${gateway.site('auth')}/`],
    ['verify', () => ana, () => `${gateway.site('verify')}/`],
    ['wiki', () => ana, () => `${gateway.site('wiki')}/`],
    ['reports', () => bo, () => `${gateway.site('reports')}/`],
    ['sign-out', () => bo, () => `${gateway.site('auth')}/sign-out`],
    ['not-found', () => nobody, () => `${gateway.site('auth')}/no-such-page`],
    ['no-such-app', () => nobody, () => `${gateway.site('nothing')}/`],
  ];
  for (const [name, person, url] of pages) {
    test(`the page "${name}" is clean and fits`, async () => {
      await person().open(await url());
      await clean(person(), name);
    });
  }

  test('the pages of adding a passkey and of confirming are clean and fit', async () => {
    await ana.open(`${gateway.site('payroll')}/`);
    await ana.press('Add a passkey');
    await clean(ana, 'enrol');
    await ana.page.getByRole('button', { name: /add|create/i }).first().click();
    await ana.page.waitForURL(`${gateway.site('payroll')}/**`);
    await clean(ana, 'payroll');
    await ana.open(`${gateway.site('auth')}/`);
    await clean(ana, 'account-with-passkey');
    const later = await Person.arrive(browser, { name: 'ana, later' });
    await later.takePasskey((await ana.passkeys())[0]);
    await later.open(await gateway.link('ana'));
    await later.press('Sign in');
    await later.open(`${gateway.site('payroll')}/`);
    await clean(later, 'refused-with-confirm');
    await later.press('Confirm');
    await clean(later, 'confirm');
  });
});
