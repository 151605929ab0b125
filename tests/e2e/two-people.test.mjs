// What belongs to one person serves no other, and what ends for one ends for that one alone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Person, launch } from './lib/browser.mjs';
import { startDemo } from './lib/gateway.mjs';
import { liveOf, watchLive } from './lib/live.mjs';
import { until } from './lib/until.mjs';
import { curl } from './lib/visitor.mjs';

describe('two people', () => {
  let gateway, browser, ana, mallory;

  before(async () => {
    gateway = await startDemo();
    browser = await launch();
    ana = await signedInWithPasskey('ana');
    mallory = await signedInWithPasskey('mallory');
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  test("a step-up with another person's passkey is refused and recorded", async () => {
    const fresh = await Person.arrive(browser, { name: 'ana without her device' });
    await fresh.open(await gateway.link('ana', 'sign-in'));
    await fresh.press('Sign in');
    const [borrowed] = await mallory.passkeys();
    await fresh.takePasskey(borrowed);
    await fresh.page.addInitScript(() => {
      const get = navigator.credentials.get.bind(navigator.credentials);
      navigator.credentials.get = (options) => {
        options.publicKey.allowCredentials = []; // the browser may offer whatever is at hand
        return get(options);
      };
    });
    await fresh.open(`${gateway.site('payroll')}/`);
    await fresh.press('Confirm');
    await fresh.page.getByRole('button', { name: 'Confirm' }).click();
    await until('the refusal is told', async () => (await fresh.page.locator('#fault').innerText()) !== '');
    assert.match(await fresh.text(), /This passkey is another person's/);
    await fresh.picture('two-people-borrowed-passkey');
    const answer = await fresh.open(`${gateway.site('payroll')}/`);
    assert.equal(answer.status(), 403);
    const log = (await gateway.cli('log', 'show', '--json')).stdout;
    assert.match(log, /another|foreign|mismatch/i);
    await fresh.leave();
  });

  test("an app's cookie is worth nothing at another app", async () => {
    await ana.open(`${gateway.site('wiki')}/`);
    const cookies = await ana.context.cookies(gateway.site('wiki'));
    const wiki = cookies.find((cookie) => cookie.name === '__Host-gw-session');
    assert.ok(wiki);
    for (const app of ['reports', 'payroll', 'verify', 'portal']) {
      const answer = await curl(gateway, '-H', `Cookie: __Host-gw-session=${wiki.value}`, `${gateway.secure(app)}/`);
      assert.equal(answer.status, 401, app);
    }
    const own = await curl(gateway, '-H', `Cookie: __Host-gw-session=${wiki.value}`, `${gateway.secure('wiki')}/`);
    assert.equal(own.status, 200, 'while it does open its own');
  });

  test('switching one person off cuts their live page and leaves the other alone', async () => {
    for (const person of [ana, mallory]) {
      await person.open(`${gateway.site('wiki')}/`);
      await until(`${person.name}'s wiki is live`, async () => (await liveOf(person)).sockets.some((s) => s.open));
    }
    await gateway.json('user', 'disable', 'mallory');
    const { close } = await until("mallory's page is cut", async () => (await liveOf(mallory)).sockets.find((s) => s.close));
    assert.equal(close.code, 1008);
    assert.ok((await liveOf(ana)).sockets.every((s) => s.open), "ana's stays open");
    await mallory.open(`${gateway.site('wiki')}/`);
    assert.match(await mallory.text(), /switched off/);
    await mallory.picture('two-people-switched-off');
  });

  async function signedInWithPasskey(name) {
    if (name !== 'ana') await gateway.addUser(name, 'staff');
    const person = await Person.arrive(browser, { name });
    await watchLive(person);
    await person.open(await gateway.link(name, 'enrolment'));
    await person.press('Sign in');
    await person.open(`${gateway.site('auth')}/enrol`);
    await person.press('Add a passkey');
    await until(`${name} has a passkey`, async () => (await person.passkeys()).length === 1);
    return person;
  }
});
