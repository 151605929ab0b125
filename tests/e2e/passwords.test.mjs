// People who cannot use passkeys sign in with a password and the code of an authenticator app, where
// that is switched on: in a browser, as far as policy lets that go.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { violations } from './lib/axe.mjs';
import { DESKTOP, PHONE, Person, launch } from './lib/browser.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor } from './lib/visitor.mjs';

const POLICIES = `
@id("everything-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource);

@id("wiki-needs-two-factors")
forbid (principal, action == Action::"http.request", resource in App::"wiki")
unless { context.authn.multi_factor };

@id("payroll-needs-what-cannot-be-phished")
forbid (principal, action == Action::"http.request", resource in App::"payroll")
unless { context.authn.phishing_resistant };
`;

const CONFIG = `
[passwords]
enabled = true
breached = "breached.txt"

[[group]]
name = "staff"
`;

const PASSWORD = 'four walls and no roof';

/** An authenticator app: what it shows so many steps from now (RFC 6238). */
class App {
  constructor(key) {
    const bits = [...key].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'));
    this.secret = Buffer.from(bits.join('').match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  }

  static step() {
    return Math.floor(Date.now() / 30_000);
  }

  code(step = App.step()) {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const tag = createHmac('sha1', this.secret).update(counter).digest();
    const number = tag.readUInt32BE(tag.at(-1) & 0xf) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, '0');
  }

  /** A code that was not shown before: no two are of the same step. */
  async fresh() {
    await until('the app shows a code that was not used', async () => App.step() + 1 > (this.used ?? 0), 40_000);
    this.used = Math.max(App.step(), (this.used ?? 0) + 1);
    return this.code(this.used);
  }
}

describe('people with a password and an authenticator app', () => {
  let gateway, upstream, browser;

  before(async () => {
    upstream = await startUpstream();
    const apps = ['wiki', 'payroll'].map((name) => ({ name, upstream: upstream.url }));
    gateway = await startOrganisation({
      apps,
      policies: { 'org.cedar': POLICIES },
      prepare: async (gateway) => {
        await writeFile(join(gateway.folder, 'breached.txt'), 'correct horse battery staple\npassword password\n');
        await writeFile(gateway.file, (await readFile(gateway.file, 'utf8')) + CONFIG);
      },
    });
    for (const name of ['ana', 'bo', 'cy', 'dora']) await gateway.cli('user', 'add', name, '--group', 'staff');
    browser = await launch({ trust: join(gateway.folder, 'chain.pem') });
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
    await upstream?.stop();
  });

  const arrive = (name, options = {}) => Person.arrive(browser, { name, ignoreHTTPSErrors: true, ...options });

  /** Comes by an enrolment link, sets a password and adds an app. */
  async function enrol(name) {
    const person = await arrive(name, { passkeys: false });
    await person.open(await gateway.secureLink(name, 'enrolment'));
    await person.press('Sign in');
    await person.open(`${gateway.secure('auth')}/`);
    await person.press('Set a password');
    await person.page.getByLabel('New password').fill(PASSWORD);
    await person.press('Set a password');
    const app = await addApp(person);
    return { person, app };
  }

  /** Reads the key of the page into an app, and types what that shows. */
  async function addApp(person) {
    const key = await person.page.locator('code').innerText();
    const app = new App(key.replaceAll(' ', ''));
    await person.page.getByLabel('Code of your authenticator app').fill(await app.fresh());
    await person.press('Add an authenticator app');
    return app;
  }

  async function fill(person, name, password, code) {
    const { page } = person;
    if (name) await page.getByLabel('Your sign-in name').fill(name);
    await page.getByRole('textbox', { name: 'Your password' }).fill(password);
    await page.getByLabel('Code of your authenticator app').fill(code);
  }

  async function signIn(name, app, to) {
    const person = await arrive(name, { passkeys: false });
    await person.open(`${gateway.secure(to)}/`);
    await person.press('Use a password');
    await fill(person, name, PASSWORD, await app.fresh());
    await person.press('Sign in');
    return person;
  }

  test('a password and a code open what two factors open, and nothing that asks for a passkey', async () => {
    const { person: ana, app } = await enrol('ana');
    assert.match(await ana.text(), /Password\s+Set/);
    await ana.open(`${gateway.secure('wiki')}/`);
    assert.match(ana.page.url(), /^https:\/\/wiki\./);
    await ana.open(`${gateway.secure('payroll')}/`);
    assert.equal(await ana.heading(), 'payroll is not open to you');
    const again = await signIn('ana', app, 'wiki');
    assert.match(again.page.url(), /^https:\/\/wiki\./);
    const { items } = await gateway.json('session', 'list');
    const methods = items.filter(({ user }) => user === 'ana').map(({ methods }) => methods.join(' '));
    assert.deepEqual(methods.sort(), ['enrolment-link password totp', 'password totp']);
    assert.deepEqual([...ana.errors.filter((error) => !/403/.test(error)), ...again.errors], []);
  });

  test('a wrong and a used code are told alike, and a breached password is refused', async () => {
    const bo = await arrive('bo', { passkeys: false });
    await bo.open(await gateway.secureLink('bo', 'enrolment'));
    await bo.press('Sign in');
    await bo.open(`${gateway.secure('auth')}/account/password`);
    await bo.page.getByLabel('New password').fill('correct horse battery staple');
    await bo.press('Set a password');
    assert.match(await bo.text(), /became known in a breach/);
    const shown = bo.page.getByLabel('New password');
    await shown.fill(PASSWORD);
    await bo.page.getByRole('button', { name: 'Show' }).click();
    assert.equal(await shown.getAttribute('type'), 'text');
    await bo.press('Set a password');
    const app = await addApp(bo);
    const used = app.code(app.used);
    const stranger = await arrive('stranger', { passkeys: false });
    const texts = [];
    for (const [name, password, code] of [['bo', PASSWORD, used], ['bo', 'something else', '123456'], ['nobody', PASSWORD, used]]) {
      await stranger.open(`${gateway.secure('auth')}/password`);
      await fill(stranger, name, password, code);
      await stranger.press('Sign in');
      texts.push(await stranger.text());
    }
    assert.match(texts[0], /do not match, or the code was used before/);
    assert.deepEqual(texts.slice(1), [texts[0], texts[0]]);
  });

  test('whoever wants more than a link confirms with both, and comes back', async () => {
    const { app } = await enrol('cy');
    const cy = await arrive('cy', { passkeys: false });
    await cy.open(await gateway.secureLink('cy', 'sign-in'));
    await cy.press('Sign in');
    await cy.open(`${gateway.secure('wiki')}/`);
    assert.match(await cy.text(), /Confirm with your password and a code/);
    await cy.press('Confirm');
    await fill(cy, undefined, PASSWORD, await app.fresh());
    await cy.press('Confirm');
    await cy.page.waitForURL(/^https:\/\/wiki\./);
  });

  test('what an administrator removes ends what rests on it', async () => {
    const { person: dora, app } = await enrol('dora');
    await dora.open(`${gateway.secure('wiki')}/`);
    const factors = await gateway.json('user', 'factor', 'list', 'dora');
    assert.deepEqual(factors.map(({ kind }) => kind).sort(), ['password', 'totp']);
    const totp = factors.find(({ kind }) => kind === 'totp');
    const removed = await gateway.cli('user', 'factor', 'remove', 'dora', totp.id);
    assert.equal(removed.code, 0, removed.stderr);
    await dora.open(`${gateway.secure('wiki')}/`);
    assert.match(dora.page.url(), /\/sign-in/);
    await dora.press('Use a password');
    await fill(dora, 'dora', PASSWORD, await app.fresh());
    await dora.press('Sign in');
    assert.match(await dora.text(), /do not match/);
  });

  for (const [what, viewport, dark] of [['desktop', DESKTOP, false], ['dark', DESKTOP, true], ['phone', PHONE, false]]) {
    test(`its pages are fit for everybody (${what})`, async () => {
      await gateway.cli('user', 'add', what, '--group', 'staff');
      const person = await arrive(what, { viewport, dark });
      const look = async (path, picture) => {
        await person.open(`${gateway.secure('auth')}${path}`);
        assert.deepEqual(await violations(person.page), [], path);
        const { scrollWidth, clientWidth } = await person.page.evaluate(() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          return { scrollWidth, clientWidth };
        });
        assert.ok(scrollWidth <= clientWidth, `${path} is wider than its window`);
        await person.picture(`passwords-${picture}-${what}`);
      };
      await look('/sign-in', 'sign-in');
      await look('/password', 'ask');
      await person.open(await gateway.secureLink(what, 'enrolment'));
      await person.press('Sign in');
      await look('/account/password', 'set');
      await person.page.getByLabel('New password').fill(PASSWORD);
      await person.press('Set a password');
      await look('/account/authenticator', 'app');
      await addApp(person);
      await look('/', 'account');
      await look('/confirm', 'confirm');
      assert.deepEqual(person.errors, []);
    });
  }

  test('off is off: pages are gone, and so is who came in by them', async () => {
    await writeFile(gateway.file, (await readFile(gateway.file, 'utf8')).replace('enabled = true', 'enabled = false'));
    const rests = async () => {
      const { items } = await gateway.json('session', 'list');
      return items.filter(({ methods }) => methods.includes('password')).length;
    };
    await until('no session rests on a password', async () => (await rests()) === 0, 20_000);
    const visitor = await Visitor.arrive(gateway);
    for (const path of ['/password', '/account/password', '/account/authenticator']) {
      const url = `${gateway.secure('auth')}${path}`;
      assert.equal((await visitor.knock(url)).status, 404, path);
      const form = ['-H', 'Sec-Fetch-Site: same-origin', '--data-raw', 'name=ana&password=four&code=123456'];
      assert.equal((await visitor.knock(url, ...form)).status, 404, path);
    }
    const stranger = await arrive('stranger');
    await stranger.open(`${gateway.secure('auth')}/sign-in`);
    assert.doesNotMatch(await stranger.text(), /password/i);
  });
});
