// Break-glass in browsers, with the real binary: sealed in the console, typed by somebody who has nothing else,
// seen by every administrator until one of them acknowledges it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { violations } from './lib/axe.mjs';
import { DESKTOP, PHONE, Person, launch } from './lib/browser.mjs';
import { Console, enrol } from './lib/console.mjs';
import { startDemo } from './lib/gateway.mjs';
import { until } from './lib/until.mjs';

const CODE = /^([a-z0-9]{4}-){7}[a-z0-9]{4}$/;

describe('breaking the glass', () => {
  let gateway, browser, admin, console, stranger, code;

  before(async () => {
    gateway = await startDemo();
    browser = await launch();
    admin = await Person.arrive(browser, { name: 'admin' });
    await enrol(admin, gateway);
    console = new Console(admin, gateway.site('admin'));
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  const listed = async () => (await gateway.json('break-glass', 'list')).items;
  const notice = (person) => person.page.getByText('The glass was broken', { exact: true });

  test('an owner seals a way in, and its code is shown once', async () => {
    await console.open('/');
    await admin.page.getByText('Nothing is sealed for the day on which nobody can sign in.', { exact: true }).waitFor();
    await console.open('/break-glass');
    await admin.page.getByText('Nothing is sealed', { exact: true }).waitFor();
    await console.button('Seal a way in').click();
    await console.field('Where it will be kept').fill('safe, second floor');
    await console.button('Seal it').click();
    await admin.page.getByText('It is shown only now').waitFor();
    code = await console.dialog().locator('code.whole').innerText();
    assert.match(code, CODE);
    await console.button('Done').click();
    await admin.page.getByText('safe, second floor').first().waitFor();
    await console.open('/break-glass');
    assert.ok(!(await admin.text()).includes(code));
    assert.equal((await listed())[0].opens, true);
  });

  test('the page for it is kind to who is in a hurry: accessible, on a phone, and not impressed by a wrong code', async () => {
    stranger = await Person.arrive(browser, { name: 'stranger', passkeys: false });
    await stranger.open(`${gateway.site('auth')}/break-glass`);
    for (const viewport of [DESKTOP, PHONE]) {
      await stranger.page.setViewportSize(viewport);
      for (const colorScheme of ['light', 'dark']) {
        await stranger.page.emulateMedia({ colorScheme });
        assert.deepEqual(await violations(stranger.page), []);
        await stranger.picture(`break-glass-${viewport.width}-${colorScheme}`);
      }
    }
    await stranger.page.setViewportSize(DESKTOP);
    await stranger.page.getByLabel('The code in the envelope').fill('aaaa-bbbb-cccc-dddd-eeee-ffff-gggg-hhhh');
    await stranger.press('Break the glass');
    assert.match(await stranger.page.getByRole('alert').innerText(), /opens nothing/);
    stranger.errors.length = 0; // the refused form is a failed load to the browser
  });

  test('whoever types the code administers for a while, and everybody who administers is told', async () => {
    await stranger.page.getByLabel('The code in the envelope').fill(code.toUpperCase());
    await stranger.press('Break the glass');
    await stranger.page.waitForURL((url) => url.href.startsWith(gateway.site('admin')));
    const theirs = new Console(stranger, gateway.site('admin'));
    await theirs.at('Overview');
    await notice(stranger).waitFor();
    await theirs.open('/people/ana');
    await theirs.button('Disable').click();
    await theirs.dialog().getByRole('button', { name: /^Disable/ }).click();
    await until('ana is disabled', async () => (await gateway.json('user', 'list')).items.find(({ name }) => name === 'ana').disabled);

    for (const path of ['/', '/people', '/map']) {
      await console.open(path);
      await notice(admin).waitFor();
    }
    const [entry] = await listed();
    assert.equal(entry.used.open, true);
    assert.equal(entry.used.ends - entry.used.at, 30 * 60_000);
  });

  test('who came in so cannot acknowledge it, seal another, or keep anything', async () => {
    const theirs = new Console(stranger, gateway.site('admin'));
    await theirs.open('/break-glass');
    await theirs.button(/^Acknowledge/).click();
    await theirs.button('Acknowledge it').click();
    await stranger.page.getByText('somebody else has to').waitFor();
    stranger.errors.length = 0;
    await stranger.open(`${gateway.site('auth')}/`);
    await stranger.open(`${gateway.site('auth')}/enrol`);
    assert.doesNotMatch(await stranger.text(), /Add this passkey/);
    const { code: status, stderr } = await gateway.cli('user', 'link', 'break-glass');
    assert.equal(status, 1);
    assert.match(stderr, /made for an emergency/);
    const used = await Person.arrive(browser, { name: 'late', passkeys: false });
    await used.open(`${gateway.site('auth')}/break-glass`);
    await used.page.getByLabel('The code in the envelope').fill(code);
    await used.press('Break the glass');
    assert.match(await used.page.getByRole('alert').innerText(), /opens nothing/);
    await used.leave();
  });

  test('an administrator acknowledges it, upon which it is over', async () => {
    const theirs = new Console(stranger, gateway.site('admin'));
    await theirs.open('/people');
    await console.open('/break-glass');
    await admin.picture('console-break-glass-used');
    await console.button(/^Acknowledge/).click();
    await console.button('Acknowledge it').click();
    await admin.page.getByText(/Acknowledged .* by admin\./).waitFor();
    await until('the notice is gone', async () => (await notice(admin).count()) === 0);
    const [entry] = await listed();
    assert.deepEqual([entry.acknowledged.by, entry.used.user], ['admin', 'break-glass']);
    assert.deepEqual(admin.errors, []); // the overview asks for the name of who is gone, which is a failed load to the browser
    await console.open('/');
    await admin.page.getByText('The glass was broken lately, and admin acknowledged it.', { exact: true }).waitFor();
    await stranger.open(`${gateway.site('admin')}/`);
    await until('the stranger is out', async () => !(await stranger.page.url()).startsWith(gateway.site('admin')));
    const names = (await gateway.json('user', 'list')).items.map(({ name }) => name);
    assert.ok(!names.includes('break-glass'), names.join());
    const told = (await gateway.cli('log', 'show')).stdout;
    for (const words of ['break-glass sealed', 'signed in by breaking the glass', 'break-glass acknowledged']) assert.ok(told.includes(words), words);
  });
});
