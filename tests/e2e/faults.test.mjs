// What the machine may do to a gateway: docs/faults.md, row by row.

import assert from 'node:assert/strict';
import { mkdir, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { Child, run } from './lib/child.mjs';
import { BINARY, ONE_PERSON_ASKS_MUCH, startOrganisation } from './lib/gateway.mjs';
import { descriptors, fill, limitDescriptors, mountExt4, mountMemory, opened, skip, stubbornDisk } from './lib/machine.mjs';
import { Traffic } from './lib/traffic.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor } from './lib/visitor.mjs';

const POLICY = '@id("app-for-people")\npermit (principal is User, action == Action::"http.request", resource in App::"app");\n';
const LEDGER = 'threads = 1\n[ledger]\nsegment_size = "1MiB"\n';
/** Personal fields fill a segment sooner than records: few requests take it. */
const LONG = 'x'.repeat(3000);
/** More lines than this in one test would be a storm. */
const LINES = 60;

describe('faults of the machine', { skip }, () => {
  let upstream, gateway, disk, stubborn, ana, traffic, url, lines;

  async function begin({ config = LEDGER, mount = (at) => mountMemory(at, 24) } = {}) {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      config: `${config}${ONE_PERSON_ASKS_MUCH}`,
      apps: [{ name: 'app', upstream: upstream.url }],
      policies: { 'app.cedar': POLICY },
      prepare: async (gateway) => {
        await mkdir(gateway.data, { mode: 0o700 });
        disk = await mount(gateway.data, join(gateway.folder, 'disk.img'));
        await run('chmod', ['0700', gateway.data]);
        stubborn = await stubbornDisk(gateway.folder);
        gateway.env = stubborn.env;
      },
    });
    url = gateway.secure('app');
    await gateway.addUser('ana');
    ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.link('ana'));
    assert.equal((await ana.navigate(`${url}/`)).status, 200);
    traffic = await Traffic.of(ana, 'app', 1);
    lines = gateway.child.lines.length;
  }

  afterEach(async () => {
    traffic?.close();
    await gateway?.child?.stop();
    await disk?.unmount().catch(() => {});
    if (gateway) await rm(gateway.folder, { recursive: true, force: true });
    await upstream?.stop();
    traffic = gateway = disk = upstream = undefined;
  });

  const ask = async (path = `/${LONG}`) => (await traffic.ask(path)).status;

  /** Asks until a request is answered with another status than 200; gives it, with how many there were before. */
  async function untilRefused(atMost = 5000) {
    for (let before = 0; before < atMost; before += 1) {
      const answer = await traffic.ask(`/${LONG}`);
      if (answer.status !== 200) return { ...answer, before };
    }
    throw new Error(`${atMost} requests were let through`);
  }

  /** Adds people until that is refused; gives what was said. */
  async function untilNobodyCanBeAdded(atMost = 400) {
    for (let n = 0; n < atMost; n += 1) {
      const said = await gateway.cli('user', 'add', `filling-${n}`);
      if (said.code !== 0) return { ...said, added: n };
    }
    throw new Error(`${atMost} people were added`);
  }

  /** What a gateway says that does not start. */
  async function refusedStart() {
    const child = new Child(BINARY, gateway.args, { env: { ...process.env, NO_COLOR: '1' } });
    await until('it ends', () => child.end);
    assert.ok(child.end.code > 0, JSON.stringify(child.end));
    return child.output;
  }

  const alive = () => assert.equal(gateway.child.end, undefined, gateway.child.output);

  function noStorm(most = LINES) {
    const said = gateway.child.lines.slice(lines);
    assert.ok(said.length < most, `${said.length} lines:\n${said.slice(0, 8).join('\n')}`);
    assert.doesNotMatch(said.join('\n'), /panicked/);
  }

  async function verified() {
    const { ok, logs } = await gateway.json('log', 'verify');
    assert.equal(ok, true, JSON.stringify(logs));
  }

  /** What reached the app without being recorded. */
  async function unrecorded() {
    const { stdout } = await gateway.cli('log', 'show', '--json');
    const recorded = [...stdout.matchAll(/"path":"([^"]*)"/g)].length;
    return Math.max(0, upstream.requests.length - recorded);
  }

  test('disk full: what cannot be recorded is refused, people who are connected stay, and it heals by itself', async () => {
    await begin();
    const open = ana.openStream(`${url}/events`, '--http1.1');
    await open.said('open');
    const { free } = await fill(gateway.data);
    const refused = await untilRefused();
    assert.equal(refused.status, 503, refused.body);
    assert.ok(refused.before > 100, 'what was reserved is used first');
    const said = await untilNobodyCanBeAdded();
    assert.match(said.stderr, /No space|full|cannot be reserved|could not be recorded/);
    const bo = await Visitor.arrive(gateway);
    assert.equal((await bo.navigate(`${gateway.secure('auth')}/`)).status < 500, true, 'the page for strangers is shown');
    for (let n = 0; n < 200; n += 1) assert.equal(await ask(), 503);
    assert.equal(open.over, false, 'what is open goes on');
    alive();
    noStorm();

    await free();
    await until('requests are let through again', async () => (await ask('/again')) === 200);
    await until('people can be added again', async () => (await gateway.cli('user', 'add', 'bo')).code === 0);
    await bo.signInByLink(await gateway.link('bo'));
    assert.equal((await bo.navigate(`${url}/of-bo`)).status, 200);
    assert.equal(open.over, false);
    await open.hangUp();
    alive();
    await verified();
    assert.equal(await unrecorded(), 0);
    await gateway.crashAndRestart();
    await verified();
    const { items } = await gateway.json('user', 'list');
    assert.equal(items.length, 2 + said.added, 'who was acknowledged is there, who was refused is not');
  });

  test('disk full: a sealed way in opens all the same, and what is done by it is recorded', async () => {
    const administration = `${LEDGER}[administration]\nhost = "admin.e2e.localhost"\n`;
    await begin({ config: administration, mount: (at, image) => mountExt4(at, image, 96) });
    const sealed = await gateway.json('break-glass', 'seal', '--label', 'safe');
    await until('space is set aside', async () => (await stat(join(gateway.data, 'set-aside')).catch(() => {}))?.size > 0);
    const { free } = await fill(gateway.data);
    await untilRefused();
    await untilNobodyCanBeAdded();

    const admin = gateway.secure('admin');
    const stranger = await Visitor.arrive(gateway);
    const page = await stranger.navigate(`${gateway.secure('auth')}/break-glass`);
    const inside = await stranger.submit(page, { code: sealed.code });
    assert.equal(new URL(inside.url).origin, admin, `${inside.url} ${inside.body}`);
    const me = await stranger.request(`${admin}/v1/me`);
    assert.equal(me.status, 200, me.body);
    assert.equal(me.json.name, 'break-glass');
    const sent = ['-H', 'Content-Type: application/json', '-H', `Origin: ${admin}`, '-H', 'Sec-Fetch-Site: same-origin'];
    const disabled = await stranger.request(`${admin}/v1/users/ana/disable`, '--request', 'POST', ...sent);
    assert.equal(disabled.status, 200, disabled.body);
    for (let n = 0; n < 50; n += 1) assert.equal((await stranger.request(`${admin}/v1/users`)).status, 200);
    alive();

    await free();
    await until('people can be added again', async () => (await gateway.cli('user', 'add', 'bo')).code === 0);
    await verified();
    const { items } = await gateway.json('break-glass', 'list');
    assert.equal(items[0].used.user, 'break-glass');
    const { stdout } = await gateway.cli('log', 'show', '--json');
    for (const told of ['signed in by breaking the glass', 'user disabled', '/v1/users/ana/disable']) assert.ok(stdout.includes(told), told);
    await gateway.crashAndRestart();
    await verified();
    assert.equal((await gateway.json('user', 'list')).items.find((user) => user.name === 'ana').disabled, true);
  });

  test('disk full, with `when_unwritable = "allow"`: requests go on, and it is said', async () => {
    await begin({ config: `${LEDGER}when_unwritable = "allow"\n` });
    const { free } = await fill(gateway.data);
    const said = (words) => gateway.child.lines.some((line) => line.includes(words));
    for (let n = 0; !said('let through unrecorded'); n += 1) {
      assert.equal(await ask(), 200);
      assert.ok(n < 5000, 'it is never said');
    }
    for (let n = 0; n < 300; n += 1) assert.equal(await ask(), 200);
    noStorm();
    await free();
    await until('records are taken again', () => said('segments can be reserved again'));
    alive();
    await verified();
  });

  test('disk full at the start: it says so and does not serve; with space it does', async () => {
    await begin();
    await gateway.child.stop();
    const { free } = await fill(gateway.data);
    assert.match(await refusedStart(), /No space left|disk is full/);
    await free();
    await gateway.start();
    assert.equal(await ask('/'), 200);
    await verified();
  });

  test('a read-only disk at the start: it says so and does not serve', async () => {
    await begin();
    await gateway.child.stop();
    await disk.remount('ro');
    assert.match(await refusedStart(), /Read-only file system/);
    await disk.remount('rw');
    await gateway.start();
    assert.equal(await ask('/'), 200);
    await verified();
  });

  test('a disk that turns read-only: requests, sign-ins and changes are refused until a restart, and none is lost', async () => {
    await begin({ config: `${LEDGER}accepted = "synced"\n`, mount: (at, image) => mountExt4(at, image, 64) });
    const open = ana.openStream(`${url}/events`, '--http1.1');
    await open.said('open');
    assert.equal(await ask('/before'), 200);
    await disk.fail();
    const refused = await untilRefused();
    assert.equal(refused.status, 503, refused.body);
    const said = await gateway.cli('user', 'add', 'bo');
    assert.notEqual(said.code, 0);
    for (let n = 0; n < 200; n += 1) assert.equal(await ask(), 503);
    assert.equal(open.over, false, 'what is open goes on');
    alive();
    noStorm();
    assert.match(gateway.child.output, /records are refused until a restart/);

    await gateway.child.stop();
    await disk.repair();
    await gateway.start();
    assert.equal(await ask('/after'), 200);
    await verified();
    const { stdout } = await gateway.cli('log', 'show', '--json');
    assert.ok(stdout.includes('"/before"'));
    assert.equal((await gateway.json('user', 'list')).items.some((user) => user.name === 'bo'), false);
  });

  test('a disk that does not answer: requests go on for 10 s, then are refused; what waits to be on disk waits; it heals by itself', async () => {
    await begin();
    const open = ana.openStream(`${url}/events`, '--http1.1');
    await open.said('open');
    const said = (words) => gateway.child.lines.some((line) => line.includes(words));
    await stubborn.hold();
    const held = Date.now();
    assert.equal(await ask('/held'), 200, 'a record in the mapping is written');
    let added;
    gateway.cli('user', 'add', 'bo').then((result) => (added = result));
    const before = [];
    await until('the disk is said not to answer', async () => {
      const status = await ask('/');
      if (said('the disk does not answer')) return true;
      before.push(status);
      return false;
    });
    // The last may have been refused before the line about it was read.
    assert.deepEqual([...new Set(before.slice(0, -1))], [200], 'requests go on until then');
    assert.ok(Date.now() - held > 9_000, 'patience comes first');
    await until('requests are refused', async () => (await ask('/')) === 503);
    assert.equal(added, undefined, 'a change is not acknowledged before it is on disk');
    assert.equal(open.over, false, 'what is open goes on');
    alive();

    await stubborn.release();
    await until('requests are let through again', async () => (await ask('/again')) === 200);
    await until('the change is acknowledged or refused', () => added);
    const people = (await gateway.json('user', 'list')).items.map((user) => user.name);
    assert.equal(people.includes('bo'), added.code === 0, added.stderr);
    assert.ok(said('the disk is slow'));
    assert.equal(open.over, false);
    await open.hangUp();
    alive();
    noStorm();
    await gateway.crashAndRestart();
    await verified();
    assert.equal(await unrecorded(), 0);
  });

  test('no descriptor left: people who are connected go on, segments are still made, and it is over by itself', async () => {
    await begin();
    assert.equal(await ask('/'), 200);
    const { limit, restore } = await limitDescriptors(gateway.pid);
    const strangers = [];
    await until('no descriptor is left', async () => {
      const socket = connect({ host: '127.0.0.1', port: gateway.ports.https });
      socket.on('error', () => {});
      strangers.push(socket);
      return (await descriptors(gateway.pid)).length >= limit;
    });
    const folder = join(gateway.data, 'ledger/web-0');
    const segment = async () => {
      const numbers = (await opened(gateway.pid)).flatMap((name) => /web-0\/(\d+)\.seg$/.exec(name)?.[1] ?? []);
      return Math.max(...numbers.map(Number));
    };
    const first = await segment();
    assert.ok(first >= 1, folder);
    for (let turn = 0; (await segment()) < first + 3; turn += 1) {
      for (let n = 0; n < 50; n += 1) assert.equal(await ask(), 200);
      assert.ok(turn < 100, 'no segment is made');
    }
    assert.equal((await descriptors(gateway.pid)).length >= limit - 3, true, 'there is still none to spare');
    alive();
    for (const socket of strangers) socket.destroy();
    await restore();
    const fresh = await Visitor.arrive(gateway);
    await until('new connections are taken', async () => (await fresh.knock(`${url}/`)).status === 303);
    await until('the administration answers', async () => (await gateway.cli('user', 'add', 'bo')).code === 0, 40_000);
    noStorm(400);
    await verified();
    assert.equal(await unrecorded(), 0);
  });
});
