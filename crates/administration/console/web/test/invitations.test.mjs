// Invitations by which clients register themselves: made, shown once, listed, taken back.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { Visitor } from './lib/visit.mjs';

const TOKEN = 'dG9rZW4tb2YtdGhlLW1vY2stMTIz';

describe('invitations', () => {
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

  const make = () => visitor.button('Make the invitation').click();
  const sent = () => page.waitForRequest((request) => request.method() === 'POST');
  /** What stands below a field that is wrong. */
  const fault = async (name) => {
    const field = visitor.field(name);
    await page.locator('[aria-invalid]').waitFor();
    assert.equal(await field.getAttribute('aria-invalid'), 'true', name);
    const described = (await field.getAttribute('aria-describedby')).split(' ').at(-1);
    return page.locator(`[id="${described}"]`).innerText();
  };

  test('one is made from the clients, and its token is shown once, with what to do with it', async () => {
    await visitor.open('/clients');
    await page.getByRole('link', { name: 'Invite a client' }).click();
    await page.getByRole('heading', { level: 1, name: 'Invite a client' }).waitFor();
    await visitor.field('App').fill('wiki');
    await visitor.field('Hosts').fill('notes.example.com\n\nbeta.example.com ');
    const [request] = await Promise.all([sent(), make()]);
    assert.deepEqual(request.postDataJSON(), {
      app: 'wiki',
      hosts: ['notes.example.com', 'beta.example.com'],
      grants: ['authorization_code', 'refresh_token'],
      scopes: [],
      uses: 1,
      lifetime_secs: 86_400,
    });
    await page.getByText(TOKEN, { exact: true }).waitFor();
    assert.equal(await visitor.focused(), 'h2: The invitation is made');
    await page.getByText('https://auth.example.com/oauth/register', { exact: true }).waitFor();
    const example = await page.locator('pre').innerText();
    assert.match(example, /"https:\/\/notes\.example\.com\/callback"/);
    assert.ok(!example.includes(TOKEN), 'the token is in no text that is kept');
    assert.deepEqual(await visitor.violations(), []);
    await visitor
      .button(/^Copy$/)
      .first()
      .click();
    await page.getByText('Copied').first().waitFor();
    await page.getByRole('link', { name: 'Done' }).click();
    await page.getByRole('heading', { level: 1, name: 'Invitations' }).waitFor();
    await page.getByText('on notes.example.com or beta.example.com', { exact: true }).waitFor();
    assert.equal(await page.getByText(TOKEN).count(), 0);
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Invite a client' }).waitFor();
    assert.equal(await page.getByText(TOKEN).count(), 0, 'once');
  });

  test('all that one may allow is sent as it was said', async () => {
    await visitor.open('/invitations/add');
    await visitor.field('Codes need no proof key').check();
    await visitor.field('Codes').uncheck();
    assert.equal(await visitor.field('Codes need no proof key').count(), 0);
    await visitor.field('Refresh tokens').uncheck();
    for (const name of ['Exchanged tokens', 'Tokens in its own name']) await visitor.field(name).check();
    await visitor.field('Scopes').fill('build:write');
    await visitor.field('For how many clients').fill('3');
    await visitor.field('For how many hours').fill('0.5');
    const [request] = await Promise.all([sent(), make()]);
    assert.deepEqual(request.postDataJSON(), {
      hosts: [],
      grants: ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      scopes: ['build:write'],
      uses: 3,
      lifetime_secs: 1800,
    });
    await page.getByText('registers 3 clients by it').waitFor();
    assert.ok(!(await page.locator('pre').innerText()).includes('redirect_uris'));
  });

  test('codes that need no proof key are said so', async () => {
    await visitor.open('/invitations/add');
    await visitor.field('App').fill('wiki');
    await visitor.field('Hosts').fill('127.0.0.1');
    await visitor.field('Codes need no proof key').check();
    const [request] = await Promise.all([sent(), make()]);
    assert.equal(request.postDataJSON().proof_key_optional, true);
    await page.getByText('It is shown only now').waitFor();
  });

  test('what is wrong stands at its field, and what was written stays', async () => {
    await visitor.open('/invitations/add');
    await visitor.field('For how many hours').fill('721');
    await make();
    assert.match(await fault('App'), /people sign in through such clients, to an app/);
    await visitor.field('App').fill('nowhere');
    await make();
    await page.locator('.field-fault', { hasText: 'there is no app nowhere' }).waitFor();
    await visitor.field('App').fill('wiki');
    await make();
    await page.locator('.field-fault', { hasText: 'name the hosts' }).waitFor();
    assert.match(await fault('Hosts'), /name the hosts that answers may be sent to/);
    await visitor.field('Hosts').fill('notes.example.com');
    await make();
    await page.locator('.field-fault', { hasText: 'up to 30 days' }).waitFor();
    await visitor.field('For how many hours').fill('720');
    await visitor.field('For how many clients').fill('101');
    await make();
    await page.locator('.field-fault', { hasText: 'it is 1 to 100' }).waitFor();
    for (const name of ['Codes', 'Refresh tokens']) await visitor.field(name).uncheck();
    const asked = mock.asked.length;
    await make();
    await page.locator('.choices .field-fault', { hasText: 'Choose one at least' }).waitFor();
    assert.equal(mock.asked.length, asked, 'nothing is sent that allows nothing');
    assert.equal(mock.invitations.length, 2);
    assert.equal(await visitor.field('App').inputValue(), 'wiki');
  });

  test('those that are open say what each allows, who made it, how often and until when', async () => {
    await visitor.open('/clients');
    await page.getByRole('link', { name: 'Invitations' }).click();
    const row = page.getByRole('row', { name: /i-jvqtomjzgezti/ });
    await row.getByRole('link', { name: 'wiki' }).waitFor();
    for (const words of [
      'codes and refresh tokens; codes need no proof key',
      'on notes.example.com or beta.notes.example.com',
      'openid, profile, email and groups',
      'olga',
      'in 6 days',
    ])
      await row.getByText(words).waitFor();
    assert.equal(await row.locator('td.number').innerText(), '3');
    const program = page.getByRole('row', { name: /i-mfrggzdfmztwq/ });
    await program.getByText('For a program').waitFor();
    await program.getByText('uid 0 on the machine').waitFor();
    assert.equal(await page.locator('nav a[aria-current]').first().innerText(), 'Clients');
  });

  test('one is taken back once it is said what that ends, and clients stay', async () => {
    await visitor.open('/invitations');
    await visitor.button('Take back i-jvqtomjzgezti').click();
    await visitor.dialog().getByText('which was good for 3 more clients').waitFor();
    await visitor.dialog().getByText('Clients that registered by it stay').waitFor();
    assert.equal(mock.invitations.length, 2);
    await visitor.dialog().getByRole('button', { name: 'Take it back' }).click();
    await visitor.dialog().waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /i-jvqtomjzgezti/ }).waitFor({ state: 'detached' });
    assert.deepEqual(
      mock.invitations.map(({ id }) => id),
      ['i-mfrggzdfmztwq'],
    );
    assert.ok(mock.clients.some(({ name }) => name === 'notes'));
  });

  test('one that was used up meanwhile cannot be taken back, and is listed no longer', async () => {
    await visitor.open('/invitations');
    await visitor.button('Take back i-jvqtomjzgezti').click();
    mock.invitations.shift();
    await visitor.dialog().getByRole('button', { name: 'Take it back' }).click();
    await visitor.dialog().getByText('there is no invitation').waitFor();
    await visitor.dialog().getByRole('button', { name: 'Leave it as it is' }).click();
    await page.getByRole('row', { name: /i-jvqtomjzgezti/ }).waitFor({ state: 'detached' });
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

  const refused = async () => {
    await visitor.open('/invitations');
    await visitor.page.getByText('i-jvqtomjzgezti').waitFor();
    assert.equal(await visitor.button(/take back/i).count(), 0);
    for (const path of ['/invitations', '/clients']) {
      await visitor.open(path);
      assert.equal(await visitor.page.getByRole('link', { name: 'Invite a client' }).count(), 0, path);
    }
    await visitor.open('/invitations/add');
    await visitor.page.getByText('You may not invite clients here').waitFor();
    assert.equal(await visitor.button('Make the invitation').count(), 0);
  };

  test('change clients sees what is open, and makes nothing of it', async () => {
    mock = await startMock({ rate: 20, helpdesk: true });
    visitor = await Visitor.arrive(browser, mock);
    await refused();
  });

  test('change clients alone neither: a token that is shown once is proposed by nobody', async () => {
    mock = await startMock({ rate: 20, twoPeople: true });
    visitor = await Visitor.arrive(browser, mock);
    await refused();
  });
});
