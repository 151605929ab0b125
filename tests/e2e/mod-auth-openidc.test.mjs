// Apache with mod_auth_openidc signs people in through Gatewright, and takes its tokens: somebody else's relying party
// and resource server, and a browser.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isInstalled, startApache } from './lib/apache.mjs';
import { Person, launch } from './lib/browser.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { freePorts } from './lib/ports.mjs';
import { until } from './lib/until.mjs';
import { curl } from './lib/visitor.mjs';

const SECRET = 'apache-has-a-secret-of-its-own-0000000000';

const POLICIES = `
@id("books-for-staff")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource == App::"books");

@id("old-for-staff")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource == App::"old");

@id("new-for-staff")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource == App::"new");

@id("vault-by-passkey")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource == App::"vault")
when { context.authn.phishing_resistant };

@id("tokens-for-robots")
permit (principal is Client, action == Action::"token.issue", resource == System::"gatewright")
when { context has token && context.token.client == "robot" };

@id("own-passkeys")
permit (principal is User, action == Action::"factor.enrol", resource is User) when { principal == resource };
`;

const site = (name, port) => `https://${name}.e2e.localhost:${port}`;

const app = (name, port) => `
[[app]]
name = "${name}"
title = "The ${name}"
start = "${site(name, port)}/app/"
`;

const declared = ({ port, books }) => `
[[group]]
name = "staff"

[[group]]
name = "engineers"
${['books', 'vault', 'old', 'new'].map((name) => app(name, port)).join('')}
[[client]]
name = "books"
app = "books"
redirect_uris = ["${site('books', port)}/oidc/redirect"]
post_logout_redirect_uris = ["${site('books', port)}/bye/"]
backchannel_logout_uri = "http://127.0.0.1:${books}/oidc/redirect?logout=backchannel"
secrets = ["apache.secret"]
scopes = ["openid", "profile", "email", "groups", "offline_access"]

[[client]]
name = "vault"
app = "vault"
redirect_uris = ["${site('vault', port)}/oidc/redirect"]
keys = "vault.json"
subjects = "pairwise"
id_token_algorithm = "ES256"
userinfo_algorithm = "RS256"

[[client]]
name = "old"
app = "old"
redirect_uris = ["${site('old', port)}/oidc/redirect"]
secrets = ["apache.secret"]
proof_key = "optional"

[[client]]
name = "new"
app = "new"
redirect_uris = ["${site('new', port)}/oidc/redirect"]
secrets = ["apache.secret"]

[[client]]
name = "api"
type = "service"
secrets = ["apache.secret"]
serves = ["${site('api', port)}"]

[[client]]
name = "robot"
type = "service"
secrets = ["apache.secret"]
scopes = ["books:read", "books:write"]
resources = ["${site('api', port)}", "${site('other', port)}"]
`;

const relyingParty = (issuer, name, port, more) => `
OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID ${name}
OIDCRedirectURI ${site(name, port)}/oidc/redirect
OIDCDefaultURL ${site(name, port)}/app/
OIDCRemoteUserClaim preferred_username
OIDCPassIDTokenAs claims payload serialized
${more}
<Location /oidc>
  AuthType openid-connect
  Require valid-user
</Location>
<Location /app>
  AuthType openid-connect
  Require valid-user
</Location>
<Location /engineers>
  AuthType openid-connect
  Require claim groups:engineers
</Location>
`;

const BOOKS = `
OIDCClientSecret ${SECRET}
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCScope "openid profile email groups offline_access"
OIDCPKCEMethod S256
OIDCPassUserInfoAs claims json
<Location /renewed>
  AuthType openid-connect
  Require valid-user
  OIDCRefreshAccessTokenBeforeExpiry 600 logout_on_error
</Location>
`;

const VAULT = `
OIDCPublicKeyFiles vault#{folder}/vault.pem
OIDCPrivateKeyFiles vault#{folder}/vault.key
OIDCProviderTokenEndpointAuth private_key_jwt
OIDCIDTokenSignedResponseAlg ES256
OIDCUserInfoSignedResponseAlg RS256
OIDCScope "openid profile"
OIDCResponseMode form_post
OIDCPKCEMethod S256
OIDCPassUserInfoAs claims
`;

const WITHOUT_PROOF_KEYS = `
OIDCClientSecret ${SECRET}
OIDCScope "openid profile"
`;

/** A resource server, which asks Gatewright of each token. */
const asking = (issuer, port) => `
OIDCOAuthServerMetadataURL ${issuer}/.well-known/oauth-authorization-server
OIDCOAuthIntrospectionEndpoint ${issuer}/oauth/introspect
OIDCOAuthIntrospectionEndpointAuth client_secret_basic
OIDCOAuthClientID api
OIDCOAuthClientSecret ${SECRET}
OIDCOAuthTokenExpiryClaim exp absolute mandatory
OIDCOAuthRemoteUserClaim client_id
<Location /api>
  AuthType oauth20
  OIDCOAuthTokenIntrospectionInterval -1
  <RequireAll>
    Require claim "aud:${site('api', port)}"
    Require claim "scope~(^| )books:read( |$)"
  </RequireAll>
</Location>
`;

/** One that looks at tokens itself, by Gatewright's published keys. */
const looking = (issuer, port) => `
OIDCOAuthVerifyJwksUri ${issuer}/oauth/jwks.json
OIDCOAuthRemoteUserClaim client_id
<Location /api>
  AuthType oauth20
  <RequireAll>
    Require claim "iss:${issuer}"
    Require claim "aud:${site('api', port)}"
    Require claim "scope~(^| )books:read( |$)"
  </RequireAll>
</Location>
`;

describe('Apache with mod_auth_openidc', { skip: !isInstalled && 'Apache or mod_auth_openidc is not there' }, () => {
  let gateway, apache, browser, port;

  before(async () => {
    const [secure, books] = await freePorts(2);
    port = secure;
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    gateway = await startOrganisation({
      apps: [],
      policies: { 'org.cedar': POLICIES },
      prepare: async (gateway) => {
        gateway.env = { GATEWRIGHT_TEST_CLOCK: join(gateway.folder, 'clock') };
        await writeFile(join(gateway.folder, 'clock'), '0');
        const secret = join(gateway.folder, 'apache.secret');
        await writeFile(secret, `${SECRET}\n`);
        await chmod(secret, 0o600);
        const text = await readFile(gateway.file, 'utf8');
        await writeFile(gateway.file, text + declared({ port, books }));
        const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'vault', use: 'sig', alg: 'RS256' };
        await writeFile(join(gateway.folder, 'vault.json'), JSON.stringify({ keys: [jwk] }));
      },
    });
    const issuer = gateway.secure('auth');
    apache = await startApache({
      port,
      ca: gateway.authority,
      chain: join(gateway.folder, 'chain.pem'),
      key: join(gateway.folder, 'key.pem'),
      keys: {
        'vault.pem': publicKey.export({ type: 'spki', format: 'pem' }),
        'vault.key': privateKey.export({ type: 'pkcs8', format: 'pem' }),
      },
      sites: [
        { host: 'books.e2e.localhost', plain: books, directives: relyingParty(issuer, 'books', port, BOOKS) },
        { host: 'vault.e2e.localhost', directives: relyingParty(issuer, 'vault', port, VAULT) },
        { host: 'old.e2e.localhost', directives: relyingParty(issuer, 'old', port, WITHOUT_PROOF_KEYS) },
        { host: 'new.e2e.localhost', directives: relyingParty(issuer, 'new', port, WITHOUT_PROOF_KEYS) },
        { host: 'api.e2e.localhost', directives: asking(issuer, port) },
        { host: 'local.e2e.localhost', directives: looking(issuer, port) },
      ],
    });
    browser = await launch({ trust: join(gateway.folder, 'chain.pem') });
    await gateway.addUser('ana', 'staff', 'engineers');
    await gateway.addUser('bo', 'staff');
    await gateway.addUser('cy');
  });

  after(async () => {
    await browser?.close();
    await apache?.stop();
    await gateway?.stop();
  });

  const arrive = (name) => Person.arrive(browser, { name, ignoreHTTPSErrors: true });

  /** Signed in by a link, weakly. */
  async function byLink(name, person) {
    const signed = person ?? await arrive(name);
    await signed.open(await gateway.secureLink(name, 'sign-in'));
    await signed.press('Sign in');
    return signed;
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

  /** What the app was told, once the browser is there. */
  async function seen({ page }, name) {
    await page.waitForURL((url) => url.origin === site(name, port) && !url.pathname.startsWith('/oidc'));
    return page.evaluate(() => Object.fromEntries([...document.querySelectorAll('p')].map((one) => [one.id, one.innerText])));
  }

  async function open(person, name, place = 'app') {
    await person.open(`${site(name, port)}/${place}/`);
    return seen(person, name);
  }

  const sessions = async (name) => (await gateway.json('session', 'list', '--user', name)).items;

  test('somebody signs in, and the app hears who it is, in the ID token and from userinfo', async () => {
    const ana = await byLink('ana');
    const told = await open(ana, 'books');
    assert.equal(told.REMOTE_USER, 'ana');
    assert.equal(told.OIDC_CLAIM_acr, 'urn:gatewright:acr:signed-in');
    const token = JSON.parse(told.OIDC_id_token_payload);
    const [session] = await sessions('ana');
    assert.deepEqual([token.iss, token.aud, token.sid], [gateway.secure('auth'), 'books', session.id]);
    const info = JSON.parse(told.OIDC_userinfo_json);
    const { id } = await gateway.user('ana');
    assert.deepEqual([info.sub, token.sub], [id, id]);
    assert.deepEqual([...info.groups].sort(), ['engineers', 'staff']);
    await ana.leave();
  });

  test('whoever is not signed in does so on the way, and comes back to where they wanted to go', async () => {
    const bo = await arrive('bo');
    await bo.open(`${site('books', port)}/app/?page=7`);
    await bo.page.getByRole('heading', { name: 'Sign in to open The books' }).waitFor();
    const began = bo.page.url();
    await byLink('bo', bo);
    await bo.open(began);
    assert.equal((await seen(bo, 'books')).REMOTE_USER, 'bo');
    assert.equal(bo.page.url(), `${site('books', port)}/app/?page=7`);
    await bo.leave();
  });

  test("groups are the app's to go by: one place is open to engineers alone", async () => {
    const ana = await byLink('ana');
    assert.match((await open(ana, 'books', 'engineers')).OIDC_CLAIM_groups, /engineers/);
    await ana.leave();
    const bo = await byLink('bo');
    await open(bo, 'books');
    assert.equal((await bo.open(`${site('books', port)}/engineers/`)).status(), 401);
    await bo.leave();
  });

  test("who may not hears it on Gatewright's page, and nothing reaches the app", async () => {
    const cy = await byLink('cy');
    await cy.open(`${site('books', port)}/app/`);
    await cy.page.getByRole('heading', { name: /The books/ }).waitFor();
    assert.ok(cy.page.url().startsWith(gateway.secure('auth')), cy.page.url());
    await cy.leave();
  });

  test('a passkey opens what a link does not, and the app is told so, by a client that has keys instead of a secret', async () => {
    const ana = await byPasskey('ana');
    await ana.context.clearCookies();
    await byLink('ana', ana);
    await ana.open(`${site('vault', port)}/app/`);
    assert.match(await ana.text(), /Confirm with your passkey/);
    assert.ok(ana.page.url().startsWith(gateway.secure('auth')), 'the app is not reached before');
    await ana.press('Confirm');
    await ana.page.getByRole('button', { name: 'Confirm' }).click();
    const told = await seen(ana, 'vault');
    assert.deepEqual([told.REMOTE_USER, told.OIDC_CLAIM_acr], ['ana', 'phr']);
    const token = JSON.parse(told.OIDC_id_token_payload);
    assert.notEqual(token.sub, (await gateway.user('ana')).id, 'a name of its own');
    await ana.leave();
  });

  // This version takes every answer that names its issuer (RFC 9207) and has no code for the beginning of a sign-in: it
  // begins anew, until it has begun too often.
  test('a sign-in without a proof key is refused, but where the client was declared old', async () => {
    const ana = await byLink('ana');
    await ana.open(`${site('new', port)}/app/`);
    const answered = new URL(ana.page.url());
    assert.equal(answered.origin + answered.pathname, `${site('new', port)}/oidc/redirect`);
    assert.equal(answered.searchParams.get('error'), 'invalid_request');
    assert.match(answered.searchParams.get('error_description'), /code_challenge/);
    assert.equal(await ana.heading(), 'Service Unavailable');
    assert.equal((await open(ana, 'old')).REMOTE_USER, 'ana');
    await ana.leave();
  });

  test('tokens are renewed as the app is used, and no more once policy says no: the app signs them out', async () => {
    const bo = await byLink('bo');
    await open(bo, 'books');
    const tokens = [];
    for (let look = 0; look < 3; look += 1) tokens.push((await open(bo, 'books', 'renewed')).OIDC_access_token);
    assert.equal(new Set(tokens).size, 3, 'each look renewed it');
    await gateway.json('user', 'group', 'remove', 'bo', 'staff');
    await bo.open(`${site('books', port)}/renewed/`);
    await bo.page.getByText('Logged Out').waitFor();
    await bo.open(`${site('books', port)}/app/`);
    await bo.page.getByRole('heading', { name: 'The books is not open to you' }).waitFor();
    await gateway.json('user', 'group', 'add', 'bo', 'staff');
    await bo.leave();
  });

  test('the app signs people out of Gatewright', async () => {
    const ana = await byLink('ana');
    await open(ana, 'books');
    const before = await sessions('ana');
    await ana.open(`${site('books', port)}/oidc/redirect?logout=${encodeURIComponent(`${site('books', port)}/bye/`)}`);
    await ana.page.waitForURL(`${site('books', port)}/bye/`);
    assert.equal((await sessions('ana')).length, before.length - 1);
    await ana.open(`${site('books', port)}/app/`);
    await ana.page.getByRole('heading', { name: 'Sign in to open The books' }).waitFor();
    await ana.leave();
  });

  /** Whether Apache knows a browser by its cookie; it sends whom it does not know to Gatewright. */
  async function isKnown({ context }) {
    const cookies = await context.cookies(site('books', port));
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const { status, headers } = await curl(gateway, `${site('books', port)}/app/`, '--cookie', cookie);
    if (status !== 200) assert.ok(headers.location.startsWith(`${gateway.secure('auth')}/oauth/authorize?`), headers.location);
    return status === 200;
  }

  test('whose session is ended at Gatewright is out of the app as well, and nobody else is', async () => {
    const [ana, bo] = [await byLink('ana'), await byLink('bo')];
    await open(ana, 'books');
    await open(bo, 'books');
    assert.ok(await isKnown(ana));
    const { sid } = JSON.parse((await open(ana, 'books')).OIDC_id_token_payload);
    assert.equal((await gateway.cli('session', 'end', sid)).code, 0);
    await until('Apache has forgotten ana', async () => !(await isKnown(ana)));
    assert.ok(await isKnown(bo));
    await ana.leave();
    await bo.leave();
  });

  test('who is switched off at Gatewright is out of the app at once', async () => {
    const bo = await byLink('bo');
    await open(bo, 'books');
    assert.ok(await isKnown(bo));
    assert.equal((await gateway.cli('user', 'disable', 'bo')).code, 0);
    await until('Apache has forgotten bo', async () => !(await isKnown(bo)), 5_000);
    assert.equal((await gateway.cli('user', 'enable', 'bo')).code, 0);
    await bo.leave();
  });

  /** A token of the robot's own. */
  async function token(resource, scope = 'books:read') {
    const answer = await curl(
      gateway, `${gateway.secure('auth')}/oauth/token`, '--user', `robot:${SECRET}`, '--data-urlencode', 'grant_type=client_credentials',
      '--data-urlencode', `resource=${resource}`, '--data-urlencode', `scope=${scope}`,
    );
    assert.equal(answer.status, 200, answer.body);
    return answer.json.access_token;
  }

  const call = (name, ...more) => curl(gateway, `${site(name, port)}/api/`, ...more);
  const bearer = (token) => ['-H', `Authorization: Bearer ${token}`];

  for (const [name, how] of [['api', 'asks Gatewright of each token'], ['local', 'knows the keys']]) {
    test(`an API behind Apache that ${how} takes what is for it, and nothing else`, async () => {
      const good = await token(site('api', port));
      const answer = await call(name, ...bearer(good));
      assert.equal(answer.status, 200, answer.body);
      assert.match(answer.body, /id="REMOTE_USER">robot</);
      assert.equal((await call(name)).status, 401);
      assert.equal((await call(name, ...bearer('nonsense'))).status, 401);
      const [head, claims, signature] = good.split('.');
      assert.equal((await call(name, ...bearer(`${head}.${claims}.${signature.split('').reverse().join('')}`))).status, 401);
      assert.equal((await call(name, ...bearer(await token(site('other', port))))).status, 401, 'for another');
      assert.equal((await call(name, ...bearer(await token(site('api', port), 'books:write')))).status, 401, 'good for less');
    });
  }

  test('a token that is given back, or whose client is switched off, is worth nothing where Gatewright is asked', async () => {
    const first = await token(site('api', port));
    const second = await token(site('api', port));
    assert.equal((await call('api', ...bearer(first))).status, 200);
    const revoke = ['--user', `robot:${SECRET}`, '--data-urlencode', `token=${first}`];
    assert.equal((await curl(gateway, `${gateway.secure('auth')}/oauth/revoke`, ...revoke)).status, 200);
    assert.equal((await call('api', ...bearer(first))).status, 401);
    assert.equal((await call('api', ...bearer(second))).status, 200);
    assert.equal((await gateway.cli('client', 'suspend', 'robot')).code, 0);
    assert.equal((await call('api', ...bearer(second))).status, 401);
    assert.equal((await gateway.cli('client', 'resume', 'robot')).code, 0);
  });

  const keyOf = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;

  // The last: Gatewright's clock stays six minutes ahead, which is when a new key signs.
  test('keys are rotated, and Apache goes on: it looks for the new ones by itself', async () => {
    const ana = await byLink('ana');
    const before = await open(ana, 'books');
    const old = await token(site('api', port));
    for (const purpose of ['id-token-rs256', 'access-token']) await gateway.json('key', 'rotate', purpose);
    await writeFile(join(gateway.folder, 'clock.new'), String(6 * 60_000));
    await rename(join(gateway.folder, 'clock.new'), join(gateway.folder, 'clock'));
    await until('the clock is at fault', async () => (await gateway.cli('clock', 'show')).code === 1);
    await gateway.json('clock', 'confirm');

    await ana.context.clearCookies();
    await byLink('ana', ana);
    const after = await open(ana, 'books');
    assert.equal(after.REMOTE_USER, 'ana');
    assert.notEqual(keyOf(after.OIDC_id_token), keyOf(before.OIDC_id_token));
    const renewed = await token(site('api', port));
    assert.notEqual(keyOf(renewed), keyOf(old));
    assert.equal((await call('local', ...bearer(renewed))).status, 200);
    await ana.leave();
  });
});
