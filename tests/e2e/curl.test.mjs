// curl and raw sockets at the door: who is let in, what is refused before policy, what an upstream sees.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import http2 from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { startOrganisation } from './lib/gateway.mjs';
import { head, sendRaw } from './lib/raw.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor, curl } from './lib/visitor.mjs';

const POLICIES = {
  'apps.cedar': `@id("echo-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"echo");
`,
};

describe('curl at the door', () => {
  let upstream, gateway, ana, url, cookie, tls;

  before(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      config: '[[group]]\nname = "staff"\n',
      apps: [{ name: 'echo', upstream: upstream.url }, { name: 'other', upstream: upstream.url }],
      policies: POLICIES,
    });
    await gateway.addUser('ana', 'staff');
    url = `${gateway.secure('echo')}/`;
    tls = { ca: await readFile(gateway.authority), servername: `echo.${gateway.domain}` };
    ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.link('ana'));
    assert.equal((await ana.navigate(url)).status, 200);
    cookie = `__Host-gw-session=${await ana.cookie(`echo.${gateway.domain}`, '__Host-gw-session')}`;
  });

  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  for (const [name, flag] of [['HTTP/1.1', '--http1.1'], ['HTTP/2', '--http2']]) {
    test(`an API client without a session gets 401 problem details over ${name}`, async () => {
      const answer = await curl(gateway, flag, '-H', 'Accept: application/json', url);
      assert.equal(`HTTP/${answer.version.replace(/\.0$/, '')}`, name);
      assert.equal(answer.status, 401);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      assert.equal(answer.json.status, 401);
      assert.ok(answer.json.title);
      assert.equal(answer.headers.location, undefined);
    });

    test(`a navigation without a session is sent to sign in over ${name}`, async () => {
      const answer = await curl(gateway, flag, '-H', 'Accept: text/html', '-H', 'Sec-Fetch-Mode: navigate', url);
      assert.equal(answer.status, 303);
      assert.ok(answer.headers.location.startsWith(`${gateway.secure('auth')}/sign-in?`));
      assert.match(answer.headers['cache-control'], /no-store/);
      const attempt = answer.headers['set-cookie'].find((value) => value.startsWith('__Host-gw-attempt-'));
      assert.match(attempt, /HttpOnly/i);
      assert.match(attempt, /Secure/i);
      assert.doesNotMatch(attempt, /Domain/i);
    });

    test(`whoever policy lets in reaches the app over ${name}`, async () => {
      const answer = await ana.request(`${url}hello?x=1`, flag);
      assert.equal(answer.status, 200);
      assert.equal(answer.json.url, '/hello?x=1');
    });
  }

  test('a page that policy does not open is 403 with problem details for an API client', async () => {
    const bo = await Visitor.arrive(gateway);
    await gateway.addUser('bo');
    await bo.signInByLink(await gateway.link('bo'));
    const page = await bo.navigate(url);
    assert.equal(page.status, 403);
    const answer = await bo.request(url, '-H', 'Accept: application/json');
    assert.equal(answer.status, 403);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    assert.doesNotMatch(answer.body, /staff|echo-for-staff/, 'it tells no group and no policy');
  });

  test('an app receives a signed assertion and no identity header of the client in any spelling', async () => {
    const spellings = [
      'Gatewright-Assertion', 'gatewright-assertion', 'GATEWRIGHT-ASSERTION', 'Gatewright_Assertion',
      'gatewright_assertion', 'Gatewright-User', 'Gatewright_User',
    ];
    const forged = spellings.flatMap((name) => ['-H', `${name}: forged`]);
    const { json: seen } = await ana.request(`${url}headers`, ...forged);
    const values = Object.values(seen.headers).flat().join('\n');
    assert.doesNotMatch(values, /forged/);
    const assertion = seen.headers['gatewright-assertion'];
    const [, claims] = assertion.split('.').map((part) => Buffer.from(part, 'base64url').toString());
    const { aud, name, iss, exp, iat } = JSON.parse(claims);
    assert.equal(aud, 'echo');
    assert.equal(name, 'ana');
    assert.equal(iss, gateway.secure('auth'));
    assert.ok(exp - iat <= 60);
  });

  test("an app never sees Gatewright's cookies and does see its own", async () => {
    const answer = await curl(gateway, '-H', `Cookie: mine=1; ${cookie}; __host-gw-attempt-1=y; __HOST-GW-ANYTHING=z; theirs=2`, `${url}cookies`);
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.json.headers.cookie, 'mine=1; theirs=2');
  });

  test('two credentials of ours are refused, whichever comes first', async () => {
    for (const pair of [`${cookie}; __Host-gw-session=forged`, `__Host-gw-session=forged; ${cookie}`, `${cookie}; __HOST-GW-SESSION=forged`, `${cookie}; __Host-gw-sso=x`]) {
      const answer = await curl(gateway, '-H', `Cookie: ${pair}`, `${url}double`);
      assert.equal(answer.status, 400, pair);
    }
    assert.deepEqual(upstream.at('/double'), []);
  });

  test('the address that an app hears of is the peer, whatever the client claims', async () => {
    const { json: seen } = await ana.request(
      `${url}address`, '-H', 'X-Forwarded-For: 203.0.113.9', '-H', 'Forwarded: for=203.0.113.9', '-H', 'X-Real-IP: 203.0.113.9',
    );
    assert.doesNotMatch(JSON.stringify(seen.headers), /203\.0\.113\.9/);
    assert.match(seen.headers['x-forwarded-for'], /^(127\.0\.0\.1|::1)$/);
  });

  test('override headers do not reach an app that obeys them', async () => {
    const { json: seen } = await ana.request(
      `${url}override`, '-H', 'X-HTTP-Method-Override: DELETE', '-H', 'X-Original-URL: /admin', '-H', 'X-Rewrite-URL: /admin',
    );
    assert.doesNotMatch(JSON.stringify(seen.rawHeaders), /DELETE|\/admin/);
  });

  test('the callback and everything else under /.gatewright/ stays at the gateway', async () => {
    const answer = await ana.request(`${url}.gatewright/anything`);
    assert.equal(answer.status, 404);
    assert.deepEqual(upstream.at('/.gatewright/anything'), []);
  });

  test('plain HTTP redirects a GET and refuses a POST', async () => {
    const plain = `${gateway.site('echo')}/x?y=1`;
    const get = await curl(gateway, plain);
    assert.ok([301, 308].includes(get.status), `got ${get.status}`);
    assert.equal(get.headers.location, `${url}x?y=1`);
    const post = await curl(gateway, '--data-raw', 'a=1', plain);
    assert.ok(post.status >= 400 && post.status < 500, `got ${post.status}`);
    assert.equal(post.headers.location, undefined);
  });

  test('HSTS is on answers over TLS', async () => {
    const answer = await curl(gateway, url);
    assert.match(answer.headers['strict-transport-security'], /max-age=\d{7,}/);
  });

  describe('what is ambiguous is refused before policy and before the app', () => {
    const host = 'echo.e2e.localhost';
    const ambiguous = [
      ['Content-Length with Transfer-Encoding', (c) => `${head('POST /probe HTTP/1.1', `Host: ${host}`, c, 'Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n`],
      ['two Content-Lengths that differ', (c) => `${head('POST /probe HTTP/1.1', `Host: ${host}`, c, 'Content-Length: 4', 'Content-Length: 5')}abcde`],
      ['a transfer coding that is not chunked', (c) => `${head('POST /probe HTTP/1.1', `Host: ${host}`, c, 'Transfer-Encoding: xchunked')}0\r\n\r\n`],
      ['two Hosts', (c) => head('GET /probe HTTP/1.1', `Host: ${host}`, 'Host: other.e2e.localhost', c, 'Connection: close')],
      ['no Host', (c) => head('GET /probe HTTP/1.1', c, 'Connection: close')],
      ['bare line feeds', (c) => `GET /probe HTTP/1.1\nHost: ${host}\n${c}\nConnection: close\n\n`],
      ['an absolute target of another host', (c) => head('GET https://other.e2e.localhost/probe HTTP/1.1', `Host: ${host}`, c, 'Connection: close')],
      ['a space before the colon', (c) => head('GET /probe HTTP/1.1', `Host: ${host}`, c, 'Content-Length : 4', 'Connection: close')],
      ['a folded header', (c) => head('GET /probe HTTP/1.1', `Host: ${host}`, c, 'X-A: 1\r\n 2', 'Connection: close')],
      ['an encoded slash', (c) => head('GET /probe%2fx HTTP/1.1', `Host: ${host}`, c, 'Connection: close')],
      ['an encoded backslash', (c) => head('GET /probe%5Cx HTTP/1.1', `Host: ${host}`, c, 'Connection: close')],
      ['dot segments', (c) => head('GET /a/../probe HTTP/1.1', `Host: ${host}`, c, 'Connection: close')],
      ['encoded dot segments', (c) => head('GET /a/%2e%2e/probe HTTP/1.1', `Host: ${host}`, c, 'Connection: close')],
      ['an empty segment', (c) => head('GET //probe HTTP/1.1', `Host: ${host}`, c, 'Connection: close')],
      ['a path parameter', (c) => head('GET /probe;x=1 HTTP/1.1', `Host: ${host}`, c, 'Connection: close')],
      ['an encoded control', (c) => head('GET /probe%00 HTTP/1.1', `Host: ${host}`, c, 'Connection: close')],
      ['bad UTF-8', (c) => head('GET /probe%ff HTTP/1.1', `Host: ${host}`, c, 'Connection: close')],
    ];
    for (const [name, request] of ambiguous) {
      test(name, async () => {
        const before = upstream.requests.length;
        const { statuses, text } = await sendRaw(gateway.ports.https, request(`Cookie: ${cookie}`), { tls });
        assert.equal(statuses.length <= 1, true, `one answer at most: ${text}`);
        assert.ok(statuses.length === 0 || statuses[0] === 400 || statuses[0] === 421, `got ${text}`);
        assert.equal(upstream.requests.length, before, 'the app saw nothing');
      });
    }

    test('the same request in its plain form does reach the app', async () => {
      const { status } = await sendRaw(
        gateway.ports.https,
        head('GET /probe HTTP/1.1', `Host: ${host}`, `Cookie: ${cookie}`, 'Connection: close'),
        { tls },
      );
      assert.equal(status, 200);
    });
  });

  test('a host that the TLS session was not opened for is misdirected', async () => {
    const { status } = await sendRaw(
      gateway.ports.https,
      head('GET /probe HTTP/1.1', `Host: other.${gateway.domain}`, `Cookie: ${cookie}`, 'Connection: close'),
      { tls },
    );
    assert.equal(status, 421);
  });

  test('nor is it on a connection that a browser would share between two apps of one certificate', async () => {
    const session = http2.connect(`https://127.0.0.1:${gateway.ports.https}`, tls);
    const ask = (host) =>
      new Promise((resolve, reject) => {
        const authority = `${host}.${gateway.domain}:${gateway.ports.https}`;
        const request = session.request({ ':path': '/coalesced', ':authority': authority, cookie });
        request.on('response', (headers) => resolve(headers[':status']));
        request.on('error', reject);
        request.resume();
      });
    assert.equal(await ask('other'), 421);
    assert.equal(await ask('echo'), 200, 'its own host still answers');
    assert.equal(upstream.at('/coalesced').length, 1);
    session.destroy();
  });

  test('one canonical form reaches the app: unreserved characters decoded, hex in upper case', async () => {
    const { json: seen } = await ana.request(`${url}%61bc/%c3%a4?q=%61`, '--path-as-is');
    assert.equal(seen.url.split('?')[0], '/abc/%C3%A4');
  });
});
