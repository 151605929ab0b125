// Apps that speak SAML use Gatewright's sign-in: node-saml, which judges each answer, a browser, and what is tried.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { violations } from './lib/axe.mjs';
import { Person, SCREENSHOTS, launch } from './lib/browser.mjs';
import { Child, run } from './lib/child.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { freePorts } from './lib/ports.mjs';
import { declareMellon, isInstalled as isMellonInstalled } from './lib/mellon.mjs';
import { isInstalled as isPysaml2Installed, PYTHON } from './lib/saml-provider.mjs';
import { declareProvider, makeKey } from './lib/service-provider.mjs';

const POLICIES = `
@id("apps-for-staff")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource in Tag::"saml")
unless { resource == App::"vault" };

@id("vault-by-passkey")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource == App::"vault")
when { context.authn.phishing_resistant };

@id("own-passkeys")
permit (principal is User, action == Action::"factor.enrol", resource is User) when { principal == resource };

@id("portal-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"portal");
`;

const app = (name, more = '') => `
[[app]]
name = "${name}"
title = "The ${name}"
start = "https://${name}.example.com/"
tags = ["saml"]

[[client]]
name = "${name}"
type = "saml"
app = "${name}"
metadata = "${name}.xml"
${more}`;

describe('apps that speak SAML sign people in through Gatewright', () => {
  let gateway, browser, apps, mellon, pysaml2;

  before(async () => {
    const ports = await freePorts(5);
    gateway = await startOrganisation({
      apps: [],
      policies: { 'org.cedar': POLICIES },
      prepare: async (gateway) => {
        const declare = (name, port, more) => declareProvider({ folder: gateway.folder, name, port, ...more });
        apps = {
          books: await declare('books', ports[0], { logout: 'HTTP-Redirect' }),
          vault: await declare('vault', ports[1], { decrypts: true }),
          wiki: await declare('wiki', ports[2], { own: { validateInResponseTo: 'ifPresent', identifierFormat: null } }),
        };
        if (isMellonInstalled) mellon = await declareMellon({ port: ports[3], to: join(gateway.folder, 'mellon.xml') });
        if (isPysaml2Installed) pysaml2 = await startPysaml2(gateway.folder, ports[4]);
        const text = await readFile(gateway.file, 'utf8');
        await writeFile(gateway.file, [
          text, '[[group]]\nname = "staff"\n',
          app('books', 'consent = "ask"'),
          app('vault', 'encrypted = true'),
          app('wiki', 'idp_initiated = true\nnames = "user-name"\ntells = ["groups"]'),
          mellon ? app('mellon', 'encrypted = true') : '',
          pysaml2 ? app('pysaml2') : '',
        ].join('\n'));
      },
    });
    const metadata = await curl('/saml/metadata');
    for (const one of [...Object.values(apps), ...(mellon ? [mellon] : [])]) await one.start(metadata.stdout);
    await writeFile(join(gateway.folder, 'idp.xml'), metadata.stdout);
    browser = await launch({ trust: join(gateway.folder, 'chain.pem') });
    await gateway.addUser('ana', 'staff');
    await gateway.addUser('dora', 'staff');
    await gateway.addUser('cy');
  });

  after(async () => {
    await browser?.close();
    for (const one of [...Object.values(apps ?? {}), mellon, pysaml2]) await one?.stop();
    await gateway?.stop();
  });

  /** pysaml2, which writes its metadata at its start, and reads Gatewright's when somebody comes. */
  async function startPysaml2(folder, port) {
    await makeKey(folder, 'pysaml2-signing');
    const program = new URL('lib/saml_sp.py', import.meta.url).pathname;
    const child = new Child(PYTHON, [program, folder, 'pysaml2', String(port)]);
    await child.line(/^ready$/);
    return { origin: `http://127.0.0.1:${port}`, stop: () => child.stop() };
  }

  function curl(path, ...options) {
    const host = `auth.${gateway.domain}`;
    const to = ['--resolve', `${host}:${gateway.ports.https}:127.0.0.1`, '--cacert', gateway.authority];
    return run('curl', ['--silent', '--show-error', ...to, ...options, `${gateway.secure('auth')}${path}`]);
  }

  const arrive = (name) => Person.arrive(browser, { name, ignoreHTTPSErrors: true });

  /** Signed in by a link, weakly. */
  async function byLink(name) {
    const person = await arrive(name);
    await person.open(await gateway.secureLink(name, 'sign-in'));
    await person.press('Sign in');
    return person;
  }

  /** Signed in by a new passkey. */
  async function byPasskey(name) {
    const person = await arrive(name);
    await person.open(await gateway.secureLink(name, 'enrolment'));
    await person.press('Sign in');
    await person.open(`${gateway.secure('auth')}/enrol`);
    await person.page.getByRole('button', { name: 'Add a passkey' }).click();
    await person.page.waitForURL((url) => !url.pathname.startsWith('/enrol'));
    return person;
  }

  /** The page says this; where it does not, what it says instead. */
  const said = (person, text) => person.page.getByText(text).waitFor().catch(async (error) => {
    throw new Error(`${person.page.url()}: ${await person.page.locator('body').innerText()}`, { cause: error });
  });
  const asking = (one, asks) => `${one.origin}/login?asks=${encodeURIComponent(JSON.stringify(asks))}`;
  const greeted = (person) => said(person, /^Hello /);

  test('somebody agrees once, and the app is told who they are by an answer that a strict judge takes', async () => {
    const { books } = apps;
    const ana = await byLink('ana');
    await ana.open(`${books.origin}/login`);
    await ana.page.getByRole('heading', { name: 'Let The books in as you?' }).waitFor();
    assert.deepEqual(await violations(ana.page), []);
    await ana.page.screenshot({ path: join(SCREENSHOTS, 'saml-consent.png'), fullPage: true });
    await ana.page.getByRole('button', { name: 'Let it in' }).click();
    await greeted(ana);
    const { profile, relayState } = books.arrivals.at(-1);
    assert.equal(profile.uid, 'ana');
    assert.equal(profile.groups, 'staff');
    assert.equal(profile.nameIDFormat, 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent');
    assert.match(profile.nameID, /^[\w-]{43}$/);
    assert.ok(profile.sessionIndex);
    assert.equal(relayState, 'place<"&>');
    await ana.open(`${books.origin}/login-by-form`);
    await greeted(ana);
    assert.equal(books.arrivals.at(-1).profile.nameID, profile.nameID, 'the same each time');
    await assert.rejects(books.take({ SAMLResponse: books.arrivals.at(-1).answer }), /InResponseTo/, 'good once');
    assert.deepEqual(ana.errors, []);
    await ana.leave();
  });

  test('whoever is not signed in signs in on the way; whom policy refuses sees a way out, and takes it', async () => {
    const { vault } = apps;
    const ana = await byPasskey('ana');
    await ana.context.clearCookies();
    await ana.open(`${vault.origin}/login`);
    await ana.page.getByRole('heading', { name: 'Sign in to open The vault' }).waitFor();
    await ana.page.getByRole('button', { name: /passkey/ }).click();
    await greeted(ana);
    const { profile } = vault.arrivals.at(-1);
    assert.match(profile.getAssertionXml(), /phishing-resistant/);
    assert.notEqual(profile.nameID, apps.books.arrivals.at(-1)?.profile.nameID, 'another name at each app');
    await ana.context.clearCookies();
    await ana.open(await gateway.secureLink('ana', 'sign-in'));
    await ana.press('Sign in');
    await ana.open(`${vault.origin}/login`);
    await ana.page.getByRole('heading', { name: /vault/ }).waitFor();
    await ana.page.getByRole('link', { name: 'Confirm' }).click();
    await ana.page.getByRole('button', { name: 'Confirm' }).click();
    await greeted(ana);
    await ana.leave();
  });

  test('somebody whom nothing lets in sees why, and the app is told nothing', async () => {
    const { vault } = apps;
    const before = vault.arrivals.length;
    const cy = await byLink('cy');
    await cy.open(`${vault.origin}/login`);
    await cy.page.getByRole('heading', { name: /vault/ }).waitFor();
    assert.ok(cy.page.url().startsWith(gateway.secure('auth')));
    assert.equal(vault.arrivals.length, before);
    await cy.leave();
  });

  test('an app that wants nothing shown is told that something would have to be', async () => {
    const { wiki } = apps;
    const nobody = await arrive('nobody');
    await nobody.open(asking(wiki, { passive: true }));
    await said(nobody, 'Nobody, without asking');
    await nobody.leave();
    const ana = await byLink('ana');
    await ana.open(asking(wiki, { passive: true }));
    await greeted(ana);
    const { profile } = wiki.arrivals.at(-1);
    assert.equal(profile.nameID, 'ana', 'by the name that is declared');
    assert.equal(profile.uid, undefined, 'and no more than is declared');
    await ana.open(asking(wiki, { identifierFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress' }));
    await said(ana, /Not in: .*InvalidNameIDPolicy/);
    await ana.leave();
  });

  test('an app where that is declared is opened by its card, without having asked', async () => {
    const { wiki } = apps;
    const ana = await byLink('ana');
    await ana.open(`${gateway.secure('portal')}/`);
    const card = ana.page.getByRole('link', { name: /The wiki/ });
    assert.ok((await card.getAttribute('href')).startsWith(`${gateway.secure('auth')}/saml/start?`));
    await card.click();
    await greeted(ana);
    assert.equal(wiki.arrivals.at(-1).profile.inResponseTo, undefined);
    const { stdout } = await curl('/saml/start?client=books', '--write-out', '%{http_code}');
    assert.match(stdout, /404$/, 'not where it is not declared');
    await ana.leave();
  });

  test('an app signs somebody out after it was shown to them, and the other apps are told', async () => {
    const { books, wiki } = apps;
    const ana = await byLink('ana');
    for (const one of [wiki, books]) {
      await ana.open(`${one.origin}/login`);
      await greeted(ana);
    }
    await ana.open(`${books.origin}/logout`);
    await ana.page.getByRole('heading', { name: 'Sign out?' }).waitFor();
    await ana.page.screenshot({ path: join(SCREENSHOTS, 'saml-sign-out.png'), fullPage: true });
    await ana.page.getByRole('button', { name: 'Sign out' }).click();
    await said(ana, 'Signed out everywhere');
    assert.equal(wiki.logouts.at(-1).profile.nameID, 'ana');
    assert.ok(books.logouts.at(-1).loggedOut);
    await ana.open(`${gateway.secure('auth')}/`);
    await ana.page.getByRole('heading', { name: /Sign in/ }).waitFor();
    await ana.leave();
  });

  test('whoever signs out here is signed out of the apps, and whoever stays is not', async () => {
    const { books, wiki } = apps;
    const ana = await byLink('ana');
    for (const one of [books, wiki]) {
      await ana.open(`${one.origin}/login`);
      await greeted(ana);
    }
    await ana.open(`${books.origin}/logout`);
    await ana.page.getByRole('button', { name: 'Stay signed in' }).click();
    await said(ana, /Not in: Bad status code: .*:Responder/);
    const before = wiki.logouts.length;
    await ana.open(`${gateway.secure('auth')}/sign-out`);
    await ana.page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await said(ana, /those with a sign-in of their own were told/);
    await ana.page.screenshot({ path: join(SCREENSHOTS, 'saml-signed-out.png'), fullPage: true });
    assert.equal(wiki.logouts.length, before + 1);
    await ana.leave();
  });

  test('what an app was told is seen on the account page, and taken back there', async () => {
    const { books } = apps;
    const ana = await byLink('ana');
    await ana.open(`${books.origin}/login`);
    await greeted(ana);
    const before = books.logouts.length;
    await ana.open(`${gateway.secure('auth')}/account/apps`);
    const back = ana.page.waitForResponse((answer) =>
      answer.url() === `${gateway.secure('auth')}/account/apps` && answer.request().method() === 'GET');
    await ana.page.getByRole('button', { name: 'Take back what The books was given' }).click();
    await (await back).finished();
    assert.equal(books.logouts.length, before + 1, 'it is told');
    await ana.page.waitForLoadState();
    await ana.open(`${books.origin}/login`);
    await ana.page.getByRole('heading', { name: 'Let The books in as you?' }).waitFor();
    await ana.page.getByRole('button', { name: 'Do not' }).click();
    await said(ana, /Not in: .*RequestDenied/);
    await ana.leave();
  });

  test('Apache with mod_auth_mellon lets somebody in by a passkey and an encrypted assertion, and signs them out',
    { skip: !isMellonInstalled && 'mod_auth_mellon is not there' }, async () => {
      const dora = await byPasskey('dora');
      await dora.open(`${mellon.origin}/app/`);
      await said(dora, /^user=[\w-]{43} uid=dora$/);
      await dora.open(`${mellon.origin}/mellon/logout?ReturnTo=${encodeURIComponent(`${mellon.origin}/bye.html`)}`);
      await dora.page.getByRole('button', { name: 'Sign out' }).click();
      await said(dora, 'Signed out at mellon');
      await dora.open(`${mellon.origin}/app/`);
      await dora.page.getByRole('heading', { name: 'Sign in to open The mellon' }).waitFor();
      await dora.leave();
    });

  test('pysaml2 takes what it is told, and hears that a sign-out was done',
    { skip: !isPysaml2Installed && 'pysaml2 or xmlsec1 is not there' }, async () => {
      const ana = await byLink('ana');
      await ana.open(`${pysaml2.origin}/login`);
      await said(ana, /^Hello [\w-]{43} .*groups=staff .*uid=ana$/);
      await ana.open(`${pysaml2.origin}/logout`);
      await ana.page.getByRole('button', { name: 'Sign out' }).click();
      await said(ana, 'Signed out everywhere: True');
      await ana.leave();
    });

  // The last: the key that the others know is gone.
  test('the key is rotated: an app that knows the next certificate goes on, and one that does not takes nothing by it', async () => {
    const { wiki } = apps;
    const metadata = async () => (await curl('/saml/metadata')).stdout;
    const certificates = (text) => text.match(/<ds:X509Certificate>[^<]+</g);
    const [current] = certificates(await metadata());
    const next = await gateway.json('key', 'rotate', 'saml-apps');
    assert.ok(next.active_from > Date.now() + 6 * 86_400_000, 'in days');
    const both = await metadata();
    assert.equal(certificates(both).length, 2);
    assert.equal(certificates(both)[0], current, 'the one that signs comes first');
    assert.match((await gateway.cli('key', 'rotate', 'saml-apps')).stderr, /--at-once/);
    wiki.learn(both);
    const ana = await byLink('ana');
    await ana.open(`${wiki.origin}/login`);
    await greeted(ana);

    await gateway.json('key', 'rotate', 'saml-apps', '--at-once');
    const fresh = await metadata();
    assert.equal(certificates(fresh).length, 1);
    assert.ok(!both.includes(certificates(fresh)[0]), 'neither of those before');
    await ana.open(`${wiki.origin}/login`);
    await said(ana, /Not in: .*signature/i);
    wiki.learn(fresh);
    await ana.open(`${wiki.origin}/login`);
    await greeted(ana);
    const { items } = await gateway.json('key', 'list');
    assert.equal(items.filter((key) => key.purpose === 'saml-apps').length, 1);
    await ana.leave();
  });
});
