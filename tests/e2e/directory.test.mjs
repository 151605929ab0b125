// People and groups of a real OpenLDAP: who comes, what their groups open, and what ends with them.

import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { startOrganisation } from './lib/gateway.mjs';
import { PASSWORD, added, drops, group, hasOpenLdap, joins, leaves, removed, sets, startOpenLdap } from './lib/openldap.mjs';
import { freePorts } from './lib/ports.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor } from './lib/visitor.mjs';

const ROLE = new URL('../../policies/roles/provisioning.cedar', import.meta.url);
const POLICY = `@id("app-for-staff")
permit (principal is User in Group::"staff", action == Action::"http.request", resource in App::"app");
`;
const MANY = Array.from({ length: 620 }, (_, index) => `p${String(index).padStart(4, '0')}`);

const config = (port, more = '') => `
[[group]]
name = "staff"

[[directory]]
name = "lab"
servers = ["ldaps://localhost:${port}"]
ca = "lab-ca.pem"
bind_dn = "uid=sync,dc=lab,dc=test"
password = "lab.password"
page_size = 100
pause = "1s"
answer = "5s"
${more}
[directory.people]
base = "ou=people,dc=lab,dc=test"
email = "mail"
provision = "everybody"
[[directory.people.disabled]]
attribute = "employeeType"
values = ["gone"]
[directory.groups]
base = "ou=groups,dc=lab,dc=test"
[[directory.group]]
name = "staff"
here = "staff"
`;

describe('people of a directory', { skip: !hasOpenLdap && 'slapd is not installed: scripts/setup-test.sh does it' }, () => {
  let directory, gateway, upstream, url;

  before(async () => {
    upstream = await startUpstream();
    directory = await startOpenLdap(['ana', 'bo', 'cy', 'dora', 'eva', ...MANY]);
    await directory.change(group('staff', ['ana', 'bo', 'cy', 'dora']), group('other', ['eva']));
    gateway = await startOrganisation({
      apps: [{ name: 'app', upstream: upstream.url }],
      config: config(directory.tls),
      policies: { 'app.cedar': POLICY, 'provisioning.cedar': await readFile(ROLE, 'utf8') },
      prepare: (gateway) => directory.giveTo(gateway),
    });
    url = gateway.secure('app');
  });

  after(async () => {
    await gateway?.stop();
    await directory?.stop();
    await upstream?.stop();
  });

  const shown = () => gateway.json('directory', 'show', 'lab');
  const is = (what, check) => until(what, check, 30_000);

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

  test('everybody comes, page by page, over TLS, with their groups', async () => {
    await is('it was read', async () => (await shown()).counts.added > 0 || (await shown()).last_success);
    await is('everybody is here', async () => (await shown()).linked === MANY.length + 5);
    const directory = await shown();
    assert.equal(directory.trouble, undefined);
    assert.equal(directory.counts.people, MANY.length + 5);
    assert.match(directory.following, /syncrepl/);
    const ana = await gateway.user('ana');
    assert.equal(ana.email, 'ana@lab.test');
    assert.match(JSON.stringify(ana), /"staff"/);
    assert.ok(await gateway.user('p0619'));
  });

  test('who comes signs in by a link, and their group there lets them in', async () => {
    const ana = await signedIn('ana');
    assert.equal((await ana.navigate(`${url}/`)).status, 200);
    const eva = await signedIn('eva');
    assert.equal((await eva.navigate(`${url}/`)).status, 403);
    await directory.change(joins('staff', 'eva'));
    await is('eva is let in', async () => (await eva.navigate(`${url}/`)).status === 200);
  });

  test('who is switched off there is cut off here, and stays signed out once they are on again', async () => {
    const bo = await signedIn('bo');
    assert.equal((await bo.navigate(`${url}/`)).status, 200);
    const { closed } = await openSocket(bo);
    await directory.change(sets('bo', 'employeeType', 'gone'));
    assert.equal(await closed, 1008);
    assert.equal((await bo.request(`${url}/`)).status, 401);
    await directory.change(drops('bo', 'employeeType'));
    await is('bo is on again', async () => !(await gateway.user('bo')).disabled);
    assert.equal((await bo.request(`${url}/`)).status, 401, 'what was open stays ended');
    const { stdout } = await gateway.cli('log', 'show');
    assert.match(stdout, /people as the directory lab says by c-/);
    assert.ok(!stdout.includes(PASSWORD));
  });

  test('who is taken out of a group there is cut off what it opened', async () => {
    const cy = await signedIn('cy');
    assert.equal((await cy.navigate(`${url}/`)).status, 200);
    const { closed } = await openSocket(cy);
    await directory.change(leaves('staff', 'cy'));
    assert.equal(await closed, 1008);
    assert.equal((await cy.navigate(`${url}/`)).status, 403);
  });

  test('who is removed there is off here, and the ledger still says who they were', async () => {
    const dora = await signedIn('dora');
    assert.equal((await dora.navigate(`${url}/of-dora`)).status, 200);
    const { closed } = await openSocket(dora);
    await directory.change(leaves('staff', 'dora'), removed('dora'));
    assert.equal(await closed, 1008);
    await is('dora is off', async () => (await gateway.user('dora')).disabled);
    assert.equal((await dora.request(`${url}/`)).status, 401);
    const { stdout } = await gateway.cli('log', 'show');
    assert.match(stdout, /\bdora\b.*\/of-dora|\/of-dora.*\bdora\b/);
  });

  test('a directory that is hostile gives nobody more than it was told to', async () => {
    await gateway.json('user', 'add', 'olga', '--role', 'owner');
    const before = await gateway.user('olga');
    await directory.change(
      added('olga'),
      added('zoe', `description: ${'x'.repeat(200_000)}`),
      added('yan', 'employeeType: here'),
      joins('staff', 'olga'),
      group('owners', ['zoe']),
      sets('yan', 'cn', 'Y\u202ean of the lab'),
      `dn: uid=Bad Name!,ou=people,dc=lab,dc=test\nchangetype: add\nobjectClass: inetOrgPerson\nuid: Bad Name!\ncn: bad\nsn: bad\n`,
    );
    await is('zoe came', () => gateway.user('zoe'));
    assert.deepEqual(await gateway.user('olga'), before);
    assert.ok(!JSON.stringify(await gateway.user('zoe')).includes('owners'));
    assert.ok(!(await gateway.user('yan')).display_name.includes('\u202e'));
    const { conflicts } = await shown();
    assert.ok(conflicts.some(({ why }) => /`olga` belongs to somebody else here/.test(why)), JSON.stringify(conflicts));
    assert.ok(conflicts.some(({ why }) => /is no sign-in name/.test(why)));
    const { code, stdout } = await gateway.cli('directory', 'show', 'lab');
    assert.equal(code, 0);
    assert.match(stdout, /conflict/);
  });

  test('while it is out of reach everything stays, and it is said', async () => {
    const ana = await signedIn('ana');
    await directory.away();
    const tried = await gateway.cli('directory', 'sync', 'lab');
    assert.equal(tried.code, 1);
    assert.match(tried.stdout + tried.stderr, /host and port|broke off|closed the connection|cannot be reached|refused/i);
    assert.equal((await ana.navigate(`${url}/`)).status, 200);
    assert.ok((await shown()).trouble);
    const overview = await gateway.json('api', '/v1/overview');
    assert.ok(overview.attention.some(({ id }) => id === 'directory'), JSON.stringify(overview.attention));
    const doctor = await gateway.cli('doctor', '-c', gateway.file, '--json');
    const about = JSON.parse(doctor.stdout).findings?.filter((one) => one.about === 'directory') ?? [];
    assert.ok(about.some(({ state }) => state === 'wrong'), doctor.stdout);
    await directory.serve();
    assert.equal((await gateway.cli('directory', 'sync', 'lab')).code, 0);
    const fine = await gateway.cli('doctor', '-c', gateway.file);
    assert.match(fine.stdout, /lets the account in/);
  });

  const rewrite = async (how) => writeFile(gateway.file, how(await readFile(gateway.file, 'utf8')));
  const troubled = (what, pattern) => is(what, async () => pattern.test((await shown()).trouble?.what ?? ''));
  const fine = (what) => is(what, async () => (await shown()).last_success && !(await shown()).trouble);

  test('a wrong password and a wrong authority are said as what they are, and the password nowhere', async () => {
    await directory.giveTo(gateway, { password: 'not-the-right-one' });
    await troubled('it is not let in', /does not let `uid=sync,dc=lab,dc=test` in: wrong name or secret/);
    await directory.giveTo(gateway);
    await fine('it is read again');
    await rewrite((text) => text.replace('ca = "lab-ca.pem"', 'ca = "ca.pem"'));
    await troubled('it is not believed', /certificate|TLS/i);
    assert.ok((await gateway.user('ana')) && !(await gateway.user('ana')).disabled);
    await rewrite((text) => text.replace('ca = "ca.pem"', 'ca = "lab-ca.pem"'));
    await fine('it is believed again');
    assert.ok(!gateway.child.output.includes('not-the-right-one'));
    assert.ok(!JSON.stringify(await shown()).includes(PASSWORD));
  });

  test('much that is lost waits until the operator allows it, once', async () => {
    const gone = MANY.slice(0, 200);
    await directory.change(...gone.map(removed));
    await is('it waits', async () => (await shown()).trouble?.needs?.people === gone.length);
    assert.ok(!(await gateway.user(gone[0])).disabled);
    const { stdout } = await gateway.cli('directory', 'list');
    assert.match(stdout, /waits for you/);
    const refused = await gateway.cli('directory', 'allow', 'lab');
    assert.equal(refused.code, 1, 'nobody is there to be asked');
    const allowed = await gateway.cli('directory', 'allow', 'lab', '--yes');
    assert.equal(allowed.code, 0, allowed.stdout + allowed.stderr);
    assert.match(allowed.stdout, /200 of them switched off/);
    assert.ok((await gateway.user(gone[0])).disabled);
    assert.ok(!(await gateway.user(MANY[300])).disabled);
    const again = await gateway.cli('directory', 'allow', 'lab', '--yes');
    assert.match(again.stderr, /waits for nobody/);
  });

  test('changed settings count at once, and faults are told by line and key', async () => {
    await rewrite((text) =>
      text.replace('[[directory]]', '[[group]]\nname = "guests"\n\n[[directory]]')
        .replace('here = "staff"', 'here = "staff"\n[[directory.group]]\nname = "other"\nhere = "guests"'));
    await is('eva is in the group', async () => JSON.stringify(await gateway.user('eva')).includes('guests'));
    await rewrite((text) => text.replace('here = "guests"', 'here = "owners"'));
    const checked = await gateway.cli('check', '-c', gateway.file);
    assert.equal(checked.code, 1);
    assert.match(checked.stdout + checked.stderr, /\d+.*here.*nobody elsewhere makes or changes owners/);
    assert.ok(JSON.stringify(await gateway.user('eva')).includes('guests'), 'what it said before stays in force');
    await rewrite((text) => text.replace('here = "owners"', 'here = "guests"'));
  });

  test('a restart in the middle leaves nothing out', async () => {
    await fine('it is followed');
    const more = Array.from({ length: 300 }, (_, index) => `q${String(index).padStart(4, '0')}`);
    await directory.change(...more.map((name) => added(name)));
    await gateway.crashAndRestart();
    await is('everybody is here', () => gateway.user('q0299'));
    const users = await gateway.json('user', 'list');
    assert.equal(users.items.filter(({ name }) => name.startsWith('q0')).length, more.length);
  });

  test('a directory that is suspended or taken away is off, with what it put people into; people stay', async () => {
    const ana = await signedIn('ana');
    assert.equal((await ana.navigate(`${url}/`)).status, 200);
    await gateway.json('provider', 'suspend', 'lab');
    assert.equal((await ana.navigate(`${url}/`)).status, 403);
    await gateway.json('provider', 'resume', 'lab');
    assert.equal((await ana.navigate(`${url}/`)).status, 200);
    await rewrite((text) => text.slice(0, text.indexOf('[[directory]]')) + text.slice(text.indexOf('[listen]')));
    await is('her group is gone', async () => (await ana.navigate(`${url}/`)).status === 403);
    assert.ok(!(await gateway.user('ana')).disabled);
    await is('it is followed no more', async () => !(await shown()).followed);
    assert.equal((await shown()).state, 'off');
  });
});

describe('a directory that wants a certificate', { skip: !hasOpenLdap && 'slapd is not installed: scripts/setup-test.sh does it' }, () => {
  let directory, gateway, upstream, told;

  const shows = (port) => config(port).replace(/bind_dn = .*\npassword = .*\n/, 'certificate = "lab.pem"\nkey = "lab.key"\n');
  const shown = () => gateway.json('directory', 'show', 'lab');
  const numbers = async () => (await fetch(`http://127.0.0.1:${told}/metrics`)).text();
  const isPartial = async (value) => (await numbers()).includes(`gatewright_directory_partial{directory="lab"} ${value}\n`);
  const rewrite = async (how) => writeFile(gateway.file, how(await readFile(gateway.file, 'utf8')));

  /** What reading it at once says. */
  async function sync() {
    const { code, stdout, stderr } = await gateway.cli('directory', 'sync', 'lab');
    return { code, said: stdout + stderr };
  }

  before(async () => {
    upstream = await startUpstream();
    [told] = await freePorts(1);
    directory = await startOpenLdap(['ana', 'bo'], { demanding: true });
    await directory.change(group('staff', ['ana']));
    gateway = await startOrganisation({
      apps: [{ name: 'app', upstream: upstream.url }],
      config: `[operations]\nlisten = ["127.0.0.1:${told}"]\n${shows(directory.tls)}`,
      policies: { 'app.cedar': POLICY, 'provisioning.cedar': await readFile(ROLE, 'utf8') },
      prepare: (gateway) => directory.giveCertificateTo(gateway),
    });
  });

  after(async () => {
    await gateway?.stop();
    await directory?.stop();
    await upstream?.stop();
  });

  test('is read by it alone, over TLS and by StartTLS', async () => {
    await until('ana came', () => gateway.user('ana'), 30_000);
    assert.match(JSON.stringify(await gateway.user('ana')), /"staff"/);
    assert.equal((await shown()).trouble, undefined);
    await rewrite((text) => text.replace(`ldaps://localhost:${directory.tls}"]`, `ldap://localhost:${directory.port}"]\nstart_tls = true`));
    await until('it is read by StartTLS', async () => (await shown()).server === `ldap://localhost:${directory.port}`, 30_000);
    assert.equal((await sync()).code, 0);
    const doctor = await gateway.cli('doctor', '-c', gateway.file);
    assert.match(doctor.stdout, /lets the account in/);
  });

  test('a certificate of a stranger, and none, are not let in, and it is said; nobody is lost by it', async () => {
    await directory.giveCertificateTo(gateway, { of: 'elsewhere' });
    const stranger = await sync();
    assert.equal(stranger.code, 1, stranger.said);
    assert.match(stranger.said, /`certificate`/);
    assert.ok(!(await gateway.user('ana')).disabled);
    await directory.giveCertificateTo(gateway);
    assert.equal((await sync()).code, 0, 'files are read anew with each connection');
    await rewrite((text) => text.replace('certificate = "lab.pem"\nkey = "lab.key"\n', ''));
    await until('it is shown none', async () => /tls|certificate|connection/i.test((await shown()).trouble?.what ?? ''), 30_000);
    assert.ok(!(await gateway.user('ana')).disabled);
    await rewrite((text) => text.replace('ca = "lab-ca.pem"\n', '$&certificate = "lab.pem"\nkey = "lab.key"\n'));
    await until('it is read again', async () => (await shown()).last_success && !(await shown()).trouble, 30_000);
  });

  test('a key that is open to others is not used', async () => {
    const key = join(gateway.folder, 'lab.key');
    await chmod(key, 0o644);
    const { code, said } = await sync();
    assert.equal(code, 1, said);
    assert.match(said, /lab\.key` is open to others \(mode 0644\)/);
    const checked = await gateway.cli('check', '-c', gateway.file);
    assert.equal(checked.code, 1);
    assert.match(checked.stdout + checked.stderr, /directory lab: certificate: the private key .*lab\.key` is open to others/);
    await chmod(key, 0o600);
    assert.equal((await sync()).code, 0);
  });

  test('who is missing where it points elsewhere stays, until it is said that nobody is there', async () => {
    const far = `dn: ou=far,ou=people,dc=lab,dc=test\nchangetype: add\nobjectClass: referral\nobjectClass: extensibleObject\nou: far\nref: ldap://127.0.0.1:1/dc=far,dc=test\n\n`;
    await directory.change(far, removed('bo'));
    assert.equal((await sync()).code, 0);
    assert.ok(!(await gateway.user('bo')).disabled);
    const { partial, references, conflicts } = await shown();
    assert.deepEqual([partial, references], [true, 1]);
    await until('the figure says so', () => isPartial(1), 10_000);
    assert.ok(conflicts.some(({ why }) => /1 of them stay as they are/.test(why)), JSON.stringify(conflicts));
    const overview = await gateway.json('api', '/v1/overview');
    assert.ok(overview.attention.some(({ id, what }) => id === 'directory' && /was not read whole/.test(what)));
    const doctor = await gateway.cli('doctor', '-c', gateway.file);
    assert.match(doctor.stdout, /places elsewhere are named, where nobody goes/);
    await rewrite((text) => text.replace('pause = "1s"', '$&\nreferrals = "ignore"'));
    await until('bo is off', async () => (await gateway.user('bo')).disabled, 30_000);
    assert.equal((await shown()).partial, false);
    await until('the figure says so as well', () => isPartial(0), 10_000);
  });
});
