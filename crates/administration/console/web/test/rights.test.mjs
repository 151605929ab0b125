// Somebody who helps people, and may not change those with more rights: told before a button is pressed, or once it was.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { Visitor } from './lib/visit.mjs';

describe('the helpdesk', () => {
  let mock, browser, visitor, page;
  before(async () => {
    mock = await startMock({ rate: 20, helpdesk: true });
    const user = (name) => mock.users.find((one) => one.name === name);
    const factor = { id: 'f-1', kind: 'passkey', name: 'blue', enrolled_at: Date.now() };
    Object.assign(user('ana'), { sessions: 3, factors: [factor] });
    Object.assign(user('carla'), { sessions: 2, factors: [factor] });
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

  const CLOSED = [/^Take out of owners/, /^Put into a group/, /^Remove/, /link$/];
  const user = (name) => mock.users.find((one) => one.name === name);

  test('sees on the page of an owner what is not theirs to do, and why', async () => {
    await visitor.open('/people/ana');
    const why = 'ana is in owners, and you are not: ask an owner.';
    await page.getByText(why).waitFor();
    for (const name of CLOSED)
      for (const button of await visitor.button(name).all()) {
        assert.ok(await button.isDisabled(), String(name));
        assert.equal(await button.getAttribute('title'), why);
      }
    for (const name of ['Name to show', 'E-mail', 'Attributes'])
      assert.ok(await visitor.field(name).isDisabled(), name);
    assert.equal(await visitor.button('Save').count(), 0);
    assert.ok(await visitor.button('Disable').isEnabled());
    assert.deepEqual(await visitor.violations(), []);
  });

  test('has all of it on the page of somebody with no more rights, but what policies read', async () => {
    await visitor.open('/people/carla');
    assert.equal(await page.getByText(/and you are not/).count(), 0);
    for (const name of [/^Take out of staff/, /^Put into a group/, /^Remove/, /link$/])
      assert.ok(await visitor.button(name).first().isEnabled(), String(name));
    assert.ok(await visitor.field('Name to show').isEnabled());
    assert.ok(await visitor.field('E-mail').isDisabled());
    assert.ok(await visitor.field('Attributes').isDisabled());
    await page
      .getByText(/Only who may apply policies changes it/)
      .first()
      .waitFor();
    await visitor.button('Put into a group').click();
    await page.locator('datalist option[value="staff"]').waitFor({ state: 'attached' });
    assert.equal(await page.locator('datalist option[value="owners"]').count(), 0);
    await visitor.dialog().getByText('One that you are in yourself').waitFor();
  });

  test('is told after the first refusal what policy does not let them do', async () => {
    const why = 'policy does not let hana switch off ana: have an owner do it';
    await visitor.open('/people/ana');
    await visitor.button('Disable').click();
    await visitor.dialog().getByRole('button', { name: 'Disable ana' }).click();
    await page.getByRole('alert').getByText('policy does not let hana switch off').waitFor();
    await visitor.button('Leave it as it is').click();
    assert.ok(await visitor.button('Disable').isDisabled());
    assert.match(await visitor.focused(), /^main/);
    assert.equal(await visitor.button('Disable').getAttribute('title'), why);
    await visitor
      .button(/^End the session/)
      .first()
      .click();
    await visitor.button('End this session').click();
    await page.getByRole('alert').getByText('policy does not let hana end sessions of').waitFor();
    await visitor.button('Leave it as it is').click();
    for (const button of await visitor.button(/^End/).all()) assert.ok(await button.isDisabled());
    await page.getByText('policy does not let hana end sessions of ana: have an owner do it').waitFor();
    assert.equal(user('ana').disabled, false);
    // Elsewhere, and back: it may be otherwise by now.
    await page.getByRole('link', { name: 'Groups' }).first().click();
    await page.getByRole('heading', { level: 1, name: 'Groups' }).waitFor();
    await page.goBack();
    await page.getByText('ana is in owners').waitFor();
    assert.ok(await visitor.button('Disable').isEnabled());
  });

  test('ends sessions of others', async () => {
    await visitor.open('/sessions?user=carla');
    await visitor.button(/^End/).first().click();
    await visitor.button('End this session').click();
    await visitor.dialog().waitFor({ state: 'detached' });
    assert.equal(mock.ended.size, 1);
  });

  test('is offered all where the gateway does not say in which groups they are', async () => {
    await page.route('**/v1/me', async (route) => {
      const response = await route.fetch();
      const { groups, ...me } = await response.json();
      assert.ok(groups.length > 0);
      await route.fulfill({ response, json: me });
    });
    await visitor.open('/people/ana');
    await visitor.button('Enrolment link').click();
    await visitor.button('Make the link').click();
    await page.getByRole('alert').getByText('has rights that hana does not have').waitFor();
    await visitor.button('Leave it').click();
    for (const button of await visitor.button(/link$/).all()) assert.ok(await button.isDisabled());
    await page.getByText('ana has rights that hana does not have: have an owner do it').waitFor();
  });
});
