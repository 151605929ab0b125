// People who live in another identity provider sign in by it: a certified OpenID provider, and a browser.

import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { violations } from './lib/axe.mjs';
import { DESKTOP, PHONE, Person, launch } from './lib/browser.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { startProvider, strangersKeys } from './lib/oidc-provider.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { until } from './lib/until.mjs';
import { Visitor, curl } from './lib/visitor.mjs';

const POLICIES = `
@id("wiki-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");

@id("payroll-needs-two-factors")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"payroll")
when { context.authn.multi_factor && context.authn.providers.contains("corp") };
`;

const PEOPLE = {
  ana: { groups: ['engineers'] },
  bo: { groups: ['engineers'] },
  cy: { groups: ['auditors'] },
  dora: { groups: ['engineers'], email_verified: false },
};

const provider_config = ({ issuer }) => `
[[group]]
name = "staff"

[[provider]]
name = "corp"
title = "Corp account"
issuer = "${issuer}"
client_id = "gatewright"
client_secret = "corp.secret"

[provider.people]
found_by = "name"
provision = true

[[provider.member]]
when = { groups = ["engineers"] }
groups = ["staff"]

[provider.multi_factor]
acr = ["mfa"]
`;

/** Goes to a provider and signs in there; where it sends the browser back to, which is not followed. */
async function answered(visitor, name, provider = 'corp') {
  const page = await visitor.navigate(`${visitor.gateway.secure('wiki')}/`);
  const ways = [...page.body.matchAll(/href="([^"]*provider\/start[^"]*)"/g)].map(([, way]) => way);
  const way = ways.find((way) => way.includes(`provider=${provider}`));
  const start = new URL(way.replaceAll('&amp;', '&').replaceAll('&#38;', '&'), page.url);
  const form = await visitor.navigate((await visitor.knock(start.href)).headers.location);
  const resumed = await visitor.knock(form.url, '--data-raw', `login=${name}`);
  const { headers } = await visitor.knock(new URL(resumed.headers.location, form.url).href);
  return new URL(headers.location);
}

const signedIn = (visitor) => visitor.cookie(`auth.${visitor.gateway.domain}`, '__Host-gw-sso');

describe('people of another identity provider', () => {
  let gateway, provider, upstream, browser;

  before(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      apps: [{ name: 'wiki', upstream: upstream.url }, { name: 'payroll', upstream: upstream.url }],
      policies: { 'org.cedar': POLICIES },
      prepare: async (gateway) => {
        provider = await startProvider({
          people: PEOPLE,
          callback: `${gateway.secure('auth')}/provider/callback/corp`,
          logout: `${gateway.secure('auth')}/provider/logout/corp`,
          ca: gateway.authority,
        });
        const secret = join(gateway.folder, 'corp.secret');
        await writeFile(secret, `${provider.secret}\n`);
        await chmod(secret, 0o600);
        await writeFile(gateway.file, (await readFile(gateway.file, 'utf8')) + provider_config(provider));
      },
    });
    browser = await launch({ trust: join(gateway.folder, 'chain.pem') });
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
    await provider?.stop();
    await upstream?.stop();
  });

  /** Signs in on the provider's own page, where it asks. */
  async function atProvider(person, name) {
    const { page } = person;
    const field = page.getByLabel('Name');
    await field.or(page.locator('main')).first().waitFor();
    if (new URL(page.url()).origin !== provider.issuer) return;
    await field.fill(name);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  async function arrive(name) {
    return Person.arrive(browser, { name, ignoreHTTPSErrors: true });
  }

  async function signIn(name, app = 'wiki') {
    const person = await arrive(name);
    await person.open(`${gateway.secure(app)}/`);
    await person.page.getByRole('link', { name: 'Sign in with Corp account' }).click();
    await atProvider(person, name);
    return person;
  }

  /** Opens an enrolment link and adds a passkey; then signs out, the passkey kept. */
  async function withPasskey(name) {
    const person = await arrive(name);
    await person.open(await gateway.secureLink(name, 'enrolment'));
    await person.press('Sign in');
    await person.open(`${gateway.secure('auth')}/enrol`);
    await person.page.getByRole('button', { name: 'Add a passkey' }).click();
    await person.page.waitForURL((url) => !url.pathname.startsWith('/enrol'));
    return person;
  }

  const sessions = async (name) => {
    const { items } = await gateway.json('session', 'list');
    return items.filter((session) => session.user === name);
  };

  /** Says what the configuration says of the provider, changed; waits until it is in force. */
  async function reconfigure(change, holds) {
    const text = await readFile(gateway.file, 'utf8');
    await writeFile(gateway.file, change(text));
    await until('the configuration is in force', holds);
  }

  test('somebody whom nobody here knows becomes a person, in the groups that the provider tells', async () => {
    const ana = await signIn('ana');
    await ana.page.waitForURL(`${gateway.secure('wiki')}/`);
    const { groups } = await gateway.user('ana');
    assert.deepEqual(groups.map((membership) => membership.group), ['staff']);
    assert.ok(groups[0].until > Date.now(), 'no longer than the session');
    const asked = upstream.requests.at(-1);
    assert.ok(asked.headers['gatewright-assertion'], 'the app is told who it is');
    await ana.leave();
  });

  test('who is in none of those groups is let in, and not to the wiki', async () => {
    const cy = await signIn('cy');
    await cy.page.waitForURL(`${gateway.secure('wiki')}/`);
    assert.match(await cy.heading(), /not open|cannot open/i);
    await cy.leave();
  });

  test('the provider is offered where people sign in, and the page is clean', async () => {
    const stranger = await arrive('nobody');
    await stranger.open(`${gateway.secure('wiki')}/`);
    for (const viewport of [DESKTOP, PHONE]) {
      await stranger.page.setViewportSize(viewport);
      assert.deepEqual(await violations(stranger.page), []);
    }
    await stranger.pictures('sign-in-with-provider');
    assert.deepEqual(stranger.errors, []);
    await stranger.leave();
  });

  test('what asks for two factors is refused, with the way out, and opened once the provider says that there were', async () => {
    const ana = await signIn('ana', 'payroll');
    await ana.page.waitForURL(`${gateway.secure('payroll')}/`);
    assert.match(await ana.text(), /Confirm with your linked account/);
    await ana.pictures('confirm-with-linked-account');
    await ana.page.getByRole('link', { name: 'Confirm' }).click();
    await ana.page.getByRole('link', { name: 'Confirm with Corp account' }).click();
    await ana.page.waitForURL((url) => url.origin === provider.issuer);
    const asked = provider.asked.at(-1);
    assert.deepEqual([asked.acr_values, asked.prompt, asked.max_age], ['mfa', 'login', '0']);
    PEOPLE.ana.factors = 2;
    await atProvider(ana, 'ana');
    await ana.page.waitForURL(`${gateway.secure('payroll')}/`);
    assert.equal(upstream.requests.at(-1).headers.host, new URL(gateway.secure('payroll')).host);
    await ana.leave();
  });

  test('who has a passkey is not let in by the provider until they have linked the two themselves', async () => {
    await gateway.addUser('bo');
    const bo = await withPasskey('bo');
    const other = await signIn('bo');
    await other.page.getByText('You have another way to sign in here.').waitFor();
    assert.deepEqual((await sessions('bo')).length, 1, 'only that of the passkey');
    await other.leave();

    await bo.open(`${gateway.secure('auth')}/`);
    await bo.pictures('account-to-link');
    await bo.page.getByRole('button', { name: 'Link Corp account' }).click();
    await bo.page.getByRole('link', { name: 'Go to Corp account' }).click();
    await atProvider(bo, 'bo');
    await bo.page.waitForURL(`${gateway.secure('auth')}/`);
    assert.deepEqual(await violations(bo.page), []);
    await bo.page.getByRole('button', { name: 'Unlink Corp account' }).waitFor();

    const again = await signIn('bo');
    await again.page.waitForURL(`${gateway.secure('wiki')}/`);
    assert.equal((await sessions('bo')).length, 2);

    await bo.page.getByRole('button', { name: 'Unlink Corp account' }).click();
    await bo.page.getByRole('button', { name: 'Link Corp account' }).waitFor();
    assert.equal((await sessions('bo')).length, 1, 'what rested on the link is over');
    await again.page.reload();
    assert.notEqual(again.page.url(), `${gateway.secure('wiki')}/`);
    await again.leave();
    await bo.leave();
  });

  test("another person's account is linked to nobody, and that is on record", async () => {
    await gateway.addUser('eve');
    const eve = await withPasskey('eve');
    await eve.open(`${gateway.secure('auth')}/`);
    await eve.page.getByRole('button', { name: 'Link Corp account' }).click();
    await eve.page.getByRole('link', { name: 'Go to Corp account' }).click();
    await atProvider(eve, 'ana');
    await eve.page.getByText("is another person's here").waitFor();
    const { stdout } = await gateway.cli('log', 'show');
    assert.match(stdout, /another person's account at a provider/);
    await eve.leave();
  });

  /** The same answer with something else in it. */
  function changed(url, change) {
    const other = new URL(url);
    change(other);
    return other.href;
  }

  test('what one browser began is of no use in another, changed on the way, or twice', async () => {
    const ana = await Visitor.arrive(gateway);
    const back = await answered(ana, 'ana');
    const thief = await Visitor.arrive(gateway);
    for (const [whose, url] of [
      [thief, back.href],
      [ana, changed(back, (url) => url.searchParams.set('state', `A${url.searchParams.get('state').slice(1)}`))],
      [ana, changed(back, (url) => url.searchParams.append('state', 'twice'))],
      [ana, changed(back, (url) => (url.pathname = '/provider/callback/other'))],
      [ana, changed(back, (url) => url.searchParams.delete('code'))],
    ]) {
      const { status } = await whose.ask(url, '-H', 'Accept: text/html', '-H', 'Sec-Fetch-Mode: navigate');
      assert.equal(status, 400, url);
    }
    await ana.knock(back.href);
    assert.ok(await signedIn(ana), 'it was good all the while');
    const { status } = await ana.knock(back.href);
    assert.equal(status, 400, 'and is good once');
  });

  test('a code that another flow brought, another issuer, and a no sign nobody in', async () => {
    const injected = (await answered(await Visitor.arrive(gateway), 'ana')).searchParams.get('code');
    for (const [change, code, words] of [
      [(url) => url.searchParams.set('code', injected), 502, 'could not be checked'],
      [(url) => url.searchParams.set('iss', 'https://evil.test'), 502, 'could not be checked'],
      [(url) => url.searchParams.delete('iss'), 502, 'could not be checked'],
      [(url) => { url.searchParams.delete('code'); url.searchParams.set('error', 'access_denied<b>'); }, 403, 'access_deniedb'],
    ]) {
      const cy = await Visitor.arrive(gateway);
      const back = await answered(cy, 'cy');
      const { status, body } = await cy.knock(changed(back, change));
      assert.equal(status, code, body);
      assert.match(body, new RegExp(words));
      assert.equal(await signedIn(cy), undefined);
    }
    assert.deepEqual(provider.errors.splice(0).length, 1, 'the provider saw the one code that was not its flow\'s');
  });

  test('whoever signs out at the provider is signed out here, and what is open is cut at once', async () => {
    const ana = await signIn('ana');
    await ana.page.waitForURL(`${gateway.secure('wiki')}/`);
    const closed = ana.page.evaluate(() => new Promise((resolve, reject) => {
      const socket = new WebSocket(`wss://${location.host}/socket`);
      socket.onopen = () => (window.opened = true);
      socket.onclose = (event) => resolve({ opened: window.opened, code: event.code });
      socket.onerror = () => reject(new Error('no socket'));
    }));
    await ana.page.waitForFunction(() => window.opened);
    const tab = await ana.context.newPage();
    await tab.goto(`${provider.issuer}/session/end`);
    await tab.click('button[type=submit]');
    const { code } = await closed;
    assert.equal(code, 1008);
    await ana.page.reload();
    assert.notEqual(ana.page.url(), `${gateway.secure('wiki')}/`);
    assert.match(await ana.text(), /You signed out where you had signed in/);
    assert.deepEqual(provider.errors, []);
    await ana.leave();
  });

  test('a logout that the provider did not sign ends nothing', async () => {
    const ana = await signIn('ana');
    await ana.page.waitForURL(`${gateway.secure('wiki')}/`);
    const tell = (body, ...more) => curl(gateway, '--data-raw', body, ...more, `${gateway.secure('auth')}/provider/logout/corp`);
    const claims = Buffer.from(JSON.stringify({ iss: provider.issuer, aud: 'gatewright', sub: 'sub-ana' })).toString('base64url');
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'logout+jwt' })).toString('base64url');
    for (const body of ['', 'logout_token=', `logout_token=${none}.${claims}.`, 'logout_token=a&logout_token=b', `x=${'y'.repeat(40_000)}`]) {
      const { status } = await tell(body);
      assert.equal(status, 400, body.slice(0, 60));
    }
    assert.equal((await tell('logout_token=x', '-H', 'Content-Type: text/plain')).status, 400);
    assert.equal((await curl(gateway, `${gateway.secure('auth')}/provider/logout/corp`)).status, 405);
    await ana.page.reload();
    assert.equal(ana.page.url(), `${gateway.secure('wiki')}/`);
    await ana.leave();
  });

  test('a provider that is switched off is off for everyone at once', async () => {
    const ana = await signIn('ana');
    await ana.page.waitForURL(`${gateway.secure('wiki')}/`);
    await reconfigure(
      (text) => text.replace('client_secret = "corp.secret"', '$&\nenabled = false'),
      async () => (await sessions('ana')).length === 0,
    );
    await ana.page.reload();
    assert.match(await ana.text(), /not accepted as it was any more/);
    assert.equal(await ana.page.getByRole('link', { name: 'Sign in with Corp account' }).count(), 0);
    const { status, body } = await curl(gateway, '-H', 'Accept: text/html', '-H', 'Sec-Fetch-Mode: navigate', `${gateway.secure('auth')}/provider/start?provider=corp&for=sign-in`);
    assert.equal(status, 403, body);
    await ana.leave();
  });
});

const by_key = (name, { issuer }) => `
[[provider]]
name = "${name}"
title = "${name} account"
issuer = "${issuer}"
client_id = "gatewright"
client_key = true

[provider.people]
provision = true

[[provider.member]]
when = { groups = ["engineers"] }
groups = ["staff"]
`;

describe('a provider that is shown a key of our own', () => {
  let gateway, upstream;
  const providers = {};

  const keySet = async () => (await curl(gateway, `${gateway.secure('auth')}/provider/keys.json`)).json;

  before(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      apps: [{ name: 'wiki', upstream: upstream.url }, { name: 'payroll', upstream: upstream.url }],
      policies: { 'org.cedar': POLICIES },
      config: '[[group]]\nname = "staff"\n',
      prepare: async (gateway) => {
        const auth = gateway.secure('auth');
        const known = { corp: { jwks_uri: `${auth}/provider/keys.json` }, other: { jwks: strangersKeys() } };
        for (const [name, keys] of Object.entries(known)) {
          providers[name] = await startProvider({
            people: { ana: { groups: ['engineers'] }, bo: { groups: ['engineers'] } },
            callback: `${auth}/provider/callback/${name}`,
            logout: `${auth}/provider/logout/${name}`,
            ca: gateway.authority,
            shown: { token_endpoint_auth_method: 'private_key_jwt', ...keys },
          });
          await writeFile(gateway.file, (await readFile(gateway.file, 'utf8')) + by_key(name, providers[name]));
        }
      },
    });
  });

  after(async () => {
    await gateway?.stop();
    for (const provider of Object.values(providers)) await provider.stop();
    await upstream?.stop();
  });

  test('signs people in where it reads our public key, also after a restart', async () => {
    const ana = await Visitor.arrive(gateway);
    await ana.knock((await answered(ana, 'ana')).href);
    assert.ok(await signedIn(ana));
    assert.equal((await ana.navigate(`${gateway.secure('wiki')}/`)).status, 200);
    const before = await keySet();
    assert.deepEqual(before.keys.map(({ kty, d, p, q }) => [kty, d ?? p ?? q]), [['RSA', undefined]], 'and nothing private');
    await gateway.crashAndRestart();
    assert.deepEqual(await keySet(), before, 'the key is kept');
    const bo = await Visitor.arrive(gateway);
    await bo.knock((await answered(bo, 'bo')).href);
    assert.ok(await signedIn(bo));
    assert.deepEqual(providers.corp.errors, []);
  });

  test('signs nobody in where another key is registered, and it is said', async () => {
    const ana = await Visitor.arrive(gateway);
    const back = await answered(ana, 'ana', 'other');
    const { status, body } = await ana.knock(back.href);
    assert.equal(status, 502, body);
    assert.match(body, /could not be checked/);
    assert.equal(await signedIn(ana), undefined);
    await until('the log says why', () => /nobody was signed in by a provider.*it refuses: invalid_client/.test(gateway.child.output));
    assert.match(providers.other.errors.join(), /grant: invalid_client/);
  });
});
