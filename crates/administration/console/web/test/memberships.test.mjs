// Memberships end by themselves: what has ended is not told as if it held, and what will end says when.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { Visitor } from './lib/visit.mjs';

const HOUR = 3_600_000;

describe('memberships', () => {
  let mock, browser, visitor, page;
  before(async () => {
    mock = await startMock({ rate: 20 });
    const user = (name) => mock.users.find((one) => one.name === name);
    user('femi').groups = [
      { group: 'helpdesk', until: Date.now() - 6 * HOUR },
      { group: 'finance-oslo' },
      { group: 'oncall', until: Date.now() + 72 * HOUR },
    ];
    user('greta').groups = [{ group: 'oncall', until: Date.now() - 1 }];
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

  test('that have lapsed stand last on the page of a person, and give nothing', async () => {
    await visitor.open('/people/femi');
    const rows = page.locator('section:has(#groups) li');
    assert.match(await rows.nth(0).innerText(), /^finance-oslo\s+for good/);
    assert.match(await rows.nth(1).innerText(), /^oncall\s+ends in 3 days/);
    assert.match(await rows.nth(2).innerText(), /^helpdesk\s+ended 6 hours ago: it gives nothing any more\s+lapsed/);
    await page.getByText('Through these also in finance.').waitFor();
    await visitor.button('Take out of helpdesk').click();
    await visitor.dialog().getByText('It has ended already: nothing closes').waitFor();
    assert.deepEqual(await visitor.violations(), []);
  });

  test('in the list are those that run, with their end', async () => {
    await visitor.open('/people?q=femi%20ruiz');
    const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'Femi Ruiz', exact: true }) });
    assert.match(await row.first().innerText(), /finance-oslo, oncall \(ends in 3 days\)/);
    assert.doesNotMatch(await row.first().innerText(), /helpdesk/);
    await visitor.open('/people?q=greta%20ruiz');
    await page.getByText('no group').first().waitFor();
  });

  test('say at the group how somebody is in it', async () => {
    mock.users = mock.users.filter(({ name }) => ['femi', 'greta'].includes(name));
    await visitor.open('/groups/finance');
    await page.getByText('femi · through another group').waitFor();
    await visitor.open('/groups/oncall');
    await page.getByText('femi · ends in 3 days').waitFor();
    assert.equal(await page.getByText('greta').count(), 0);
    assert.deepEqual(await visitor.violations(), []);
  });
});
