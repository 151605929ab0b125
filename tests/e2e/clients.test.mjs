// Clients of the authorisation server, as those who run Gatewright meet them: declared, with a secret that is replaced,
// switched off and on, their tokens taken back, and looked at by the doctor.

import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from './lib/child.mjs';
import { BINARY, startOrganisation } from './lib/gateway.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { until } from './lib/until.mjs';

const POLICIES = `
@id("wiki-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");

@id("signing-in-to-the-wiki")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource == App::"wiki");
`;

const declared = (more = '') => `
[[group]]
name = "staff"

[[client]]
name = "wiki"
title = "The wiki"
app = "wiki"
redirect_uris = ["https://wiki.example.com/callback"]
secrets = ["secrets/wiki.secret"]
${more}`;

const BUILDER = `
[[client]]
name = "builder"
type = "service"
certificate = { san_dns = "builder.example.com" }
`;

describe('clients', () => {
  let gateway, upstream, without, folder;
  const first = 'first-'.padEnd(40, 'x');

  before(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      apps: [{ name: 'wiki', upstream: upstream.url }],
      policies: { 'org.cedar': POLICIES },
      prepare: async (gateway) => {
        folder = join(gateway.folder, 'secrets');
        await mkdir(folder);
        await keep('wiki', first);
        without = await readFile(gateway.file, 'utf8');
        await writeFile(gateway.file, without + declared());
      },
    });
  });

  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  async function keep(name, secret, mode = 0o600) {
    const file = join(folder, `${name}.secret`);
    await writeFile(file, `${secret}\n`, { mode });
    await chmod(file, mode);
  }

  async function cli(...args) {
    const answer = await gateway.cli(...args);
    assert.equal(answer.code, 0, answer.stdout + answer.stderr);
    return answer.stdout;
  }

  const shown = (name = 'wiki') => gateway.json('client', 'show', name);

  async function doctor(name) {
    const { stdout } = await run(BINARY, ['doctor', '-c', gateway.file, '--json']);
    return JSON.parse(stdout).findings.find(({ about, which }) => about === 'client' && which === name);
  }

  test('one is listed and shown, and its secret is nowhere', async () => {
    assert.match(await cli('client', 'list'), /wiki\s+The wiki\s+wiki\s+client_secret_basic\s+.*on/);
    const wiki = await shown();
    assert.equal(wiki.state, 'on');
    assert.equal(wiki.consent, 'never');
    assert.deepEqual(wiki.registration.scopes, ['openid', 'profile', 'email', 'groups']);
    assert.equal(wiki.registration.secrets.length, 1);
    assert.deepEqual(Object.keys(wiki.registration.secrets[0]), ['since']);
    assert.match(await cli('client', 'show', 'wiki'), /answers to\s+https:\/\/wiki\.example\.com\/callback/);
    const unknown = await gateway.cli('client', 'show', 'none');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /gatewright client list/);
  });

  test('its secret is replaced in the folder where it lies, and nothing else moves', async () => {
    const before = await shown();
    await keep('wiki', 'second-'.padEnd(40, 'x'));
    await until('it is read again', async () => (await shown()).version > before.version);
    const after = await shown();
    assert.equal(after.id, before.id);
    await keep('wiki', 'second-'.padEnd(40, 'x'));
    await keep('next', 'third-'.padEnd(40, 'x'));
    const both = declared().replace('["secrets/wiki.secret"]', '["secrets/wiki.secret", "secrets/next.secret"]');
    await writeFile(gateway.file, without + both);
    await until('both are good', async () => (await shown()).registration.secrets.length === 2);
    const [old] = (await shown()).registration.secrets;
    assert.deepEqual(old, after.registration.secrets[0], 'the one from before is known since then');
  });

  test('a secret that others can read is refused, with its place, and what was good stays so', async () => {
    const before = await shown();
    await chmod(join(folder, 'wiki.secret'), 0o644);
    const { code, stdout, stderr } = await run(BINARY, ['check', '-c', gateway.file]);
    assert.equal(code, 1);
    assert.match(stdout + stderr, /gatewright\.toml:\d+: client\[0\]\.secrets: .*wiki\.secret` is open to others/);
    assert.deepEqual(await shown(), before);
    await chmod(join(folder, 'wiki.secret'), 0o600);
    await writeFile(gateway.file, without + declared());
    await until('the file is in force again', async () => (await shown()).registration.secrets.length === 1);
  });

  test('one is suspended whatever the file says, resumed, and its tokens are taken back', async () => {
    assert.match(await cli('client', 'suspend', 'wiki'), /wiki is off/);
    assert.equal((await doctor('wiki')).state, 'look');
    await writeFile(gateway.file, without + declared('consent = "ask"\n'));
    await until('the file was read', async () => (await shown()).consent === 'ask');
    assert.equal((await shown()).state, 'suspended');
    assert.match(await cli('client', 'resume', 'wiki'), /wiki is on/);
    const asked = await gateway.cli('client', 'revoke-tokens', 'wiki');
    assert.equal(asked.code, 1, 'nobody is here to be asked');
    assert.equal((await shown()).tokens_from, undefined);
    assert.match(await cli('client', 'revoke-tokens', 'wiki', '--yes'), /worth nothing any more/);
    assert.ok((await shown()).tokens_from > 0);
    assert.match(await cli('client', 'show', 'wiki'), /count since they were taken back/);
  });

  test('the doctor points at those that no policy opens anything for', async () => {
    await writeFile(gateway.file, without + declared(BUILDER));
    await until('it is declared', async () => (await gateway.json('client', 'list')).items.length === 2);
    assert.equal((await doctor('wiki')).state, 'fine');
    const builder = await doctor('builder');
    assert.equal(builder.state, 'wrong');
    assert.match(builder.what, /no policy permits it `token\.issue`/);
    const other = declared().replace('name = "wiki"', 'name = "other"').replace('app = "wiki"', 'app = "graphs"');
    const graphs = '\n[[app]]\nname = "graphs"\nstart = "https://wiki.example.com/"\n';
    await writeFile(gateway.file, without + graphs + other);
    const shut = await doctor('other');
    assert.match(shut.what, /no policy permits `oidc\.authorize` on its app/);
    assert.match(shut.help, /resource == App::"graphs"/);
  });

  test('one that the file does not name any more is off, and is the same one when it comes back', async () => {
    const { id } = await shown();
    await writeFile(gateway.file, without);
    await until('it is off', async () => (await shown()).state === 'off');
    assert.equal((await shown()).configured, false);
    assert.match((await doctor('wiki')).what, /does not name it any more/);
    await writeFile(gateway.file, without + declared());
    await until('it is on', async () => (await shown()).state === 'on');
    assert.equal((await shown()).id, id);
  });
});
