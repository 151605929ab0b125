// The first two minutes: what a newcomer does with the demo, in a real browser with a real passkey ceremony.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Person, launch } from './lib/browser.mjs';
import { startDemo } from './lib/gateway.mjs';
import { liveOf, watchLive } from './lib/live.mjs';
import { until } from './lib/until.mjs';
import { BROKEN_OFF, Visitor } from './lib/visitor.mjs';

describe('a newcomer, two minutes in', () => {
  let gateway, browser, ana;

  before(async () => {
    gateway = await startDemo();
    browser = await launch();
    ana = await Person.arrive(browser, { name: 'ana' });
    await watchLive(ana);
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  test("Ana's link asks before it signs her in", async () => {
    await ana.open(gateway.printedLink('ana'));
    assert.equal(await ana.heading(), 'Sign in as Ana Ruiz');
    await ana.pictures('newcomer-1-link');
    await ana.press('Sign in');
  });

  test('she sees the portal of her apps', async () => {
    await ana.page.waitForURL(`${gateway.site('portal')}/**`);
    const text = await ana.text();
    for (const app of ['Wiki', 'Payroll', 'Reports', 'Verify']) assert.match(text, new RegExp(app));
    await ana.pictures('newcomer-2-portal');
  });

  test('the wiki opens, with its WebSocket and its event stream alive', async () => {
    await ana.open(`${gateway.site('wiki')}/`);
    await until('the wiki is live', async () => {
      const { sockets, streams } = await liveOf(ana);
      return sockets.some((s) => s.open) && streams.some((s) => s.open);
    });
    await ana.pictures('newcomer-3-wiki');
  });

  test('payroll says why not, and offers to add a passkey', async () => {
    const answer = await ana.open(`${gateway.site('payroll')}/`);
    assert.equal(answer.status(), 403);
    assert.match(await ana.heading(), /Payroll needs a stronger sign-in/);
    assert.match(await ana.text(), /Add a passkey/);
    await ana.pictures('newcomer-4-refused');
  });

  test('she adds one, comes back, and payroll opens', async () => {
    await ana.press('Add a passkey');
    assert.ok(ana.page.url().startsWith(gateway.site('auth')), ana.page.url());
    await ana.pictures('newcomer-5-enrol');
    await ana.page.getByRole('button', { name: /add|create/i }).first().click();
    await ana.page.waitForURL(`${gateway.site('payroll')}/**`);
    assert.equal((await ana.passkeys()).length, 1);
    assert.doesNotMatch(await ana.heading(), /needs a stronger/);
    await ana.pictures('newcomer-6-payroll');
  });

  test('verify shows who she is, why she was let in, and an assertion that checks', async () => {
    await ana.open(`${gateway.site('verify')}/`);
    const text = await ana.text();
    assert.match(text, /Ana/);
    assert.match(text, /✓/);
    assert.doesNotMatch(text, /✕/);
    await ana.pictures('newcomer-7-verify');
  });

  test('an edited policy cuts the open wiki page, with a reason', async () => {
    await ana.open(`${gateway.site('wiki')}/`);
    await until('the wiki is live', async () => {
      const { sockets, streams } = await liveOf(ana);
      return sockets.some((s) => s.open) && streams.some((s) => s.open);
    });
    const elsewhere = await Visitor.arrive(gateway);
    await elsewhere.signInByLink(await gateway.secureLink('ana'));
    await elsewhere.navigate(`${gateway.secure('wiki')}/`);
    const stream = elsewhere.openStream(`${gateway.secure('wiki')}/events`, '--include');
    await stream.said('text/event-stream');
    await withEditedPolicy(gateway, async () => {
      const cut = await until('the WebSocket is closed', async () =>
        (await liveOf(ana)).sockets.find((s) => s.close)?.close);
      assert.equal(cut.code, 1008);
      assert.match(cut.reason, /no longer open to you/);
      assert.ok(BROKEN_OFF.includes(await stream.ended), 'an event stream is cut as well, and not as if it had ended');
      assert.match(await ana.text(), /no longer open to you/);
      await ana.pictures('newcomer-8-cut');
      const answer = await ana.open(`${gateway.site('wiki')}/`);
      assert.equal(answer.status(), 403);
      assert.match(await ana.heading(), /Wiki is not open to you/);
      await ana.pictures('newcomer-9-closed');
    });
  });

  test('with the file restored the wiki opens again', async () => {
    await until('the wiki opens', async () => (await ana.open(`${gateway.site('wiki')}/`)).status() === 200);
  });

  test('no page raised an error of its own', () => {
    const own = ana.errors.filter((error) => !/status of (401|403)|WebSocket|ERR_|EventSource/.test(error));
    assert.deepEqual(own, []);
  });

  /** Closes the wiki as its own first page suggests, while `work` runs. */
  async function withEditedPolicy({ policies }, work) {
    const file = join(policies, 'demo.cedar');
    const text = await readFile(file, 'utf8');
    const edited = text.replace(/(@id\("wiki-for-staff"\)\s*permit \(\s*principal in Group::)"staff"/, '$1"nobody"');
    assert.notEqual(edited, text);
    await writeFile(file, edited);
    try {
      await work();
    } finally {
      await writeFile(file, text);
    }
  }
});
