// People who live in another identity provider sign in by it: a certified OpenID provider, and a browser.

import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { violations } from './lib/axe.mjs';
import { DESKTOP, PHONE, Person, launch } from './lib/browser.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { startProvider } from './lib/oidc-provider.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { until } from './lib/until.mjs';

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

  /** Signs in at the provider's own pages, from wherever the browser was sent there. */
  async function atProvider(person, name) {
    const { page } = person;
    await page.waitForURL((url) => url.origin === provider.issuer);
    if (await page.locator('input[name=login]').count()) {
      await page.fill('input[name=login]', name);
      await page.fill('input[name=password]', 'any');
      await page.click('button[type=submit]');
      await page.waitForLoadState('load');
    }
    if (new URL(page.url()).origin === provider.issuer) await page.click('button[type=submit]');
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

  test('somebody whom nobody here knows becomes a person, in the groups that the provider tells', async () => {
    const ana = await signIn('ana');
    await ana.page.waitForURL(`${gateway.secure('wiki')}/`);
    const known = await gateway.user('ana');
    assert.deepEqual(known.groups.map((group) => group.name ?? group), ['staff']);
    await ana.leave();
  });

  test('who is in none of those groups is let in, and not to the wiki', async () => {
    const cy = await signIn('cy');
    await cy.page.waitForURL(`${gateway.secure('wiki')}/`);
    assert.match(await cy.heading(), /cannot open wiki|not open/i);
    await cy.leave();
  });
});
