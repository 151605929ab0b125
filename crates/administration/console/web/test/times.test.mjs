// Times: those that no calendar has, and the words for all others.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { Visitor } from './lib/visit.mjs';

/** As JSON brings it: 2^64 - 1, rounded. */
const LAST = 18446744073709551615;

describe('times', () => {
  let mock, browser, visitor, page;
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
    page = visitor.page;
  });
  afterEach(async () => {
    assert.deepEqual(visitor.errors, []);
    await visitor.leave();
  });

  const user = (name) => mock.users.find((one) => one.name === name);

  test('beyond all calendars are never, and break no page', async () => {
    const femi = user('femi');
    femi.groups = [
      { group: 'staff', until: LAST },
      { group: 'oncall', until: 8.64e15 },
    ];
    femi.factors = [{ id: 'f-odd', kind: 'passkey', name: 'odd', enrolled_at: -LAST }];
    femi.sessions = 1;
    await visitor.open('/people/femi');
    const staff = page.getByRole('listitem').filter({ hasText: 'staff' });
    assert.match(await staff.innerText(), /ends never/);
    assert.match(await staff.locator('time').getAttribute('title'), /^18.446.744.073.709.552.000 ms after 1970$/);
    assert.equal(await staff.locator('time').getAttribute('datetime'), null);
    assert.match(await page.getByRole('listitem').filter({ hasText: 'odd' }).innerText(), /added at an unknown time/);
    await visitor.open('/people?q=femi');
    await page.getByRole('link', { name: 'Femi Ruiz' }).first().waitFor();
    const keys = { items: [{ kid: 'k-odd', purpose: 'ledger', published_at: 0, active_from: 0, replaced_at: LAST }] };
    await page.route('**/v1/keys', (route) => route.fulfill({ json: keys }));
    await page.route('**/v1/clock', (route) => route.fulfill({ json: { now: LAST } }));
    await visitor.open('/settings');
    await page.getByText('replaced never').waitFor();
  });

  test('in the live list and in a decision may be any number', async () => {
    const at = mock.decisions.at.bind(mock.decisions);
    mock.decisions.at = (seq) => ({ ...at(seq), time: LAST });
    await visitor.open('/decisions');
    await page.locator('.live-row').first().waitFor();
    await page.locator('.live-row a').first().click();
    await page.locator('.sentence').waitFor();
    assert.match(await page.locator('.decision').innerText(), /18.446.744.073.709.552.000 ms after 1970 \(never\)/);
    mock.decisions.at = at;
  });

  test('that cannot be read are not sent as none', async () => {
    await visitor.open('/people/greta');
    await visitor.button('Put into a group').click();
    await visitor.dialog().getByLabel('Group').fill('oncall');
    await visitor.dialog().getByLabel('Until').fill('12026-01-01T12:00');
    await visitor.button('Put into the group').click();
    assert.match(await page.locator('.field.wrong').innerText(), /is no time that can be read here/);
    assert.ok(!user('greta').groups.some(({ group }) => group === 'oncall'));
  });

  test('are told to the nearest, and exactly where the pointer rests', async () => {
    const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];
    const told = [
      [3 * day, 'in 3 days'],
      [2.6 * day, 'in 3 days'],
      [2.4 * day, 'in 2 days'],
      [47.8 * hour, 'in 2 days'],
      [47.2 * hour, 'in 47 hours'],
      [59.8 * minute, 'in 1 hour'],
      [95 * second, 'in 2 min'],
      [40 * second, 'in 40 s'],
      [4 * second, 'now'],
      [-4 * second, 'just now'],
      [-40 * second, '40 s ago'],
      [-25 * hour, '25 hours ago'],
      [-3.6 * day, '4 days ago'],
      [26_698 * day, 'in 73 years'],
    ];
    // Nothing goes by while it is looked at.
    await page.clock.setFixedTime(Date.now());
    const now = await page.evaluate(() => Date.now());
    const items = told.map(([off], n) => ({ kid: `k-${n}`, purpose: 'x', active_from: 0, replaced_at: now + off }));
    await page.route('**/v1/keys', (route) => route.fulfill({ json: { items } }));
    await visitor.open('/settings');
    const times = page.locator('section:has(#keys) time');
    assert.deepEqual(
      await times.allInnerTexts(),
      told.map(([, words]) => words),
    );
    assert.match(await times.first().getAttribute('title'), /^\d+ \w+ \d{4}, \d\d:\d\d:\d\d \S+$/);
    assert.equal(await times.first().getAttribute('datetime'), new Date(now + 3 * day).toISOString());
  });
});
