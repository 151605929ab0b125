// `gatewright doctor`: an installation that is well, and each thing that can be wrong with one.

import assert from 'node:assert/strict';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { run } from './lib/child.mjs';
import { BINARY, startOrganisation } from './lib/gateway.mjs';
import { startUpstream } from './lib/upstream.mjs';

const POLICIES = {
  'app.cedar': '@id("app-for-people")\npermit (principal is User, action == Action::"http.request", resource in App::"app");\n',
};

describe('the doctor', () => {
  let upstream, gateway;

  beforeEach(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({ apps: [{ name: 'app', upstream: upstream.url }], policies: POLICIES });
    await gateway.addUser('ana');
  });

  afterEach(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  async function doctor(...args) {
    const { code, stdout, stderr } = await run(BINARY, ['doctor', '-c', gateway.file, '--json', ...args]);
    assert.equal(stderr, '');
    const { ok, findings } = JSON.parse(stdout);
    assert.equal(code, ok ? 0 : 1);
    assert.equal(ok, !findings.some(({ state }) => state === 'wrong'));
    return findings;
  }

  const wrong = (findings) => findings.filter(({ state }) => state === 'wrong');

  /** What is wrong with things of one kind, and nothing else is. */
  async function wrongOnly(about, which) {
    const found = wrong(await doctor());
    assert.ok(found.length > 0, `${about} is not found to be wrong`);
    for (const one of found) {
      assert.equal(one.about, about, JSON.stringify(found));
      assert.match(`${one.which} ${one.what}`, which);
    }
    return found;
  }

  const change = async (from, to) => {
    const text = await readFile(gateway.file, 'utf8');
    assert.ok(text.includes(from));
    await writeFile(gateway.file, text.replace(from, to));
  };

  test('finds nothing wrong with one that is well, running or not, and changes nothing', async () => {
    const running = await doctor();
    assert.deepEqual(wrong(running), []);
    for (const about of [
      'gatewright', 'name', 'certificate', 'data folder', 'key file', 'disk', 'open files', 'address', 'clock', 'policies', 'store', 'ledger', 'upstream',
    ]) {
      assert.ok(running.some((one) => one.about === about), about);
    }
    assert.equal(running.filter(({ about, what }) => about === 'address' && what === 'gatewright listens').length, 4);
    await gateway.child.stop();
    const before = await readFile(join(gateway.data, 'facts.sqlite'));
    const resting = await doctor();
    assert.deepEqual(wrong(resting), []);
    assert.ok(before.equals(await readFile(join(gateway.data, 'facts.sqlite'))));
    await gateway.start();
    assert.equal((await gateway.json('log', 'verify')).ok, true);
  });

  test('speaks to people in lines that say what to do', async () => {
    await upstream.stop();
    const { code, stdout } = await run(BINARY, ['doctor', '-c', gateway.file], { env: { ...process.env, NO_COLOR: '1' } });
    upstream = undefined;
    assert.equal(code, 1);
    assert.match(stdout, /^✓ gatewright +process +it runs as process \d+$/m);
    assert.match(stdout, /^✕ upstream +app http:\S+ +it cannot be reached: .*– start it, or correct where it is$/m);
    assert.match(stdout, /✕ 1 wrong, \d+ worth a look\n$/);
  });

  test('finds a server that is not believed', async () => {
    await gateway.child.stop();
    const tls = new URL(upstream.url);
    await change(`upstream = "${upstream.url}"`, `upstream = "https://${tls.host}"\nlimits = { connect = "2s" }`);
    await wrongOnly('upstream', /not believed|does not answer/);
  });

  test('finds a certificate whose key is open or another one, and one that is missing', async () => {
    const key = join(gateway.folder, 'key.pem');
    await chmod(key, 0o644);
    await wrongOnly('certificate', /open to others/);
    await writeFile(key, await readFile(join(gateway.folder, 'ca-key.pem')));
    await chmod(key, 0o600);
    await wrongOnly('certificate', /does not belong/);
    await rm(key);
    await wrongOnly('certificate', /key\.pem/);
  });

  test('finds an address that another program has', async () => {
    await gateway.child.stop();
    const squatter = createServer();
    await new Promise((resolve) => squatter.listen(gateway.ports.https, '127.0.0.1', resolve));
    await wrongOnly('address', new RegExp(`127.0.0.1:${gateway.ports.https} is taken by .*process ${process.pid}`));
    await new Promise((resolve) => squatter.close(resolve));
  });

  test('finds a name that leads nowhere', async () => {
    await gateway.child.stop();
    await change('[[certificate]]', '[[app]]\nname = "lost"\nhost = "lost.invalid"\nbuilt_in = "verify"\n\n[[certificate]]');
    await change('hosts = ["*.e2e.localhost"]', 'hosts = ["*.e2e.localhost", "lost.invalid"]');
    const found = wrong(await doctor());
    const name = found.find(({ about }) => about === 'name');
    assert.match(`${name.which} ${name.what}: ${name.help}`, /lost\.invalid leads nowhere.*A or AAAA/);
    const certificate = found.find(({ about }) => about === 'certificate');
    assert.match(certificate.what, /lost\.invalid/);
  });

  test('finds a data folder that is open, half restored or damaged, and a ledger that was cut', async () => {
    await chmod(gateway.data, 0o755);
    await wrongOnly('data folder', /open to others/);
    await chmod(gateway.data, 0o700);
    await gateway.child.stop();
    await writeFile(join(gateway.data, 'restoring'), '');
    await wrongOnly('data folder', /did not end/);
    await rm(join(gateway.data, 'restoring'));
    await rm(join(gateway.data, 'ledger/web-0'), { recursive: true });
    await rm(join(gateway.data, 'ledger/control'), { recursive: true });
    await wrongOnly('ledger', /the store remembers/);
    await writeFile(join(gateway.data, 'facts.sqlite'), 'no database at all, and longer than a header of one would be '.repeat(20));
    await rm(join(gateway.data, 'facts.sqlite-wal'), { force: true });
    await wrongOnly('store', /facts\.sqlite/);
  });

  test('finds policies with faults, and a configuration with all of its faults', async () => {
    await gateway.child.stop();
    await writeFile(join(gateway.policies, 'broken.cedar'), 'permit (');
    await wrongOnly('policies', /broken\.cedar:1/);
    await rm(join(gateway.policies, 'broken.cedar'));
    await change('version = 1', 'version = 1\nremdies = "own"\ndrian = "1s"');
    const found = await wrongOnly('configuration', /remedies|drain/);
    assert.equal(found.length, 2);
  });
});
