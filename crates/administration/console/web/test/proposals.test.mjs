// What takes two people: one proposes it where others would do it, the other looks at it and approves or declines it.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { PROPOSABLE, propose } from '../mock/answers/proposals.mjs';
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
      // A link is a secret that is shown once: it is made by who may, or not at all.
      const closed = page.getByText('policy does not permit you').filter({ hasNotText: 'admin.user.link' });
      assert.equal(await closed.count(), 0, path);
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

  const put = (operation, path, body) =>
    propose(
      mock,
      PROPOSABLE.find(([, , name]) => name === operation),
      { path, parameters: { app: path.split('/').at(-1), group: path.split('/').at(-1) }, body, why: 'So.', by: 'ana' },
    );

  /** What the table says of each field: now, and then. */
  const rows = async () => {
    await page.getByRole('table', { name: 'What it says' }).waitFor();
    const cells = await page
      .locator('tbody tr')
      .evaluateAll((all) => all.map((row) => [...row.children].map(({ textContent }) => textContent)));
    return Object.fromEntries(
      cells.map(([field, now, then]) => [field, [now.replace(/^now /, ''), then.replace(/^proposed /, '')]]),
    );
  };

  test('tells what is taken away where a thing is replaced whole', async () => {
    const payroll = mock.apps.find(({ name }) => name === 'payroll');
    const attributes = { owner: 'it' };
    Object.assign(payroll, { attributes, in_portal: false, tags: ['crown-jewel', 'internal'] });
    const { name, host, upstream } = payroll;
    assert.ok(payroll.routes.length > 0);
    mock.as = 'bo';
    await visitor.open(
      `/proposals/${put('AppPut', '/v1/apps/payroll', { name, host, upstream, title: 'Pay of 2027' }).id}`,
    );
    const app = await rows();
    assert.deepEqual(app.Title, ['Payroll', 'Pay of 2027']);
    assert.deepEqual(app.Tags, ['crown-jewel, internal', '−taken away']);
    assert.match(app.Attributes[0], /"owner": "it"/);
    assert.equal(app.Attributes[1], '−taken away');
    assert.match(app.Routes[0], /"runs"/);
    assert.equal(app.Routes[1], '−taken away');
    assert.deepEqual(app['In portal'], ['no', 'yes']);
    for (const computed of ['Url', 'Managed by', 'Built in', 'Version', 'Name', 'Host', 'Upstream'])
      assert.ok(!(computed in app), computed);
    await page.getByText('It is replaced whole: what is left out is taken away.').waitFor();
    assert.equal(await page.getByText('Everything else stays').count(), 0);
    assert.deepEqual(await visitor.violations(), []);

    const group = mock.groups.find(({ name }) => name === 'finance');
    group.parents = ['staff'];
    await visitor.open(`/proposals/${put('GroupPut', '/v1/groups/finance', { title: 'Money' }).id}`);
    assert.deepEqual(await rows(), { Title: [group.title, 'Money'], Parents: ['staff', '−taken away'] });

    const femi = user('femi');
    await visitor.open(`/proposals/${put('UserChange', `/v1/users/${femi.id}`, { email: 'f@example.com' }).id}`);
    assert.deepEqual(Object.keys(await rows()), ['Email']);
    await page.getByText('Everything else stays as it is.').waitFor();
  });

  test('says that all is replaced where what is there now cannot be read', async () => {
    mock.as = 'bo';
    await visitor.open(`/proposals/${put('GroupPut', '/v1/groups/nowhere', {}).id}`);
    await page.getByText(/It is replaced whole, and not compared with what it is now/).waitFor();
    assert.ok(visitor.errors.every((error) => /404/.test(error)));
    visitor.errors.length = 0;
  });

  test('comes with what else is to be known, on its page and where it is approved', async () => {
    const note = '`finance` brings the group `owners` with it: they become an owner';
    Object.assign(put('GroupPut', '/v1/groups/finance', { title: 'Money' }), { notes: [note] });
    mock.as = 'bo';
    await visitor.open('/proposals');
    await page.getByRole('link', { name: 'Change the group finance' }).first().waitFor();
    assert.equal(await page.getByText('brings the group').count(), 0);
    await visitor.open(`/proposals/${newest().id}`);
    const noted = page.locator('.noted');
    await noted.getByText('finance brings the group owners with it: they become an owner').waitFor();
    assert.ok(
      (await noted.boundingBox()).y < (await visitor.button('Approve').boundingBox()).y,
      'it stands above the buttons',
    );
    await visitor.button('Approve').click();
    await visitor.dialog().getByText('finance brings the group owners with it').waitFor();
    assert.deepEqual(await visitor.violations(), []);
  });

  test('is not said to change nothing where not everything was compared', async () => {
    const { files } = mock.policies;
    put('PolicyApply', '/v1/policies', {
      files: [{ ...files[0], text: `${files[0].text}// fine\n` }, ...files.slice(1)],
    });
    await page.route('**/v1/policies/compare', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), incomplete: true } });
    });
    mock.as = 'bo';
    await visitor.open(`/proposals/${newest().id}`);
    await page.getByText('As far as was compared, nobody reaches more than before.').waitFor();
    await page.getByText('As far as was compared, nobody reaches less than before.').waitFor();
    await page.getByText(/^Compared as if everybody had signed in just now, here and now/).waitFor();
    assert.equal(await page.getByText('Nobody reaches').count(), 2);
    await visitor.button('Approve').click();
    await visitor.button('Approve, though not everything could be compared').waitFor();
  });

  test('shows where a line of a policy ends, and what is not seen in it', async () => {
    const { files } = mock.policies;
    const text = `${files[0].text}// fine\rpermit (principal, action, resource);\n// \u202eso\u2028then\n`;
    put('PolicyApply', '/v1/policies', { files: [{ ...files[0], text }, ...files.slice(1)] });
    mock.as = 'bo';
    await visitor.open(`/proposals/${newest().id}`);
    await page.locator('ins').first().waitFor();
    assert.deepEqual(await page.locator('ins').allTextContents(), [
      '+ // fine\\u{d}',
      '+ permit (principal, action, resource);',
      '+ // \\u{202e}so\\u{2028}then',
    ]);
    put('DeclaredApply', '/v1/declared/apply', { files: [{ name: 'a.cedar', text: '// fine\rforbid (x);' }] });
    await visitor.open(`/proposals/${newest().id}`);
    await page.getByText('a.cedar 2 lines').click();
    assert.equal(await page.locator('details pre.cedar').textContent(), '// fine\\u{d}\nforbid (x);');
    assert.equal(await page.locator('details .c-comment').textContent(), '// fine\\u{d}');
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
