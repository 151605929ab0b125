// People of an identity provider that speaks SAML sign in by it: pysaml2, a browser, and what is tried with its answers.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { violations } from './lib/axe.mjs';
import { Person, launch } from './lib/browser.mjs';
import { run } from './lib/child.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { isInstalled, startProvider } from './lib/saml-provider.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { until } from './lib/until.mjs';

const POLICIES = `
@id("wiki-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");

@id("payroll-needs-two-factors")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"payroll")
when { context.authn.multi_factor && context.authn.providers.contains("corp") };
`;

const PEOPLE = { ana: ['engineers', 'others'], bo: ['engineers'], cy: ['auditors'], dora: [] };

const PROVIDER = `
[[group]]
name = "staff"

[[provider]]
name = "corp"
title = "Corp account"
metadata = "idp.xml"

[provider.people]
provision = true
name_claim = "urn:mace:dir:attribute-def:uid"

[[provider.member]]
when = { groups = ["engineers"] }
groups = ["staff"]

[provider.multi_factor]
acr = ["https://refeds.org/profile/mfa"]
`;

describe('people of a SAML identity provider', { skip: !isInstalled && 'pysaml2 or xmlsec1 is not there' }, () => {
  let gateway, provider, upstream, browser, authority;

  before(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      apps: [{ name: 'wiki', upstream: upstream.url }, { name: 'payroll', upstream: upstream.url }],
      policies: { 'org.cedar': POLICIES },
      prepare: async (gateway) => {
        provider = await startProvider({ folder: gateway.folder, people: PEOPLE });
        await writeFile(gateway.file, (await readFile(gateway.file, 'utf8')) + PROVIDER);
      },
    });
    authority = await readFile(gateway.authority);
    const { stdout } = await curl('/provider/saml/metadata');
    await writeFile(join(gateway.folder, 'sp.xml'), stdout);
    browser = await launch({ trust: join(gateway.folder, 'chain.pem') });
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
    await provider?.stop();
    await upstream?.stop();
  });

  function curl(path, ...options) {
    const host = `auth.${gateway.domain}`;
    const to = ['--resolve', `${host}:${gateway.ports.https}:127.0.0.1`, '--cacert', gateway.authority];
    return run('curl', ['--silent', '--show-error', ...to, ...options, `${gateway.secure('auth')}${path}`]);
  }

  const arrive = (name) => Person.arrive(browser, { name, ignoreHTTPSErrors: true });

  /** Goes to the provider from an app's sign-in page, and says who it is. */
  async function goToCorp(person, name = person.name, app = 'wiki') {
    await person.open(`${gateway.secure(app)}/`);
    await person.page.getByRole('link', { name: 'Sign in with Corp account' }).click();
    await typeName(person, name);
  }

  async function typeName({ page }, name) {
    await page.waitForURL((url) => url.origin === provider.origin);
    await page.fill('input[name=login]', name);
    await page.click('button');
  }

  async function signIn(name) {
    const person = await arrive(name);
    await goToCorp(person);
    await person.page.waitForURL(`${gateway.secure('wiki')}/`);
    return person;
  }

  /** Is refused at payroll, takes the way out, and proves afresh who they are: the provider asks although it knows. */
  async function confirmForPayroll(person, name) {
    await person.open(`${gateway.secure('payroll')}/`);
    await person.page.getByRole('link', { name: 'Confirm' }).click();
    await person.page.getByRole('link', { name: 'Confirm with Corp account' }).click();
    await typeName(person, name);
  }

  /** What the provider's page posts, caught on its way: it never arrives by itself. */
  async function catchAnswer(person) {
    const path = '**/provider/saml/acs/*';
    let caught;
    await person.context.route(path, async (route) => {
      caught = route.request().postData();
      await route.abort();
    });
    const body = async () => {
      await until('the provider answers', () => caught);
      await person.context.unroute(path);
      return caught;
    };
    return { body };
  }

  /** Has a page of the provider's site post this form in a person's browser. */
  async function post(person, body) {
    const fields = [...new URLSearchParams(body)];
    await person.page.goto(`${provider.origin}/forget`);
    await Promise.all([
      person.page.waitForURL((url) => url.origin !== provider.origin),
      person.page.evaluate(({ action, fields }) => {
        const form = Object.assign(document.createElement('form'), { method: 'post', action });
        for (const [name, value] of fields) form.append(Object.assign(document.createElement('input'), { name, value }));
        document.body.append(form);
        form.submit();
      }, { action: `${gateway.secure('auth')}/provider/saml/acs/corp`, fields }),
    ]);
  }

  async function isSignedIn(person) {
    const cookies = await person.context.cookies(gateway.secure('auth'));
    return cookies.some((cookie) => cookie.name === '__Host-gw-sso');
  }

  const sessionsOf = async (name) => (await gateway.json('session', 'list', '--user', name)).items;

  test('somebody whom nobody here knows becomes a person, in the groups that the provider tells', async () => {
    const ana = await signIn('ana');
    const { groups, display_name: shown } = await gateway.user('ana');
    assert.deepEqual(groups.map((membership) => membership.group), ['staff']);
    assert.ok(groups[0].until > Date.now(), 'no longer than the session');
    assert.equal(shown, 'Ana');
    const cookies = await ana.context.cookies(gateway.secure('auth'));
    const names = cookies.map((cookie) => cookie.name);
    assert.deepEqual(names, ['__Host-gw-sso'], 'nothing is left of the way');
    assert.equal(cookies[0].sameSite, 'Lax');
    await ana.leave();
  });

  test('who is in none of those groups is let in, and not to the wiki', async () => {
    const cy = await arrive('cy');
    await goToCorp(cy);
    await cy.page.waitForURL(`${gateway.secure('wiki')}/`);
    assert.match(await cy.heading(), /cannot open wiki|not open/i);
    await cy.leave();
  });

  test('payroll asks for more, and the provider proves it afresh in the same session', async () => {
    const bo = await signIn('bo');
    const before = await sessionsOf('bo');
    await confirmForPayroll(bo, 'bo');
    await bo.page.waitForURL(`${gateway.secure('payroll')}/`);
    assert.equal(upstream.requests.at(-1).headers.host, new URL(gateway.secure('payroll')).host);
    const after = await sessionsOf('bo');
    assert.deepEqual(after.map((session) => session.id), before.map((session) => session.id));
    await bo.leave();
  });

  test("another person's account confirms nothing", async () => {
    const bo = await signIn('bo');
    await confirmForPayroll(bo, 'ana');
    await bo.page.waitForURL((url) => url.origin === gateway.secure('auth'));
    assert.match(await bo.text(), /another person/i);
    await bo.leave();
  });

  test('an answer that was used is refused, in any browser', async () => {
    const ana = await arrive('ana');
    const answer = await catchAnswer(ana);
    await goToCorp(ana);
    const body = await answer.body();
    const way = (await ana.context.cookies(gateway.secure('auth'))).filter((cookie) => cookie.name.startsWith('__Host-gw-saml-'));
    assert.equal(way.length, 1);
    assert.equal(way[0].sameSite, 'None');
    await post(ana, body);
    assert.ok(await isSignedIn(ana));
    const eve = await arrive('eve');
    await eve.context.addCookies(way.map(({ name, value, sameSite }) => ({ name, value, sameSite, secure: true, url: gateway.secure('auth') })));
    await post(eve, body);
    assert.match(await eve.text(), /used before/);
    assert.equal(await isSignedIn(eve), false);
    await ana.leave();
    await eve.leave();
  });

  test('an answer for another browser signs nobody in', async () => {
    const eve = await arrive('eve');
    const answer = await catchAnswer(eve);
    await goToCorp(eve, 'bo');
    const body = await answer.body();
    const ana = await arrive('ana');
    await post(ana, body);
    assert.match(await ana.text(), /begun in another browser/);
    assert.equal(await isSignedIn(ana), false);
    await ana.leave();
    await eve.leave();
  });

  test('an answer that was changed signs nobody in, and its page says so accessibly', async () => {
    const ana = await arrive('ana');
    const answer = await catchAnswer(ana);
    await goToCorp(ana);
    const form = new URLSearchParams(await answer.body());
    const xml = Buffer.from(form.get('SAMLResponse'), 'base64').toString();
    assert.match(xml, />ana</);
    form.set('SAMLResponse', Buffer.from(xml.replaceAll('id-of-ana', 'id-of-bo').replaceAll('>ana<', '>bo<')).toString('base64'));
    await post(ana, form.toString());
    assert.match(await ana.text(), /could not be checked/);
    assert.equal(await isSignedIn(ana), false);
    assert.deepEqual(await violations(ana.page), []);
    await ana.leave();
  });

  test('an answer that nobody asked for is refused', async () => {
    const ana = await arrive('ana');
    await ana.open(`${provider.origin}/unsolicited?who=ana`);
    await ana.page.waitForURL((url) => url.origin === gateway.secure('auth'));
    assert.match(await ana.text(), /could not be checked/);
    assert.equal(await isSignedIn(ana), false);
    await until('the log says why', () => gateway.child.lines.some((line) => /unsolicited = true/.test(line)));
    await ana.leave();
  });

  test('a session does not come along with what another site posts, and nothing is set by a post', async () => {
    const ana = await arrive('ana');
    const answer = await catchAnswer(ana);
    await goToCorp(ana);
    const body = await answer.body();
    const asked = [];
    ana.page.on('request', (request) => asked.push(request));
    await post(ana, body);
    const posted = asked.find((request) => request.method() === 'POST' && request.url().includes('/acs/'));
    const answered = await posted.response();
    const set = (await answered.headersArray()).filter(({ name }) => name.toLowerCase() === 'set-cookie');
    assert.ok(set.length > 0);
    assert.ok(!set.some(({ value }) => value.includes('__Host-gw-sso')));
    const headers = await posted.allHeaders();
    assert.ok(!(headers.cookie ?? '').includes('__Host-gw-sso'));
    await ana.leave();
  });

  test('whom the provider does not know is told so', async () => {
    const eve = await arrive('eve');
    await goToCorp(eve);
    await eve.page.waitForURL((url) => url.origin === gateway.secure('auth'));
    assert.match(await eve.text(), /Corp account did not sign you in \(AuthnFailed\)/);
    await eve.leave();
  });

  test('a sign-out at the provider cuts a WebSocket, and the provider hears that it was done', async () => {
    const ana = await signIn('ana');
    const cookie = (await ana.context.cookies(gateway.secure('wiki'))).find(({ name }) => name === '__Host-gw-session').value;
    const socket = new WebSocket(`wss://wiki.${gateway.domain}:${gateway.ports.https}/live`, {
      ca: authority,
      lookup: (_name, options, answer) => (options.all ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4)),
      headers: { cookie: `__Host-gw-session=${cookie}`, origin: gateway.secure('wiki') },
    });
    const closed = new Promise((resolve) => socket.on('close', (code) => resolve(code)));
    await new Promise((resolve, reject) => {
      socket.once('message', resolve);
      socket.once('error', reject);
    });
    const corps = await arrive('corp');
    await corps.open(`${provider.origin}/start_logout?who=ana`);
    assert.equal(await closed, 1008);
    assert.equal(await corps.heading(), 'Signed out everywhere: True');
    await ana.leave();
    await corps.leave();
  });

  test('who signs out here is offered to do so there, and comes back', async () => {
    const bo = await signIn('bo');
    await bo.open(`${gateway.secure('auth')}/sign-out`);
    await bo.page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await bo.page.getByText('You are signed out').waitFor();
    assert.equal(await isSignedIn(bo), false);
    assert.deepEqual(await violations(bo.page), []);
    await bo.page.getByRole('link', { name: 'Sign out of Corp account too' }).click();
    await bo.page.waitForURL((url) => url.pathname === '/provider/saml/logout');
    assert.match(await bo.text(), /signed out of Corp account too/);
    await bo.leave();
  });

  test('who has a passkey links the two themselves, and from then on either works', async () => {
    await gateway.addUser('eve', 'staff');
    const eve = await arrive('eve');
    await eve.open(await gateway.secureLink('eve', 'enrolment'));
    await eve.press('Sign in');
    await eve.open(`${gateway.secure('auth')}/enrol`);
    await eve.page.getByRole('button', { name: 'Add a passkey' }).click();
    await eve.page.waitForURL((url) => !url.pathname.startsWith('/enrol'));
    await eve.open(`${gateway.secure('auth')}/`);
    await eve.page.getByRole('button', { name: 'Link Corp account' }).click();
    await eve.page.getByRole('link', { name: 'Go to Corp account' }).click();
    await typeName(eve, 'dora');
    await eve.page.waitForURL(`${gateway.secure('auth')}/`);
    await eve.page.getByRole('button', { name: 'Unlink Corp account' }).waitFor();
    const again = await arrive('eve');
    await goToCorp(again, 'dora');
    await again.page.waitForURL(`${gateway.secure('wiki')}/`);
    assert.equal((await sessionsOf('eve')).length, 2);
    await eve.leave();
    await again.leave();
  });

  test('metadata is read again when it changes: a broken one changes nothing, and a key that goes ends what rested on it', async () => {
    const ana = await signIn('ana');
    const good = await readFile(provider.metadata, 'utf8');
    await writeFile(provider.metadata, good.slice(0, 200));
    await until('its fault is told', () => gateway.child.lines.some((line) => /provider\[0\]\.metadata: `.*idp\.xml`/.test(line)));
    assert.ok((await sessionsOf('ana')).length > 0);
    const certificate = /<[\w:]*X509Certificate>([^<]+)</;
    const other = certificate.exec(await readFile(join(gateway.folder, 'sp.xml'), 'utf8'))[1];
    await writeFile(provider.metadata, good.replace(certificate.exec(good)[1], other));
    await until('what rested on its key is over', async () => (await sessionsOf('ana')).length === 0);
    const cy = await arrive('cy');
    await goToCorp(cy);
    await cy.page.waitForURL((url) => url.origin === gateway.secure('auth'));
    assert.match(await cy.text(), /could not be checked/);
    await writeFile(provider.metadata, good);
    await until('it is as before', async () => {
      const again = await arrive('ana');
      await goToCorp(again);
      await again.page.waitForURL((url) => url.origin !== provider.origin);
      const done = again.page.url() === `${gateway.secure('wiki')}/`;
      await again.leave();
      return done;
    });
    await ana.leave();
    await cy.leave();
  });

  test('a provider that is switched off signs nobody in and ends what rests on it', async () => {
    const ana = await signIn('ana');
    const late = await arrive('bo');
    const answer = await catchAnswer(late);
    await goToCorp(late);
    const body = await answer.body();
    const text = await readFile(gateway.file, 'utf8');
    await writeFile(gateway.file, text.replace('metadata = "idp.xml"', 'metadata = "idp.xml"\nenabled = false'));
    await until('nobody is signed in by it', async () => (await sessionsOf('ana')).length === 0);
    await post(late, body);
    assert.match(await late.text(), /Nobody is signed in by Corp account now/);
    assert.equal(await isSignedIn(late), false);
    await ana.leave();
    await late.leave();
  });
});
