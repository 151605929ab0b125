// Providers of identities, as those who run Gatewright meet them: switched off and on, forgotten, and looked at by the doctor.

import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Person, launch } from './lib/browser.mjs';
import { run } from './lib/child.mjs';
import { BINARY, startOrganisation } from './lib/gateway.mjs';
import { startProvider } from './lib/oidc-provider.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { until } from './lib/until.mjs';

const POLICIES = `
@id("wiki-for-people-of-corp")
permit (principal is User, action == Action::"http.request", resource in App::"wiki")
when { context.authn.providers.contains("corp") };
`;

const declared = ({ issuer }, more = '') => `
[[group]]
name = "staff"

[[provider]]
name = "corp"
title = "Corp account"
issuer = "${issuer}"
client_id = "gatewright"
client_secret = "corp.secret"

[[provider.member]]
groups = ["staff"]
${more}`;

describe('the administration of providers', () => {
  let gateway, provider, upstream, browser, without;

  before(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      apps: [{ name: 'wiki', upstream: upstream.url }],
      policies: { 'org.cedar': POLICIES },
      prepare: async (gateway) => {
        provider = await startProvider({
          people: { ana: {}, bo: {} },
          callback: `${gateway.secure('auth')}/provider/callback/corp`,
          logout: `${gateway.secure('auth')}/provider/logout/corp`,
          ca: gateway.authority,
        });
        const secret = join(gateway.folder, 'corp.secret');
        await writeFile(secret, `${provider.secret}\n`);
        await chmod(secret, 0o600);
        without = await readFile(gateway.file, 'utf8');
        await writeFile(gateway.file, without + declared(provider));
      },
    });
    browser = await launch({ trust: join(gateway.folder, 'chain.pem') });
    await gateway.addUser('ana');
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
    await provider?.stop();
    await upstream?.stop();
  });

  async function cli(...args) {
    const answer = await gateway.cli(...args);
    assert.equal(answer.code, 0, answer.stdout + answer.stderr);
    return answer.stdout;
  }

  const shown = async () => (await gateway.json('provider', 'show', 'corp')).provider;

  async function doctor() {
    const { stdout } = await run(BINARY, ['doctor', '-c', gateway.file, '--json']);
    return JSON.parse(stdout).findings.filter(({ about }) => about === 'provider');
  }

  /** Ana comes by corp, as far as she gets. */
  async function comes(name) {
    const person = await Person.arrive(browser, { name, ignoreHTTPSErrors: true });
    await person.open(`${gateway.secure('wiki')}/`);
    await person.page.getByRole('link', { name: 'Sign in with Corp account' }).click();
    const field = person.page.getByLabel('Name');
    await field.or(person.page.locator('main')).first().waitFor();
    if (new URL(person.page.url()).origin !== provider.issuer) return person;
    await field.fill(name);
    await person.page.getByRole('button', { name: 'Sign in' }).click();
    return person;
  }

  test('whom somebody links with the id that they have there signs in as that person', async () => {
    await cli('user', 'identity', 'add', 'ana', 'corp', 'ana');
    assert.match(await cli('user', 'show', 'ana'), /is also\s+ana at corp/);
    const ana = await comes('ana');
    await ana.page.waitForURL(`${gateway.secure('wiki')}/`);
    const sessions = await gateway.json('session', 'list', '--user', 'ana');
    assert.deepEqual(sessions.items.map(({ providers }) => providers), [['corp']]);
    const { state, linked, sessions: open, configured } = await shown();
    assert.deepEqual({ state, linked, open, configured }, { state: 'declared', linked: 1, open: 1, configured: true });
    assert.match(await cli('provider', 'list'), /corp\s+Corp account\s+http:\S+\s+1\s+1\s+.*on/);
    assert.match(await cli('provider', 'show', 'corp'), /ana is ana there/);
    const membership = (await gateway.user('ana')).groups.find(({ by }) => by === 'corp');
    assert.equal(membership.group, 'staff');
    await ana.leave();
  });

  test('who is another person there is not linked twice', async () => {
    await gateway.addUser('bo');
    const { code, stderr } = await gateway.cli('user', 'identity', 'add', 'bo', 'corp', 'ana');
    assert.equal(code, 1);
    assert.match(stderr, /is the user `ana` already/);
  });

  test('one that is suspended ends what rests on it, and nobody is sent there until it is resumed', async () => {
    const ana = await comes('ana');
    await ana.page.waitForURL(`${gateway.secure('wiki')}/`);
    assert.match(await cli('provider', 'suspend', 'corp'), /corp is off/);
    assert.equal((await gateway.json('session', 'list', '--user', 'ana')).items.length, 0);
    await ana.open(`${gateway.secure('wiki')}/`);
    assert.equal(await ana.page.getByRole('link', { name: 'Sign in with Corp account' }).count(), 0);
    const [finding] = await doctor();
    assert.equal(finding.state, 'look');
    assert.match(finding.what, /gatewright provider resume corp/);
    assert.match(await cli('provider', 'resume', 'corp'), /corp is on/);
    await ana.leave();
    const again = await comes('ana');
    await again.page.waitForURL(`${gateway.secure('wiki')}/`);
    await again.leave();
  });

  test('the doctor asks it, and says what is wrong and what to do', async () => {
    const [fine] = await doctor();
    assert.equal(fine.state, 'fine');
    assert.match(fine.what, /answers, with a key/);
    const text = await readFile(gateway.file, 'utf8');
    await writeFile(gateway.file, without + declared(provider, 'when = { department = ["x"] }\n\n[[provider.member]]\ngroups = ["nobodys"]\n'));
    const missing = (await doctor()).find(({ state }) => state === 'wrong');
    assert.match(missing.what, /`nobodys`, and there is no such group/);
    await writeFile(gateway.file, without + declared({ issuer: 'http://127.0.0.1:1' }));
    const away = (await doctor()).find(({ state }) => state === 'wrong');
    assert.match(away.what, /cannot be connected to/);
    assert.match(away.help, /issuer/);
    await writeFile(gateway.file, text);
    await until('the file is in force again', async () => (await shown()).issuer === provider.issuer);
  });

  test('one that the file names is not forgotten, and one that it does not is, with who its people are', async () => {
    const kept = await gateway.cli('provider', 'forget', 'corp', '--yes');
    assert.equal(kept.code, 1);
    assert.match(kept.stderr, /stands in the configuration file/);
    await writeFile(gateway.file, without);
    await until('it is off', async () => (await shown()).state === 'off');
    assert.equal((await shown()).configured, false);
    const asked = await gateway.cli('provider', 'forget', 'corp');
    assert.equal(asked.code, 1, 'nobody is here to be asked');
    assert.match(await cli('provider', 'forget', 'corp', '--yes'), /corp forgotten, and who 1 person is here at it/);
    assert.deepEqual((await gateway.user('ana')).identities, []);
    assert.match(await cli('provider', 'list'), /none yet/);
  });
});
