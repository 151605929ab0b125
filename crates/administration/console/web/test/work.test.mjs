// The work itself: people, apps, policies, sessions, each from the first click to what the API then holds.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { Visitor } from './lib/visit.mjs';

const FINANCE =
  '\n@id("reports-for-finance")\npermit (\n    principal in Group::"finance",\n    action == Action::"http.request",\n    resource in App::"reports"\n);\n';

describe('administering', () => {
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
  const inAlert = () => page.getByRole('alert').first().innerText();

  test('a person is added, and their link is shown once, to be copied', async () => {
    await visitor.open('/people/add');
    await visitor.field('Name').fill('Not A Name');
    await visitor.button('Add the person').click();
    await page.locator('.field.wrong').waitFor();
    assert.match(await page.locator('.field.wrong').innerText(), /is no name for a person\. Use lower-case/);
    await visitor.field('Name').fill('newcomer');
    await visitor.field('Name to show').fill('New Comer');
    await visitor.field('Groups').fill('finance');
    await visitor.button('Add the person').click();
    await page.getByRole('heading', { level: 1, name: 'New Comer' }).waitFor();
    assert.deepEqual(user('newcomer').groups, [{ group: 'finance' }]);
    await visitor.button('Enrolment link').click();
    await visitor.button('Make the link').click();
    await page.getByText('https://auth.example.com/link/newcomer').waitFor();
    await visitor.dialog().getByRole('button', { name: 'Copy' }).click();
    await visitor.button('Copied').waitFor();
    await visitor.button('Done').click();
    assert.doesNotMatch(await page.locator('body').innerText(), /auth\.example\.com\/link/);
    assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length]), [0, 0]);
  });

  test('whom a disabling touches is said before, and what forbids it afterwards', async () => {
    await visitor.open('/people/ana');
    await visitor.button('Disable').click();
    await visitor
      .dialog()
      .getByText(/open leases? at once/)
      .waitFor();
    await visitor.dialog().getByRole('button', { name: 'Disable ana' }).click();
    assert.match(await inAlert(), /Nobody could administer Gatewright any more.*Put somebody else into owners first/s);
    await visitor.button('Leave it as it is').click();
    await visitor.open('/people/elif');
    await visitor.button('Disable').click();
    await visitor.dialog().getByRole('button', { name: 'Disable elif' }).click();
    await visitor.button('Enable').waitFor();
    assert.equal(user('elif').disabled, true);
  });

  test('a group is joined until a time and left again', async () => {
    await visitor.open('/people/femi');
    await visitor.button('Put into a group').click();
    await visitor.dialog().getByLabel('Group').fill('oncall');
    await visitor.dialog().getByLabel('Until').fill('2099-01-01T12:00');
    await visitor.button('Put into the group').click();
    await visitor.button('Take out of oncall').waitFor();
    assert.ok(user('femi').groups.find(({ group }) => group === 'oncall').until > Date.now());
    await visitor.button('Take out of oncall').click();
    await visitor.dialog().getByRole('button', { name: 'Take out of oncall' }).click();
    await visitor.dialog().waitFor({ state: 'detached' });
    await page.waitForFunction(() => !/oncall/.test(document.querySelector('main')?.textContent ?? ''));
  });

  test('a change over what somebody else changed is not made, and says so', async () => {
    await visitor.open('/people/greta');
    user('greta').version += 1;
    await visitor.field('Name to show').fill('Greta the Second');
    await visitor.button('Save').click();
    assert.match(await inAlert(), /Somebody else changed this since you read it/);
    assert.notEqual(user('greta').display_name, 'Greta the Second');
    await visitor.button('Load it as it is now').waitFor();
  });

  test('an app is added; a fault stands at the field that it is about', async () => {
    await visitor.open('/apps/add');
    await visitor.field('Title').fill('Intranet');
    await visitor.field('Name').fill('intranet');
    await visitor.field('Host').fill('intranet.example.com');
    await visitor.field('Servers').fill('http://10.0.0.7:3000');
    await visitor.button('Name another route').click();
    const route = page.getByRole('group', { name: /^Route/ });
    await route.getByLabel('Name', { exact: true }).fill('news');
    await route.getByLabel('Paths', { exact: true }).fill('news/*');
    await visitor.button('Add the app').click();
    await page.locator('.field.wrong').waitFor();
    assert.match(await page.locator('.field.wrong').innerText(), /^Paths[^]*does not begin with a slash/);
    assert.equal(await route.getByLabel('Paths', { exact: true }).getAttribute('aria-invalid'), 'true');
    await route.getByLabel('Paths', { exact: true }).fill('/news/*');
    await visitor.button('Add the app').click();
    await page.getByRole('heading', { level: 1, name: 'Intranet' }).waitFor();
    const app = mock.apps.find(({ name }) => name === 'intranet');
    assert.deepEqual(app.routes[0].paths, ['/news/*']);
    assert.deepEqual(app.upstream, { servers: ['http://10.0.0.7:3000'] });
  });

  test('what the configuration file owns is read-only, and says where it is changed', async () => {
    await visitor.open('/apps/wiki');
    assert.equal(await visitor.button('Remove').count(), 0);
    assert.match(await page.locator('main').innerText(), /The configuration file owns this app/);
  });

  test('policies are compared before they are saved, and a saved set is rolled back', async () => {
    await visitor.open('/policies/edit');
    const area = page.getByLabel('Text of apps.cedar');
    await area.fill((await area.inputValue()) + FINANCE);
    assert.equal(await visitor.button(/^Save:/).count(), 0);
    await visitor.button('Compare with what is in force').click();
    await visitor.button('Save: up to 809 people gain').waitFor();
    await area.press('End');
    await area.press('Enter');
    await visitor.button(/^Save:/).waitFor({ state: 'detached' });
    await visitor.button('Compare with what is in force').click();
    await visitor.button(/^Save:/).waitFor();
    mock.policies.version += 1;
    await visitor.button(/^Save:/).click();
    assert.match(await inAlert(), /The policies were changed since this was compared/);
    await visitor.button('Try again').click();
    await page.getByText(`Compared with the policies of version ${mock.policies.version}`).waitFor();
    await visitor.button(/^Save:/).click();
    await page.getByText('The draft is what is in force.').waitFor();
    assert.ok(mock.policies.all().some(({ id }) => id === 'reports-for-finance'));

    await visitor.open('/policies/history/1.4102');
    await visitor.button('Compare with what is in force').click();
    await visitor.button(/^Go back to these: up to 809 people lose and 12 open leases cut/).click();
    await page.getByRole('heading', { level: 1, name: 'Policies' }).waitFor();
    assert.ok(!mock.policies.all().some(({ id }) => id === 'reports-for-finance'));
  });

  test('a draft is not lost by a click on the way out', async () => {
    await visitor.open('/policies/edit');
    await page.getByLabel('Text of apps.cedar').fill('// mine');
    const asked = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.message());
      void (asked.length < 2 ? dialog.dismiss() : dialog.accept());
    });
    await page.getByRole('link', { name: 'Overview' }).click();
    assert.equal(await visitor.heading(), 'Edit the policies');
    assert.equal(await page.getByLabel('Text of apps.cedar').inputValue(), '// mine');
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    assert.equal(asked.length, 2);
  });

  test('a question is asked under the draft, and says when the draft has changed since', async () => {
    await visitor.open('/policies/edit');
    await page.getByLabel('Who').fill('bo');
    await page.getByLabel('App', { exact: true }).fill('payroll');
    await page.getByLabel('Having proved with').selectOption('sign-in-link');
    await visitor.button('Ask').click();
    await page.locator('.answer').waitFor();
    assert.match(
      await page.locator('.answer').innerText(),
      /bo may not GET \/ on payroll[^]*crown-jewels-need-a-passkey[^]*confirm with a passkey/,
    );
    await page.getByLabel('Text of apps.cedar').fill('// nothing');
    await page.getByText('The draft has changed since this was asked.').waitFor();
  });

  test('a session and a lease are ended, and whom it touches is said before', async () => {
    await visitor.open('/sessions?user=dmitri');
    const before = await page.locator('tbody tr').count();
    await visitor.button(/^End/).first().click();
    assert.match(
      await visitor.dialog().innerText(),
      /Signs dmitri out on .*, where they signed in .*, and cuts \d+ open leases? at once/,
    );
    await visitor.button('End this session').click();
    await page.waitForFunction((count) => document.querySelectorAll('tbody tr').length === count - 1, before);
    await visitor.open('/leases');
    await visitor.button(/^End/).first().click();
    assert.match(await visitor.dialog().innerText(), /It touches this one only/);
    await visitor.button('End this lease').click();
    await page.getByText(/1.283 open leases/).waitFor();
  });

  test('only what is different about a person is sent', async () => {
    await visitor.open('/people/elif');
    await visitor.field('Name to show').fill('Elif K');
    const sent = page.waitForRequest((request) => request.method() === 'PATCH');
    await visitor.button('Save').click();
    assert.deepEqual((await sent).postDataJSON(), { display_name: 'Elif K' });
    await page.getByRole('heading', { level: 1, name: 'Elif K' }).waitFor();
  });

  test('files are applied once their plan was looked at', async () => {
    await visitor.open('/settings');
    await page.getByText('drifted').waitFor();
    const input = page.locator('input[type=file]').nth(1);
    const file = (name, text) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
    await input.setInputFiles([file('people.toml', 'colour = "red"'), file('notes.txt', '')]);
    assert.match(await inAlert(), /These files have faults[^]*people\.toml:1: unknown field colour/);
    assert.equal(await visitor.button(/^Apply:/).count(), 0);
    await page.getByText('Left aside: notes.txt.').waitFor();
    await input.setInputFiles([file('people.toml', '[[user]]\nname = "eva"\n')]);
    await visitor.button('Apply: nobody gains or loses').waitFor();
    await visitor.field('Also take away what no file names').check();
    await page.getByRole('list', { name: 'What applying these files would do' }).getByText('oncall').waitFor();
    await visitor.button(/^Apply:/).click();
    await page.getByText('as declared').waitFor();
    assert.equal(mock.declared, true);
  });

  test('the clock is confirmed', async () => {
    await visitor.open('/settings');
    await visitor.button('That is the time').click();
    await page.getByText('trusted').waitFor();
  });
});
