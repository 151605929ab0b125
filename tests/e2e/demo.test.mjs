// What the demo promises about itself: loopback only, both ports or nothing, and a stamp that `up` respects.

import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from './lib/child.mjs';
import { BINARY, startDemo } from './lib/gateway.mjs';
import { freePorts } from './lib/ports.mjs';
import { until } from './lib/until.mjs';
import { Visitor } from './lib/visitor.mjs';

describe('the demo', () => {
  let gateway;

  before(async () => {
    gateway = await startDemo();
  });

  after(() => gateway?.stop());

  test('listens on loopback only', async () => {
    const inodes = await run('sh', ['-c', `ls -l /proc/${gateway.pid}/fd | sed -n 's/.*socket:\\[\\([0-9]*\\)\\].*/\\1/p'`]);
    const own = new Set(inodes.stdout.split('\n'));
    const listening = [];
    for (const family of ['tcp', 'tcp6']) {
      for (const line of (await readFile(`/proc/net/${family}`, 'utf8')).split('\n').slice(1)) {
        const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
        if (state === '0A' && own.has(inode)) listening.push(local);
      }
    }
    assert.ok(listening.length >= 2, 'it listens');
    for (const local of listening) {
      assert.match(local, /^(0100007F|00000000000000000000000001000000):/, `${local} is not loopback`);
    }
  });

  test('prints a link for Ana, one for Bo and one for the administrator', () => {
    const links = ['ana', 'bo', 'admin'].map((name) => gateway.printedLink(name));
    assert.equal(new Set(links).size, 3);
    for (const link of links) assert.ok(link.startsWith(gateway.site('auth')), link);
  });

  test('does not start while either of its ports is taken, and says which', async () => {
    for (const taken of [0, 1]) {
      const folder = await mkdtemp(join(tmpdir(), 'gatewright-e2e-'));
      const ports = await freePorts(2);
      const squatter = createServer();
      await new Promise((resolve) => squatter.listen({ host: '127.0.0.1', port: ports[taken] }, resolve));
      const { code, stderr } = await run(BINARY, [
        'up', '--demo', '--data', join(folder, 'data'), '--http-port', String(ports[0]), '--https-port', String(ports[1]),
      ]);
      squatter.close();
      assert.notEqual(code, 0);
      assert.match(stderr, new RegExp(String(ports[taken])));
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('a second process on the same data is refused', async () => {
    const ports = await freePorts(2);
    const { code, stderr } = await run(BINARY, [
      'up', '--demo', '--data', gateway.data, '--http-port', String(ports[0]), '--https-port', String(ports[1]),
    ]);
    assert.notEqual(code, 0);
    assert.ok(stderr.trim().length > 0);
  });

  test('taking a policy away from a file is not applied by itself', async () => {
    const bo = await Visitor.arrive(gateway);
    await bo.signInByLink(await gateway.secureLink('bo'));
    assert.equal((await bo.navigate(`${gateway.secure('payroll')}/`)).status, 403);
    const file = join(gateway.policies, 'demo.cedar');
    const text = await readFile(file, 'utf8');
    await writeFile(file, '');
    await gateway.child.line(/policy apply/);
    assert.equal((await bo.navigate(`${gateway.secure('payroll')}/`)).status, 403);
    assert.equal((await bo.navigate(`${gateway.secure('reports')}/`)).status, 200, 'what was permitted stays');
    await writeFile(file, text);
  });

  test('a policy file that does not load is refused loudly, and the old set stays', async () => {
    const file = join(gateway.policies, 'broken.cedar');
    await writeFile(file, '@id("broken")\npermit (principal, action, ');
    await gateway.child.line(/broken\.cedar/);
    const bo = await Visitor.arrive(gateway);
    await bo.signInByLink(await gateway.secureLink('bo'));
    assert.equal((await bo.navigate(`${gateway.secure('reports')}/`)).status, 200);
    await rm(file);
  });

  test('stops on SIGTERM with a clean exit', async () => {
    const other = await startDemo();
    assert.deepEqual(await other.stop(), { code: 0, signal: null });
  });

  test('its data is refused by an ordinary `up`, and a data folder that others can read by both', async () => {
    const other = await startDemo();
    await other.child.stop();
    const file = join(other.folder, 'gatewright.toml');
    const [http, https] = await freePorts(2);
    await writeFile(file, `version = 1
data = "data"
[listen]
http = ["127.0.0.1:${http}"]
https = []
[authentication]
host = "auth.gatewright.localhost"
[portal]
host = "portal.gatewright.localhost"
`);
    const refused = await run(BINARY, ['up', '-c', file]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /demo/);
    await chmod(other.data, 0o755);
    const open = await run(BINARY, other.args);
    assert.notEqual(open.code, 0);
    assert.match(open.stderr, /700|others/);
    await rm(other.folder, { recursive: true, force: true });
  });

  test('a person with a live page is told why at the next page after a change', async () => {
    const bo = await Visitor.arrive(gateway);
    await bo.signInByLink(await gateway.secureLink('bo'));
    assert.equal((await bo.navigate(`${gateway.secure('reports')}/`)).status, 200);
    await gateway.json('user', 'disable', 'bo');
    const answer = await until('he is told', async () => {
      const page = await bo.navigate(`${gateway.secure('reports')}/`);
      return /switched off/.test(page.body) && page;
    });
    assert.ok([401, 403, 200].includes(answer.status));
    await gateway.json('user', 'enable', 'bo');
  });
});
