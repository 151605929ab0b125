// kill -9 and start again: sessions are kept, what was recorded is there, and the log verifies.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startOrganisation } from './lib/gateway.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor } from './lib/visitor.mjs';

const ROUNDS = 3;
const REQUESTS = 20;

describe('kill -9', () => {
  let upstream, gateway, ana, url;

  before(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      apps: [{ name: 'notes', upstream: upstream.url }],
      policies: {
        'notes.cedar': '@id("notes-for-people")\npermit (principal is User, action == Action::"http.request", resource in App::"notes");\n',
      },
    });
    url = gateway.secure('notes');
    await gateway.addUser('ana');
    ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.link('ana'));
    assert.equal((await ana.navigate(`${url}/`)).status, 200);
  });

  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  test('a session, and every record of what was let through, outlive the process', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: REQUESTS }, (_, i) => ana.ask(`${url}/round-${round}/request-${i}`)),
      );
      assert.deepEqual(answers.map((answer) => answer.status), Array(REQUESTS).fill(200));
      await gateway.crashAndRestart();
      assert.equal((await ana.request(`${url}/after-${round}`)).status, 200, 'the session is kept');
      const verified = await gateway.json('log', 'verify');
      assert.equal(verified.ok, true, JSON.stringify(verified));
    }
    const log = (await gateway.cli('log', 'show', '--json')).stdout;
    const passed = upstream.requests.filter((request) => request.url.startsWith('/round-'));
    assert.equal(passed.length, ROUNDS * REQUESTS);
    for (const { url: path } of passed) {
      assert.ok(log.includes(`"${path}"`), `${path} reached the app and is in the log`);
    }
  });

  test('a link that was spent before stays spent after', async () => {
    await gateway.addUser('bo');
    const link = await gateway.link('bo');
    const bo = await Visitor.arrive(gateway);
    await bo.signInByLink(link);
    await gateway.crashAndRestart();
    const thief = await Visitor.arrive(gateway);
    const page = await thief.navigate(link);
    assert.doesNotMatch(page.body, /<form/, 'a spent link offers no button');
    assert.equal(await thief.cookie(`auth.${gateway.domain}`, '__Host-gw-sso'), undefined);
  });

  test('a download that was under way ends as an error, not as a short file', async () => {
    const download = ana.request(`${url}/download?bytes=${8 * 2 ** 30}`, '--output', '/dev/null', '--no-include');
    const failed = assert.rejects(download, (error) => [18, 35, 52, 56, 92].includes(error.code));
    await upstream.arrived((request) => request.url.startsWith('/download'));
    await gateway.crashAndRestart();
    await failed;
  });
});
