// Two gibibytes each way through the gateway: whole, and in constant memory.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startOrganisation } from './lib/gateway.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor } from './lib/visitor.mjs';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const TOTAL = 2 * GIB;
const GROWTH = 48 * MIB;

/** The highest resident memory seen while something runs. */
async function highWater(gateway, work) {
  let highest = await gateway.memory();
  let running = true;
  const watch = (async () => {
    while (running) {
      highest = Math.max(highest, await gateway.memory());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  try {
    return { result: await work(), get highest() { return highest; } };
  } finally {
    running = false;
    await watch;
  }
}

describe('two gibibytes', () => {
  let upstream, gateway, ana;

  before(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      apps: [{ name: 'files', upstream: upstream.url }],
      policies: {
        'files.cedar': '@id("files-for-people")\npermit (principal is User, action == Action::"http.request", resource in App::"files");\n',
      },
    });
    await gateway.addUser('ana');
    ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.link('ana'));
    assert.equal((await ana.navigate(`${gateway.secure('files')}/`)).status, 200);
    await ana.request(`${gateway.secure('files')}/download?bytes=${64 * MIB}`, '--output', '/dev/null');
  });

  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  for (const flag of ['--http1.1', '--http2']) {
    test(`are downloaded whole in constant memory with curl ${flag}`, async (t) => {
      const start = await gateway.memory();
      const seen = await highWater(gateway, () =>
        ana.request(`${gateway.secure('files')}/download?bytes=${TOTAL}`, flag, '--max-time', '300', '--no-include', '--output', '/dev/null'));
      assert.equal(seen.result.status, 200);
      assert.equal(seen.result.downloaded, TOTAL);
      t.diagnostic(`memory grew by ${((seen.highest - start) / MIB).toFixed(1)} MiB to ${(seen.highest / MIB).toFixed(1)} MiB`);
      assert.ok(seen.highest - start < GROWTH, `memory grew by ${(seen.highest - start) / MIB} MiB`);
    });

    test(`are uploaded whole in constant memory with curl ${flag}`, async (t) => {
      const start = await gateway.memory();
      const seen = await highWater(gateway, () => ana.upload(`${gateway.secure('files')}/upload`, TOTAL, flag));
      assert.equal(seen.result.status, 200, seen.result.body);
      assert.equal(seen.result.json.body, TOTAL);
      t.diagnostic(`memory grew by ${((seen.highest - start) / MIB).toFixed(1)} MiB to ${(seen.highest / MIB).toFixed(1)} MiB`);
      assert.ok(seen.highest - start < GROWTH, `memory grew by ${(seen.highest - start) / MIB} MiB`);
    });
  }

  test('a download that nobody reads does not fill memory', async (t) => {
    const start = await gateway.memory();
    const reader = await ana.readSlowly(`${gateway.secure('files')}/download?bytes=${TOTAL}`);
    await reader.stalled();
    const grown = (await gateway.memory()) - start;
    reader.hangUp();
    t.diagnostic(`memory grew by ${(grown / MIB).toFixed(1)} MiB`);
    assert.ok(grown < GROWTH, `memory grew by ${grown / MIB} MiB`);
  });
});
