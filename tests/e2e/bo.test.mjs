// Bo has a sign-in link and no passkey: what that opens, for how long, and what it can never become.

import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Person, launch } from './lib/browser.mjs';
import { startDemo } from './lib/gateway.mjs';
import { until } from './lib/until.mjs';
import { Visitor, curl } from './lib/visitor.mjs';

describe('Bo, who has a link and no passkey', () => {
  let gateway, browser, bo, link;

  before(async () => {
    gateway = await startDemo();
    browser = await launch();
    bo = await Person.arrive(browser, { name: 'bo' });
    link = gateway.printedLink('bo');
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  test('scanners may fetch his link as often as they like: it changes nothing', async () => {
    for (let fetched = 0; fetched < 3; fetched += 1) {
      const answer = await curl(gateway, link);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.headers['set-cookie'].filter((cookie) => cookie.startsWith('__Host-gw-sso')), []);
    }
    assert.equal((await curl(gateway, '--head', link)).status, 200);
  });

  test('a fresh sign-in opens reports', async () => {
    await bo.open(link);
    await bo.press('Sign in');
    const answer = await bo.open(`${gateway.site('reports')}/`);
    assert.equal(answer.status(), 200);
    assert.match(await bo.heading(), /report/i);
    await bo.pictures('bo-1-reports');
  });

  test('the link is spent', async () => {
    const thief = await Person.arrive(browser, { name: 'thief', passkeys: false });
    await thief.open(link);
    assert.equal(await thief.page.getByRole('button', { name: 'Sign in', exact: true }).count(), 0);
    await thief.picture('bo-2-spent-link');
    const cookies = await thief.context.cookies();
    assert.deepEqual(cookies.filter((cookie) => cookie.name === '__Host-gw-sso'), []);
    await thief.leave();
  });

  test('of two who press at once, one gets in', async () => {
    const contested = await gateway.secureLink('bo');
    const visitors = await Promise.all([Visitor.arrive(gateway), Visitor.arrive(gateway)]);
    const pages = await Promise.all(visitors.map((visitor) => visitor.navigate(contested)));
    await Promise.all(visitors.map((visitor, i) => visitor.submit(pages[i])));
    const cookies = await Promise.all(visitors.map((visitor) => visitor.cookie(`auth.${gateway.domain}`, '__Host-gw-sso')));
    assert.equal(cookies.filter(Boolean).length, 1);
  });

  test('a post from elsewhere does not spend a link', async () => {
    const planted = await gateway.secureLink('bo');
    const answer = await curl(gateway, '-H', 'Origin: https://evil.example', '-H', 'Sec-Fetch-Site: cross-site', '--data-raw', '', planted);
    assert.equal(answer.status, 403);
    const visitor = await Visitor.arrive(gateway);
    await visitor.signInByLink(planted);
    assert.ok(await visitor.cookie(`auth.${gateway.domain}`, '__Host-gw-sso'));
  });

  test('payroll says at once that nothing he can do alone opens it', async () => {
    const answer = await bo.open(`${gateway.site('payroll')}/`);
    assert.equal(answer.status(), 403);
    const text = await bo.text();
    assert.match(text, /Nothing you can do here opens it/);
    assert.doesNotMatch(text, /Add a passkey/);
    await bo.pictures('bo-3-payroll');
  });

  test('he cannot enrol his way into payroll by any address', async () => {
    const auth = gateway.secure('auth');
    const curlBo = await Visitor.arrive(gateway);
    await curlBo.signInByLink(await gateway.secureLink('bo'));
    assert.equal((await curlBo.navigate(`${auth}/`)).status, 200);
    for (const path of ['/', '/enrol', '/enrol?app=payroll', '/confirm', '/recovery', '/account/recovery-codes', '/passkey/enrol/start', '/passkey/enrol/finish', '/passkey/confirm/start']) {
      await bo.open(`${gateway.site('auth')}${path}`);
      assert.equal(await bo.page.getByRole('button', { name: /add a passkey|create/i }).count(), 0, path);
      for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
        const posted = await curlBo.request(
          `${auth}${path}`, '-H', `Content-Type: ${type}`, '-H', 'Sec-Fetch-Site: same-origin', '-H', `Origin: ${auth}`, '--data-raw', '{}',
        );
        assert.notEqual(posted.status, 200, path);
      }
    }
    assert.equal((await bo.passkeys()).length, 0);
    const { factors = [] } = await gateway.user('bo');
    assert.deepEqual(factors, []);
  });

  test('reports closes when his sign-in is too old, and says what opens it', async () => {
    await withThreshold(2, async () => {
      const answer = await until('his sign-in is too old', async () => {
        const seen = await bo.open(`${gateway.site('reports')}/`);
        return seen.status() === 403 && seen;
      });
      assert.equal(answer.status(), 403);
      assert.match(await bo.heading(), /Reports needs a fresher sign-in/);
      assert.match(await bo.text(), /Sign in with a fresh link/);
      assert.match(await bo.text(), /gatewright user link bo/);
      await bo.pictures('bo-4-too-old');
    });
  });

  test('a fresh link opens it again', async () => {
    await bo.open(await gateway.link('bo'));
    await bo.press('Sign in');
    assert.equal((await bo.open(`${gateway.site('reports')}/`)).status(), 200);
  });

  /** Runs `work` with the age that reports asks for set to `seconds`. */
  async function withThreshold(seconds, work) {
    const { file, text } = await policyOfReports();
    await writeFile(file, text.replace(/(age_secs\s*<=?\s*)\d+/, `$1${seconds}`));
    try {
      await work();
    } finally {
      await writeFile(file, text);
    }
  }

  async function policyOfReports() {
    for (const name of await readdir(gateway.policies)) {
      if (!name.endsWith('.cedar')) continue;
      const file = join(gateway.policies, name);
      const text = await readFile(file, 'utf8');
      if (/reports[\s\S]*age_secs\s*<=?\s*\d+/.test(text)) return { file, text };
    }
    throw new Error(`no policy about reports in ${gateway.policies}`);
  }
});
