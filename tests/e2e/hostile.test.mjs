// A hostile app behind the same gateway, in a real browser: every trick by which one app's page could
// reach another app, the sign-in, or a code on its way. `scanner.test.mjs` holds what its answers may not do.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Person, launch } from './lib/browser.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { until } from './lib/until.mjs';
import { Visitor } from './lib/visitor.mjs';

const WORKER = `
  self.addEventListener('install', () => self.skipWaiting());
  self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
  self.addEventListener('fetch', (event) => {
    event.waitUntil(caches.open('seen').then((kept) => kept.put('/seen?' + Math.random(), new Response(event.request.url))));
  });
`;

const html = (text) => (_, response) => {
  response.setHeader('content-type', 'text/html');
  response.end(`<!doctype html><title>hostile</title><h1>hostile</h1>${text}`);
};

describe("a hostile app's page", () => {
  let bank, hostile, gateway, browser, ana;

  before(async () => {
    bank = await startUpstream({ pages: { '/': html('bank') } });
    hostile = await startUpstream({
      pages: {
        '/page': html(''),
        '/worker.js': (_, response) => {
          response.setHeader('content-type', 'text/javascript');
          response.setHeader('service-worker-allowed', '/');
          response.end(WORKER);
        },
      },
    });
    gateway = await startOrganisation({
      apps: [{ name: 'bank', upstream: bank.url }, { name: 'hostile', upstream: hostile.url }],
      policies: {
        'apps.cedar': '@id("apps-for-people")\npermit (principal is User, action == Action::"http.request", resource);\n',
      },
    });
    await gateway.addUser('ana');
    browser = await launch({ trust: join(gateway.folder, 'chain.pem') });
    ana = await Person.arrive(browser, { name: 'ana' });
    await ana.open(await gateway.secureLink('ana', 'enrolment'));
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

  /** Runs a script in a fresh page of the hostile app. */
  async function there(script, argument) {
    const page = await ana.context.newPage();
    await page.goto(`${gateway.secure('hostile')}/page`);
    const outcome = await page.evaluate(script, argument);
    await page.close();
    return outcome;
  }

  /** What reached the bank; the browser asks for an icon whenever it likes. */
  const heard = () => bank.requests.filter(({ url }) => url !== '/favicon.ico');

  /** Ana is still signed in, at the sign-in and at the bank. */
  async function stillSignedIn() {
    const page = await ana.context.newPage();
    const account = await page.goto(`${gateway.secure('auth')}/`);
    assert.equal(account.status(), 200);
    assert.equal(new URL(page.url()).pathname, '/');
    const asked = () => heard().filter(({ url }) => url === '/still');
    const before = asked().length;
    const answer = await page.goto(`${gateway.secure('bank')}/still`);
    assert.equal(answer.status(), 200);
    assert.equal(asked().length, before + 1);
    assert.equal(asked().at(-1).headers['gatewright-assertion']?.split('.').length, 3);
    await page.close();
  }

  test('sends nothing that changes anything at another app, by whatever element', async () => {
    const before = heard().length;
    const outcomes = await there(async (site) => {
      const tries = ['POST', 'PUT', 'DELETE', 'PATCH'].flatMap((method) =>
        ['no-cors', 'cors'].map((mode) =>
          fetch(`${site}/fetch-${method}`, { method, mode, credentials: 'include', body: 'x' }).then((r) => `${r.type} ${r.status}`, () => 'refused'),
        ),
      );
      navigator.sendBeacon(`${site}/beacon`, 'x');
      const frame = Object.assign(document.createElement('iframe'), { name: 'there' });
      document.body.append(frame);
      for (const enctype of ['text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded']) {
        const form = Object.assign(document.createElement('form'), { method: 'post', action: `${site}/form`, target: 'there', enctype });
        document.body.append(form);
        const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
        form.submit();
        await loaded;
      }
      return Promise.all(tries);
    }, gateway.secure('bank'));
    assert.ok(outcomes.every((outcome) => outcome === 'refused' || outcome === 'opaque 0'), outcomes.join());
    await stillSignedIn();
    const changed = heard().slice(before).filter(({ method }) => method !== 'GET');
    assert.deepEqual(changed, []);
  });

  test('reads nothing of another app, of the portal, or of the sign-in', async () => {
    const sites = ['bank', 'portal', 'auth'].map((app) => `${gateway.secure(app)}/`);
    const outcomes = await there(async (all) => {
      const read = async (site) => [
        await fetch(site, { credentials: 'include' }).then((r) => r.text(), () => 'unread'),
        await new Promise((resolve) => {
          const events = new EventSource(site, { withCredentials: true });
          events.onmessage = () => resolve('read');
          events.onerror = () => resolve('unread');
        }),
        await new Promise((resolve) => {
          const script = Object.assign(document.createElement('script'), { src: site });
          script.onload = () => resolve('run');
          script.onerror = () => resolve('unread');
          document.body.append(script);
        }),
      ];
      return Promise.all(all.map(read));
    }, sites);
    // A page of the bank may be loaded as a script, where it is none; it is the bank's to say more.
    assert.deepEqual(outcomes[0].slice(0, 2), ['unread', 'unread']);
    assert.deepEqual(outcomes.slice(1), [['unread', 'unread', 'unread'], ['unread', 'unread', 'unread']]);
  });

  test('learns nothing from preflights', async () => {
    const before = heard().length;
    const outcomes = await there(async (site) => {
      const probe = (path) =>
        fetch(`${site}${path}`, { headers: { 'x-probe': '1' }, credentials: 'include' }).then((r) => r.status, (error) => String(error));
      return Promise.all(['/', '/admin', '/nothing', '/.gatewright/callback'].map(probe));
    }, gateway.secure('bank'));
    assert.equal(new Set(outcomes).size, 1, outcomes.join());
    assert.match(outcomes[0], /TypeError/);
    assert.equal(heard().length, before);
  });

  test('opens no WebSocket to another app or to one of ours', async () => {
    const sites = ['bank', 'portal', 'auth'].map((app) => gateway.secure(app).replace('https', 'wss'));
    const outcomes = await there(
      (all) =>
        Promise.all(
          all.map(
            (site) =>
              new Promise((resolve) => {
                const socket = new WebSocket(`${site}/live`);
                socket.onopen = () => resolve('open');
                socket.onerror = () => resolve('refused');
              }),
          ),
        ),
      sites,
    );
    assert.deepEqual(outcomes, ['refused', 'refused', 'refused']);
    assert.deepEqual(bank.sockets, []);
  });

  test('signs nobody out and ends no session', async () => {
    await there(async (site) => {
      for (const path of ['/sign-out', '/account/sessions/end', '/account/factors/remove', '/account/recovery-codes', '/recovery']) {
        await fetch(`${site}${path}`, { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'everywhere=yes' }).catch(() => {});
        await fetch(`${site}${path}`, { mode: 'no-cors', credentials: 'include' }).catch(() => {});
      }
      const form = Object.assign(document.createElement('form'), { method: 'post', action: `${site}/sign-out`, target: 'there' });
      const frame = Object.assign(document.createElement('iframe'), { name: 'there' });
      document.body.append(frame, form);
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
      form.submit();
      await loaded;
    }, gateway.secure('auth'));
    await stillSignedIn();
  });

  test('tosses no cookie that counts', async () => {
    const { domain } = gateway;
    await there((parent) => {
      for (const name of ['__Host-gw-session', '__host-gw-session', '__HOST-GW-SESSION', '__Host-gw-sso', '__Host-gw-attempt-aaaaaaaa', '=__Host-gw-session', '']) {
        for (const attributes of ['', `; domain=${parent}`, `; domain=.${parent}`, '; domain=localhost', '; path=/.gatewright']) {
          document.cookie = `${name}=tossed; path=/; secure${attributes}`;
          document.cookie = `${name}=__Host-gw-session=tossed; path=/${attributes}`;
        }
      }
    }, domain);
    await stillSignedIn();
    const sent = heard().at(-1).headers.cookie ?? '';
    assert.doesNotMatch(sent, /gw-/i);
    const kept = (await ana.context.cookies(gateway.secure('bank'))).filter(({ name }) => /gw-session/i.test(name));
    assert.deepEqual(kept.map(({ value }) => value.includes('tossed')), [false]);
    // At its own host it may spoil its own session, and only that.
    const page = await ana.context.newPage();
    const own = await page.goto(`${gateway.secure('hostile')}/page`);
    assert.ok([200, 400, 401].includes(own.status()), String(own.status()));
    await page.close();
    await ana.context.clearCookies({ domain: new URL(gateway.secure('hostile')).hostname });
    await ana.context.clearCookies({ domain: `.${domain}` });
    await ana.open(`${gateway.secure('hostile')}/page`);
    assert.equal(await ana.heading(), 'hostile');
  });

  test('frames none of our pages', async () => {
    const sites = [`${gateway.secure('auth')}/`, `${gateway.secure('auth')}/sign-out`, `${gateway.secure('portal')}/`, `${gateway.secure('bank')}/.gatewright/signed-out`];
    const page = await ana.context.newPage();
    await page.goto(`${gateway.secure('hostile')}/page`);
    for (const site of sites) {
      await page.evaluate(
        (src) =>
          new Promise((resolve) => {
            const frame = Object.assign(document.createElement('iframe'), { src });
            frame.addEventListener('load', resolve, { once: true });
            document.body.replaceChildren(frame);
          }),
        site,
      );
      const frame = page.frames().find((one) => one !== page.mainFrame());
      assert.match(frame?.url() ?? 'chrome-error:', /^(chrome-error:|about:blank)/, site);
    }
    await page.close();
  });

  test('keeps no hold of a page of ours that it opens, nor is held', async () => {
    for (const app of ['auth', 'portal']) {
      const page = await ana.context.newPage();
      await page.goto(`${gateway.secure('hostile')}/page`);
      const [opened] = await Promise.all([
        ana.context.waitForEvent('page'),
        page.evaluate((site) => void (window.held = window.open(site)), `${gateway.secure(app)}/`),
      ]);
      await opened.waitForLoadState('load');
      assert.equal(await opened.evaluate(() => window.opener), null, app);
      await until('the hold is lost', () => page.evaluate(() => window.held.closed));
      await opened.close();
      await page.close();
    }
  });

  test('its service worker sees the code of its own hand-over, which is worth nothing to it', async () => {
    await ana.open(`${gateway.secure('hostile')}/page`);
    await ana.page.evaluate(async () => {
      await navigator.serviceWorker.register('/worker.js', { scope: '/' });
      await navigator.serviceWorker.ready;
    });
    await ana.page.reload();
    await until('the worker is in charge', () => ana.page.evaluate(() => navigator.serviceWorker.controller !== null));
    // Without its app's cookie, Ana is handed over anew.
    const host = new URL(gateway.secure('hostile')).hostname;
    await ana.context.clearCookies({ domain: host, name: '__Host-gw-session' });
    await ana.open(`${gateway.secure('hostile')}/page?again`);
    assert.equal(await ana.heading(), 'hostile');
    const seen = await ana.page.evaluate(async () => {
      const kept = await caches.open('seen');
      const all = await Promise.all((await kept.keys()).map(async (key) => (await kept.match(key)).text()));
      return all.filter((url) => url.includes('/.gatewright/callback'));
    });
    assert.ok(seen.length > 0, 'it sees the address that its page is led to');
    for (const url of seen) {
      const thief = await Visitor.arrive(gateway);
      const answer = await thief.knock(url);
      assert.equal(answer.status, 400, 'elsewhere it has no attempt');
      assert.deepEqual(answer.headers['set-cookie'].filter((cookie) => cookie.includes('gw-session')), []);
    }
    const replayed = await ana.page.evaluate(
      (urls) => Promise.all(urls.map((url) => fetch(url, { redirect: 'manual' }).then((r) => `${r.type} ${r.status}`))),
      seen,
    );
    assert.ok(replayed.every((outcome) => outcome === 'basic 400'), replayed.join());
    const pages = await Promise.all(seen.map(async (url) => (await ana.page.goto(url)).status()));
    assert.ok(pages.every((status) => status === 400), 'and here it is spent');
    assert.ok(hostile.requests.every(({ url }) => !url.includes('code=')), 'no code reached the app');
    await ana.open(`${gateway.secure('hostile')}/page`);
    await ana.page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).unregister());
  });

  test('finds no code in its history, its referrer, or its timings', async () => {
    const host = new URL(gateway.secure('hostile')).hostname;
    await ana.context.clearCookies({ domain: host, name: '__Host-gw-session' });
    const before = hostile.requests.length;
    await ana.open(`${gateway.secure('hostile')}/page?fresh`);
    const told = await ana.page.evaluate(() =>
      JSON.stringify([
        document.referrer,
        location.href,
        window.navigation?.entries().map((entry) => entry.url),
        performance.getEntries().map((entry) => entry.name),
        window.name,
      ]),
    );
    assert.doesNotMatch(told, /code=|attempt=|callback/);
    for (const { url, headers } of hostile.requests.slice(before)) {
      assert.doesNotMatch(`${url} ${headers.referer ?? ''}`, /code=|attempt=|callback/);
    }
  });

  test("makes no passkey for the sign-in's host, and one for the parent opens nothing", async () => {
    const host = new URL(gateway.secure('auth')).hostname;
    await ana.open(`${gateway.secure('hostile')}/page`);
    const make = (id) =>
      ana.page.evaluate(
        (rpId) =>
          navigator.credentials
            .create({
              publicKey: {
                rp: { id: rpId, name: 'x' },
                user: { id: new Uint8Array(16), name: 'ana', displayName: 'ana' },
                challenge: new Uint8Array(32),
                pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
                authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
              },
            })
            .then(() => 'made', (error) => error.name),
        id,
      );
    assert.equal(await make(host), 'SecurityError');
    const used = await ana.page.evaluate(
      (rpId) => navigator.credentials.get({ publicKey: { rpId, challenge: new Uint8Array(32) } }).then(() => 'used', (error) => error.name),
      host,
    );
    assert.equal(used, 'SecurityError');
    assert.equal(await make(gateway.domain), 'made', 'which the browser allows');
    const stranger = await Person.arrive(browser, { name: 'a stranger with that passkey' });
    for (const passkey of await ana.passkeys()) await stranger.takePasskey(passkey);
    await stranger.open(`${gateway.secure('auth')}/sign-in`);
    await stranger.page.getByRole('button', { name: /passkey/i }).first().click();
    await until('the attempt has ended', async () => (await stranger.page.locator('#fault').innerText()) !== '');
    assert.equal(new URL(stranger.page.url()).pathname, '/sign-in');
    await stranger.leave();
  });

  test('and all the while nobody else was let in as Ana', async () => {
    const sessions = (await gateway.json('session', 'list')).items;
    assert.equal(sessions.length, 1);
  });
});
