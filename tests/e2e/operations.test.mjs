// For those who keep it running: health, readiness and numbers while people are served, while a disk does not
// answer, and while it stops.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startOrganisation } from './lib/gateway.mjs';
import { stubbornDisk } from './lib/machine.mjs';
import { freePorts } from './lib/ports.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor } from './lib/visitor.mjs';

const POLICIES = {
  'app.cedar': `@id("app-for-people")
permit (principal is User, action == Action::"http.request", resource in App::"app");
`,
};

describe('for those who keep it running', () => {
  let upstream, gateway, disk, told, ana;

  beforeEach(async () => {
    upstream = await startUpstream();
    const [port] = await freePorts(1);
    told = `http://127.0.0.1:${port}`;
    gateway = await startOrganisation({
      config: `drain = "30s"\n[operations]\nlisten = ["127.0.0.1:${port}"]\n`,
      apps: [
        { name: 'app', upstream: upstream.url },
        { name: 'closed', upstream: upstream.url },
      ],
      policies: POLICIES,
      prepare: async (gateway) => {
        disk = await stubbornDisk(gateway.folder);
        gateway.env = disk.env;
      },
    });
    await gateway.addUser('ana');
    ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.link('ana'));
  });

  afterEach(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  async function state(path) {
    const answer = await fetch(`${told}${path}`);
    return { status: answer.status, ...(await answer.json()) };
  }

  /** The sum of the numbers of one name whose labels have all of these. */
  async function number(name, labels = {}) {
    const page = await (await fetch(`${told}/metrics`)).text();
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const lines = page.split('\n').filter((line) => /^[a-z_]+/.exec(line)?.[0] === name && wanted.every((one) => line.includes(one)));
    assert.notEqual(lines.length, 0, `${name} in:\n${page}`);
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  const reaches = (name, labels, least) => until(`${name} reaches ${least}`, async () => (await number(name, labels)) >= least);

  test('what people do is counted, and no word of theirs is told', async () => {
    const allowed = await number('gatewright_decisions_total', { outcome: 'allowed' });
    for (let n = 0; n < 3; n += 1) assert.equal((await ana.navigate(`${gateway.secure('app')}/a-page-of-anas`)).status, 200);
    await reaches('gatewright_decisions_total', { outcome: 'allowed' }, allowed + 3);
    assert.equal((await ana.navigate(`${gateway.secure('closed')}/`)).status, 403);
    await reaches('gatewright_decisions_total', { outcome: 'denied' }, 1);
    await reaches('gatewright_questions_total', { outcome: 'allowed' }, 2);
    await reaches('gatewright_sessions', {}, 1);
    const stream = ana.openStream(`${gateway.secure('app')}/events`);
    await stream.said('open');
    await reaches('gatewright_leases_open', {}, 1);
    await stream.hangUp();
    await reaches('gatewright_ledger_bytes', { log: 'control' }, 1);
    const days = (await number('gatewright_certificate_expires_in_seconds', { name: `*.${gateway.domain}` })) / 86_400;
    assert.ok(days > 1 && days < 2.1, `${days} days`);
    const { id } = await gateway.user('ana');
    const page = await (await fetch(`${told}/metrics`)).text();
    for (const word of ['ana', id, 'a-page-of-anas', '127.0.0.1']) assert.ok(!page.includes(`"${word}`), word);
  });

  test('a disk that does not answer is told as not ready, and the process is healthy all the while', async () => {
    assert.deepEqual(await state('/readyz'), { status: 200, ready: true, faults: [] });
    await disk.hold();
    const unready = await until('it is not ready', async () => {
      const { status, faults } = await state('/readyz');
      return status === 503 && faults.some(({ part }) => part === 'ledger') && faults.some(({ part }) => part === 'store') && faults;
    }, 60_000);
    assert.equal(await number('gatewright_store_writable'), 0);
    assert.deepEqual(await state('/healthz'), { status: 200, healthy: true, faults: [] }, JSON.stringify(unready));
    await disk.release();
    await until('it is ready again', async () => (await state('/readyz')).ready, 30_000);
  });

  test('while it stops it is healthy, and nobody should be sent to it', async () => {
    await ana.navigate(`${gateway.secure('app')}/`);
    const stream = ana.openStream(`${gateway.secure('app')}/events`, '--http1.1');
    await stream.said('open');
    gateway.child.process.kill('SIGTERM');
    const { faults } = await until('it is not ready', async () => {
      const now = await state('/readyz');
      return now.status === 503 && now;
    });
    assert.deepEqual(faults, [{ part: 'process', what: 'it is stopping' }]);
    assert.equal((await state('/healthz')).status, 200);
    assert.equal(stream.over, false);
  });
});
