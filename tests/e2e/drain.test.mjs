// Restarts and reloads under load: no request is lost.

import assert from 'node:assert/strict';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { ONE_PERSON_ASKS_MUCH, startOrganisation } from './lib/gateway.mjs';
import { Http1, Http2, Load } from './lib/load.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';

const RESTARTS = 3;
const RELOADS = 20;
const ONE_AFTER_ANOTHER = 4;
const AT_ONCE = 6;

const POLICY = '@id("site-for-everybody")\npermit (principal is Anonymous, action == Action::"http.request", resource in App::"site");\n';

describe('restarts and reloads under load', () => {
  let upstream, gateway, site, load;

  before(async () => {
    const late = (request, response) => {
      const text = JSON.stringify({ url: request.url });
      setTimeout(() => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
        response.end(text);
      }, 5);
    };
    upstream = await startUpstream({ pages: { '/late': late, '/later': (request, response) => setTimeout(() => late(request, response), 300) } });
    // Whether the app drops connections that it keeps is not what is asked here.
    upstream.server.keepAliveTimeout = 0;
    gateway = await startOrganisation({
      config: ONE_PERSON_ASKS_MUCH,
      apps: [{ name: 'site', upstream: upstream.url }],
      policies: { 'site.cedar': POLICY },
      activated: true,
    });
    site = { port: gateway.ports.https, host: `site.${gateway.domain}`, ca: await readFile(gateway.authority) };
  });

  after(async () => {
    await load?.stop();
    await gateway?.stop();
    await upstream?.stop();
  });

  const begin = () => {
    const shared = new Http2(site);
    const lanes = [
      ...Array.from({ length: ONE_AFTER_ANOTHER }, () => new Http1(site)),
      ...Array.from({ length: ONE_AFTER_ANOTHER }, () => new Http2(site)),
      ...Array.from({ length: AT_ONCE }, () => shared),
    ];
    load = new Load(lanes, (lane, n) => (n % 5 ? `/page-${lane}-${n}` : `/late?${lane}-${n}`));
    return { lanes };
  };

  const more = (count) => {
    const from = load.answered;
    return until(`${count} more answers`, () => load.failed.length > 0 || load.answered >= from + count, 60_000);
  };

  test('a restart on sockets that were handed over loses no request', async () => {
    const { lanes } = begin();
    await more(200);
    for (let n = 0; n < RESTARTS; n += 1) {
      await gateway.restart();
      await more(200);
    }
    await load.stop();
    assert.deepEqual(load.failed, []);
    const connections = lanes.slice(0, 2 * ONE_AFTER_ANOTHER).map((client) => client.connections);
    assert.deepEqual(connections, connections.map(() => 1 + RESTARTS), 'each client connected anew once a restart');
    const words = gateway.child.lines.filter((line) => line.startsWith('activate: told ')).map((line) => line.slice(15));
    assert.deepEqual(words.slice(0, 3), ['READY=1', 'STOPPING=1', 'READY=1']);
    const ends = gateway.child.lines.filter((line) => line.startsWith('activate: ended'));
    assert.deepEqual(ends, Array(RESTARTS).fill('activate: ended 0'));
  });

  test('who connects while nobody is there waits in the queue', async () => {
    const waiting = [];
    const away = () => {
      for (let n = 0; n < 20; n += 1) waiting.push(new Http1(site).get(`/waited-${n}`));
    };
    await gateway.restart({ away });
    const answers = await Promise.all(waiting);
    assert.deepEqual(answers.map((answer) => answer.status), Array(20).fill(200));
  });

  test('what is under way when the word to stop comes is answered, and says that it is the last', async () => {
    const client = new Http1(site);
    const answer = client.get('/later');
    await upstream.arrived((request) => request.url === '/later');
    await gateway.restart();
    assert.equal((await answer).status, 200);
    assert.equal(client.socket, undefined, 'the answer said `Connection: close`');
  });

  test('reloads drop nothing, not even a connection', async () => {
    const { lanes } = begin();
    await more(100);
    const text = await readFile(gateway.file, 'utf8');
    for (let n = 0; n < RELOADS; n += 1) {
      const title = `title = "site ${n}"`;
      await writeFile(gateway.file, text.replace('title = "site"', title));
      await until('the change is in force', async () => (await gateway.json('app', 'list')).items.some((app) => app.title === `site ${n}`));
      await writeFile(`${gateway.policies}/site.cedar`, `${POLICY}// ${n}\n`);
      const chain = gateway.authority.replace('ca.pem', 'chain.pem');
      await utimes(chain, new Date(), new Date());
      gateway.child.process.kill('SIGHUP');
      await more(20);
    }
    await load.stop();
    assert.deepEqual(load.failed, []);
    assert.deepEqual(lanes.map((client) => client.connections), lanes.map(() => 1));
  });

  test('an idle connection that speaks up during the stop is still answered', async () => {
    const idle = new Http1(site);
    assert.equal((await idle.get('/first')).status, 200);
    const held = new Http1(site);
    let spoke;
    const slow = held.get('/later?held');
    await upstream.arrived((request) => request.url === '/later?held');
    const draining = async () => {
      spoke = await idle.get('/second');
    };
    await gateway.restart({ draining });
    assert.equal((await slow).status, 200);
    assert.equal(spoke.status, 200);
    assert.equal(idle.connections, 1, 'on the connection that it had');
  });
});
