// Backups: taken while people work, put back whole or not at all, and what they leave worth nothing.

import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { run } from './lib/child.mjs';
import { BINARY, startOrganisation } from './lib/gateway.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor } from './lib/visitor.mjs';

const TYPED = new URL('lib/typed.py', import.meta.url).pathname;

const POLICIES = {
  'app.cedar': '@id("app-for-people")\npermit (principal is User, action == Action::"http.request", resource in App::"app");\n',
};

describe('a backup', () => {
  let upstream, gateway, ana, file;

  beforeEach(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({ apps: [{ name: 'app', upstream: upstream.url }], policies: POLICIES });
    file = join(gateway.folder, 'gatewright.backup');
    await gateway.addUser('ana');
    ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.link('ana'));
    assert.equal((await ana.navigate(`${gateway.secure('app')}/`)).status, 200);
  });

  afterEach(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  const restore = (...args) =>
    run(BINARY, ['restore', file, '--data', gateway.data, ...args], { env: { ...process.env, NO_COLOR: '1' } });

  async function restored(...args) {
    const { code, stdout, stderr } = await restore('--json', ...args);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  }

  /** Stops the gateway and puts its data folder away, as if the machine were lost. */
  async function lose() {
    await gateway.child.stop();
    await rename(gateway.data, `${gateway.data}-lost`);
  }

  const verified = async () => assert.equal((await gateway.json('log', 'verify')).ok, true);
  const kids = async (purpose) =>
    (await gateway.json('key', 'list')).items.filter((key) => key.purpose === purpose).map((key) => key.kid);

  test('that is taken while people work comes back whole; what was open in it is worth nothing', async () => {
    let working = true;
    let asked = 0;
    const work = [0, 1, 2].map(async (worker) => {
      while (working) {
        assert.equal((await ana.ask(`${gateway.secure('app')}/work-${worker}`)).status, 200);
        asked += 1;
      }
    });
    const adding = (async () => {
      for (let n = 0; working; n += 1) await gateway.addUser(`p-${n}`);
    })();
    await until('they are at work', () => asked > 20);
    const unused = await gateway.link('ana');
    const taken = await gateway.json('backup', file);
    const { items: known } = await gateway.json('user', 'list');
    working = false;
    await Promise.all([...work, adding]);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual((await readdir(gateway.folder)).filter((name) => name.endsWith('.part')), []);
    assert.equal(taken.keys, false);
    const old = await kids('assertion');

    await lose();
    const back = await restored();
    assert.equal(back.sessions_ended, 1);
    assert.equal(back.epoch.incarnation, taken.epoch.incarnation + 1);
    assert.ok(back.logs.every((log) => log.faults.length === 0));
    await gateway.start();
    await verified();

    const { items: people } = await gateway.json('user', 'list');
    const names = new Set(known.map((user) => user.name));
    assert.ok(people.length >= 2 && people.every((user) => names.has(user.name)), 'nobody who was not there');
    assert.deepEqual((await gateway.json('session', 'list')).items, []);
    const away = await ana.knock(`${gateway.secure('app')}/`);
    assert.equal(away.status, 303, 'the old cookie is worth nothing');
    const spent = await ana.navigate(unused);
    assert.doesNotMatch(spent.body, /Sign in as/, 'nor is a link that was made before');
    await ana.signInByLink(await gateway.link('ana'));
    assert.equal((await ana.navigate(`${gateway.secure('app')}/`)).status, 200);
    const now = await kids('assertion');
    assert.ok(now.some((kid) => !old.includes(kid)), 'new keys were made');

    const { stdout } = await gateway.cli('log', 'show');
    assert.match(stdout, /a backup was begun/);
    assert.match(stdout, /restored from a backup of epoch/);
    await gateway.child.stop();
    await gateway.start();
    await verified();
  });

  test('with keys opens with its passphrase alone, and goes on with the same keys', async () => {
    const [right, wrong] = [join(gateway.folder, 'right'), join(gateway.folder, 'wrong')];
    await writeFile(right, 'correct horse battery staple\n');
    await writeFile(wrong, 'correct horse battery stable\n');
    const old = [await kids('assertion'), await kids('ledger')];
    const taken = await gateway.json('backup', file, '--with-keys', '--passphrase-file', right);
    assert.equal(taken.keys, true);
    const secret = await readFile(join(gateway.data, 'secret.key'));
    assert.equal((await readFile(file)).indexOf(secret), -1, 'the key is not in it as it is');
    await lose();
    const refused = await restore('--passphrase-file', wrong);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /do not open with this passphrase/);
    const started = await run(BINARY, gateway.args);
    assert.equal(started.code, 1);
    assert.match(started.stderr + started.stdout, /did not end/);
    await rm(gateway.data, { recursive: true });
    await restored('--passphrase-file', right);
    await gateway.start();
    assert.deepEqual([await kids('assertion'), await kids('ledger')], old);
    await verified();
  });

  test('is given its passphrase on a terminal, which does not show it', async () => {
    const typed = (lines, ...command) => run('python3', [TYPED, ...lines, '--', BINARY, ...command, '--data', gateway.data]);
    const phrase = 'correct horse battery staple';
    const differ = await typed([phrase, `${phrase}x`], 'backup', file, '--with-keys');
    assert.equal(differ.code, 1);
    assert.match(differ.stdout, /the two passphrases differ/);
    const taken = await typed([phrase, phrase], 'backup', file, '--with-keys');
    assert.equal(taken.code, 0, taken.stdout);
    await lose();
    const back = await typed([phrase], 'restore', file);
    assert.equal(back.code, 0, back.stdout);
    for (const { stdout } of [differ, taken, back]) assert.ok(!stdout.includes('horse'), stdout);
    await gateway.start();
    await verified();
    const nobody = await run('setsid', ['--wait', BINARY, 'backup', `${file}-2`, '--with-keys', '--data', gateway.data]);
    assert.match(nobody.stderr, /no terminal to ask/);
  });

  test('that is torn or changed is refused, and nothing starts on what is there of it', async () => {
    await gateway.json('backup', file);
    const whole = await readFile(file);
    await lose();
    const refusedWith = async (bytes, why) => {
      await writeFile(file, bytes);
      const { code, stderr } = await restore();
      assert.equal(code, 1);
      assert.match(stderr, why);
      const { code: started, stderr: said } = await run(BINARY, gateway.args);
      assert.equal(started, 1);
      assert.match(said, /did not end: empty the folder/);
      const again = await restore();
      assert.match(again.stderr, /is not empty/);
      await rm(gateway.data, { recursive: true });
    };
    for (const part of [0.3, 0.6, 0.9]) await refusedWith(whole.subarray(0, Math.floor(whole.length * part)), /torn/);
    const facts = whole.indexOf('ana', whole.indexOf('SQLite format 3'));
    const changed = Buffer.from(whole);
    changed.write('bob', facts);
    await refusedWith(changed, /changed or damaged: `facts.sqlite`/);
    const newer = Buffer.from(whole);
    newer.write('"format": 7', newer.indexOf('"format": 1'));
    await refusedWith(newer, /format 7, made by Gatewright/);
    await refusedWith(Buffer.from('no backup at all'), /no backup of Gatewright/);
    await writeFile(file, whole);
    await restored();
    await gateway.start();
    await verified();
  });

  test('of a process that was killed holds all that was acknowledged', async () => {
    const acknowledged = [];
    const adding = [0, 1].map(async (worker) => {
      for (let n = 0; ; n += 1) {
        const name = `p-${worker}-${n}`;
        if ((await gateway.cli('user', 'add', name)).code !== 0) return;
        acknowledged.push(name);
      }
    });
    await until('some are added', () => acknowledged.length >= 6);
    await gateway.child.stop('SIGKILL');
    await Promise.all(adding);
    const taken = await gateway.json('backup', file);
    assert.ok(taken.logs.length >= 3);
    await rename(gateway.data, `${gateway.data}-lost`);
    await restored();
    await gateway.start();
    const { items } = await gateway.json('user', 'list');
    for (const name of acknowledged) assert.ok(items.some((user) => user.name === name), name);
    await verified();
    const { stdout } = await gateway.cli('log', 'show', '--json');
    const changes = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    for (const name of acknowledged) {
      const { id } = items.find((user) => user.name === name);
      assert.ok(changes.some((entry) => JSON.stringify(entry).includes(id)), `the ledger tells of ${name}`);
    }
  });

  test('overwrites nothing, is not put over anything, and its passphrase must protect', async () => {
    await writeFile(file, 'mine');
    const there = await gateway.cli('backup', file);
    assert.equal(there.code, 1);
    assert.match(there.stderr, /is there already/);
    assert.equal(await readFile(file, 'utf8'), 'mine');
    await truncate(file, 0);
    const over = await restore();
    assert.equal(over.code, 1);
    assert.match(over.stderr, /in use by process/);
    const short = join(gateway.folder, 'short');
    await writeFile(short, 'short\n');
    const weak = await gateway.cli('backup', join(gateway.folder, 'weak'), '--with-keys', '--passphrase-file', short);
    assert.match(weak.stderr, /fewer than 12/);
    await rm(file);
    await gateway.json('backup', file);
    await gateway.child.stop();
    const full = await restore();
    assert.match(full.stderr, /is not empty/);
    await gateway.start();
    await verified();
    await mkdir(join(gateway.folder, 'elsewhere'), { mode: 0o755 });
    const open = await run(BINARY, ['restore', file, '--data', join(gateway.folder, 'elsewhere')]);
    assert.match(open.stderr, /open to others/);
  });
});
