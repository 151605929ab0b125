// What takes two people: one proposes it where others would do it, the other looks at it and approves or declines it.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { PHONE, Visitor } from './lib/visit.mjs';

const FINANCE =
  '\n@id("reports-for-finance")\npermit (\n    principal in Group::"finance",\n    action == Action::"http.request",\n    resource in App::"reports"\n);\n';

describe('what takes two people', () => {
  let mock, browser, visitor, page;
  before(async () => {
    mock = await startMock({ rate: 20, twoPeople: true });
    mock.proposals.length = 0;
    browser = await open();
  });
  after(async () => {
    await browser?.close();
    await mock?.stop();
  });
  beforeEach(async () => {
    mock.as = 'ana';
    visitor = await Visitor.arrive(browser, mock);
    page = visitor.page;
  });
  afterEach(async () => {
    assert.deepEqual(visitor.errors, []);
    await visitor.leave();
  });

  const user = (name) => mock.users.find((one) => one.name === name);
  const waits = () => page.getByText('It is proposed, and waits for somebody else.').waitFor();
  const newest = () => mock.proposals[0];

  async function proposed(within, why) {
    await within.getByLabel('Why', { exact: true }).fill(why);
    await within.getByRole('button', { name: /^Propose it/ }).click();
    await waits();
    assert.match(await visitor.focused(), /^p: It is proposed/);
    assert.equal(newest().why, why);
  }

  test('is offered as a proposal wherever others are offered the change', async () => {
    for (const [path, names] of [
      ['/people/carla', [/^Propose to disable/, /^Propose to put into a group/, /^Propose to take out of staff/]],
      ['/groups', [/^Propose to add a group/]],
      ['/groups/finance', [/^Propose to remove/, /^Propose it/]],
      ['/apps/payroll', [/^Propose to remove/]],
    ]) {
      await visitor.open(path);
      for (const name of names) await visitor.button(name).first().waitFor();
      assert.equal(await page.getByText('policy does not permit you').count(), 0, path);
    }
    for (const [path, name] of [
      ['/people', 'Propose to add a person'],
      ['/apps', 'Propose to add an app'],
      ['/apps/payroll', 'Propose to change'],
    ]) {
      await visitor.open(path);
      await page.getByRole('link', { name }).waitFor();
    }
  });

  test('asks for a reason in the dialog, changes nothing, and leads to the proposal', async () => {
    await visitor.open('/people/femi');
    await visitor.button('Propose to put into a group').click();
    await visitor.dialog().getByLabel('Group').fill('oncall');
    assert.ok(await visitor.dialog().getByRole('button', { name: 'Propose it' }).isDisabled(), 'without a reason');
    await proposed(visitor.dialog(), 'Carla is away.');
    assert.ok(!user('femi').groups.some(({ group }) => group === 'oncall'));
    assert.deepEqual(await visitor.violations(), []);
    await page.getByRole('link', { name: 'See the proposal' }).click();
    await page.getByRole('heading', { level: 1, name: 'Put femi into the group oncall' }).waitFor();
    await page.getByText('You proposed it, so somebody else approves it.').waitFor();
    assert.equal(await visitor.button('Approve').count(), 0);
    assert.equal(await visitor.button('Decline').count(), 0);
    await visitor.button('Withdraw').click();
    await visitor.button('Withdraw it').click();
    await page.locator('.chip', { hasText: 'withdrawn' }).waitFor();
    assert.equal(newest().state, 'withdrawn');
  });

  test('asks for it in a form of a page, and in a question', async () => {
    await visitor.open('/people/elif');
    await visitor.field('Name to show').fill('Elif K');
    const details = page.locator('form', { has: visitor.field('Name to show') });
    await details.getByLabel('Why', { exact: true }).fill('She married.');
    await details.getByRole('button', { name: 'Propose it' }).click();
    await waits();
    assert.deepEqual(newest().says, { display_name: 'Elif K' });
    await visitor.button('Go on here').click();
    await details.getByRole('button', { name: 'Propose it' }).waitFor();
    await visitor.button('Propose to disable').click();
    await visitor.dialog().getByLabel('Why').fill('She left.');
    await visitor.dialog().getByRole('button', { name: 'Propose it' }).click();
    await visitor.dialog().getByText('It is proposed').waitFor();
    await visitor.button('Done').click();
    assert.equal(newest().operation, 'UserDisable');
    assert.equal(user('elif').disabled, false);
  });

  test('is kept with a draft of policies, which is not lost then', async () => {
    await visitor.open('/policies/edit');
    const area = page.getByLabel('Text of apps.cedar');
    await area.fill((await area.inputValue()) + FINANCE);
    await visitor.button('Compare with what is in force').click();
    await visitor.button('Propose it: up to 809 people gain').waitFor();
    await proposed(page.locator('main'), 'The quarter closes.');
    assert.ok(!mock.policies.all().some(({ id }) => id === 'reports-for-finance'));
    await page.getByRole('link', { name: 'See the proposal' }).click();
    await page.getByRole('heading', { level: 1, name: 'Replace the policies' }).waitFor();
    assert.match(await page.locator('.comparison').innerText(), /809 people/);
    assert.match(await page.locator('ins').first().innerText(), /^\+/);
    assert.equal(await page.locator('del').count(), 0);
  });

  test('is found by the other, who sees what it does and approves it', async () => {
    mock.as = 'bo';
    await visitor.open('/');
    const place = page.getByRole('link', { name: /^Proposals \d+ waits? for you|^Proposals\d+ waits? for you/ });
    await place.waitFor();
    const before = Number((await place.innerText()).match(/\d+/)[0]);
    await place.click();
    await page.getByRole('link', { name: 'Replace the policies' }).click();
    await page.locator('.comparison').waitFor();
    await visitor.button('Approve').click();
    assert.match(await visitor.dialog().innerText(), /as ana proposed it\.\s+It is made at once, in your name/);
    await visitor.button('Approve: up to 809 people gain').click();
    await page.locator('.chip', { hasText: 'approved' }).waitFor();
    await page.getByRole('link', { name: 'See the policies of before and now' }).waitFor();
    assert.ok(mock.policies.all().some(({ id }) => id === 'reports-for-finance'));
    await page.waitForFunction(
      (count) => Number(document.querySelector('.places-count')?.firstChild?.textContent) === count - 1,
      before,
    );
  });

  test('is declined with a reason that who proposed it sees', async () => {
    mock.as = 'bo';
    await visitor.open('/proposals');
    await page.getByRole('link', { name: 'Switch elif off' }).click();
    await visitor.button('Decline').click();
    assert.ok(await visitor.button('Decline it').isDisabled());
    await visitor.field('Why').fill('She is on leave.');
    await visitor.button('Decline it').click();
    await page.locator('.chip', { hasText: 'declined' }).waitFor();
    mock.as = 'ana';
    await visitor.open(`/proposals/${newest().id}`);
    await visitor.open('/proposals?state=declined');
    await page.getByRole('link', { name: 'Switch elif off' }).click();
    await page.getByText('She is on leave.').waitFor();
  });

  test('is not approved where files would do something else by now', async () => {
    await visitor.open('/settings');
    const text = '[[user]]\nname = "eva"\n';
    const file = { name: 'people.toml', mimeType: 'text/plain', buffer: Buffer.from(text) };
    await page.locator('input[type=file]').nth(1).setInputFiles([file]);
    await visitor.button('Propose it: nobody gains or loses').waitFor();
    await proposed(page.locator('main'), 'Eva begins.');
    mock.as = 'bo';
    await visitor.open(`/proposals/${newest().id}`);
    await page.locator('.comparison').waitFor();
    assert.ok(await visitor.button('Approve').isEnabled());
    mock.policies.version += 1;
    await visitor.open(`/proposals/${newest().id}`);
    await page.getByText('By now it would do something else than when it was proposed').waitFor();
    assert.ok(await visitor.button('Approve').isDisabled());
    assert.ok(await visitor.button('Decline').isEnabled());
  });

  test('is told from a phone as well', async () => {
    await page.setViewportSize(PHONE);
    await visitor.open('/people/carla');
    await visitor.button('Propose to put into a group').click();
    assert.deepEqual(await visitor.violations(), []);
    assert.ok((await visitor.overflow()) <= 0);
  });
});

describe('who may do it alone', () => {
  let mock, browser, visitor, page;
  before(async () => {
    mock = await startMock({ rate: 20 });
    mock.proposals.length = 0;
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
    mock.twoPeople = false;
    assert.deepEqual(visitor.errors, []);
    await visitor.leave();
  });

  test('may propose a draft all the same, or not after all', async () => {
    await visitor.open('/policies/edit');
    const area = page.getByLabel('Text of apps.cedar');
    await area.fill((await area.inputValue()) + FINANCE);
    await visitor.button('Compare with what is in force').click();
    await visitor.button(/^Save:/).waitFor();
    await visitor.button('Propose instead').click();
    await visitor.button('Do not propose it').click();
    await visitor.button(/^Save:/).waitFor();
    await visitor.button('Propose instead').click();
    await visitor.field('Why').fill('Look at it, please.');
    await visitor.button(/^Propose it:/).click();
    await page.getByText('It is proposed, and waits for somebody else.').waitFor();
    assert.equal(mock.proposals.length, 1);
  });

  test('is let propose what was refused where it could be', async () => {
    await visitor.open('/people/carla');
    mock.twoPeople = true;
    await visitor.button('Disable').click();
    await visitor.button('Disable carla').click();
    await page.getByRole('alert').getByText('policy does not let ana do').waitFor();
    await visitor.dialog().getByLabel('Why').fill('She left.');
    await visitor.dialog().getByRole('button', { name: 'Propose it', exact: true }).click();
    await page.getByText('It is proposed, and waits for somebody else.').waitFor();
    await visitor.button('Done').click();
    assert.ok(await visitor.button('Disable').isEnabled());
    assert.equal(mock.proposals[0].operation, 'UserDisable');
  });
});
