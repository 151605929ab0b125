// Keycloak and Gatewright, each as the other's provider of identities: people of Keycloak sign in to Gatewright by OpenID
// Connect and by SAML, and people of Gatewright sign in to Keycloak.

import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Person, launch } from '../e2e/lib/browser.mjs';
import { startOrganisation } from '../e2e/lib/gateway.mjs';
import { startUpstream } from '../e2e/lib/upstream.mjs';
import { until } from '../e2e/lib/until.mjs';
import { BROKEN_OFF, Visitor, curl } from '../e2e/lib/visitor.mjs';
import { isInstalled, startKeycloak } from './keycloak.mjs';

const SECRET = 'what-keycloak-and-gatewright-share-000000';
const PASSWORD = 'of-a-person-of-keycloak';

const POLICIES = `
@id("wiki-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");

@id("keycloak-for-guests")
permit (principal in Group::"guests", action == Action::"oidc.authorize", resource == App::"keycloak");
`;

/** What Keycloak knows of a person: those whose word it is come by it. */
const person = (username, group) => ({
  username, enabled: true, email: `${username}@lab.test`, emailVerified: true, firstName: username, lastName: 'Lab',
  groups: [`/${group}`], credentials: [{ type: 'password', value: PASSWORD, temporary: false }],
});

const groupsOf = (protocol, protocolMapper, config) => ({
  name: 'groups', protocol, protocolMapper, config: { 'full.path': 'false', ...config },
});

/** The realm: its people, Gatewright as an app of it, and an app that people go to. */
const realm = (auth, app) => ({
  realm: 'lab',
  enabled: true,
  sslRequired: 'none',
  groups: [{ name: 'engineers' }, { name: 'auditors' }],
  users: [person('alice', 'engineers'), person('bob', 'auditors'), person('carol', 'engineers'), person('dave', 'auditors')],
  clients: [
    {
      clientId: 'gatewright',
      secret: SECRET,
      redirectUris: [`${auth}/provider/callback/corp`],
      attributes: {
        'pkce.code.challenge.method': 'S256',
        'backchannel.logout.url': `${auth}/provider/logout/corp`,
        'backchannel.logout.session.required': 'true',
      },
      protocolMappers: [groupsOf('openid-connect', 'oidc-group-membership-mapper', {
        'claim.name': 'groups', 'id.token.claim': 'true', 'userinfo.token.claim': 'true',
      })],
    },
    { clientId: 'app', publicClient: true, redirectUris: [app] },
  ],
});

/** What the client that Keycloak makes of Gatewright's metadata is told beside: who people are, for good. */
const SAML_MAPPERS = [
  { name: 'uid', protocol: 'saml', protocolMapper: 'saml-user-property-mapper', config: { 'user.attribute': 'username', 'attribute.name': 'uid', 'attribute.nameformat': 'Basic' } },
  groupsOf('saml', 'saml-group-membership-mapper', { 'attribute.name': 'groups', 'attribute.nameformat': 'Basic', single: 'true' }),
];

const declared = ({ plain, secure }) => `
[[group]]
name = "staff"

[[group]]
name = "guests"

[[provider]]
name = "corp"
title = "Corp account"
issuer = "${plain}/realms/lab"
client_id = "gatewright"
client_secret = "keycloak.secret"

[provider.people]
found_by = "name"
provision = true

[[provider.member]]
when = { groups = ["engineers"] }
groups = ["staff"]

[[provider]]
name = "saml"
title = "SAML account"
metadata = "idp.xml"

[provider.people]
found_by = "name"
provision = true
name_claim = "uid"

[[provider.member]]
when = { groups = ["engineers"] }
groups = ["staff"]

[[app]]
name = "keycloak"
title = "Keycloak"
start = "${secure}/"

[[client]]
name = "keycloak"
app = "keycloak"
redirect_uris = ["${secure}/realms/lab/broker/gatewright/endpoint"]
post_logout_redirect_uris = ["${secure}/realms/lab/broker/gatewright/endpoint/logout_response"]
backchannel_logout_uri = "${plain}/realms/lab/protocol/openid-connect/logout/backchannel-logout"
secrets = ["keycloak.secret"]
`;

describe('Keycloak', { skip: !isInstalled && 'Keycloak is not there' }, () => {
  let gateway, keycloak, upstream, browser;

  before(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      apps: [{ name: 'wiki', upstream: upstream.url }],
      policies: { 'org.cedar': POLICIES },
      prepare: async (gateway) => {
        const file = (name) => join(gateway.folder, name);
        keycloak = await startKeycloak({
          host: 'keycloak.e2e.localhost', hosts: ['auth.e2e.localhost'],
          authority: gateway.authority, chain: file('chain.pem'), key: file('key.pem'),
        });
        await keycloak.admin('', { method: 'POST', body: realm(gateway.secure('auth'), app()) });
        const metadata = await fetch(`${keycloak.plain}/realms/lab/protocol/saml/descriptor`);
        await writeFile(file('idp.xml'), await metadata.text());
        await writeFile(file('keycloak.secret'), `${SECRET}\n`);
        await chmod(file('keycloak.secret'), 0o600);
        await writeFile(gateway.file, (await readFile(gateway.file, 'utf8')) + declared(keycloak));
      },
    });
    browser = await launch({ trust: join(gateway.folder, 'chain.pem') });
    await gateway.addUser('ana', 'guests');
    await gateway.addUser('bo');
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
    await keycloak?.stop();
    await upstream?.stop();
  });

  /** The app of Keycloak's that people go to. */
  const app = () => `${upstream.url}/app`;

  /** Somebody at a browser, with patience: Keycloak makes each of its pages when it is first asked for. */
  async function arrive(name) {
    const person = await Person.arrive(browser, { name, ignoreHTTPSErrors: true });
    person.context.setDefaultTimeout(60_000);
    return person;
  }

  const sessions = async (name) => (await gateway.json('session', 'list', '--user', name)).items;

  /** Signs in on Keycloak's own page. */
  async function atKeycloak({ page }, name) {
    await page.locator('#username').fill(name);
    await page.locator('#password').fill(PASSWORD);
    await page.locator('#kc-login').click();
  }

  /** Goes to the wiki, and signs in by one of Keycloak's ways. */
  async function signIn(name, title) {
    const person = await arrive(name);
    await person.open(`${gateway.secure('wiki')}/`);
    await person.page.getByRole('link', { name: `Sign in with ${title}` }).click();
    await atKeycloak(person, name);
    await person.page.waitForURL(`${gateway.secure('wiki')}/`);
    return person;
  }

  /** Signs out on Keycloak's own page, which asks first. */
  async function signOutThere({ page }, at) {
    await page.goto(`${at}/realms/lab/protocol/openid-connect/logout`);
    await page.locator('#kc-logout').click();
    await page.getByRole('heading', { name: 'You are logged out' }).waitFor();
  }

  /** A stream of the wiki's that is open with what a person's browser has. */
  async function stream({ context }) {
    const cookies = await context.cookies(gateway.secure('wiki'));
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const opened = (await Visitor.arrive(gateway)).openStream(`${gateway.secure('wiki')}/events`, '-H', `Cookie: ${cookie}`);
    await opened.said('open');
    return opened;
  }

  describe('as a provider by OpenID Connect', () => {
    test('somebody of it signs in, and is in the groups that it tells', async () => {
      const alice = await signIn('alice', 'Corp account');
      const { groups, display_name: shown } = await gateway.user('alice');
      assert.deepEqual(groups.map(({ group }) => group), ['staff']);
      assert.equal(shown, 'alice Lab');
      assert.ok(upstream.requests.at(-1).headers['gatewright-assertion']);
      await alice.leave();
    });

    test('somebody else of it is let in, and not to the wiki', async () => {
      const bob = await signIn('bob', 'Corp account');
      assert.match(await bob.heading(), /not open/);
      await bob.leave();
    });

    test('whom it signs out is signed out here, in the middle of what is open', async () => {
      const alice = await signIn('alice', 'Corp account');
      const events = await stream(alice);
      const { id } = await keycloak.person('lab', 'alice');
      await keycloak.admin(`/lab/users/${id}/logout`, { method: 'POST' });
      assert.ok(BROKEN_OFF.includes(await events.ended));
      await until('her sessions are over', async () => (await sessions('alice')).length === 0);
      await alice.leave();
    });
  });

  describe('as a provider by SAML', () => {
    before(async () => {
      const { body } = await curl(gateway, `${gateway.secure('auth')}/provider/saml/metadata`);
      const made = await keycloak.admin('/lab/client-description-converter', { method: 'POST', body, type: 'application/xml' });
      assert.equal(made.clientId, gateway.secure('auth'), 'it is who its metadata says');
      for (const way of ['saml.encrypt', 'saml.client.signature']) assert.equal(made.attributes[way], 'true', way);
      made.attributes = { ...made.attributes, saml_name_id_format: 'persistent', saml_force_name_id_format: 'true' };
      await keycloak.admin('/lab/clients', { method: 'POST', body: { ...made, protocolMappers: SAML_MAPPERS } });
    });

    test('somebody of it signs in, and is in the groups that it tells', async () => {
      const carol = await signIn('carol', 'SAML account');
      const { groups } = await gateway.user('carol');
      assert.deepEqual(groups.map(({ group }) => group), ['staff']);
      assert.equal(upstream.requests.at(-1).headers.host, new URL(gateway.secure('wiki')).host);
      await carol.leave();
    });

    test('somebody else of it is let in, and not to the wiki', async () => {
      const dave = await signIn('dave', 'SAML account');
      assert.match(await dave.heading(), /not open/);
      await dave.leave();
    });

    test('who signs out here is signed out there too, if they want', async () => {
      const carol = await signIn('carol', 'SAML account');
      const before = await keycloak.sessions('lab', 'carol');
      await carol.open(`${gateway.secure('auth')}/sign-out`);
      await carol.page.getByRole('button', { name: 'Sign out', exact: true }).click();
      await carol.page.getByRole('link', { name: 'Sign out of SAML account too' }).click();
      await carol.page.waitForURL((url) => url.pathname === '/provider/saml/logout');
      assert.match(await carol.text(), /signed out of SAML account too/);
      assert.equal((await keycloak.sessions('lab', 'carol')).length, before.length - 1);
      await carol.leave();
    });

    test('who signs out there is signed out here, in the middle of what is open', async () => {
      const carol = await signIn('carol', 'SAML account');
      const before = await sessions('carol');
      const events = await stream(carol);
      await signOutThere(carol, keycloak.plain);
      assert.ok(BROKEN_OFF.includes(await events.ended));
      assert.equal((await sessions('carol')).length, before.length - 1);
      await carol.leave();
    });
  });

  describe('as an app that people sign in to through Gatewright', () => {
    before(async () => {
      const config = await keycloak.admin('/lab/identity-provider/import-config', {
        method: 'POST', body: { providerId: 'oidc', fromUrl: `${gateway.secure('auth')}/.well-known/openid-configuration` },
      });
      assert.equal(config.issuer, gateway.secure('auth'), 'it reads what Gatewright says of itself');
      Object.assign(config, {
        clientId: 'keycloak', clientSecret: SECRET, clientAuthMethod: 'client_secret_basic', defaultScope: 'openid profile email',
        pkceEnabled: 'true', pkceMethod: 'S256', backchannelSupported: 'false', syncMode: 'FORCE',
      });
      const provider = { alias: 'gatewright', providerId: 'oidc', enabled: true, config };
      await keycloak.admin('/lab/identity-provider/instances', { method: 'POST', body: provider });
    });

    /** Goes to the app by Keycloak, which sends people on to Gatewright, where they are signed in already. */
    async function goToApp(name) {
      const person = await arrive(name);
      await person.open(await gateway.secureLink(name, 'sign-in'));
      await person.press('Sign in');
      const begin = new URLSearchParams({
        client_id: 'app', redirect_uri: app(), response_type: 'code', scope: 'openid', kc_idp_hint: 'gatewright',
      });
      await person.open(`${keycloak.secure}/realms/lab/protocol/openid-connect/auth?${begin}`);
      return person;
    }

    const isThere = ({ page }) => page.waitForURL((url) => url.href.startsWith(app()) && url.searchParams.has('code'));

    test('somebody of Gatewright signs in there, and tells what Gatewright does not know', async () => {
      const ana = await goToApp('ana');
      await ana.page.locator('#email').fill('ana@lab.test');
      await ana.page.locator('#firstName').fill('Ana');
      await ana.page.locator('#lastName').fill('Lab');
      await ana.page.locator('[type=submit]').click();
      await isThere(ana);
      const { id } = await gateway.user('ana');
      const known = await keycloak.person('lab', 'ana');
      const [link] = await keycloak.admin(`/lab/users/${known.id}/federated-identity`);
      assert.deepEqual([link.identityProvider, link.userId, link.userName], ['gatewright', id, 'ana']);
      await ana.leave();
    });

    test('who may not is refused by Gatewright, and Keycloak does not get to know them', async () => {
      const bo = await goToApp('bo');
      await bo.page.getByRole('heading', { name: 'Keycloak is not open to you' }).waitFor();
      assert.equal(await keycloak.person('lab', 'bo'), undefined);
      await bo.leave();
    });

    test('who signs out there is signed out of Gatewright', async () => {
      const ana = await goToApp('ana');
      await isThere(ana);
      const before = await sessions('ana');
      await signOutThere(ana, keycloak.secure);
      assert.equal((await sessions('ana')).length, before.length - 1);
      await ana.leave();
    });

    test('who is switched off at Gatewright is signed out there', async () => {
      const ana = await goToApp('ana');
      await isThere(ana);
      assert.ok((await keycloak.sessions('lab', 'ana')).length > 0);
      assert.equal((await gateway.cli('user', 'disable', 'ana')).code, 0);
      await until('Keycloak has ended her sessions', async () => (await keycloak.sessions('lab', 'ana')).length === 0);
      await ana.leave();
    });
  });
});
