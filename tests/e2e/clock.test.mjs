// A clock that is set back and forward, while the gateway runs and between runs: what expired stays expired.

import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startOrganisation } from './lib/gateway.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor } from './lib/visitor.mjs';

const HOUR = 3_600_000;
const POLICIES = {
  'app.cedar': `@id("app-for-people")
permit (principal is User, action == Action::"http.request", resource in App::"app");

@id("timed-for-people")
permit (principal is User, action == Action::"http.request", resource in App::"timed")
when { context.time.hour >= 0 };
`,
};

describe('a clock that is set', () => {
  let upstream, gateway, ana, app, timed;

  /** Sets the clock of the gateway alone: milliseconds from the true time. */
  async function set(milliseconds) {
    const file = join(gateway.folder, 'clock');
    await writeFile(`${file}.new`, String(milliseconds));
    await rename(`${file}.new`, file);
  }

  beforeEach(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      config: '[lifetimes]\nsession = "12h"\nsession_idle = "12h"\n',
      apps: [{ name: 'app', upstream: upstream.url }, { name: 'timed', upstream: upstream.url }],
      policies: POLICIES,
      prepare: async (gateway) => {
        gateway.env = { GATEWRIGHT_TEST_CLOCK: join(gateway.folder, 'clock') };
        await writeFile(join(gateway.folder, 'clock'), '0');
      },
    });
    app = gateway.secure('app');
    timed = gateway.secure('timed');
    await gateway.addUser('ana');
    ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.link('ana'));
    for (const url of [app, timed]) assert.equal((await ana.navigate(`${url}/`)).status, 200);
  });

  afterEach(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  const status = async (url) => (await ana.request(`${url}/`)).status;
  const isFaulty = () => until('the clock is at fault', async () => (await gateway.cli('clock', 'show')).code === 1);

  for (const [how, by] of [['forward', 24 * HOUR], ['back', -24 * HOUR]]) {
    test(`${how} while it runs: lifetimes go on, policies on the time of day deny until it agrees`, async () => {
      await set(by);
      await isFaulty();
      assert.equal(await status(app), 200, 'a session neither ends nor is prolonged by it');
      await until('what asks for the time of day is refused', async () => (await status(timed)) === 403);
      await until('it is in the ledger', async () => (await gateway.cli('log', 'show')).stdout.includes('the clock jumped by'));
      await set(0);
      await until('what asks for the time of day is answered', async () => (await status(timed)) === 200);
      const shown = await gateway.cli('clock', 'show');
      assert.equal(shown.code, 0, shown.stdout + shown.stderr);
      assert.equal((await gateway.json('log', 'verify')).ok, true);
    });
  }

  test('a small step is followed without anybody being refused', async () => {
    await set(20_000);
    for (let n = 0; n < 20; n += 1) {
      assert.equal(await status(timed), 200);
      assert.equal((await gateway.cli('clock', 'show')).code, 0);
    }
  });

  test('back between two runs: what expired before stays expired', async () => {
    const link = await gateway.link('ana');
    await gateway.child.stop();
    await set(13 * HOUR);
    await gateway.start();
    assert.notEqual(await status(app), 200, 'her session is over');
    await gateway.child.stop();
    await set(0);
    await gateway.start();
    assert.equal((await gateway.cli('clock', 'show')).code, 1, 'it is said that the clock is behind');
    assert.notEqual(await status(app), 200, 'her session stays over');
    const page = await (await Visitor.arrive(gateway)).navigate(link);
    assert.doesNotMatch(page.body, /<form/, 'and so does the link');
  });

  test('an operator who confirms a clock that goes back ends what would live longer', async () => {
    await gateway.child.stop();
    await set(24 * HOUR);
    await gateway.start();
    await ana.signInByLink(await gateway.link('ana'));
    assert.equal((await ana.navigate(`${app}/`)).status, 200);
    await set(0);
    await isFaulty();
    const { moved, ended } = await gateway.json('clock', 'confirm');
    assert.deepEqual([moved, ended > 0], ['back', true]);
    assert.equal((await gateway.cli('clock', 'show')).code, 0);
    assert.notEqual(await status(app), 200, 'her session was ended');
    const again = await Visitor.arrive(gateway);
    await again.signInByLink(await gateway.link('ana'));
    assert.equal((await again.navigate(`${timed}/`)).status, 200);
    await gateway.crashAndRestart();
    assert.equal((await gateway.cli('clock', 'show')).code, 0, 'the time that was confirmed is kept');
    assert.equal((await again.request(`${timed}/`)).status, 200);
  });

  test('an operator who confirms a clock that goes forward ends nothing that still has time', async () => {
    await set(2 * HOUR);
    await isFaulty();
    const { moved, ended } = await gateway.json('clock', 'confirm');
    assert.deepEqual([moved, ended], ['forward', 0]);
    assert.equal(await status(timed), 200);
    assert.equal((await gateway.cli('clock', 'show')).code, 0);
  });
});
