// What is open ends when its grounds do: mid-stream, never looking like a normal end, and for nobody else.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, afterEach, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { startOrganisation } from './lib/gateway.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { BROKEN_OFF, Visitor } from './lib/visitor.mjs';

const GIB = 2 ** 30;

const POLICY = `@id("app-for-staff")
permit (principal is User in Group::"staff", action == Action::"http.request", resource in App::"app");
`;
const POLICY_WITHOUT_ANA = POLICY.replace(';', ' unless { principal.name == "ana" };');

describe('leases', () => {
  let upstream, gateway, url, bo, ana, authority;

  before(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      config: '[[group]]\nname = "staff"\n',
      apps: [{ name: 'app', upstream: upstream.url }],
      policies: { 'app.cedar': POLICY },
    });
    authority = await readFile(gateway.authority);
    url = gateway.secure('app');
    await gateway.addUser('ana', 'staff');
    await gateway.addUser('bo', 'staff');
    bo = await signedIn('bo');
  });

  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  beforeEach(async () => {
    ana = await signedIn('ana');
  });

  const grounds = {
    'a policy changes': {
      fall: () => writeFile(join(gateway.policies, 'app.cedar'), POLICY_WITHOUT_ANA),
      restore: async () => {
        await writeFile(join(gateway.policies, 'app.cedar'), POLICY);
        await until('the policy is back', async () => (await (await signedIn('ana')).request(`${url}/`)).status === 200);
      },
    },
    'the person is switched off': {
      fall: () => gateway.json('user', 'disable', 'ana'),
      restore: () => gateway.json('user', 'enable', 'ana'),
    },
    'an administrator ends the session': {
      fall: () => gateway.json('session', 'end', '--user', 'ana'),
      restore: () => {},
    },
  };

  for (const [what, { fall, restore }] of Object.entries(grounds)) {
    describe(`when ${what}`, () => {
      afterEach(async () => {
        await restore();
      });

      for (const flag of ['--http1.1', '--http2']) {
        test(`a download breaks off and another person's goes on (${flag})`, async () => {
          const hers = broken(ana.request(`${url}/download?bytes=${64 * GIB}`, flag, '--limit-rate', '20M', '--output', '/dev/null', '--no-include'));
          const his = bo.openStream(`${url}/events`, flag);
          await his.said('open');
          await upstream.arrived((r) => r.url.includes(`bytes=${64 * GIB}`));
          await fall();
          assert.ok(BROKEN_OFF.includes(await hers));
          assert.equal(his.over, false, "Bo's stream goes on");
          await his.hangUp();
          upstream.requests.length = 0;
        });
      }

      test('an event stream is cut, not ended', async () => {
        const stream = ana.openStream(`${url}/events`, '--http1.1');
        await stream.said('open');
        await fall();
        assert.ok(BROKEN_OFF.includes(await stream.ended), `curl ended with ${await stream.ended}`);
      });

      test('a WebSocket is closed with 1008 and a reason, and the upstream half with it', async () => {
        const socket = await openSocket(ana);
        const upstreamSocket = upstream.sockets.at(-1);
        await fall();
        const { code, reason } = await socket.closed;
        assert.equal(code, 1008);
        assert.ok(reason.length > 0);
        await until('the upstream half is dropped', () => upstreamSocket.readyState === WebSocket.CLOSED);
      });

      test('a client that has stopped reading is cut too', async () => {
        const reader = await ana.readSlowly(`${url}/download?bytes=${64 * GIB}`);
        await reader.stalled();
        const open = upstream.downloads.size;
        assert.ok(open > 0);
        await fall();
        await until('the upstream half is dropped', () => upstream.downloads.size === open - 1);
        reader.resume();
        assert.ok(BROKEN_OFF.includes(await reader.ended));
      });

      test('the next request is refused', async () => {
        assert.equal((await ana.request(`${url}/`)).status, 200);
        await fall();
        await until('she is refused', async () => [401, 403].includes((await ana.request(`${url}/`)).status));
        assert.equal((await bo.request(`${url}/`)).status, 200);
      });
    });
  }

  /** The exit code of a curl that is to fail. */
  async function broken(request) {
    const failure = await request.then(
      (answer) => assert.fail(`it ended as if whole: ${answer.status}, ${answer.downloaded} bytes`),
      (error) => error,
    );
    return failure.code;
  }

  async function signedIn(name) {
    const visitor = await Visitor.arrive(gateway);
    await visitor.signInByLink(await gateway.link(name));
    assert.equal((await visitor.navigate(`${url}/`)).status, 200);
    return visitor;
  }

  async function openSocket(visitor) {
    const host = `app.${gateway.domain}`;
    const cookie = await visitor.cookie(host, '__Host-gw-session');
    const socket = new WebSocket(`wss://${host}:${gateway.ports.https}/live`, {
      ca: authority,
      lookup: (_name, options, answer) =>
        options.all ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4),
      headers: { cookie: `__Host-gw-session=${cookie}`, origin: url },
    });
    const closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    await new Promise((resolve, reject) => {
      socket.once('message', resolve);
      socket.once('error', reject);
    });
    return { socket, closed };
  }
});
