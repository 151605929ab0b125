// The administration's console in a browser, with the real binary behind it: what an administrator's first day is.
// CONSOLE_FROM_TREE=1 tries the console's files of the working tree instead of those in the binary.

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { violations } from './lib/axe.mjs';
import { DESKTOP, PHONE, Person, launch } from './lib/browser.mjs';
import { run } from './lib/child.mjs';
import { Console, consoleFromTree, enrol } from './lib/console.mjs';
import { startDemo } from './lib/gateway.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';

const POLICY = `
@id("notes-for-staff")
permit (
    principal in Group::"staff",
    action == Action::"http.request",
    resource in App::"notes"
);
`;

const DECLARED = `version = 1

[[group]]
name = "editors"
title = "Editors"

[[user]]
name = "eva"
display_name = "Eva Lind"
groups = ["editors", "staff"]
`;

describe('the console', () => {
  let gateway, browser, notes, admin, console, cleo;

  before(async () => {
    gateway = await startDemo();
    notes = await startUpstream({ pages: { '/': (_request, response) => response.end('<h1>Notes</h1>') } });
    browser = await launch();
    admin = await Person.arrive(browser, { name: 'admin' });
    await consoleFromTree(admin, gateway.site('admin'));
    console = new Console(admin, gateway.site('admin'));
  });

  after(async () => {
    await browser?.close();
    await notes?.stop();
    await gateway?.stop();
  });

  afterEach(() => {
    assert.deepEqual(admin.errors, []);
  });

  /** A person in a browser of their own, signed in by this link. */
  async function arrives(name, url) {
    const person = await Person.arrive(browser, { name });
    await person.open(url);
    await person.press('Sign in');
    return person;
  }

  test('opens once the first administrator has signed in and added a passkey', async () => {
    await enrol(admin, gateway);
    await console.open('/');
    await console.at('Overview');
    await admin.page.getByText('Needs you', { exact: true }).waitFor();
    await admin.page.getByText('Only one owner has a passkey.', { exact: true }).waitFor();
  });

  test('adds a person, and makes the link that lets them in', async () => {
    await console.open('/people');
    await console.link('Add a person').click();
    await console.at('Add a person');
    await console.field('Name').fill('cleo');
    await console.field('Name to show').fill('Cleo Kaya');
    await console.field('Groups').fill('staff');
    await console.button('Add the person').click();
    await console.at('Cleo Kaya');
    await console.button('Sign-in link').click();
    await console.button('Make the link').click();
    const url = await console.dialog().locator('code').innerText();
    cleo = await arrives('cleo', url);
    await cleo.open(`${gateway.site('portal')}/`);
    await cleo.page.getByRole('link', { name: /Wiki/ }).first().waitFor();
  });

  test('adds an app, and says beside the field what is wrong with it', async () => {
    await console.open('/apps/add');
    await console.field('Title').fill('Notes');
    await console.field('Name').fill('notes');
    await console.field('Host').fill('Not A Host');
    await console.field('Servers').fill(notes.url);
    await console.button('Add the app').click();
    await admin.page.locator('.field.wrong', { hasText: 'Host' }).waitFor();
    // The refusal of the API is the page's to show.
    admin.errors = admin.errors.filter((line) => !line.includes('422'));
    await console.field('Host').fill('notes.gatewright.localhost');
    await console.button('Add the app').click();
    await console.at('Notes');
    await admin.page.getByText('Nobody can reach it yet').waitFor();
    const refused = await cleo.open(`${gateway.site('notes')}/`);
    assert.equal(refused.status(), 403);
  });

  test('invites a client, which registers itself as the page says, once, and is removed', async () => {
    await console.open('/invitations');
    await admin.page.getByText('No invitation is open').waitFor();
    await console.link('Invite a client').click();
    await console.at('Invite a client');
    await console.field('App').fill('notes');
    await console.field('Hosts').fill('https://new.gatewright.localhost');
    await console.button('Make the invitation').click();
    await admin.page.locator('.field.wrong', { hasText: 'Hosts' }).waitFor();
    admin.errors = admin.errors.filter((line) => !line.includes('422'));
    await console.field('Hosts').fill('new.gatewright.localhost');
    await console.button('Make the invitation').click();
    const token = await admin.page.locator('.secret code').innerText();
    const shown = await admin.page.locator('.secret pre').innerText();
    const register = () => run('bash', ['-c', shown], { env: { ...process.env, TOKEN: token } });
    const registered = await register();
    assert.equal(JSON.parse(registered.stdout).client_name, 'What people know it as', registered.stdout + registered.stderr);
    assert.doesNotMatch((await register()).stdout, /client_name/, 'a second time');
    await console.open('/invitations');
    await admin.page.getByText('No invitation is open').waitFor();
    await console.open('/clients');
    await console.link('What people know it as').click();
    await admin.page.getByText('https://new.gatewright.localhost/callback').waitFor();
    await console.button('Remove').click();
    await console.dialog().getByRole('button', { name: /^Remove dyn-/ }).click();
    await console.at('Clients');
    await admin.page.getByText('No client yet').waitFor();
  });

  test('takes an invitation back, by which nobody registers from then on', async () => {
    const made = await gateway.json('client', 'invite', '--app', 'notes', '--host', 'new.gatewright.localhost');
    await console.open('/invitations');
    await admin.page.getByRole('row', { name: made.id }).getByText('notes').waitFor();
    await console.button(`Take back ${made.id}`).click();
    await console.dialog().getByRole('button', { name: 'Take it back' }).click();
    await admin.page.getByText('No invitation is open').waitFor();
    assert.deepEqual((await gateway.json('client', 'invitations')).items, []);
  });

  test('shows what a policy does to people before it is saved, and saves it', async () => {
    await console.open('/policies/edit');
    const area = admin.page.getByLabel('Text of demo.cedar');
    const text = await area.inputValue();
    await area.fill(`${text}permit (principal, action, resource);`);
    await admin.page.getByText(/✕ \d+ fault/).first().waitFor();
    assert.equal(await console.button(/^Save:/).count(), 0);
    await area.fill(text + POLICY);
    await admin.page.getByText('✓ No fault').waitFor();
    await console.button('Compare with what is in force').click();
    const effect = admin.page.locator('.comparison');
    await effect.waitFor();
    assert.match(await effect.innerText(), /added notes-for-staff[^]*3 people[^]*notes\/default[^]*cleo/);
    assert.match(await effect.innerText(), /Nobody reaches less than before/);
    const before = await cleo.open(`${gateway.site('notes')}/`);
    assert.equal(before.status(), 403);
    await console.button(/^Save: up to 3 people gain/).click();
    await admin.page.getByText('The draft is what is in force.').waitFor();
    await until('cleo reaches the notes', async () => (await cleo.open(`${gateway.site('notes')}/`)).status() === 200);
    await console.open('/policies/history');
    await admin.page.getByText(/by admin/).first().waitFor();
  });

  test('tries cases on the draft, and says what differs', async () => {
    await console.open('/policies/edit');
    await console.button('Try them').click();
    await admin.page.locator('.chip', { hasText: 'holds' }).nth(1).waitFor();
    const cases = console.field('Cases');
    await cases.fill((await cases.inputValue()).replace('expect = "deny"', 'expect = "allow"'));
    await console.button('Try them').click();
    await admin.page.locator('.chip', { hasText: 'does not' }).waitFor();
  });

  test('explains one request: who may, who may not, and what would open it', async () => {
    await console.open('/ask?user=bo&app=payroll');
    await console.field('Having proved with').selectOption('sign-in-link');
    await console.button('Ask').click();
    const answer = admin.page.locator('.answer');
    await answer.waitFor();
    assert.match(await answer.innerText(), /bo may not GET[^]*crown-jewels-need-a-passkey[^]*authn\.phishing_resistant/);
    await console.field('Who').fill('cleo');
    await console.field('App').fill('notes');
    await console.button('Ask').click();
    await admin.page.getByText(/cleo may GET/).waitFor();
    assert.match(await answer.innerText(), /notes-for-staff/);
  });

  test('ends a lease, and the other browser loses its page at once', async () => {
    await cleo.open(`${gateway.site('wiki')}/`);
    await cleo.page.getByText('✓ live').waitFor();
    await console.open('/leases?user=cleo&app=wiki');
    const row = admin.page.getByRole('row').filter({ hasText: 'WebSocket' });
    await row.getByRole('button', { name: /^End/ }).click();
    await console.button('End this lease').click();
    await cleo.page.getByText('✕ ended').waitFor();
    await cleo.page.getByText('An administrator ended this access.').waitFor();
    await row.waitFor({ state: 'detached' });
  });

  test('ends a session, and the other browser is signed out', async () => {
    await cleo.open(`${gateway.site('wiki')}/`);
    await console.open('/sessions?user=cleo');
    await console.button(/^End/).first().click();
    assert.match(await console.dialog().innerText(), /Signs cleo out on Chrom.*cuts \d+ open lease/);
    await console.button('End this session').click();
    await admin.page.getByText('cleo is not signed in').waitFor();
    await cleo.page.getByText('✕ ended').waitFor();
    await cleo.open(`${gateway.site('wiki')}/`);
    assert.match(await cleo.text(), /sign in/i);
  });

  test('draws who reaches what, explains a line, and says the same as a table', async () => {
    await console.open('/map');
    const flow = admin.page.getByRole('button', { name: /^staff \(\d people\) can reach payroll on a condition: passkey/ });
    await flow.focus();
    await admin.page.keyboard.press('Enter');
    const explained = admin.page.locator('.explained.card');
    await explained.waitFor();
    assert.match(await explained.innerText(), /payroll-for-staff/);
    await admin.page.getByRole('radio', { name: 'as a table' }).check();
    const row = admin.page.getByRole('row').filter({ hasText: 'payroll/default' }).filter({ hasText: 'staff' });
    assert.match(await row.innerText(), /on a condition[^]*needs passkey/);
    await admin.page.getByRole('searchbox').fill('contractors');
    await admin.page.getByRole('row').filter({ hasText: 'staff' }).first().waitFor({ state: 'detached' });
  });

  test('shows a refusal as it happens, and the whole decision', async () => {
    await console.open('/decisions?outcome=deny&app=payroll');
    const bo = await arrives('bo', await gateway.link('bo', 'enrolment'));
    await bo.open(`${gateway.site('payroll')}/`);
    await console.link(/^bo → payroll/).first().click();
    const whole = admin.page.locator('.decision');
    await whole.waitFor();
    assert.match(await whole.innerText(), /bo may not GET/);
    for (const part of ['rests on', 'decided by', 'would open it now', 'recorded']) await whole.getByText(part, { exact: true }).waitFor();
    assert.match(await whole.innerText(), /would open it now[^]*passkey/);
    assert.match(await whole.innerText(), /crown-jewels-need-a-passkey[^]*forbid[^]*segment \d+ · record \d+/);
    await bo.leave();
  });

  test('applies files once their plan was looked at, and shows what drifted from them', async () => {
    const folder = join(gateway.folder, 'declared');
    await mkdir(join(folder, 'old'), { recursive: true });
    await writeFile(join(folder, 'people.toml'), DECLARED);
    await writeFile(join(folder, 'README.md'), 'Not declared.');
    await console.open('/settings');
    await admin.page.getByText('Nothing is declared').waitFor();
    const input = admin.page.locator('input[type=file]').first();
    await input.setInputFiles(folder);
    const plan = admin.page.locator('.plan');
    await plan.waitFor();
    assert.match(await plan.innerText(), /2 changes[^]*group editors[^]*person eva[^]*gains[^]*wiki\/default[^]*eva/i);
    await console.button(/^Apply: up to/).click();
    await admin.page.locator('.chip', { hasText: 'as declared' }).waitFor();
    assert.equal((await gateway.cli('user', 'disable', 'eva')).code, 0);
    await console.open('/settings');
    await admin.page.locator('.chip', { hasText: 'drifted' }).waitFor();
    await admin.page.getByRole('list', { name: /applying the same files again/ }).getByText('eva').waitFor();
  });

  test('hands out what there is as files that change nothing', async () => {
    await console.open('/settings');
    const [download] = await Promise.all([admin.page.waitForEvent('download'), console.button('Download them').click()]);
    const folder = join(gateway.folder, 'exported');
    await mkdir(folder);
    const unpacked = await run('python3', ['-m', 'zipfile', '-e', await download.path(), folder]);
    assert.equal(unpacked.code, 0, unpacked.stderr);
    assert.match(await readFile(join(folder, 'demo.cedar'), 'utf8'), /notes-for-staff/);
    const plan = await gateway.cli('apply', folder, '--dry-run');
    assert.equal(plan.code, 0, plan.stdout + plan.stderr);
  });

  const PLACES = ['Overview', 'People', 'Groups', 'Devices', 'Apps', 'Live decisions', 'Sessions and leases', 'Policies', 'Proposals', 'Access map', 'Settings'];
  for (const [index, place] of PLACES.entries()) {
    test(`"${place}" is reached, and gone through, by keyboard alone`, async () => {
      if (index === 0) await console.open('/policies');
      else await console.open('/');
      await console.tabTo(new RegExp(`^a: ${place}$`));
      await admin.page.keyboard.press('Enter');
      await console.at(place.replace(' and leases', ''));
      assert.match(await console.focused(), /^h1: /);
      assert.deepEqual(await console.walkedByTab(), { unreached: [], unseen: [] });
    });
  }

  const decided = async () => {
    const link = admin.page.getByRole('link', { name: /→ payroll/ }).first();
    await console.open('/decisions?outcome=deny');
    return new URL(await link.getAttribute('href'), console.origin).pathname;
  };
  const PAGES = {
    overview: '/',
    people: '/people',
    'people-add': '/people/add',
    person: '/people/cleo',
    groups: '/groups',
    group: '/groups/staff',
    devices: '/devices',
    apps: '/apps',
    'apps-add': '/apps/add',
    clients: '/clients',
    invitations: '/invitations',
    'invitations-add': '/invitations/add',
    app: '/apps/notes',
    'app-change': '/apps/notes/edit',
    'app-of-configuration': '/apps/wiki',
    decisions: '/decisions',
    decision: decided,
    sessions: '/sessions',
    leases: '/leases',
    policies: '/policies',
    policy: '/policies/crown-jewels-need-a-passkey',
    'policies-edit': '/policies/edit',
    'policies-history': '/policies/history',
    proposals: '/proposals',
    ask: '/ask',
    map: '/map',
    settings: '/settings',
    missing: '/no/such/page',
  };
  for (const [name, path] of Object.entries(PAGES)) {
    test(`the page "${name}" fits and is accessible, light and dark, on a desktop and a phone`, async () => {
      await console.open(typeof path === 'string' ? path : await path());
      for (const viewport of [DESKTOP, PHONE]) {
        await admin.page.setViewportSize(viewport);
        for (const colorScheme of ['light', 'dark']) {
          await admin.page.emulateMedia({ colorScheme });
          assert.deepEqual(await violations(admin.page), [], `${name} at ${viewport.width} px, ${colorScheme}`);
          await admin.picture(`console-${name}-${viewport.width}-${colorScheme}`);
        }
        assert.ok((await console.overflow()) <= 0, `${name} is too wide at ${viewport.width} px`);
      }
      await admin.page.setViewportSize(DESKTOP);
      await admin.page.emulateMedia({ colorScheme: 'light' });
    });
  }
});
