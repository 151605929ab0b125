// Apps that have a sign-in of their own use Gatewright's: a strict relying party, and a browser.

import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { violations } from './lib/axe.mjs';
import { DESKTOP, PHONE, Person, SCREENSHOTS, launch } from './lib/browser.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { freePorts } from './lib/ports.mjs';
import { startRelyingParty } from './lib/relying-party.mjs';
import { until } from './lib/until.mjs';

const SECRET = 'the-books-have-a-secret-of-their-own-00000';

const POLICIES = `
@id("books-for-staff")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource == App::"books");

@id("vault-by-passkey")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource == App::"vault")
when { context.authn.phishing_resistant };

@id("own-passkeys")
permit (principal is User, action == Action::"factor.enrol", resource is User) when { principal == resource };

@id("portal-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"portal");
`;

const declared = ({ books, vault, plain }) => `
[[group]]
name = "staff"

[[app]]
name = "books"
title = "The books"
start = "https://books.e2e.localhost:${books}/login"

[[app]]
name = "vault"
title = "The vault"
start = "https://vault.e2e.localhost:${vault}/login"

[[client]]
name = "books"
app = "books"
redirect_uris = ["https://books.e2e.localhost:${books}/callback"]
post_logout_redirect_uris = ["https://books.e2e.localhost:${books}/bye"]
backchannel_logout_uri = "http://127.0.0.1:${plain}/backchannel"
secrets = ["books.secret"]
scopes = ["openid", "profile", "email", "groups", "offline_access"]
consent = "ask"

[[client]]
name = "vault"
app = "vault"
redirect_uris = ["https://vault.e2e.localhost:${vault}/callback"]
secrets = ["books.secret"]
subjects = "pairwise"
id_token_algorithm = "ES256"

[[client]]
name = "tool"
type = "native"
app = "books"
redirect_uris = ["http://127.0.0.1/callback"]
`;

describe('apps that sign people in through Gatewright', () => {
  let gateway, browser, books, vault;

  before(async () => {
    const [first, second, plain, unused] = await freePorts(4);
    gateway = await startOrganisation({
      apps: [],
      policies: { 'org.cedar': POLICIES },
      prepare: async (gateway) => {
        const secret = join(gateway.folder, 'books.secret');
        await writeFile(secret, `${SECRET}\n`);
        await chmod(secret, 0o600);
        const text = await readFile(gateway.file, 'utf8');
        await writeFile(gateway.file, text + declared({ books: first, vault: second, plain }));
      },
    });
    const party = (port, plain, id) => startRelyingParty({
      host: `${id}.e2e.localhost`, port, plain, id, secret: SECRET, ca: gateway.authority, issuer: gateway.secure('auth'),
      chain: join(gateway.folder, 'chain.pem'), key: join(gateway.folder, 'key.pem'),
    });
    [books, vault] = await Promise.all([party(first, plain, 'books'), party(second, unused, 'vault')]);
    browser = await launch({ trust: join(gateway.folder, 'chain.pem') });
    await gateway.addUser('ana', 'staff');
    await gateway.addUser('bo', 'staff');
    await gateway.addUser('cy');
  });

  after(async () => {
    await browser?.close();
    await books?.stop();
    await vault?.stop();
    await gateway?.stop();
  });

  const arrive = (name, options = {}) => Person.arrive(browser, { name, ignoreHTTPSErrors: true, ...options });

  /** Signed in by a link, weakly. */
  async function byLink(name, options) {
    const person = await arrive(name, options);
    await person.open(await gateway.secureLink(name, 'sign-in'));
    await person.press('Sign in');
    return person;
  }

  /** Signed in by a new passkey. */
  async function byPasskey(name, options) {
    const person = await arrive(name, options);
    await person.open(await gateway.secureLink(name, 'enrolment'));
    await person.press('Sign in');
    await person.open(`${gateway.secure('auth')}/enrol`);
    await person.page.getByRole('button', { name: 'Add a passkey' }).click();
    await person.page.waitForURL((url) => !url.pathname.startsWith('/enrol'));
    return person;
  }

  const greeted = (person) => person.page.getByText(/^Hello /).waitFor();

  test('somebody signs in, agrees once, and is known', async () => {
    const ana = await byLink('ana');
    await ana.open(`${books.origin}/login`);
    await ana.page.getByRole('heading', { name: 'Let The books in as you?' }).waitFor();
    assert.deepEqual(await violations(ana.page), []);
    await ana.page.screenshot({ path: join(SCREENSHOTS, 'consent.png'), fullPage: true });
    await ana.page.getByRole('button', { name: 'Let it in' }).click();
    await greeted(ana);
    const { claims, info, tokens } = books.arrivals.at(-1);
    assert.equal(info.preferred_username, 'ana');
    assert.equal(claims.aud, 'books');
    assert.equal(claims.acr, 'urn:gatewright:acr:signed-in');
    assert.ok([299, 300].includes(tokens.expires_in), 'in whole seconds');
    await ana.open(`${books.origin}/login`);
    await greeted(ana);
    assert.deepEqual(ana.errors, []);
    await ana.leave();
  });

  test('whoever is not signed in signs in on the way, by a form of ours, and comes back', async () => {
    const ana = await arrive('ana');
    await ana.open(`${books.origin}/login?response_mode=form_post`);
    await ana.page.getByRole('heading', { name: 'Sign in to open The books' }).waitFor();
    const began = ana.page.url();
    await ana.open(await gateway.secureLink('ana', 'sign-in'));
    await ana.press('Sign in');
    await ana.open(began);
    await greeted(ana);
    assert.equal(books.arrivals.at(-1).info.preferred_username, 'ana');
    await ana.leave();
  });

  test('a request that was pushed, and one that may ask nobody', async () => {
    const bo = await byLink('bo');
    await bo.open(`${books.origin}/login?prompt=none`);
    await bo.page.getByText('Not in: consent_required').waitFor();
    await bo.open(`${books.origin}/login?pushed`);
    await bo.page.getByRole('button', { name: 'Do not' }).click();
    await bo.page.getByText('Not in: access_denied').waitFor();
    await bo.open(`${books.origin}/login?pushed`);
    await bo.page.getByRole('button', { name: 'Let it in' }).click();
    await greeted(bo);
    await bo.open(`${books.origin}/login?prompt=none`);
    await greeted(bo);
    await bo.leave();
    const nobody = await arrive('nobody');
    await nobody.open(`${books.origin}/login?prompt=none`);
    await nobody.page.getByText('Not in: login_required').waitFor();
    await nobody.leave();
  });

  test('policy says who may, and a passkey opens what a link does not', async () => {
    const cy = await byLink('cy');
    await cy.open(`${books.origin}/login`);
    await cy.page.getByRole('heading', { name: /The books/ }).waitFor();
    assert.ok(cy.page.url().startsWith(gateway.secure('auth')), 'nobody is brought to the app');
    await cy.page.screenshot({ path: join(SCREENSHOTS, 'oidc-refused.png'), fullPage: true });
    assert.deepEqual(await violations(cy.page), []);
    await cy.page.getByRole('button', { name: 'Back to The books' }).click();
    await cy.page.getByText('Not in: access_denied').waitFor();
    await cy.leave();
    const ana = await byPasskey('ana', { viewport: PHONE, dark: true });
    const before = vault.arrivals.length;
    await ana.open(`${vault.origin}/login?max_age=0`);
    await ana.page.getByRole('button', { name: 'Confirm' }).click();
    await greeted(ana);
    const { claims } = vault.arrivals[before];
    assert.equal(claims.acr, 'phr');
    assert.deepEqual(claims.amr, ['pop', 'user', 'mfa']);
    const { id } = await gateway.user('ana');
    assert.notEqual(claims.sub, id, 'a name of its own');
    await ana.leave();
  });

  test('tokens are renewed, looked at, found out when they come twice, and given back', async () => {
    const ana = await byLink('ana');
    await ana.open(`${books.origin}/login`);
    await greeted(ana);
    const { tokens } = books.arrivals.at(-1);
    const next = await books.refresh(tokens.refresh_token);
    assert.equal((await books.introspect(next.access_token)).active, true);
    await books.revoke(next.refresh_token);
    assert.equal((await books.introspect(next.access_token)).active, false);
    await assert.rejects(books.refresh(next.refresh_token), { error: 'invalid_grant' });
    await ana.leave();
  });

  test('who is switched off gets nothing more, and the app is told', async () => {
    const bo = await byLink('bo');
    await bo.open(`${books.origin}/login`);
    await greeted(bo);
    const { tokens, claims } = books.arrivals.at(-1);
    assert.equal((await gateway.cli('user', 'disable', 'bo')).code, 0);
    await assert.rejects(books.refresh(tokens.refresh_token), { error: 'invalid_grant' });
    assert.equal((await books.introspect(tokens.access_token)).active, false);
    await until('the app is told', () => books.logouts.some((told) => told.sid === claims.sid));
    await bo.leave();
  });

  test('an app signs its people out, and is told what others ended', async () => {
    const ana = await byLink('ana');
    await ana.open(`${books.origin}/login`);
    await greeted(ana);
    const { claims } = books.arrivals.at(-1);
    await ana.open(`${books.origin}/logout`);
    await ana.page.waitForURL(`${books.bye}?state=over`);
    await until('the app is told', () => books.logouts.some((told) => told.sid === claims.sid));
    await ana.open(`${books.origin}/login?prompt=none`);
    await ana.page.getByText('Not in: login_required').waitFor();
    await ana.leave();
  });

  test('a device without a browser is let in from another', async () => {
    const config = await oidc.discovery(new URL(gateway.secure('auth')), 'tool', undefined, oidc.None(), {
      [oidc.customFetch]: books.fetch,
    });
    const begun = await oidc.initiateDeviceAuthorization(config, { scope: 'openid profile' });
    const ana = await byLink('ana', { viewport: DESKTOP });
    await ana.open(begun.verification_uri);
    assert.deepEqual(await violations(ana.page), []);
    await ana.page.getByLabel('Code').fill(begun.user_code.toLowerCase());
    await ana.page.getByRole('button', { name: 'Go on' }).click();
    await ana.page.screenshot({ path: join(SCREENSHOTS, 'device.png'), fullPage: true });
    await ana.page.getByRole('button', { name: 'Yes, let it in' }).click();
    await ana.page.getByRole('heading', { name: 'The device is let in' }).waitFor();
    const tokens = await oidc.pollDeviceAuthorizationGrant(config, begun);
    const info = await oidc.fetchUserInfo(config, tokens.access_token, oidc.skipSubjectCheck);
    assert.equal(info.preferred_username, 'ana');
    await ana.leave();
  });

  test('an app registers itself by an invitation, renews its tokens, changes what it is, and goes', async () => {
    const scopes = ['openid', 'profile', 'offline_access'].flatMap((scope) => ['--scope', scope]);
    const invited = await gateway.json('client', 'invite', '--app', 'books', '--host', 'new.e2e.localhost', ...scopes);
    const redirect_uri = 'https://new.e2e.localhost:9/callback';
    const metadata = {
      client_name: 'New', redirect_uris: [redirect_uri], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
    };
    const config = await oidc.dynamicClientRegistration(new URL(gateway.secure('auth')), metadata, oidc.ClientSecretBasic(), {
      initialAccessToken: invited.token, [oidc.customFetch]: books.fetch,
    });
    const registered = config.clientMetadata();
    const { client_id } = registered;

    const verifier = oidc.randomPKCECodeVerifier();
    const nonce = oidc.randomNonce();
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri, scope: 'openid profile offline_access', nonce, code_challenge_method: 'S256',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    });
    const ana = await byLink('ana');
    const back = new Promise((done) => ana.page.on('request', (request) => {
      if (request.url().startsWith(redirect_uri)) done(new URL(request.url()));
    }));
    await ana.open(url.href);
    await ana.page.getByText('go on while you are not here').waitFor();
    await ana.page.getByRole('button', { name: 'Let it in' }).click();
    const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce, idTokenExpected: true };
    const tokens = await oidc.authorizationCodeGrant(config, await back, checks);
    const info = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    assert.equal(info.preferred_username, 'ana');
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    assert.equal(next.claims().sub, tokens.claims().sub);

    // RFC 7592, by its own token.
    const manage = (method, body) => oidc.fetchProtectedResource(
      config, registered.registration_access_token, new URL(registered.registration_client_uri), method,
      body && JSON.stringify(body), new Headers({ 'content-type': 'application/json' }),
    );
    assert.equal((await (await manage('GET')).json()).client_name, 'New');
    const newer = { ...metadata, client_id, client_name: 'Newer', tos_uri: 'https://new.e2e.localhost/terms' };
    const changed = await manage('PUT', newer);
    assert.equal(changed.status, 200);
    assert.equal((await changed.json()).client_name, 'Newer');
    assert.equal((await gateway.json('client', 'show', client_id)).title, 'Newer');
    const beyond = await manage('PUT', { ...newer, redirect_uris: ['https://elsewhere.e2e.localhost/callback'] });
    assert.equal(beyond.status, 400);
    const last = await oidc.refreshTokenGrant(config, next.refresh_token);
    assert.equal((await manage('DELETE')).status, 204);
    const refused = { status: 401 };
    await assert.rejects(oidc.refreshTokenGrant(config, last.refresh_token), refused);
    await assert.rejects(oidc.fetchUserInfo(config, last.access_token, info.sub), refused);
    await assert.rejects(manage('GET'), refused);
    const left = await gateway.json('client', 'list');
    assert.ok(left.items.every((client) => client.name !== client_id));
    await ana.leave();
  });

  test('tokens that are bound to a key are of no use without it', async () => {
    const config = await oidc.discovery(new URL(gateway.secure('auth')), 'tool', undefined, oidc.None(), {
      [oidc.customFetch]: books.fetch,
    });
    const handle = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
    const verifier = oidc.randomPKCECodeVerifier();
    const redirect_uri = 'http://127.0.0.1:9/callback';
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri, scope: 'openid profile', code_challenge_method: 'S256',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      dpop_jkt: await handle.calculateThumbprint(),
    });
    const ana = await byLink('ana');
    const back = new Promise((done) => ana.page.on('request', (request) => {
      if (request.url().startsWith(redirect_uri)) done(new URL(request.url()));
    }));
    await ana.page.goto(url.href).catch(() => {}); // nobody listens there
    const tokens = await oidc.authorizationCodeGrant(config, await back, { pkceCodeVerifier: verifier }, undefined, { DPoP: handle });
    assert.equal(tokens.token_type, 'dpop');
    const info = await oidc.fetchUserInfo(config, tokens.access_token, oidc.skipSubjectCheck, { DPoP: handle });
    assert.equal(info.preferred_username, 'ana');
    await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, oidc.skipSubjectCheck));
    await ana.leave();
  });
});
