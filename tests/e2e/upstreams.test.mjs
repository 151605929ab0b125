// Apps behind TLS, HTTP/2, Unix sockets and several servers, with real ones: gRPC's own server and client, node's servers.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import grpc from '@grpc/grpc-js';
import { makeCertificates } from './lib/certificates.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor } from './lib/visitor.mjs';

const APPS = ['calls', 'h2', 'socket', 'pair', 'stranger'];

const POLICIES = {
  'apps.cedar': APPS.map(
    (app) => `@id("${app}-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"${app}");
`,
  ).join('\n'),
};

const text = { to: (words) => Buffer.from(words), from: (bytes) => bytes.toString() };

const ECHO = Object.fromEntries(
  Object.entries({
    both: { requestStream: true, responseStream: true },
    one: { requestStream: false, responseStream: false },
    wait: { requestStream: false, responseStream: true },
  }).map(([name, streams]) => [
    name,
    {
      path: `/e2e.Echo/${name}`,
      requestSerialize: text.to,
      requestDeserialize: text.from,
      responseSerialize: text.to,
      responseDeserialize: text.from,
      ...streams,
    },
  ]),
);

const listening = (server, ...where) =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(...where, resolve);
  });

/** gRPC's own server over TLS; records what reaches it. */
async function startCalls(certificates) {
  const calls = { heard: [], cancelled: 0 };
  const server = new grpc.Server();
  server.addService(ECHO, {
    both(call) {
      calls.heard.push(call.metadata);
      call.on('data', (words) => call.write(`echo ${words}`));
      call.on('cancelled', () => calls.cancelled++);
      call.on('error', () => {});
      call.on('end', () => {
        const trailers = new grpc.Metadata();
        trailers.set('x-sum', '42');
        call.end(trailers);
      });
    },
    one(call, answer) {
      calls.heard.push(call.metadata);
      answer({ code: grpc.status.NOT_FOUND, details: `no ${call.request} here` });
    },
    wait(call) {
      calls.heard.push(call.metadata);
      call.on('cancelled', () => calls.cancelled++);
      call.on('error', () => {});
      call.write('waiting');
    },
  });
  const pair = { cert_chain: await readFile(certificates.chain), private_key: await readFile(certificates.key) };
  const port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createSsl(null, [pair]), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return Object.assign(calls, { port, stop: () => server.forceShutdown() });
}

describe('upstreams of every kind', () => {
  let folder, calls, h2, socket, pair, gateway, ana;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewright-e2e-upstreams-'));
    const inside = await makeCertificates(folder, ['inside.internal']);
    await mkdir(join(folder, 'other'));
    const other = await makeCertificates(join(folder, 'other'), ['inside.internal']);
    calls = await startCalls(inside);
    h2 = http2.createSecureServer({ cert: await readFile(inside.chain), key: await readFile(inside.key) }, (request, response) =>
      response.end(`over ${request.httpVersion} for ${request.headers['x-user']}`),
    );
    await listening(h2, 0, '127.0.0.1');
    socket = createServer((request, response) => response.end(`at a socket, ${request.url}`));
    await listening(socket, join(folder, 'app.sock'));
    pair = [await startUpstream(), await startUpstream()];
    const believed = (authority) => `upstream_tls = { ca = "${authority}", server_name = "inside.internal" }`;
    gateway = await startOrganisation({
      config: '[[group]]\nname = "staff"\n',
      apps: [
        { name: 'calls', upstream: `https://127.0.0.1:${calls.port}`, more: believed(inside.authority) },
        {
          name: 'h2',
          upstream: `https://127.0.0.1:${h2.address().port}`,
          more: `${believed(inside.authority)}\nidentity_headers = { user = "x-user" }`,
        },
        { name: 'stranger', upstream: `https://127.0.0.1:${h2.address().port}`, more: believed(other.authority) },
        { name: 'socket', upstream: `unix://${join(folder, 'app.sock')}`, more: 'limits = { request_body = "1KiB" }' },
        {
          name: 'pair',
          upstreams: pair.map((server) => server.url),
          more: 'health = { path = "/well", interval = "1s" }',
        },
      ],
      policies: POLICIES,
    });
    await gateway.addUser('ana', 'staff');
    ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.link('ana'));
    for (const app of APPS) await ana.navigate(`${gateway.secure(app)}/`);
  });

  after(async () => {
    await gateway?.stop();
    calls?.stop();
    h2?.close();
    socket?.close();
    for (const server of pair ?? []) await server.stop().catch(() => {});
    await rm(folder, { recursive: true, force: true });
  });

  async function client() {
    const host = `calls.${gateway.domain}`;
    const Echo = grpc.makeGenericClientConstructor(ECHO, 'Echo');
    const credentials = grpc.credentials.createSsl(await readFile(gateway.authority));
    return new Echo(`127.0.0.1:${gateway.ports.https}`, credentials, {
      'grpc.ssl_target_name_override': host,
      'grpc.default_authority': `${host}:${gateway.ports.https}`,
    });
  }

  async function credential() {
    const metadata = new grpc.Metadata();
    metadata.set('cookie', `__Host-gw-session=${await ana.cookie(`calls.${gateway.domain}`, '__Host-gw-session')}`);
    metadata.set('origin', gateway.secure('calls'));
    return metadata;
  }

  const ended = (call) =>
    new Promise((resolve) => {
      call.on('status', resolve);
      call.on('error', () => {});
    });

  test('a gRPC call streams both ways over TLS and ends with trailers', async () => {
    const echo = await client();
    const metadata = await credential();
    metadata.set('x-forwarded-user', 'root');
    const call = echo.both(metadata);
    const status = ended(call);
    const heard = [];
    call.on('data', (words) => heard.push(words));
    for (const words of ['one', 'two', 'three']) {
      call.write(words);
      await until(`${words} comes back before the next is sent`, () => heard.at(-1) === `echo ${words}`);
    }
    call.end();
    const { code, metadata: trailers } = await status;
    assert.equal(code, grpc.status.OK);
    assert.deepEqual(trailers.get('x-sum'), ['42']);
    const seen = calls.heard.at(-1);
    assert.equal(seen.get('gatewright-assertion').length, 1);
    assert.deepEqual([...seen.get('cookie'), ...seen.get('x-forwarded-user')], []);
    echo.close();
  });

  test("a call's failure is the server's own", async () => {
    const echo = await client();
    const metadata = await credential();
    const error = await new Promise((resolve) => echo.one('page', metadata, resolve));
    assert.equal(error.code, grpc.status.NOT_FOUND);
    assert.equal(error.details, 'no page here');
    echo.close();
  });

  test('a call without a session never reaches the server', async () => {
    const echo = await client();
    const before = calls.heard.length;
    const error = await new Promise((resolve) => echo.one('page', new grpc.Metadata(), resolve));
    assert.equal(error.code, grpc.status.UNAUTHENTICATED);
    assert.equal(calls.heard.length, before);
    echo.close();
  });

  test('a call that its client cancels is cancelled at the server', async () => {
    const echo = await client();
    const before = calls.cancelled;
    const call = echo.wait('please', await credential());
    const status = ended(call);
    await new Promise((resolve) => call.once('data', resolve));
    call.cancel();
    assert.equal((await status).code, grpc.status.CANCELLED);
    await until('the server hears of it', () => calls.cancelled === before + 1);
    echo.close();
  });

  test("node's HTTP/2 server over TLS is spoken to in HTTP/2, and hears who asks", async () => {
    const answer = await ana.request(`${gateway.secure('h2')}/`);
    assert.equal(answer.body, 'over 2.0 for ana');
  });

  test('a server that another authority vouches for is asked nothing', async () => {
    const answer = await ana.request(`${gateway.secure('stranger')}/`);
    assert.equal(answer.status, 502);
  });

  test('an app at a Unix socket answers, and takes no more than it is said to', async () => {
    const url = gateway.secure('socket');
    assert.equal((await ana.request(`${url}/x`)).body, 'at a socket, /x');
    const large = await ana.request(`${url}/x`, '-H', `Origin: ${url}`, '--data-raw', 'x'.repeat(1025));
    assert.equal(large.status, 413);
  });

  test('one of two servers goes away and nobody notices', async () => {
    const url = `${gateway.secure('pair')}/page`;
    const got = (server) => server.at('/page').length;
    while (pair.some((server) => got(server) === 0)) assert.equal((await ana.request(url)).status, 200);
    assert.ok(pair.every((server) => server.at('/well').length > 0), 'both are asked whether they are well');
    await pair[0].stop();
    for (let turn = 0; turn < 30; turn++) assert.equal((await ana.request(url)).status, 200);
  });

  test('what is open ends with the session, at the gRPC server too', async () => {
    const echo = await client();
    const before = calls.cancelled;
    const call = echo.both(await credential());
    const status = ended(call);
    call.write('one');
    await new Promise((resolve) => call.once('data', resolve));
    const { code } = await gateway.cli('user', 'disable', 'ana');
    assert.equal(code, 0);
    assert.notEqual((await status).code, grpc.status.OK);
    await until('the server hears of it', () => calls.cancelled === before + 1);
    echo.close();
  });
});
