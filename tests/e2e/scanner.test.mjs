// A hostile app behind the same gateway as a decent one: what its pages and its answers may not do.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Person, launch } from './lib/browser.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor } from './lib/visitor.mjs';

describe('a hostile app', () => {
  let bank, hostile, gateway, browser, ana;

  before(async () => {
    bank = await startUpstream();
    hostile = await startUpstream({
      pages: {
        '/page': (request, response) => {
          response.setHeader('content-type', 'text/html');
          response.end('<!doctype html><title>hostile</title><h1>hostile</h1>');
        },
        '/cookies': (request, response) => {
          response.setHeader('set-cookie', [
            `wide=1; Domain=${gateway.domain}; Path=/`,
            '__Host-gw-session=stolen; Secure; Path=/',
            '__host-gw-session=stolen; Secure; Path=/',
            '__Host-gw-sso=stolen; Secure; Path=/',
            'own=1; Path=/',
          ]);
          response.end('cookies');
        },
        '/clear': (request, response) => {
          response.setHeader('clear-site-data', request.headers['x-clear'] ?? '"*"');
          response.end('clear');
        },
        '/alt-svc': (request, response) => {
          response.setHeader('alt-svc', 'h3=":9999"; ma=86400');
          response.end('alt');
        },
        '/location': (request, response) => {
          response.writeHead(302, { location: `${hostile.url}/elsewhere?x=1` });
          response.end();
        },
      },
    });
    gateway = await startOrganisation({
      apps: [{ name: 'bank', upstream: bank.url }, { name: 'hostile', upstream: hostile.url, more: 'preserve_host = false\n' }],
      policies: {
        'apps.cedar': '@id("apps-for-people")\npermit (principal is User, action == Action::"http.request", resource);\n',
      },
    });
    await gateway.addUser('ana');
    browser = await launch();
    ana = await Person.arrive(browser, { name: 'ana', passkeys: false, ignoreHTTPSErrors: true });
    await ana.open(await gateway.link('ana'));
    await ana.press('Sign in');
    await ana.open(`${gateway.secure('bank')}/`);
    await ana.open(`${gateway.secure('hostile')}/page`);
    assert.equal(await ana.heading(), 'hostile');
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
    await hostile?.stop();
    await bank?.stop();
  });

  test("its page cannot post to another app with the person's cookie", async () => {
    const outcome = await ana.page.evaluate(
      (target) => fetch(target, { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'amount=1000' }).then((r) => r.type, String),
      `${gateway.secure('bank')}/transfer`,
    );
    assert.ok(outcome, 'the attempt was made');
    assert.deepEqual(bank.at('/transfer'), [], 'the bank saw nothing');
  });

  test('its form cannot post to another app either', async () => {
    const page = await ana.context.newPage();
    await page.goto(`${gateway.secure('hostile')}/page`);
    await Promise.all([
      page.waitForNavigation(),
      page.evaluate((target) => {
        const form = Object.assign(document.createElement('form'), { method: 'post', action: target });
        document.body.append(form);
        form.submit();
      }, `${gateway.secure('bank')}/transfer-by-form`),
    ]);
    assert.deepEqual(bank.at('/transfer-by-form'), []);
    await page.close();
  });

  test("its page cannot open a WebSocket to another app with the person's cookie", async () => {
    const outcome = await ana.page.evaluate(
      (target) =>
        new Promise((resolve) => {
          const socket = new WebSocket(target);
          socket.onopen = () => resolve('open');
          socket.onerror = () => resolve('refused');
        }),
      `${gateway.secure('bank').replace('https', 'wss')}/live`,
    );
    assert.equal(outcome, 'refused');
    assert.deepEqual(bank.at('/live'), []);
  });

  test('its preflight is answered by the gateway and never reaches the other app', async () => {
    const outcome = await ana.page.evaluate(
      (target) => fetch(target, { method: 'PUT', credentials: 'include', headers: { 'x-custom': '1' } }).then((r) => r.status, () => 'refused'),
      `${gateway.secure('bank')}/preflight`,
    );
    assert.equal(outcome, 'refused');
    assert.deepEqual(bank.at('/preflight'), []);
  });

  test('a page of the app itself may post and open a WebSocket to it', async () => {
    await ana.open(`${gateway.secure('bank')}/`);
    const status = await ana.page.evaluate(() => fetch('/own-transfer', { method: 'POST', body: 'amount=1' }).then((r) => r.status));
    assert.equal(status, 200);
    const opened = await ana.page.evaluate(
      () =>
        new Promise((resolve) => {
          const socket = new WebSocket(`wss://${location.host}/own-live`);
          socket.onmessage = (event) => resolve(event.data);
          socket.onerror = () => resolve('refused');
        }),
    );
    assert.equal(opened, 'hello');
    assert.equal(bank.at('/own-transfer').length, 1);
  });

  test('cookies wider than its host and cookies with our names are dropped from its answers', async () => {
    const curlAna = await signedIn();
    const answer = await curlAna.request(`${gateway.secure('hostile')}/cookies`);
    const names = answer.headers['set-cookie'].map((cookie) => cookie.split('=')[0]);
    assert.deepEqual(names, ['own']);
  });

  for (const value of ['"*"', '"cookies"', '"cache", "cookies"', '"COOKIES"', '"cache", "*"']) {
    test(`Clear-Site-Data: ${value} does not pass`, async () => {
      const curlAna = await signedIn();
      const answer = await curlAna.request(`${gateway.secure('hostile')}/clear`, '-H', `X-Clear: ${value}`);
      assert.equal(answer.status, 200);
      assert.doesNotMatch(answer.headers['clear-site-data'] ?? '', /cookies|\*/i);
    });
  }

  test('Clear-Site-Data of an app does not sign anyone out elsewhere', async () => {
    await ana.open(`${gateway.secure('hostile')}/clear`);
    await ana.open(`${gateway.secure('bank')}/still-here`);
    assert.equal(bank.at('/still-here').length, 1);
  });

  test('Alt-Svc does not pass', async () => {
    const curlAna = await signedIn();
    const answer = await curlAna.request(`${gateway.secure('hostile')}/alt-svc`);
    assert.equal(answer.headers['alt-svc'], undefined);
  });

  test('a Location that names the upstream is rewritten to the app', async () => {
    const curlAna = await signedIn();
    const answer = await curlAna.request(`${gateway.secure('hostile')}/location`);
    assert.equal(answer.status, 302);
    assert.ok(
      [`${gateway.secure('hostile')}/elsewhere?x=1`, '/elsewhere?x=1'].includes(answer.headers.location),
      answer.headers.location,
    );
  });

  let curlPerson;
  async function signedIn() {
    if (curlPerson) return curlPerson;
    curlPerson = await Visitor.arrive(gateway);
    await curlPerson.signInByLink(await gateway.link('ana'));
    assert.equal((await curlPerson.navigate(`${gateway.secure('hostile')}/page`)).status, 200);
    return curlPerson;
  }
});
