// What strangers do to the door, and what a person who is signed in feels of it: nothing that fails.

import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from './lib/child.mjs';
import { startUpstream } from './lib/upstream.mjs';

const ROOT = new URL('../../', import.meta.url).pathname;
const FILES = 300;

/** The binary with few open files. */
async function poorBinary(folder) {
  const real = process.env.GATEWRIGHT ?? join(ROOT, 'target/debug/gatewright');
  const file = join(folder, 'gatewright');
  await writeFile(file, `#!/bin/sh\nulimit -n ${FILES}\nexec ${real} "$@"\n`);
  await chmod(file, 0o755);
  return file;
}

describe('with few open files', () => {
  let folder, upstream, gateway, cookie, ca;
  const strangers = new Set();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewright-e2e-'));
    process.env.GATEWRIGHT = await poorBinary(folder);
    const { startOrganisation } = await import('./lib/gateway.mjs');
    const { Visitor } = await import('./lib/visitor.mjs');
    upstream = await startUpstream();
    gateway = await startOrganisation({
      config: 'threads = 1\n',
      apps: [{ name: 'notes', upstream: upstream.url }],
      policies: {
        'notes.cedar': '@id("notes-for-people")\npermit (principal is User, action == Action::"http.request", resource in App::"notes");\n',
      },
    });
    await gateway.addUser('ana');
    const ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.link('ana'));
    assert.equal((await ana.navigate(`${gateway.secure('notes')}/`)).status, 200);
    cookie = `__Host-gw-session=${await ana.cookie(`notes.${gateway.domain}`, '__Host-gw-session')}`;
    ca = await readFile(gateway.authority);
  });

  after(async () => {
    for (const stranger of strangers) stranger.destroy();
    await gateway?.stop();
    await upstream?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** One request of the person; the status. */
  const ask = (agent) =>
    new Promise((resolve, reject) => {
      const host = `notes.${gateway.domain}`;
      const options = { agent, ca, host: '127.0.0.1', port: gateway.ports.https, servername: host, path: '/page', timeout: 15_000 };
      const request = https.get({ ...options, headers: { host: `${host}:${gateway.ports.https}`, cookie } }, (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode));
      });
      request.once('timeout', () => request.destroy(new Error('no answer')));
      request.once('error', reject);
    });

  const keeping = () => new https.Agent({ keepAlive: true, maxSockets: 1 });
  const files = async () => (await readdir(`/proc/${gateway.pid}/fd`)).length;

  const stranger = (number) =>
    new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: gateway.ports.https, localAddress: `127.0.1.${1 + (number % 200)}` });
      strangers.add(socket);
      socket.once('error', () => {});
      socket.once('connect', resolve);
      socket.once('close', () => resolve(strangers.delete(socket)));
    });

  test('connections of strangers that say nothing leave room for who is signed in', async () => {
    const agent = keeping();
    assert.equal(await ask(agent), 200);
    for (let number = 0; number < 2 * FILES; number += 1) {
      await stranger(number);
      if (number % 50 === 0) assert.equal(await ask(new https.Agent()), 200, 'a connection of its own');
    }
    assert.equal(await ask(agent), 200, 'the connection that was there');
    assert.ok((await files()) < FILES, 'open files are left');
    agent.destroy();
  });
});

describe('a storm', () => {
  test('of every attack at once fails no request of a person who is signed in', async () => {
    const built = await run('cargo', ['build', '--locked', '--quiet', '--package', 'gw-storm'], { cwd: ROOT });
    assert.equal(built.code, 0, built.stderr);
    const binary = join(ROOT, 'target/debug/gatewright');
    const storm = await run(join(ROOT, 'target/debug/gw-storm'), ['--soak', '20', '--json', '--gatewright', binary]);
    assert.equal(storm.code, 0, storm.stderr);
    const row = JSON.parse(storm.stdout);
    assert.equal(row.person_failed, 0);
    assert.ok(row.person_requests > 100, storm.stdout);
  });
});
