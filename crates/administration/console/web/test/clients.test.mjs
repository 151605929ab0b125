// Clients of the authorisation server: shown, switched off and on, their tokens taken back.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { Visitor } from './lib/visit.mjs';

describe('clients', () => {
  let mock, browser, visitor, page;
  before(async () => {
    browser = await open();
  });
  after(() => browser?.close());
  beforeEach(async () => {
    mock = await startMock({ rate: 20 });
    visitor = await Visitor.arrive(browser, mock);
    page = visitor.page;
  });
  afterEach(async () => {
    assert.deepEqual(visitor.errors, []);
    await visitor.leave();
    await mock.stop();
  });

  const client = (name) => mock.clients.find((one) => one.name === name);
  const confirm = (name) => visitor.dialog().getByRole('button', { name }).click();

  test('one is suspended once it is said what ends, and resumed', async () => {
    await visitor.open('/clients');
    await page.getByRole('link', { name: 'Grafana' }).click();
    await page.getByText('The configuration file owns this client: change it there.').waitFor();
    await page.getByText('https://grafana.example.com/callback').waitFor();
    await page.getByText('2 secrets').waitFor();
    await visitor.button('Suspend').click();
    await visitor
      .dialog()
      .getByText(/what is open on one ends at once/)
      .waitFor();
    await confirm('Suspend grafana');
    await page.locator('.chip', { hasText: 'suspended' }).waitFor();
    assert.equal(client('grafana').suspended, true);
    await visitor.button('Resume').click();
    await confirm('Resume grafana');
    await page.locator('.chip.allow').waitFor();
    assert.equal(client('grafana').state, 'on');
  });

  test('every token of one is taken back, and it is said since when others count', async () => {
    await visitor.open('/clients/grafana');
    await page.getByText('https://grafana.example.com/callback').waitFor();
    assert.equal(await page.getByText('Tokens count since').count(), 0);
    await visitor.button('Take back its tokens').click();
    await confirm('Take them back');
    await page.getByText('Tokens count since').waitFor();
    assert.ok(client('grafana').tokens_from > 0);
    assert.equal(client('grafana').state, 'on');
  });

  test('what each is, and whose word that is, is told apart', async () => {
    await visitor.open('/clients');
    for (const words of ['on, registered itself', 'off, no longer in the file', 'suspended'])
      await page.locator('.chip', { hasText: words }).waitFor();
    await page.getByText('none: a program').waitFor();
    await visitor.open('/clients/notes');
    await page.getByText('before it is told of them').waitFor();
    assert.equal(await page.getByText('The configuration file owns this client').count(), 0);
  });

  test('an app that speaks SAML is shown in the words of SAML, without secrets and scopes', async () => {
    const saml = {
      entity_id: 'https://books.test/metadata',
      consumers: ['https://books.test/acs'],
      certificates: 1,
      requires_signed: true,
      encrypted: false,
      names: 'persistent',
      tells: ['name', 'groups'],
      idp_initiated: false,
    };
    delete client('notes').registration;
    client('notes').saml = saml;
    await visitor.open('/clients');
    await page.getByText('speaks SAML').waitFor();
    await visitor.open('/clients/notes');
    await page.getByRole('heading', { name: 'How it speaks SAML' }).waitFor();
    await page.getByText('by a name for it alone').waitFor();
    assert.equal(await page.getByText('cannot be read').count(), 0);
  });

  test('one that registered itself is removed once it is said what that ends, and one of the file is not', async () => {
    await visitor.open('/clients/grafana');
    assert.equal(await visitor.button('Remove').count(), 0);
    await visitor.open('/clients/notes');
    await visitor.button('Remove').click();
    await visitor
      .dialog()
      .getByText(/is gone for good/)
      .waitFor();
    await confirm('Remove notes');
    await page.waitForURL(/\/clients$/);
    assert.equal(client('notes'), undefined);
  });

  test('a registration that cannot be read is said to be so', async () => {
    delete client('notes').registration;
    await visitor.open('/clients/notes');
    await page.getByText('What is kept of its registration cannot be read').waitFor();
  });
});

describe('who may not', () => {
  let mock, browser, visitor;
  before(async () => {
    browser = await open();
  });
  after(() => browser?.close());
  afterEach(async () => {
    assert.deepEqual(visitor.errors, []);
    await visitor.leave();
    await mock.stop();
  });

  test('switch clients sees them, and no buttons', async () => {
    mock = await startMock({ rate: 20, helpdesk: true });
    visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/clients/grafana');
    await visitor.page.getByText('https://grafana.example.com/callback').waitFor();
    assert.equal(await visitor.button(/suspend|resume|take back/i).count(), 0);
  });

  test('take tokens back alone proposes it', async () => {
    mock = await startMock({ rate: 20, twoPeople: true });
    visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/clients/grafana');
    await visitor.button(/take back its tokens/i).click();
    await visitor.dialog().getByLabel(/why/i).fill('one was found in a log');
    await visitor
      .dialog()
      .getByRole('button', { name: /Propose/ })
      .click();
    await visitor.page
      .getByText(/proposed/i)
      .first()
      .waitFor();
    assert.equal(mock.proposals[0].operation, 'ClientRevokeTokens');
    assert.equal(mock.clients.find(({ name }) => name === 'grafana').tokens_from, undefined);
  });
});
