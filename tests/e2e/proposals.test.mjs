// Rights take two people: one owner proposes in the console, another looks at what it does and approves or declines it.
// CONSOLE_FROM_TREE=1 tries the console's files of the working tree instead of those in the binary.

import assert from 'node:assert/strict';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { violations } from './lib/axe.mjs';
import { DESKTOP, PHONE, Person, launch } from './lib/browser.mjs';
import { Console, consoleFromTree } from './lib/console.mjs';
import { startDemo } from './lib/gateway.mjs';
import { until } from './lib/until.mjs';

const SHIPPED = new URL('../../policies/', import.meta.url).pathname;

const WIKI = `
@id("wiki-for-contractors")
permit (
    principal in Group::"contractors",
    action == Action::"http.request",
    resource in App::"wiki"
);
`;

const CONSOLE = WIKI.replace('wiki-for', 'console-for').replace('App::"wiki"', 'App::"administration"');

describe('what takes two people', () => {
  let gateway, browser;
  const people = {};

  before(async () => {
    gateway = await startDemo();
    const folder = join(gateway.folder, 'two-people');
    await mkdir(folder);
    await cp(join(gateway.policies, 'demo.cedar'), join(folder, 'demo.cedar'));
    for (const name of ['approvals', 'roles']) await cp(join(SHIPPED, name, `${name}.cedar`), join(folder, `${name}.cedar`));
    const { code, stdout, stderr } = await gateway.cli('policy', 'apply', folder, '--yes');
    assert.equal(code, 0, stdout + stderr);
    await gateway.json('group', 'add', 'operators');
    for (const name of ['olga', 'oskar']) await gateway.addUser(name, 'owners');
    await gateway.addUser('otto', 'operators');
    await gateway.addUser('cleo', 'contractors');
    browser = await launch();
    for (const name of ['olga', 'oskar', 'otto']) people[name] = await arrive(name);
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  afterEach(() => {
    for (const { person } of Object.values(people)) {
      // What the API refuses is the page's to show.
      const faults = person.errors.filter((line) => !/status of 40[39]/.test(line));
      assert.deepEqual(faults, [], person.name);
    }
  });

  /** Opens their link, adds a passkey, and is at the console. */
  async function arrive(name) {
    const person = await Person.arrive(browser, { name });
    await consoleFromTree(person, gateway.site('admin'));
    await person.open(await gateway.link(name, 'enrolment'));
    await person.press('Sign in');
    await person.open(`${gateway.site('auth')}/#passkeys`);
    await person.press('Add a passkey');
    await person.page.getByRole('button', { name: /add|create/i }).first().click();
    await person.page.waitForURL((url) => !url.pathname.startsWith('/enrol'));
    return new Console(person, gateway.site('admin'));
  }

  const waits = (console) => console.page.getByText('It is proposed, and waits for somebody else.').waitFor();
  const chip = (console, words) => console.page.locator('.chip', { hasText: words }).waitFor();

  /** Whether a policy is in force, as she is told. */
  async function inForce(id) {
    const { policies } = await people.olga.page.evaluate(async () => (await fetch('/v1/policies')).json());
    return policies.some((policy) => policy.id === id);
  }

  /** Writes policies into the draft, compares it, and proposes it. */
  async function proposePolicies(console, text, why) {
    await console.open('/policies/edit?file=demo.cedar');
    const area = console.page.getByLabel('Text of demo.cedar');
    await area.fill((await area.inputValue()) + text);
    await console.page.getByText('✓ No fault').first().waitFor();
    await console.button('Compare with what is in force').click();
    await console.button(/^Propose it: up to 2 people gain/).waitFor();
    assert.equal(await console.button(/^Save:/).count(), 0, 'nobody saves policies alone');
    await console.field('Why').fill(why);
    await console.button(/^Propose it:/).click();
    await waits(console);
  }

  /** At desktop and phone width, light and dark. */
  async function clean(console, name) {
    const { page } = console;
    for (const viewport of [DESKTOP, PHONE]) {
      for (const colorScheme of ['light', 'dark']) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await violations(page), [], `${name} at ${viewport.width} px, ${colorScheme}`);
      }
      assert.ok((await console.overflow()) <= 0, `${name} at ${viewport.width} px`);
    }
    await console.person.pictures(name);
  }

  test('an owner cannot save policies alone: she proposes them, and cannot approve them', async () => {
    const { olga } = people;
    await proposePolicies(olga, CONSOLE, 'The contractors help out.');
    await proposePolicies(olga, WIKI, 'The contractors read the wiki.');
    assert.equal(await inForce('wiki-for-contractors'), false);
    await olga.link('See the proposal').click();
    await olga.at('Replace the policies');
    await olga.page.getByText('You proposed it, so somebody else approves it.').waitFor();
    assert.equal(await olga.button('Approve').count(), 0);
    assert.equal(await olga.button('Decline').count(), 0);
    const id = new URL(olga.page.url()).pathname.split('/').at(-1);
    const status = await olga.page.evaluate(
      async (id) => (await fetch(`/v1/proposals/${id}/approve`, { method: 'POST' })).status,
      id,
    );
    assert.equal(status, 403);
  });

  test('a membership is proposed from the page of a person', async () => {
    const { olga } = people;
    await olga.open('/people/cleo');
    await olga.button('Propose to put into a group').click();
    await olga.dialog().getByLabel('Group').fill('staff');
    await olga.dialog().getByLabel('Why').fill('She is one of us now.');
    await olga.dialog().getByRole('button', { name: 'Propose it' }).click();
    await waits(olga);
    await olga.button('Done').click();
    const { groups } = await gateway.user('cleo');
    assert.deepEqual(groups.map(({ group }) => group), ['contractors']);
  });

  test('another owner is told of them on the overview, and sees what each does to people', async () => {
    const { oskar } = people;
    await oskar.open('/');
    await oskar.page.getByText('3 proposed changes wait for you.', { exact: true }).waitFor();
    await oskar.page.locator('.places-count').getByText('3').waitFor();
    await oskar.page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: /^Proposals/ }).click();
    await oskar.at('Proposals');
    assert.equal(await oskar.page.locator('tbody tr').count(), 3);
    await clean(oskar, 'proposals');
    await oskar.page.getByRole('row', { name: /read the wiki/ }).getByRole('link').click();
    await oskar.at('Replace the policies');
    await oskar.page.locator('.comparison').waitFor();
    const effect = await oskar.page.locator('.comparison').innerText();
    assert.match(effect, /added wiki-for-contractors[^]*2 people[^]*wiki\/default[^]*bo[^]*cleo/);
    assert.match(await oskar.page.locator('.difference').innerText(), /\+ @id\("wiki-for-contractors"\)/);
    await clean(oskar, 'proposal');
  });

  test('he declines one with a reason, and approves another, which is in force then', async () => {
    const { oskar } = people;
    await oskar.open('/proposals');
    await oskar.page.getByRole('row', { name: /help out/ }).getByRole('link').click();
    await oskar.at('Replace the policies');
    await oskar.button('Decline').click();
    await oskar.dialog().getByLabel('Why').fill('The console is for owners.');
    await oskar.button('Decline it').click();
    await chip(oskar, 'declined');
    await oskar.open('/proposals');
    await oskar.page.getByRole('row', { name: /read the wiki/ }).getByRole('link').click();
    await oskar.page.locator('.comparison').waitFor();
    await oskar.button('Approve').click();
    await oskar.button('Approve: up to 2 people gain').click();
    await chip(oskar, 'approved');
    assert.equal(await inForce('wiki-for-contractors'), true);
    assert.equal(await inForce('console-for-contractors'), false);
  });

  test('he approves the membership, and she sees what became of each', async () => {
    const { olga, oskar } = people;
    await oskar.open('/proposals');
    await oskar.link(/^Put cleo into the group staff/).click();
    await oskar.at('Put cleo into the group staff');
    await oskar.button('Approve').click();
    await oskar.button('Approve it').click();
    await chip(oskar, 'approved');
    await oskar.link('See what it changed').click();
    await oskar.page.getByRole('link', { name: 'staff', exact: true }).waitFor();
    await until('cleo is one of the staff', async () => (await gateway.user('cleo')).groups.some(({ group }) => group === 'staff'));
    await olga.open('/proposals?state=all');
    await olga.page.getByRole('row', { name: /help out/ }).getByText('declined').waitFor();
    await olga.page.getByRole('row', { name: /one of us now/ }).getByText('approved').waitFor();
    await olga.page.getByRole('row', { name: /help out/ }).getByRole('link').click();
    await olga.page.getByText('The console is for owners.').waitFor();
    await olga.open('/policies');
    await olga.page.getByText('wiki-for-contractors', { exact: true }).waitFor();
    await olga.open('/policies/history');
    await olga.page.getByText('by oskar, proposed by olga').waitFor();
  });

  test('an operator is refused what is a right, proposes it from there, and an owner approves it', async () => {
    const { otto, oskar } = people;
    await otto.open('/apps/add');
    await otto.page.getByText('what changes them is proposed, and somebody else approves it').waitFor();
    for (const [label, value] of [['Title', 'Notes'], ['Name', 'notes'], ['Host', 'notes.gatewright.localhost']])
      await otto.field(label).fill(value);
    await otto.field('Servers').fill('http://127.0.0.1:9');
    await otto.field('Tags').fill('crown-jewel');
    await otto.button('Add the app').click();
    await otto.page.getByRole('alert').getByText('decide which policies apply to it').waitFor();
    await otto.field('Why').fill('The notes move here.');
    await otto.page.getByRole('button', { name: 'Propose it', exact: true }).click();
    await waits(otto);
    await otto.link('See the proposal').click();
    await otto.at('Add the app notes');
    await oskar.open(new URL(otto.page.url()).pathname);
    await oskar.page.getByRole('row', { name: /^Tags/ }).getByText('crown-jewel').waitFor();
    await oskar.button('Approve').click();
    await oskar.button('Approve it').click();
    await oskar.link('See what it changed').click();
    await oskar.at('Notes');
  });

  test('she takes back what she has proposed', async () => {
    const { olga } = people;
    await olga.open('/groups');
    await olga.button('Propose to add a group').click();
    await olga.dialog().getByLabel('Name').fill('editors');
    await olga.dialog().getByLabel('Why').fill('For the handbook.');
    await olga.dialog().getByRole('button', { name: 'Propose it' }).click();
    await olga.link('See the proposal').click();
    await olga.at('Add the group editors');
    await olga.button('Withdraw').click();
    await olga.button('Withdraw it').click();
    await chip(olga, 'withdrawn');
  });
});
