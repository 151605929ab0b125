// Another identity provider pushes people and groups in: all checks of scim2-tester, and what a push means to who is signed in.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { run } from './lib/child.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor, curl } from './lib/visitor.mjs';

const PYTHON = new URL('../../target/tools/scim2-tester/bin/python', import.meta.url).pathname;
const CHECKS = new URL('lib/scim_checks.py', import.meta.url).pathname;
const ROLE = new URL('../../policies/roles/provisioning.cedar', import.meta.url);

const SECRET = 'a-secret-that-okta-and-gatewright-know-alone';
const POLICY = `@id("app-for-staff")
permit (principal is User in Group::"staff", action == Action::"http.request", resource in App::"app");

@id("app-for-tax")
permit (principal is User in Group::"okta-finance", action == Action::"http.request", resource in App::"app")
when { principal.hasTag("scim.department") && principal.getTag("scim.department") == "Tax" };
`;

const SOURCES = `
[[group]]
name = "staff"

[[scim]]
name = "okta"
secrets = ["okta.secret"]
found_by = "name"
fills = ["staff"]

[[scim]]
name = "tester"
secrets = ["tester.secret"]
`;

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

describe('people who are pushed in', () => {
  let gateway, upstream, url;

  before(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      apps: [{ name: 'app', upstream: upstream.url }],
      config: SOURCES,
      policies: { 'app.cedar': POLICY, 'provisioning.cedar': await readFile(ROLE, 'utf8') },
      prepare: async (gateway) => {
        for (const name of ['okta', 'tester']) await keep(gateway, name, SECRET.replace('okta', name));
      },
    });
    url = gateway.secure('app');
    await until('policy lets the source read', async () => (await ask('GET', '/Users')).status === 200);
  });

  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  async function keep(gateway, name, secret) {
    const file = join(gateway.folder, `${name}.secret`);
    await writeFile(file, `${secret}\n`);
    await chmod(file, 0o600);
  }

  const base = (source) => `${gateway.secure('auth')}/scim/${source}/v2`;

  function ask(method, path, body, { secret = SECRET, headers = [] } = {}) {
    const options = ['--request', method, '--header', `Authorization: Bearer ${secret}`, ...headers];
    if (body) options.push('--header', 'Content-Type: application/scim+json', '--data-raw', JSON.stringify(body));
    return curl(gateway, '--url', `${base('okta')}${path}`, ...options);
  }

  const patch = (path, ...Operations) => ask('PATCH', path, { schemas: [PATCH], Operations });

  async function push(name, more = {}) {
    const answer = await ask('POST', '/Users', { schemas: [USER], userName: name, externalId: `id-of-${name}`, ...more });
    assert.equal(answer.status, 201, answer.body);
    return answer.json.id;
  }

  async function signedIn(name) {
    const visitor = await Visitor.arrive(gateway);
    await visitor.signInByLink(await gateway.link(name));
    return visitor;
  }

  async function openSocket(visitor) {
    const host = `app.${gateway.domain}`;
    const cookie = await visitor.cookie(host, '__Host-gw-session');
    const socket = new WebSocket(`wss://${host}:${gateway.ports.https}/live`, {
      ca: await readFile(gateway.authority),
      lookup: (_name, options, answer) =>
        options.all ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4),
      headers: { cookie: `__Host-gw-session=${cookie}`, origin: url },
    });
    const closed = new Promise((resolve) => socket.on('close', (code) => resolve(code)));
    await new Promise((resolve, reject) => {
      socket.once('message', resolve);
      socket.once('error', reject);
    });
    return { closed };
  }

  test('all checks of scim2-tester pass', { skip: !existsSync(PYTHON) && 'scim2-tester is not installed: scripts/setup-test.sh does it' }, async () => {
    const secret = SECRET.replace('okta', 'tester');
    const { code, stdout, stderr } = await run(PYTHON, [CHECKS, base('tester'), secret, gateway.authority]);
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /'SUCCESS': \d\d/);
  });

  test('who is pushed in is let in by what was told of them, and by the groups that they were put into', async () => {
    const id = await push('ana', { [ENTERPRISE]: { department: 'Sales' } });
    const group = await ask('POST', '/Groups', { displayName: 'Finance', members: [{ value: id }] });
    assert.equal(group.json.id, 'okta-finance');
    const ana = await signedIn('ana');
    const status = async () => (await ana.navigate(`${url}/`)).status;
    assert.equal(await status(), 403);
    await patch(`/Users/${id}`, { op: 'replace', path: `${ENTERPRISE}:department`, value: 'Tax' });
    assert.equal(await status(), 200);
    await patch('/Groups/okta-finance', { op: 'remove', path: `members[value eq "${id}"]` });
    assert.equal(await status(), 403);
    await patch('/Groups/staff', { op: 'add', path: 'members', value: [{ value: id }] });
    assert.equal(await status(), 200);
  });

  test('who is switched off there is cut off here at once, and what was open stays ended', async () => {
    const id = await push('bo');
    await patch('/Groups/staff', { op: 'add', path: 'members', value: [{ value: id }] });
    const bo = await signedIn('bo');
    assert.equal((await bo.navigate(`${url}/`)).status, 200);
    const { closed } = await openSocket(bo);
    const off = await patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: 'False' });
    assert.equal(off.json.active, false);
    assert.equal(await closed, 1008);
    assert.equal((await bo.request(`${url}/`)).status, 401);
    const on = await patch(`/Users/${id}`, { op: 'replace', path: 'active', value: true });
    assert.equal(on.json.active, true);
    assert.equal((await bo.request(`${url}/`)).status, 401, 'what was open stays ended');
  });

  test('who is removed there is cut off, and the ledger still says who did what', async () => {
    const id = await push('cy');
    await patch('/Groups/staff', { op: 'add', path: 'members', value: [{ value: id }] });
    const cy = await signedIn('cy');
    assert.equal((await cy.navigate(`${url}/of-cy`)).status, 200);
    const { closed } = await openSocket(cy);
    assert.equal((await ask('DELETE', `/Users/${id}`)).status, 204);
    assert.equal(await closed, 1008);
    assert.equal(await gateway.user('cy'), undefined);
    assert.equal((await ask('GET', `/Users/${id}`)).status, 404);
    const { stdout } = await gateway.cli('log', 'show');
    assert.match(stdout, /user removed by a source/);
    assert.match(stdout, /\bcy\b.*\/of-cy|\/of-cy.*\bcy\b/);
    assert.ok(!stdout.includes(SECRET));
  });

  test('who is here already is one person, found by name while they cannot sign in', async () => {
    await gateway.addUser('dora');
    const { id } = await gateway.user('dora');
    assert.equal(await push('Dora'), id);
    const refused = await ask('POST', '/Users', { userName: 'dora', externalId: 'somebody-else' });
    assert.equal(refused.status, 409);
    const provider = await gateway.cli('provider', 'show', 'okta');
    assert.match(provider.stdout, /dora is id-of-Dora there/);
  });

  test('owners are left alone, and so is what others put people into', async () => {
    await gateway.json('user', 'add', 'olga', '--role', 'owner');
    assert.equal((await ask('POST', '/Users', { userName: 'olga' })).status, 409);
    for (const path of ['/Groups/owners', '/Groups/payroll']) assert.equal((await ask('GET', path)).status, 404);
  });

  test('a change is made to what was read', async () => {
    const id = await push('eva');
    const read = await ask('GET', `/Users/${id}`);
    assert.match(read.headers.etag, /^W?\/?"/);
    await patch(`/Users/${id}`, { op: 'replace', path: 'title', value: 'Head' });
    const stale = await ask('PUT', `/Users/${id}`, { userName: 'eva' }, { headers: ['--header', `If-Match: ${read.headers.etag}`] });
    assert.equal(stale.status, 412);
  });

  test('nobody is let in without the secret, and one is exchanged for the next while both count', async () => {
    const none = await curl(gateway, '--url', `${base('okta')}/Users`);
    assert.equal(none.status, 401);
    assert.equal(none.headers['www-authenticate'], 'Bearer realm="scim"');
    const wrong = await ask('GET', '/Users', undefined, { secret: 'wrong' });
    assert.equal(wrong.status, 401);
    assert.match(wrong.headers['www-authenticate'], /invalid_token/);
    const next = SECRET.replace('okta', 'next');
    await keep(gateway, 'next', next);
    const text = await readFile(gateway.file, 'utf8');
    await writeFile(gateway.file, text.replace('["okta.secret"]', '["okta.secret", "next.secret"]'));
    await until('the next secret counts', async () => (await ask('GET', '/Users', undefined, { secret: next })).status === 200);
    assert.equal((await ask('GET', '/Users')).status, 200);
    await keep(gateway, 'next', SECRET.replace('okta', 'last'));
    await until('a file that changed is read again', async () => (await ask('GET', '/Users', undefined, { secret: SECRET.replace('okta', 'last') })).status === 200, 30_000);
    assert.equal((await ask('GET', '/Users', undefined, { secret: next })).status, 401);
    assert.ok(!gateway.child.output.includes(next));
  });

  test('a body that is too large is refused before it is read', async () => {
    const file = join(gateway.folder, 'large.json');
    await writeFile(file, JSON.stringify({ userName: 'x'.repeat(2 ** 20) }));
    const large = await ask('POST', '/Users', undefined, {
      headers: ['--http1.1', '--header', 'Content-Type: application/scim+json', '--data-binary', `@${file}`],
    });
    assert.equal(large.status, 413);
  });

  test('all of it is there after a restart, and a source that is suspended does nothing', async () => {
    const id = await push('fay', { displayName: 'Fay' });
    const before = await ask('GET', `/Users/${id}`);
    await gateway.crashAndRestart();
    await until('it answers again', async () => (await ask('GET', '/Users')).status === 200);
    const after = await ask('GET', `/Users/${id}`);
    assert.deepEqual(after.json, before.json);
    await gateway.json('provider', 'suspend', 'okta');
    const off = await ask('GET', '/Users');
    assert.equal(off.status, 403);
    assert.match(off.json.detail, /switched off/);
  });
});
