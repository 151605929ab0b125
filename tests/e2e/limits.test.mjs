// What strangers do to the door, or one person, and what others who are signed in feel of it: nothing that fails.

import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as secure } from 'node:tls';
import { run } from './lib/child.mjs';
import { until } from './lib/until.mjs';
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

const folder = await mkdtemp(join(tmpdir(), 'gatewright-e2e-'));
process.env.GATEWRIGHT = await poorBinary(folder);
const { startOrganisation } = await import('./lib/gateway.mjs');
const { Visitor } = await import('./lib/visitor.mjs');
after(() => rm(folder, { recursive: true, force: true }));

describe('with few open files', () => {
  let upstream, gateway, cookie, ca;
  const strangers = new Set();

  before(async () => {
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

describe('one person', () => {
  const SEATS = 64;
  let upstream, gateway, ca, ana, bo;
  const held = new Set();

  before(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      config: `threads = 1\n[limits]\nconnections = ${SEATS}\nrequests_per_person = 50\nexchanges_per_person = 0\n`,
      apps: [{ name: 'notes', upstream: upstream.url }],
      policies: {
        'notes.cedar': '@id("notes-for-people")\npermit (principal is User, action == Action::"http.request", resource in App::"notes");\n',
      },
    });
    ca = await readFile(gateway.authority);
    [ana, bo] = [await cookieOf('ana'), await cookieOf('bo')];
  });

  after(async () => {
    for (const socket of held) socket.destroy();
    await gateway?.stop();
    await upstream?.stop();
  });

  async function cookieOf(name) {
    await gateway.addUser(name);
    const visitor = await Visitor.arrive(gateway);
    await visitor.signInByLink(await gateway.link(name));
    assert.equal((await visitor.navigate(`${gateway.secure('notes')}/`)).status, 200);
    return `__Host-gw-session=${await visitor.cookie(`notes.${gateway.domain}`, '__Host-gw-session')}`;
  }

  const head = (cookie) => {
    const host = `notes.${gateway.domain}:${gateway.ports.https}`;
    return `GET /page HTTP/1.1\r\nHost: ${host}\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}\r\n`;
  };

  /** A connection that is kept. */
  const open = () =>
    new Promise((resolve, reject) => {
      const servername = `notes.${gateway.domain}`;
      const socket = secure({ host: '127.0.0.1', port: gateway.ports.https, servername, ca, ALPNProtocols: ['http/1.1'] });
      held.add(socket);
      socket.once('secureConnect', () => resolve(socket));
      socket.once('close', () => reject(held.delete(socket)));
      socket.on('error', () => {});
    });

  /** Requests on a connection, all at once; the statuses of what was answered until it ended. */
  const ask = (socket, cookie, count = 1) =>
    new Promise((resolve) => {
      const statuses = [];
      let rest = '';
      const done = () => {
        socket.off('data', more).off('close', done);
        resolve(statuses);
      };
      const more = (chunk) => {
        rest += chunk.toString('latin1');
        const found = [...rest.matchAll(/HTTP\/1\.1 (\d{3}) /g)];
        statuses.push(...found.map(([, status]) => Number(status)));
        const last = found.at(-1);
        rest = rest.slice(Math.max(last ? last.index + last[0].length : 0, rest.length - 12));
        if (statuses.length >= count) done();
      };
      socket.on('data', more).once('close', done);
      if (socket.destroyed) done();
      else socket.write(head(cookie).repeat(count));
    });

  /** One request with a connection of its own, which is kept. */
  async function fresh(cookie) {
    const socket = await open();
    const [status] = await ask(socket, cookie);
    return { socket, status };
  }

  test('who holds all connections keeps nobody else out, and nothing once they are switched off', async () => {
    const bos = [];
    for (let number = 0; number < 2 * SEATS; number += 1) bos.push((await fresh(bo)).socket);
    assert.ok(bos.filter((socket) => !socket.destroyed).length >= SEATS - 8, 'he has most of them');
    for (let number = 0; number < 8; number += 1) assert.equal((await fresh(ana)).status, 200, 'another person');
    await cookieOf('cem');
    assert.equal((await gateway.cli('user', 'disable', 'bo')).code, 0);
    const left = bos.filter((socket) => !socket.destroyed);
    const told = await Promise.all(left.map((socket) => ask(socket, undefined)));
    assert.ok(told.flat().every((status) => status === 401), JSON.stringify(told));
    const anas = [];
    for (let number = 0; number < SEATS / 2; number += 1) anas.push(await fresh(ana));
    assert.deepEqual([...new Set(anas.map(({ status }) => status))], [200]);
    const again = await Promise.all(anas.map(({ socket }) => ask(socket, ana)));
    assert.deepEqual(again.flat(), anas.map(() => 200), 'they stay');
    for (const socket of held) socket.destroy();
  });

  test('who asks as fast as anything goes fills no ledger and holds up nobody else', async () => {
    const dan = await cookieOf('dan');
    const flood = await open();
    const answers = await ask(flood, dan, 4000);
    assert.equal(answers.length, 4000);
    const letIn = answers.filter((status) => status === 200).length;
    assert.ok(letIn >= 400 && letIn < 2000, `${letIn} were let in`);
    assert.equal(answers.filter((status) => status === 429).length, 4000 - letIn);
    assert.equal((await fresh(ana)).status, 200);
    const records = async () => {
      const { stdout } = await gateway.cli('log', 'show', '--json');
      const all = stdout.trim().split('\n').map((line) => JSON.parse(line));
      const of = (kind) => all.filter((record) => record.kind === kind && record.personal?.user === 'dan');
      return { exchanges: of('exchange').length, counted: of('refused').reduce((sum, { count }) => sum + count, 0) };
    };
    const { exchanges } = await until('what came too fast is summed up', async () => {
      const seen = await records();
      return seen.counted === 4000 - letIn && seen;
    });
    assert.ok(exchanges >= letIn && exchanges < letIn + 20, `${exchanges} are recorded one by one`);
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
