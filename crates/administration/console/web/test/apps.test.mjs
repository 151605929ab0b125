// What an app's servers are sent, and how they are spoken to: shown, and changed.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { Visitor } from './lib/visit.mjs';

describe('an app', () => {
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

  const app = (name) => mock.apps.find((one) => one.name === name);

  test('shows what its servers are sent, and all else that is written of it', async () => {
    Object.assign(app('payroll'), { attributes: { owner: 'finance' }, preserve_host: false });
    app('payroll').upstream.server_name = 'payroll.internal';
    await visitor.open('/apps/payroll');
    const main = await page.locator('main').innerText();
    for (const words of [
      /Gatewright-Assertion\s+signed/,
      /x-remote-user\s+their name/,
      /x-remote-groups\s+their groups/,
      /Host\s+the servers' own/,
      /certificates are for payroll\.internal/,
      /\/health is asked of each server every 5 s/,
      /at most 2\.5 s to connect and 20\.0 MB in a request's body/,
      /Time zone\s+Europe\/Madrid/,
      /owner is finance/,
      /App::"payroll"/,
      /Salaries and invoices/,
    ])
      assert.match(main, words);
    assert.deepEqual(await visitor.violations(), []);
    await visitor.open('/apps/reports');
    const plain = await page.locator('main').innerText();
    for (const words of [
      /No plain header beside it/,
      /not asked: each request finds out/,
      /Bounds\s+the gateway's own/,
      /Time zone\s+the organisation's/,
    ])
      assert.match(plain, words);
  });

  test('gets headers, a question for its health and bounds; what is wrong stands at its field', async () => {
    await visitor.open('/apps/status/edit');
    await page.getByText('What the servers are sent').click();
    await visitor.field('Header for the user').fill('Content-Length');
    await visitor.button('Save the app').click();
    await page.locator('.field.wrong').waitFor();
    assert.match(
      await page.locator('.field.wrong').innerText(),
      /^Header for the user[^]*Content-Length is not the name/,
    );
    await visitor.field('Header for the user').fill('');
    assert.ok(await visitor.field('Header for the user').isVisible());
    await visitor.field('Header for the user').fill('X-Status-User');
    await visitor.field('Header for the email').fill('X-Status-Email');
    await page.getByText('How the servers are spoken to').click();
    await visitor.field('Spoken over TLS and Unix sockets').selectOption('h2');
    await visitor.field('Path to ask for health').fill('/live');
    await visitor.field('Seconds between two questions').fill('0.5');
    await visitor.field('Seconds to connect').fill('1.5');
    await visitor.field("Bytes of a request's body").fill('1000000');
    await page.getByText('1.00 MB').waitFor();
    await visitor.button('Save the app').click();
    await page.locator('.field.wrong').waitFor();
    assert.match(await page.locator('.field.wrong').innerText(), /^Seconds between two questions/);
    assert.deepEqual(await visitor.violations(), []);
    await visitor.field('Seconds between two questions').fill('30');
    await visitor.button('Save the app').click();
    await page.getByRole('heading', { level: 1, name: 'Status' }).waitFor();
    const { identity_headers, upstream } = app('status');
    assert.deepEqual(identity_headers, { user: 'X-Status-User', email: 'X-Status-Email' });
    assert.equal(upstream.protocol, 'h2');
    assert.deepEqual(upstream.health, { path: '/live', interval_ms: 30_000 });
    assert.deepEqual(upstream.limits, { connect_ms: 1500, request_body_bytes: 1_000_000 });

    await visitor.open('/apps/status/edit');
    assert.equal(await visitor.field('Seconds to connect').inputValue(), '1.5');
    for (const name of ['Path to ask for health', 'Seconds to connect', "Bytes of a request's body"])
      await visitor.field(name).fill('');
    await visitor.button('Save the app').click();
    await page.getByRole('heading', { level: 1, name: 'Status' }).waitFor();
    assert.equal(app('status').upstream.health, undefined);
    assert.equal(app('status').upstream.limits, undefined);
  });

  test('with labels is not removed by who may not apply policies', async () => {
    let may_propose = [];
    await page.route('**/v1/me', async (route) => {
      const response = await route.fetch();
      const me = await response.json();
      await route.fulfill({ response, json: { ...me, may: { ...me.may, 'admin.policy.apply': false }, may_propose } });
    });
    await visitor.open('/apps/payroll');
    assert.ok(await visitor.button('Remove').isDisabled());
    assert.match(await visitor.button('Remove').getAttribute('title'), /ask an owner/);
    await visitor.open('/apps/payroll/edit');
    await page.getByText('Tags, attributes and routes decide which policies apply').waitFor();
    await visitor.open('/apps/reports');
    assert.ok(await visitor.button('Remove').isEnabled());
    may_propose = ['admin.app.change'];
    await visitor.open('/apps/payroll');
    assert.ok(await visitor.button('Propose to remove').isEnabled());
    await visitor.open('/apps/payroll/edit');
    await page.getByText('what changes them is proposed, and somebody else approves it').waitFor();
    await visitor.button('Save the app').waitFor();
  });
});
