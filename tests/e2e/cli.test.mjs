// The command line: offline on a folder, and against a running gateway; for people and for machines.

import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from './lib/child.mjs';
import { BINARY, startDemo } from './lib/gateway.mjs';
import { Visitor } from './lib/visitor.mjs';

const POLICIES = new URL('../../policies/examples', import.meta.url).pathname;

/** What could move the cursor or turn text around; line ends are fine. */
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/;

const gatewright = (...args) => run(BINARY, args, { env: { ...process.env, NO_COLOR: '1' } });

describe('policies on a folder, offline', () => {
  let folder;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewright-policies-'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  /** A folder with these files. */
  async function policies(name, files) {
    const at = join(folder, name);
    for (const [file, text] of Object.entries(files)) {
      await mkdir(join(at, file, '..'), { recursive: true });
      await writeFile(join(at, file), text);
    }
    return at;
  }

  test('the shipped policies have no fault and their cases pass', async () => {
    const checked = await gatewright('policy', 'check', POLICIES);
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    const tested = await gatewright('policy', 'test', POLICIES);
    assert.equal(tested.code, 0, tested.stdout + tested.stderr);
    assert.match(tested.stdout, /\d+ passed, 0 failed/);
  });

  test('every fault is told at once, with its file and line', async () => {
    const at = await policies('faulty', {
      'one.cedar': 'permit (principal is User, action, resource);\n\n@id("two")\n@mode("reprot")\nforbid (principal, action, resource);\n',
      'two.cedar': '@id("three")\npermit (principal is User, action == Action::"http.request", resource)\nwhen { context.nonsense };\n',
    });
    const { code, stdout } = await gatewright('policy', 'check', at);
    assert.equal(code, 1);
    assert.match(stdout, /one\.cedar:1/);
    assert.match(stdout, /one\.cedar:[345]\b.*reprot/);
    assert.match(stdout, /two\.cedar:\d+.*nonsense/);
    const { faults } = JSON.parse((await gatewright('policy', 'check', at, '--json')).stdout);
    assert.ok(faults.length >= 3);
    for (const fault of faults) assert.ok(fault.file && fault.line, JSON.stringify(fault));
  });

  test('a permit that would admit strangers by being unscoped is a fault', async () => {
    const at = await policies('unscoped', { 'p.cedar': '@id("all")\npermit (principal, action == Action::"http.request", resource);\n' });
    const { code, stdout } = await gatewright('policy', 'check', at);
    assert.equal(code, 1);
    assert.match(stdout, /p\.cedar:\d+/);
    assert.match(stdout, /stranger|Anonymous/i);
  });

  test('a case that does not hold fails the test and says what was answered', async () => {
    const at = join(folder, 'copied');
    await cp(POLICIES, at, { recursive: true });
    const cases = join(at, 'cases/demo.toml');
    const text = await readFile(cases, 'utf8');
    await writeFile(cases, text.replace('expect = "deny"', 'expect = "allow"'));
    const { code, stdout } = await gatewright('policy', 'test', at);
    assert.equal(code, 1);
    assert.match(stdout, /a stranger hears only: sign in/);
    assert.match(stdout, /1 failed/);
  });

  test('explain answers any who, what and context, with what would open it', async () => {
    const bo = ['policy', 'explain', POLICIES, '--who', 'bo', '--proof', 'sign-in-link:60'];
    const payroll = await gatewright(...bo, '--on', 'payroll');
    assert.equal(payroll.code, 1);
    assert.match(payroll.stdout, /✕ bo may not http\.request on payroll/);
    assert.match(payroll.stdout, /crown-jewels-need-a-passkey/);
    const reports = await gatewright(...bo, '--on', 'reports');
    assert.equal(reports.code, 0);
    assert.match(reports.stdout, /✓ bo may http\.request on reports/);
    const ana = JSON.parse((await gatewright('policy', 'explain', POLICIES, '--who', 'ana', '--proof', 'enrolment-link:60', '--on', 'payroll', '--json')).stdout);
    assert.equal(ana.decision.outcome, 'deny');
    assert.deepEqual(ana.remedies.ways, [{ steps: ['enrol-passkey'] }]);
  });
});

describe('the command line against a running gateway', () => {
  let gateway, ana;

  before(async () => {
    gateway = await startDemo();
    ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.secureLink('ana'));
    assert.equal((await ana.navigate(`${gateway.secure('wiki')}/`)).status, 200);
  });

  after(() => gateway?.stop());

  test('lists speak JSON', async () => {
    const users = await gateway.json('user', 'list');
    assert.deepEqual(users.items.map((user) => user.name).sort(), ['admin', 'ana', 'bo']);
    const apps = await gateway.json('app', 'list');
    for (const name of ['wiki', 'payroll', 'reports', 'verify']) assert.ok(apps.items.some((app) => app.name === name), name);
    const sessions = await gateway.json('session', 'list', '--user', 'ana');
    assert.equal(sessions.items.length, 1);
    assert.equal(sessions.items[0].user, 'ana');
    const keys = await gateway.json('key', 'list');
    assert.ok(keys.items.length >= 1);
  });

  test('what a list has is shown one by one, in words and in JSON', async () => {
    for (const [args, words] of [
      [['user', 'show', 'ana'], /shown as +Ana/],
      [['group', 'show', 'staff'], /people +\d/],
      [['app', 'show', 'wiki'], /opens at +http/],
    ]) {
      const told = await gateway.cli(...args);
      assert.equal(told.code, 0, told.stderr);
      assert.match(told.stdout, words);
      JSON.parse((await gateway.cli(...args, '--json')).stdout);
    }
    const leases = await gateway.cli('api', '/v1/leases');
    assert.ok(Array.isArray(JSON.parse(leases.stdout).items), leases.stdout);
    assert.equal((await gateway.cli('api', '/metrics')).code, 2);
  });

  test('a membership ends when it is told to, and a person goes after a question', async () => {
    assert.equal((await gateway.cli('user', 'add', 'zoe')).code, 0);
    assert.equal((await gateway.cli('group', 'add', 'guests')).code, 0);
    const given = await gateway.cli('user', 'group', 'add', 'zoe', 'guests', '--until', '8h');
    assert.match(given.stdout, /zoe is now in guests, which ends in [78] hours/);
    const zoe = JSON.parse((await gateway.cli('user', 'show', 'zoe', '--json')).stdout);
    assert.ok(zoe.groups[0].until > Date.now() + 7 * 3_600_000);
    assert.equal((await gateway.cli('user', 'group', 'add', 'zoe', 'guests', '--until', 'yesterday')).code, 2);
    for (const what of ['user', 'group']) {
      const name = what === 'user' ? 'zoe' : 'guests';
      const asked = await gateway.cli(what, 'remove', name);
      assert.equal(asked.code, 1);
      assert.match(asked.stderr, /nobody is here to be asked/);
      assert.equal((await gateway.cli(what, 'remove', name, '--yes')).code, 0);
      assert.equal((await gateway.cli(what, 'show', name)).code, 1);
    }
  });

  test('tables for people hold no control characters and no colour where none is wanted', async () => {
    const evil = await gateway.cli('user', 'add', 'eve', '--display-name', 'Eve \u001b[31m\u202eevil');
    assert.equal(evil.code, 1);
    assert.doesNotMatch(evil.stderr, CONTROLS);
    const { stdout } = await gateway.cli('user', 'list');
    assert.match(stdout, /^name\s+shown as/);
    assert.doesNotMatch(stdout, CONTROLS);
  });

  test('an error says what to do', async () => {
    const unknown = await gateway.cli('user', 'link', 'nobody-at-all');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /nobody-at-all/);
    const away = await gatewright('user', 'list', '--data', '/nonexistent/gatewright');
    assert.equal(away.code, 1);
    assert.match(away.stderr, /try: .*gatewright up/);
    assert.equal((await gateway.cli('user', 'frobnicate')).code, 2);
  });

  test('policies that would leave no one able to administer are not applied', async () => {
    const folder = join(gateway.folder, 'locking');
    await cp(gateway.policies, folder, { recursive: true });
    await writeFile(join(folder, 'lock.cedar'), '@id("lock")\nforbid (principal, action in Action::"admin", resource);\n');
    const { code, stderr } = await gateway.cli('policy', 'apply', folder, '--yes');
    assert.equal(code, 1);
    assert.match(stderr, /no one able to administer/);
    assert.equal((await gateway.cli('user', 'list')).code, 0);
  });

  test('the socket is for its owner alone', async () => {
    const modes = await run('sh', ['-c', `find '${gateway.data}' -type s -printf '%m ' ; find '${gateway.data}' -maxdepth 0 -printf '%m'`]);
    assert.equal(modes.stdout, '600 700');
  });

  test('ending a session ends it at the next request', async () => {
    const bo = await Visitor.arrive(gateway);
    await bo.signInByLink(await gateway.secureLink('bo'));
    assert.equal((await bo.navigate(`${gateway.secure('reports')}/`)).status, 200);
    const [session] = (await gateway.json('session', 'list', '--user', 'bo')).items;
    await gateway.json('session', 'end', session.id);
    assert.equal((await bo.request(`${gateway.secure('reports')}/`)).status, 401);
    assert.deepEqual((await gateway.json('session', 'list', '--user', 'bo')).items, []);
  });

  test('the log shows who did what, what decided it, and no query string', async () => {
    await ana.request(`${gateway.secure('wiki')}/page/welcome?secret=hunter2`);
    const { stdout, code } = await gateway.cli('log', 'show', '--json');
    assert.equal(code, 0);
    const records = stdout.trim().split('\n').map((line) => JSON.parse(line));
    const record = records.find((entry) => JSON.stringify(entry).includes('/page/welcome'));
    assert.ok(record, 'the request is there');
    assert.match(JSON.stringify(record), /wiki-for-staff/);
    assert.doesNotMatch(stdout, /hunter2/);
    assert.doesNotMatch(stdout, /\/link\/[\w-]{20,}/, 'links are not recorded');
  });

  test('log tail tells the newest in words', async () => {
    const { stdout, code } = await gateway.cli('log', 'tail', '--lines', '20');
    assert.equal(code, 0);
    assert.match(stdout, /✓.*ana/);
  });

  test('log head and log verify agree, against a head kept elsewhere too', async () => {
    const head = await gateway.cli('log', 'head');
    assert.equal(head.code, 0);
    assert.ok(head.stdout.trim().length > 0);
    const kept = join(gateway.folder, 'head');
    await writeFile(kept, head.stdout);
    await ana.request(`${gateway.secure('wiki')}/page/after-the-head`);
    for (const args of [[], ['--head', kept]]) {
      const verified = await gateway.cli('log', 'verify', ...args);
      assert.equal(verified.code, 0, verified.stdout + verified.stderr);
    }
  });
});

describe('a log that somebody changed', () => {
  let gateway, segments;

  before(async () => {
    gateway = await startDemo();
    const ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.secureLink('ana'));
    for (let i = 0; i < 5; i += 1) await ana.navigate(`${gateway.secure('wiki')}/?i=${i}`);
    await gateway.child.stop();
    const { stdout } = await run('find', [gateway.data, '-type', 'f', '-path', '*ledger*', '-size', '+0']);
    segments = stdout.trim().split('\n').filter((path) => /segment|\.log|\.seg/.test(path));
    assert.ok(segments.length > 0, stdout);
  });

  after(() => gateway?.stop());

  test('verifies as it was written', async () => {
    assert.equal((await gateway.cli('log', 'verify')).code, 0);
  });

  test('has each flipped byte found', async () => {
    const path = segments[0];
    const bytes = await readFile(path);
    const written = bytes.findLastIndex((byte) => byte !== 0) + 1;
    const step = Math.max(1, Math.floor(written / 40));
    for (let at = 0; at < written; at += step) {
      const file = await open(path, 'r+');
      await file.write(Buffer.from([bytes[at] ^ 0x01]), 0, 1, at);
      const { code } = await gateway.cli('log', 'verify');
      await file.write(Buffer.from([bytes[at]]), 0, 1, at);
      await file.close();
      assert.notEqual(code, 0, `byte ${at} of ${path} was flipped and verify said nothing`);
    }
    assert.equal((await gateway.cli('log', 'verify')).code, 0, 'and it verifies again once put back');
  });

  test('has a cut below the stored head found', async () => {
    const path = segments.at(-1);
    const bytes = await readFile(path);
    const written = bytes.findLastIndex((byte) => byte !== 0) + 1;
    await writeFile(path, bytes.subarray(0, Math.floor(written / 2)));
    assert.notEqual((await gateway.cli('log', 'verify')).code, 0);
    await writeFile(path, bytes);
    assert.equal((await gateway.cli('log', 'verify')).code, 0);
  });

});

describe('what comes with the command line', () => {
  let folder;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewright-pages-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test('there is a manual page for every command, which names no other that is not there', async () => {
    const { code, stdout } = await gatewright('man', folder, '--json');
    assert.equal(code, 0);
    const { pages } = JSON.parse(stdout);
    for (const page of ['gatewright.1', 'gatewright-doctor.1', 'gatewright-user-group-add.1', 'gatewright.toml.5']) {
      assert.ok(pages.includes(page), page);
    }
    for (const page of pages) {
      const text = await readFile(join(folder, page), 'utf8');
      assert.match(text, /^\.TH /m, page);
      for (const [, name, section] of text.matchAll(/\b(gatewright[\w\\-]*)\((\d)\)/g)) {
        const named = `${name.replaceAll('\\', '')}.${section}`;
        assert.ok(pages.includes(named), `${page} names ${named}`);
      }
    }
    const key = await readFile(join(folder, 'gatewright.toml.5'), 'utf8');
    assert.match(key, /connections_per_address/);
  });

  test('each shell is given completions that it can read', async () => {
    for (const shell of ['bash', 'zsh', 'fish', 'elvish', 'powershell']) {
      const { code, stdout } = await gatewright('completions', shell);
      assert.equal(code, 0);
      for (const word of ['doctor', 'backup', 'passphrase-file']) assert.ok(stdout.includes(word), `${shell}: ${word}`);
      if (shell !== 'bash') continue;
      const script = join(folder, 'completions');
      await writeFile(script, stdout);
      const completed = await run('bash', ['-c', `. ${script}; COMP_WORDS=(gatewright doc); COMP_CWORD=1; _gatewright gatewright doc gatewright; echo "\${COMPREPLY[@]}"`]);
      assert.equal(completed.stdout.trim(), 'doctor', completed.stderr);
    }
  });
});
