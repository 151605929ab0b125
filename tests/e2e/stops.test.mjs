// How a gateway ends, whenever it is told to; and what it does not share with another.

import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Child, run } from './lib/child.mjs';
import { BINARY, startOrganisation } from './lib/gateway.mjs';
import { seeded } from './lib/random.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { BROKEN_OFF, Visitor } from './lib/visitor.mjs';

const POLICY = '@id("app-for-people")\npermit (principal is User, action == Action::"http.request", resource in App::"app");\n';
const EARLY_STOPS = 8;

describe('a stop', () => {
  let upstream, gateway, ana, url;

  beforeEach(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      config: 'drain = "30s"\n',
      apps: [{ name: 'app', upstream: upstream.url }],
      policies: { 'app.cedar': POLICY },
    });
    url = gateway.secure('app');
    await gateway.addUser('ana');
    ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.link('ana'));
    assert.equal((await ana.navigate(`${url}/`)).status, 200);
  });

  afterEach(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  const verified = async () => assert.equal((await gateway.json('log', 'verify')).ok, true);

  test('in the middle of starting ends it in order, and the next start finds everything', async (t) => {
    await gateway.child.stop();
    const random = seeded();
    t.diagnostic(`SEED=${random.seed}`);
    for (let n = 0; n < EARLY_STOPS; n += 1) {
      const child = new Child(BINARY, gateway.args, { env: { ...process.env, NO_COLOR: '1' } });
      await new Promise((resolve) => setTimeout(resolve, random.between(0, 400)));
      const { code, signal } = await child.stop('SIGTERM');
      assert.ok(code === 0 || signal === 'SIGTERM', `it ended with ${code ?? signal}:\n${child.output}`);
      assert.doesNotMatch(child.output, /panicked/);
    }
    await gateway.start();
    assert.equal((await ana.request(`${url}/after`)).status, 200);
    await verified();
  });

  test('in the middle of changes keeps each that was acknowledged', async () => {
    const acknowledged = [];
    const adding = [0, 1, 2].map(async (worker) => {
      for (let n = 0; ; n += 1) {
        const name = `p-${worker}-${n}`;
        if ((await gateway.cli('user', 'add', name)).code !== 0) return;
        acknowledged.push(name);
      }
    });
    await until('some are added', () => acknowledged.length >= 10);
    const { code } = await gateway.child.stop('SIGTERM');
    await Promise.all(adding);
    assert.equal(code, 0);
    await gateway.start();
    const { items } = await gateway.json('user', 'list');
    const names = new Set(items.map((user) => user.name));
    for (const name of acknowledged) assert.ok(names.has(name), name);
    await verified();
  });

  test('said twice does not wait for what is open', async () => {
    const stream = ana.openStream(`${url}/events`, '--http1.1');
    await stream.said('open');
    gateway.child.process.kill('SIGTERM');
    await until('nothing new is taken', () => ana.request(`${url}/new`).then(() => false, () => true));
    assert.equal(stream.over, false, 'what is open may end by itself');
    const began = performance.now();
    const { code } = await gateway.child.stop('SIGTERM');
    assert.equal(code, 0);
    assert.ok(performance.now() - began < 15_000, 'half of the time that it would have been given');
    assert.ok(BROKEN_OFF.includes(await stream.ended), 'it breaks off, it does not end');
    await gateway.start();
    assert.equal((await ana.request(`${url}/after`)).status, 200);
    await verified();
  });

  test('a second one on the same data folder is refused, and the first goes on', async () => {
    const second = await run(BINARY, gateway.args, { env: { ...process.env, NO_COLOR: '1' } });
    assert.notEqual(second.code, 0);
    assert.match(second.stderr + second.stdout, new RegExp(`in use by process ${gateway.pid}: stop that one first`));
    assert.equal((await ana.request(`${url}/still`)).status, 200);
    await gateway.json('user', 'list');
  });

  test('a data folder that is moved away stops it with a word, and nothing is lost once it is back', async () => {
    await rename(gateway.data, `${gateway.data}-away`);
    const { code } = await gateway.child.ended;
    assert.equal(code, 1);
    assert.match(gateway.child.output, /moved or removed while it ran/);
    await rename(`${gateway.data}-away`, gateway.data);
    await gateway.start();
    assert.equal((await ana.request(`${url}/after`)).status, 200);
    await verified();
  });
});
