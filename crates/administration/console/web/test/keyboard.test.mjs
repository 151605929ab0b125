// The console by keyboard alone.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { PHONE, Visitor } from './lib/visit.mjs';

describe('by keyboard alone', () => {
  let mock, browser, visitor;
  before(async () => {
    mock = await startMock({ rate: 20 });
    browser = await open();
  });
  after(async () => {
    await browser?.close();
    await mock?.stop();
  });
  beforeEach(async () => {
    visitor = await Visitor.arrive(browser, mock);
  });
  afterEach(async () => {
    assert.deepEqual(visitor.errors, []);
    await visitor.leave();
  });

  const press = (...keys) =>
    keys.reduce((before, key) => before.then(() => visitor.page.keyboard.press(key)), Promise.resolve());

  async function tabTo(pattern, most = 40) {
    const seen = [];
    for (let n = 0; n < most; n += 1) {
      await press('Tab');
      const now = await visitor.focused();
      if (pattern.test(now)) return;
      seen.push(now);
    }
    assert.fail(`nothing like ${pattern} among: ${seen.join(' | ')}`);
  }

  test('the first stop leads past the navigation, the next through the places in their order', async () => {
    await visitor.open('/');
    await press('Tab');
    assert.equal(await visitor.focused(), 'a: Skip to the content');
    const stops = [];
    for (let n = 0; n < 12; n += 1) {
      await press('Tab');
      stops.push(await visitor.focused());
    }
    assert.deepEqual(stops.slice(0, 5), ['a: Gatewright', stops[1], 'a: Overview', 'a: People', 'a: Groups']);
    assert.match(stops[1], /^button: Find/);
  });

  test('going to another page moves the focus to its heading and names it in the title', async () => {
    await visitor.open('/');
    await tabTo(/^a: Policies$/);
    await press('Enter');
    await visitor.page.getByRole('heading', { level: 1, name: 'Policies' }).waitFor();
    assert.equal(await visitor.focused(), 'h1: Policies');
    assert.equal(await visitor.page.title(), 'Policies · Gatewright');
    await visitor.page.goBack();
    await visitor.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    assert.equal(await visitor.focused(), 'h1: Overview');
  });

  test('a few letters lead to a person, an app or a policy', async () => {
    await visitor.open('/');
    for (const [letters, name, heading] of [
      ['dmitri', /Dmitri Ruiz/, 'Dmitri Ruiz'],
      ['payroll', /Payroll/, 'Payroll'],
      ['reports-need', /reports-need/, 'reports-need-a-fresh-sign-in'],
    ]) {
      await press('Control+k');
      await visitor.page.getByRole('combobox').fill(letters);
      const option = visitor.page.getByRole('option', { name }).first();
      await option.waitFor();
      while ((await option.getAttribute('aria-selected')) !== 'true') await press('ArrowDown');
      await press('Enter');
      await visitor.page.getByRole('heading', { level: 1, name: heading }).waitFor();
      assert.equal(await visitor.dialog().count(), 0);
      assert.equal((await visitor.focused()).toLowerCase(), `h1: ${heading.toLowerCase()}`);
    }
  });

  test('on a phone the menu leads to a page and gives it the focus', async () => {
    await visitor.page.setViewportSize(PHONE);
    await visitor.open('/');
    await tabTo(/^button: Menu$/);
    await press('Enter');
    await visitor.dialog().waitFor();
    assert.deepEqual(await visitor.violations(), []);
    await tabTo(/^a: Groups$/);
    await press('Enter');
    await visitor.page.getByRole('heading', { level: 1, name: 'Groups' }).waitFor();
    await visitor.dialog().waitFor({ state: 'detached' });
    assert.equal(await visitor.focused(), 'h1: Groups');
  });

  test('escape closes what was opened and gives the focus back', async () => {
    await visitor.open('/people/carla');
    await tabTo(/^button: Disable$/);
    await press('Enter');
    await visitor.dialog().waitFor();
    await visitor.page.getByText(/Ends \d+ sessions? and \d+ open leases? at once/).waitFor();
    await press('Escape');
    await visitor.dialog().waitFor({ state: 'detached' });
    assert.equal(await visitor.focused(), 'button: Disable');
  });

  test('the live list is one stop, and the arrows move through its rows', async () => {
    await visitor.open('/decisions?outcome=deny');
    await visitor.page.locator('.live-row a').nth(3).waitFor();
    await tabTo(/^div: Live decisions/);
    await press('Tab');
    const place = () =>
      visitor.page.evaluate(() => Number(document.activeElement.closest('[aria-rowindex]')?.ariaRowIndex));
    assert.equal(await place(), 1);
    await press('ArrowDown', 'ArrowDown', 'ArrowUp');
    assert.equal(await place(), 2);
    await press('Tab');
    assert.ok(Number.isNaN(await place()));
  });

  test('a decision is opened from the list and gets the focus beside it', async () => {
    await visitor.open('/decisions?outcome=deny');
    await visitor.page.locator('.live-row a').first().waitFor();
    await tabTo(/→/);
    await press('Enter');
    await visitor.page.locator('.beside .sentence').waitFor();
    assert.match(await visitor.focused(), /^h2: Decision/);
    assert.match(visitor.page.url(), /\/decisions\/d-[^?]+\?outcome=deny$/);
  });

  test('each line of the map is reached and explains itself', async () => {
    await visitor.open('/map?q=payroll');
    await visitor.page.locator('.flow').first().waitFor();
    await tabTo(/^g: staff \(9.411 people\) can reach payroll on a condition: passkey/);
    assert.match(await visitor.page.locator('.explained').innerText(), /crown-jewels-need-a-passkey/);
  });

  test('a fault in a draft leads to its line', async () => {
    await visitor.open('/policies/edit');
    const area = visitor.page.getByLabel('Text of apps.cedar');
    await area.fill('// one\n// two\npermit (principal, action, resource);\n');
    await visitor.page.getByText('2 faults').first().waitFor();
    await tabTo(/apps\.cedar:3/);
    await press('Enter');
    await visitor.page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA');
    assert.equal(
      await area.evaluate((element) => element.value.slice(element.selectionStart, element.selectionEnd)),
      'permit (principal, action, resource);',
    );
  });

  test('tab leaves the editor instead of being caught in it', async () => {
    await visitor.open('/policies/edit');
    const area = visitor.page.getByLabel('Text of apps.cedar');
    const before = await area.inputValue();
    await area.focus();
    await press('Tab');
    assert.doesNotMatch(await visitor.focused(), /^textarea/);
    assert.equal(await area.inputValue(), before);
  });
});
