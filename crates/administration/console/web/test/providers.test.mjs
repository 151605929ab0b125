// Providers of identities: switched off and on, forgotten; and who people are there.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { Visitor } from './lib/visit.mjs';

describe('providers', () => {
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

  const provider = (name) => mock.providers.find((one) => one.name === name);
  const user = (name) => mock.users.find((one) => one.name === name);
  const confirm = (name) => visitor.dialog().getByRole('button', { name }).click();

  test('one is suspended once it is said what ends, and resumed', async () => {
    await visitor.open('/providers');
    await page.getByRole('link', { name: 'Corp account' }).click();
    await page.getByText('department').waitFor();
    await visitor.button('Suspend').click();
    await visitor
      .dialog()
      .getByText(/1.204 open sessions that rest on its word end at once/)
      .waitFor();
    await confirm('Suspend corp');
    await page.locator('.chip', { hasText: 'suspended' }).waitFor();
    assert.equal(provider('corp').suspended, true);
    await visitor.button('Resume').click();
    await confirm('Resume corp');
    await page.locator('.chip.allow').waitFor();
    assert.equal(provider('corp').state, 'declared');
  });

  test('what a directory would take away is said, and allowed once by who may', async () => {
    await visitor.open('/providers/lab');
    await page.getByText('too much would be taken away at once').waitFor();
    await page.getByText('it has no sign-in name').waitFor();
    await visitor.button('Allow this once').click();
    await visitor
      .dialog()
      .getByText(/120 people are switched off/)
      .waitFor();
    await confirm('Allow lab');
    await page.getByText('too much would be taken away at once').waitFor({ state: 'detached' });
    assert.equal(mock.directories[0].trouble, undefined);
    await visitor.button('Read it now').click();
  });

  test('only one that the file does not name is forgotten, and it is said who is then not known', async () => {
    await visitor.open('/providers/corp');
    await page.getByText('The configuration file owns this provider: change it there.').waitFor();
    assert.equal(await visitor.button('Forget').count(), 0);
    await visitor.open('/providers/old');
    const known = mock.users.filter(({ identities }) => identities.some((one) => one.provider === 'old'));
    assert.ok(known.length > 1);
    await visitor.button('Forget').click();
    await visitor.dialog().getByText(`${known.length} people are then known by it no longer`).waitFor();
    await confirm('Forget old');
    await page.waitForURL(/\/providers$/);
    assert.equal(provider('old'), undefined);
    assert.ok(!mock.users.some(({ identities }) => identities.some((one) => one.provider === 'old')));
  });

  test('a person is linked by the id that they have there, and it is taken away again', async () => {
    user('femi').identities = [];
    await visitor.open('/people/femi');
    await visitor.button('Link with a provider').click();
    await page.getByLabel('Provider', { exact: true }).selectOption('corp');
    await page.getByLabel('Who they are there').fill('c-mine');
    await visitor.button('Link them').click();
    await page.getByText('c-mine').waitFor();
    assert.deepEqual(user('femi').identities, [{ provider: 'corp', subject: 'c-mine' }]);
    await visitor.button('Take away the account at corp').click();
    await confirm('Take it away');
    await page.getByText('c-mine').waitFor({ state: 'detached' });
    assert.deepEqual(user('femi').identities, []);
  });

  test('somebody there who is another person here is said to be', async () => {
    const taken = user('ana').identities[0];
    await visitor.open('/people/femi');
    await visitor.button('Link with a provider').click();
    await page.getByLabel('Provider', { exact: true }).selectOption(taken.provider);
    await page.getByLabel('Who they are there').fill(taken.subject);
    await visitor.button('Link them').click();
    await visitor
      .dialog()
      .getByText(/is the user ana already/)
      .waitFor();
  });

  test('what is in force by the word of one is not taken away here', async () => {
    user('femi').groups = [{ group: 'oncall', by: 'corp' }, { group: 'staff' }];
    await visitor.open('/people/femi');
    await page.locator('section:has(#groups)').getByText('by the word of corp').waitFor();
    assert.equal(await visitor.button('Take out of oncall').count(), 0);
    assert.equal(await visitor.button('Take out of staff').count(), 1);
  });

  test('a question is asked of who came by one, with what it says', async () => {
    let asked;
    await page.route('**/v1/explain', (route) => {
      asked = route.request().postDataJSON();
      return route.continue();
    });
    await visitor.open('/ask?user=ana&app=payroll');
    await page.getByLabel('Having proved with').selectOption('provider:corp');
    await page.getByLabel('It says the class (acr)').fill('mfa');
    await page.getByLabel('And the methods (amr)').fill('pwd  otp');
    await visitor.button('Ask').click();
    await page.locator('.answer').waitFor();
    assert.equal(asked.proof, 'provider');
    assert.deepEqual(asked.said, { provider: 'corp', acr: 'mfa', amr: ['pwd', 'otp'] });
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

  test('switch providers sees them, and no buttons', async () => {
    mock = await startMock({ rate: 20, helpdesk: true });
    visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/providers/corp');
    await visitor.page.getByText('department').waitFor();
    assert.equal(await visitor.button(/Suspend|Resume|Forget/).count(), 0);
  });

  test('switch them alone proposes it', async () => {
    mock = await startMock({ rate: 20, twoPeople: true });
    visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/providers/corp');
    await visitor.button(/Propose/).click();
    await visitor.dialog().getByLabel(/why/i).fill('it was broken into');
    await visitor
      .dialog()
      .getByRole('button', { name: /Propose/ })
      .click();
    await visitor.page
      .getByText(/proposed/i)
      .first()
      .waitFor();
    assert.equal(mock.proposals[0].operation, 'ProviderSuspend');
    assert.equal(mock.providers.find(({ name }) => name === 'corp').suspended, false);
  });
});
