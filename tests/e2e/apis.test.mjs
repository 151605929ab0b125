// Routes that take access tokens, with tokens as programs get them: from the token endpoint, by secret, by key, for a
// person, in somebody's place, and bound to a key; and what ends them.

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { Agent } from 'node:https';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SignJWT, decodeJwt, exportJWK } from 'jose';
import * as oidc from 'openid-client';
import { WebSocket } from 'ws';
import { Person, launch } from './lib/browser.mjs';
import { fetchBy } from './lib/fetch.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { until } from './lib/until.mjs';
import { BROKEN_OFF, Visitor, curl } from './lib/visitor.mjs';

const SECRET = 'programs-have-a-secret-of-their-own-000000';
const CALLBACK = 'https://dash.e2e.localhost:9/callback'; // nobody listens there
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

const POLICIES = `
@id("tokens-for-programs")
permit (principal is Client, action == Action::"token.issue", resource is App);

@id("tokens-for-staff")
permit (principal in Group::"staff", action == Action::"token.issue", resource is App);

@id("tokens-for-staff-to-the-service-in-the-middle")
permit (principal in Group::"staff", action == Action::"token.issue", resource == System::"gatewright")
when { context has token && context.token.client == "dash" };

@id("dash-for-staff")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource == App::"dash");

@id("api-for-programs")
permit (principal is Client, action == Action::"http.request", resource in App::"api")
when { context has token && context.token.client != "stranger" };

@id("other-for-programs")
permit (principal is Client, action == Action::"http.request", resource in App::"other");

@id("api-for-staff-by-dash")
permit (principal in Group::"staff", action == Action::"http.request", resource == Route::"api/open")
when { context has token && context.token.client == "dash" };

@id("what-middle-does-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource == Route::"api/acted")
when { context has token && context.token.actors == ["middle"] };

@id("what-takes-a-passkey")
permit (principal in Group::"staff", action == Action::"http.request", resource == Route::"api/fresh")
when { context has token && context.authn.phishing_resistant };

@id("pages-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource == Route::"api/default")
unless { context has token };

@id("page-for-everybody")
permit (principal is Anonymous, action == Action::"http.request", resource in App::"page");

@id("elsewhere-for-everybody")
permit (principal is Anonymous, action == Action::"http.request", resource in App::"elsewhere");

@id("own-passkeys")
permit (principal is User, action == Action::"factor.enrol", resource is User) when { principal == resource };
`;

const route = (name, paths, more = '') =>
  `[[app.route]]\nname = "${name}"\npaths = ${JSON.stringify(paths)}\ncredential = "bearer"\n${more}`;

const API = [
  route('open', ['/open/*', '/events'], 'origins = ["{page}"]\n'),
  route('scoped', ['/scoped/*'], 'scopes = ["reports:read", "reports:write"]\n'),
  route('bound', ['/bound/*'], 'sender_constrained = true\n'),
  route('acted', ['/acted/*']),
  route('fresh', ['/fresh/*']),
].join('\n');

const service = (name, more) => `
[[client]]
name = "${name}"
type = "service"
${more}`;

const CLIENTS = `
[[group]]
name = "staff"

[[app]]
name = "dash"
title = "The dashboard"
start = "${CALLBACK}"

[[client]]
name = "dash"
app = "dash"
redirect_uris = ["${CALLBACK}"]
secrets = ["programs.secret"]
scopes = ["openid", "reports:read"]
resources = ["api", "https://middle.example.com"]
${['robot', 'spare', 'stranger'].map((name) => service(name, `secrets = ["programs.secret"]
scopes = ["reports:read", "reports:write"]
resources = ["api", "other"]
`)).join('')}
${service('signer', 'keys = "signer.json"\nresources = ["api"]\nscopes = ["reports:read"]\n')}
${service('middle', `secrets = ["programs.secret"]
grants = ["client-credentials", "token-exchange"]
serves = ["https://middle.example.com"]
resources = ["api"]
scopes = ["reports:read"]
`)}`;

describe('APIs', () => {
  let gateway, upstream, browser, agent, api, authority;
  const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  before(async () => {
    upstream = await startUpstream();
    gateway = await startOrganisation({
      apps: [
        { name: 'api', upstream: upstream.url, more: API },
        { name: 'other', upstream: upstream.url, more: route('all', ['/*']) },
        { name: 'page', upstream: upstream.url },
        { name: 'elsewhere', upstream: upstream.url },
      ],
      policies: { 'org.cedar': POLICIES },
      prepare: async (gateway) => {
        gateway.env = { GATEWRIGHT_TEST_CLOCK: join(gateway.folder, 'clock') };
        await writeFile(join(gateway.folder, 'clock'), '0');
        const secret = join(gateway.folder, 'programs.secret');
        await writeFile(secret, `${SECRET}\n`);
        await chmod(secret, 0o600);
        const jwk = { ...await exportJWK(signer.publicKey), kid: 'first', use: 'sig', alg: 'ES256' };
        await writeFile(join(gateway.folder, 'signer.json'), JSON.stringify({ keys: [jwk] }));
        const text = (await readFile(gateway.file, 'utf8')).replace('{page}', gateway.secure('page'));
        await writeFile(gateway.file, text + CLIENTS);
      },
    });
    authority = await readFile(gateway.authority);
    agent = new Agent({ ca: authority, keepAlive: true });
    api = gateway.secure('api');
    browser = await launch({ trust: join(gateway.folder, 'chain.pem') });
    await gateway.addUser('ana', 'staff');
    await gateway.addUser('bo', 'staff');
    await gateway.addUser('cy', 'staff');
  });

  after(async () => {
    agent?.destroy();
    await browser?.close();
    await gateway?.stop();
    await upstream?.stop();
  });

  const endpoint = (name) => `${gateway.secure('auth')}/oauth/${name}`;

  const form = (fields) => Object.entries(fields).flatMap(([name, value]) => ['--data-urlencode', `${name}=${value}`]);

  /** Asks an endpoint of the authorisation server as a client with a secret. */
  const ask = (client, name, fields, ...more) => curl(gateway, endpoint(name), '--user', `${client}:${SECRET}`, ...form(fields), ...more);

  async function granted(answering) {
    const answer = await answering;
    assert.equal(answer.status, 200, answer.body);
    return answer.json;
  }

  /** A token in a program's own name. */
  async function own(client, { resource = api, scope = 'reports:read' } = {}) {
    const { access_token } = await granted(ask(client, 'token', { grant_type: 'client_credentials', resource, scope }));
    return access_token;
  }

  /** What a request to have somebody sign in is, and what answers its code. */
  function signIn({ resource = api, ...more } = {}) {
    const verifier = randomBytes(32).toString('base64url');
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const query = new URLSearchParams({
      response_type: 'code', client_id: 'dash', redirect_uri: CALLBACK, scope: 'openid reports:read', resource,
      code_challenge: challenge, code_challenge_method: 'S256', ...more,
    });
    const redeem = (address, ...options) => ask('dash', 'token', {
      grant_type: 'authorization_code', code: new URL(address).searchParams.get('code'), redirect_uri: CALLBACK, code_verifier: verifier,
    }, ...options);
    return { url: `${endpoint('authorize')}?${query}`, redeem };
  }

  /** Somebody at curl who is signed in. */
  async function signedIn(name) {
    const visitor = await Visitor.arrive(gateway);
    await visitor.signInByLink(await gateway.secureLink(name));
    return visitor;
  }

  /** What the dashboard is given for somebody who is signed in. */
  async function forPerson(visitor, options) {
    const { url, redeem } = signIn(options);
    const { headers, body } = await visitor.knock(url);
    assert.ok(headers.location?.startsWith(CALLBACK), body);
    return granted(redeem(headers.location));
  }

  /** Runs a command that must succeed. */
  async function does(...args) {
    const { code, stderr } = await gateway.cli(...args);
    assert.equal(code, 0, stderr);
  }

  const bearer = (token) => ['-H', `Authorization: Bearer ${token}`];

  const call = (path, token, ...more) => curl(gateway, `${api}${path}`, ...(token ? bearer(token) : []), ...more);

  /** What an app was told of who asks, by the assertion that it got last. */
  const told = () => decodeJwt(upstream.requests.at(-1).headers['gatewright-assertion']);

  /** That a request is refused, how, and that nothing of it reaches the app. */
  async function refused(answering, status, problem, error) {
    const before = upstream.requests.length;
    const answer = await answering;
    assert.equal(answer.status, status, answer.body);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    assert.equal(answer.json.type, `urn:gatewright:problem:${problem}`);
    if (error) assert.ok(answer.headers['www-authenticate'].includes(`error="${error}"`), answer.headers['www-authenticate']);
    assert.equal(upstream.requests.length, before, 'nothing reaches the app');
    return answer;
  }

  describe("in a program's own name", () => {
    test('a token that was given for a secret opens what policy opens to it', async () => {
      const token = await own('robot');
      const answer = await call('/open/sales', token);
      assert.equal(answer.status, 200, answer.body);
      const claims = told();
      assert.deepEqual([claims.client_id, claims.scope], ['robot', 'reports:read']);
      assert.equal(claims.sid, undefined);
      assert.equal(answer.json.headers.authorization, undefined, 'the token is kept from the app');
    });

    test('one for an assertion that its key signed, once', async () => {
      const assertion = await new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: 'ES256', kid: 'first' })
        .setIssuer('signer').setSubject('signer').setAudience(gateway.secure('auth'))
        .setIssuedAt().setExpirationTime('1m').sign(signer.privateKey);
      const fields = {
        grant_type: 'client_credentials', resource: api, client_id: 'signer', client_assertion: assertion,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      };
      const once = () => curl(gateway, endpoint('token'), ...form(fields));
      const { access_token } = await granted(once());
      assert.equal((await call('/open/sales', access_token)).status, 200);
      assert.equal(told().client_id, 'signer');
      const again = await once();
      assert.deepEqual([again.status, again.json.error], [401, 'invalid_client']);
    });

    test('without a token one hears where tokens come from, and that place says so', async () => {
      const answer = await refused(call('/open/sales'), 401, 'token-missing');
      const [, address] = /resource_metadata="([^"]+)"/.exec(answer.headers['www-authenticate']);
      assert.equal(address, `${api}/.well-known/oauth-protected-resource`);
      const metadata = (await curl(gateway, address)).json;
      assert.deepEqual([metadata.resource, metadata.authorization_servers], [api, [gateway.secure('auth')]]);
      await refused(curl(gateway, `${api}/open/sales?access_token=${await own('robot')}`), 400, 'token-request');
    });

    test('one for another app, one that was changed, and nonsense are worth nothing', async () => {
      const other = await own('robot', { resource: gateway.secure('other') });
      assert.equal((await curl(gateway, `${gateway.secure('other')}/x`, ...bearer(other))).status, 200);
      await refused(call('/open/sales', other), 401, 'token-invalid', 'invalid_token');
      const [head, claims, signature] = (await own('robot')).split('.');
      const more = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url')), client_id: 'spare' })).toString('base64url');
      const unsigned = Buffer.from('{"typ":"at+jwt","alg":"none"}').toString('base64url');
      for (const wrong of ['nonsense', `${head}.${more}.${signature}`, `${unsigned}.${claims}.`, `${head}.${claims}.`]) {
        await refused(call('/open/sales', wrong), 401, 'token-invalid', 'invalid_token');
      }
    });

    test('one that is good for too little hears what is missing', async () => {
      const answer = await refused(call('/scoped/sales', await own('robot')), 403, 'token-scope', 'insufficient_scope');
      assert.match(answer.headers['www-authenticate'], /scope="reports:read reports:write"/);
      assert.equal((await call('/scoped/sales', await own('robot', { scope: 'reports:read reports:write' }))).status, 200);
    });

    test('policy says no to a token that holds, and that is on record', async () => {
      const { json } = await refused(call('/open/sales', await own('stranger')), 403, 'refused');
      const { stdout } = await gateway.cli('log', 'show');
      assert.ok(stdout.includes(json.decision), json.decision);
    });

    test('nobody is given a token for what they are not registered for', async () => {
      const answer = await ask('robot', 'token', { grant_type: 'client_credentials', resource: 'https://middle.example.com' });
      assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_target']);
      const scope = await ask('signer', 'token', { grant_type: 'client_credentials' });
      assert.deepEqual([scope.status, scope.json.error], [401, 'invalid_client'], 'a secret is not how it shows who it is');
    });
  });

  describe('for a person', () => {
    test('the app hears of the person, and through what', async () => {
      const ana = await signedIn('ana');
      const { access_token } = await forPerson(ana);
      assert.equal((await call('/open/sales', access_token)).status, 200);
      const claims = told();
      const { id } = await gateway.user('ana');
      assert.deepEqual([claims.sub, claims.preferred_username, claims.client_id], [id, 'ana', 'dash']);
      assert.deepEqual(claims.groups, ['staff']);
      const { items } = await gateway.json('session', 'list', '--user', 'ana');
      assert.ok(items.some((session) => session.id === claims.sid));
    });

    test('a sign-in that is too weak for it hears of a stronger one, which opens it', async () => {
      const ana = await Person.arrive(browser, { name: 'ana', ignoreHTTPSErrors: true });
      await ana.open(await gateway.secureLink('ana', 'enrolment'));
      await ana.press('Sign in');
      await ana.open(`${gateway.secure('auth')}/enrol`);
      await ana.page.getByRole('button', { name: 'Add a passkey' }).click();
      await ana.page.waitForURL((url) => !url.pathname.startsWith('/enrol'));
      await ana.context.clearCookies();
      await ana.open(await gateway.secureLink('ana', 'sign-in'));
      await ana.press('Sign in');

      const weak = await atBrowser(ana, signIn());
      const answer = await refused(call('/fresh/sales', weak.access_token), 401, 'token-step-up', 'insufficient_user_authentication');
      const challenge = answer.headers['www-authenticate'];
      const [, acr] = /acr_values="([^"]+)"/.exec(challenge);
      assert.equal(acr, 'phr');
      const strong = await atBrowser(ana, signIn({ acr_values: acr }), () => ana.page.getByRole('button', { name: 'Confirm' }).click());
      assert.equal((await call('/fresh/sales', strong.access_token)).status, 200);
      assert.equal(told().preferred_username, 'ana');
      await refused(call('/fresh/sales', weak.access_token), 401, 'token-step-up', 'insufficient_user_authentication');
      await ana.leave();
    });

    /** What the dashboard is given once somebody at a browser was sent to sign in, and did what is asked there. */
    async function atBrowser({ page }, { url, redeem }, act = () => {}) {
      const back = new Promise((done) => page.on('request', (request) => request.url().startsWith(CALLBACK) && done(request.url())));
      await page.goto(url).catch(() => {}); // nobody listens there
      await act();
      return granted(redeem(await back));
    }

    /** What the service in the middle is given for a token that it was shown. */
    const exchange = (token) => ask('middle', 'token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: token, subject_token_type: ACCESS_TOKEN, resource: api,
    });

    test("a service that was shown a token asks another in the person's place, and policy sees who acts", async () => {
      const { access_token } = await forPerson(await signedIn('bo'), { resource: 'https://middle.example.com' });
      const { access_token: exchanged } = await granted(exchange(access_token));
      assert.equal((await call('/acted/sales', exchanged)).status, 200);
      const claims = told();
      const { id } = await gateway.user('bo');
      assert.deepEqual([claims.sub, claims.client_id, claims.act], [id, 'middle', { sub: 'middle' }]);
      await refused(call('/open/sales', exchanged), 403, 'refused');
      const direct = await forPerson(await signedIn('bo'));
      await refused(call('/acted/sales', direct.access_token), 403, 'refused');
      assert.equal((await exchange(direct.access_token)).json.error, 'invalid_request', 'that one was not for the service');
    });

    for (const [what, fall, restore] of [
      ['the person is switched off', ['user', 'disable', 'bo'], ['user', 'enable', 'bo']],
      ['their session is ended', ['session', 'end', '--user', 'bo'], undefined],
      ['the service is suspended', ['client', 'suspend', 'middle'], ['client', 'resume', 'middle']],
    ]) {
      test(`when ${what}, what the service got in their place is worth nothing`, async () => {
        const { access_token } = await forPerson(await signedIn('bo'), { resource: 'https://middle.example.com' });
        const { access_token: exchanged } = await granted(exchange(access_token));
        assert.equal((await call('/acted/sales', exchanged)).status, 200);
        await does(...fall);
        await refused(call('/acted/sales', exchanged), 401, 'token-invalid', 'invalid_token');
        if (restore) await does(...restore);
      });
    }
  });

  describe('two credentials', () => {
    test('a session beside a token is refused where tokens are taken, and a session alone is none', async () => {
      const ana = await signedIn('ana');
      assert.equal((await ana.navigate(`${api}/page`)).status, 200);
      const token = await own('robot');
      await refused(ana.request(`${api}/open/sales`, ...bearer(token)), 400, 'credentials');
      await refused(ana.request(`${api}/open/sales`), 401, 'token-missing');
      assert.equal((await call('/open/sales', token)).status, 200);
    });

    test("where sessions are taken the header is the app's own business", async () => {
      const ana = await signedIn('ana');
      await ana.navigate(`${api}/page`);
      const token = await own('robot');
      const answer = await ana.request(`${api}/page`, ...bearer(token));
      assert.equal(answer.status, 200);
      assert.equal(answer.json.headers.authorization, `Bearer ${token}`);
      assert.equal(told().preferred_username, 'ana');
      assert.equal((await call('/page', token)).status, 401, 'it opens nothing there');
    });

    test('two tokens are none', async () => {
      const [one, two] = [await own('robot'), await own('spare')];
      await refused(call('/open/sales', one, ...bearer(two)), 400, 'token-request', 'invalid_request');
    });
  });

  describe('from a page of another app', () => {
    /** What a script of a page is answered, or that its browser tells it nothing. */
    async function fetched(app, token) {
      const visitor = await Person.arrive(browser, { name: 'somebody', ignoreHTTPSErrors: true });
      await visitor.open(`${gateway.secure(app)}/`);
      const answer = await visitor.page.evaluate(async ({ url, token }) => {
        try {
          const got = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
          return { status: got.status, challenge: got.headers.get('www-authenticate'), body: await got.json() };
        } catch (error) {
          return { error: error.name };
        }
      }, { url: `${api}/open/sales`, token });
      await visitor.leave();
      return answer;
    }

    test('one whose origin is listed asks with a token, and reads why it is refused', async () => {
      const answer = await fetched('page', await own('robot'));
      assert.deepEqual([answer.status, answer.body.url], [200, '/open/sales']);
      const wrong = await fetched('page', 'nonsense');
      assert.equal(wrong.status, 401);
      assert.match(wrong.challenge, /error="invalid_token"/);
      assert.equal(wrong.body.type, 'urn:gatewright:problem:token-invalid');
    });

    test('any other reads nothing, and what it asks does not reach the app', async () => {
      const token = await own('robot');
      const before = upstream.at('/open/sales').length;
      assert.deepEqual(await fetched('elsewhere', token), { error: 'TypeError' });
      assert.equal(upstream.at('/open/sales').length, before);
    });
  });

  describe('bound to a key', () => {
    const holder = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    let nonce, token;

    /** A proof by a key, of a request and of a token with it. */
    async function proof({ key = holder, method = 'GET', url, token, at, ...more }) {
      const claims = { htm: method, htu: url, jti: randomUUID(), ...(nonce && { nonce }), ...more };
      if (token) claims.ath = createHash('sha256').update(token).digest('base64url');
      const jwk = await exportJWK(key.publicKey);
      return new SignJWT(claims).setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk }).setIssuedAt(at).sign(key.privateKey);
    }

    const show = (path, token, proven, ...more) => curl(gateway, `${api}${path}`, '-H', `Authorization: DPoP ${token}`, ...(proven ? ['-H', `DPoP: ${proven}`] : []), ...more);

    const proven = (more) => proof({ url: `${api}/bound/sales`, token, ...more });

    before(async () => {
      const begin = async () => ask(
        'robot', 'token', { grant_type: 'client_credentials', resource: api },
        '-H', `DPoP: ${await proof({ method: 'POST', url: endpoint('token') })}`,
      );
      const first = await begin();
      assert.deepEqual([first.status, first.json.error], [400, 'use_dpop_nonce']);
      nonce = first.headers['dpop-nonce'];
      const given = await granted(begin());
      assert.equal(given.token_type, 'DPoP');
      token = given.access_token;
      nonce = undefined;
    });

    test('it opens with a proof of the key that holds a nonce of ours, once', async () => {
      const without = await refused(show('/bound/sales', token, await proven()), 401, 'token-nonce', 'use_dpop_nonce');
      nonce = without.headers['dpop-nonce'];
      const one = await proven();
      const answer = await show('/bound/sales', token, one);
      assert.equal(answer.status, 200, answer.body);
      await refused(show('/bound/sales', token, one), 401, 'token-proof', 'invalid_dpop_proof');
    });

    test('without the proof, by another key, for something else or from long ago it is worth nothing', async () => {
      await refused(show('/bound/sales', token), 401, 'token-proof', 'invalid_dpop_proof');
      await refused(call('/bound/sales', token), 401, 'token-invalid', 'invalid_token');
      const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const wrong = [
        { key: other }, { method: 'POST' }, { url: `${api}/bound/else` }, { url: `${gateway.secure('other')}/bound/sales` },
        { token: 'another' }, { at: Math.floor(Date.now() / 1000) - 600 },
      ];
      for (const more of wrong) {
        await refused(show('/bound/sales', token, await proven(more)), 401, 'token-proof', 'invalid_dpop_proof');
      }
    });

    test('one that is bound to nothing is not taken where it must be', async () => {
      await refused(call('/bound/sales', await own('robot')), 401, 'token-unbound', 'invalid_token');
    });

    test("a client of somebody else's making does all of it by itself", async () => {
      const fetch = fetchBy(agent);
      const config = await oidc.discovery(new URL(gateway.secure('auth')), 'spare', SECRET, oidc.ClientSecretBasic(SECRET), {
        [oidc.customFetch]: fetch,
      });
      const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
      const given = await oidc.clientCredentialsGrant(config, { resource: api }, { DPoP });
      assert.equal(given.token_type, 'dpop');
      for (let turn = 0; turn < 3; turn += 1) {
        const answer = await oidc.fetchProtectedResource(
          config, given.access_token, new URL(`${api}/bound/sales`), 'GET', null, new Headers(), { DPoP },
        );
        assert.equal(answer.status, 200);
      }
      assert.equal(told().client_id, 'spare');
    });
  });

  describe('what ends', () => {
    /** A stream of events and a WebSocket that are open by a token; how they come to an end. */
    async function open(token) {
      const events = (await Visitor.arrive(gateway)).openStream(`${api}/events`, ...bearer(token));
      await events.said('open');
      const socket = new WebSocket(`${api.replace('https', 'wss')}/open/live`, {
        ca: authority, headers: { authorization: `Bearer ${token}` },
        lookup: (_name, { all }, done) => (all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)),
      });
      const closed = new Promise((resolve) => socket.on('close', resolve));
      await new Promise((resolve, reject) => {
        socket.once('message', resolve);
        socket.once('error', reject);
      });
      return {
        events,
        async cut() {
          assert.ok(BROKEN_OFF.includes(await events.ended), 'the stream breaks off');
          assert.equal(await closed, 1008, 'the WebSocket is told');
        },
        async hangUp() {
          await events.hangUp();
          socket.terminate();
        },
      };
    }

    const isWorthNothing = (token) => refused(call('/open/sales', token), 401, 'token-invalid', 'invalid_token');

    test('a token that is given back is refused at once, and what is open by it is cut; another one goes on', async () => {
      const [token, other] = [await own('robot'), await own('robot')];
      const [hers, his] = [await open(token), await open(other)];
      assert.equal((await ask('robot', 'revoke', { token })).status, 200);
      await isWorthNothing(token);
      await hers.cut();
      assert.equal(his.events.over, false);
      assert.equal((await call('/open/sales', other)).status, 200);
      assert.equal((await ask('robot', 'introspect', { token })).json.active, false);
      await his.hangUp();
    });

    test('a refresh token that is given back takes with it what came of it', async () => {
      const { access_token, refresh_token } = await forPerson(await signedIn('cy'));
      const hers = await open(access_token);
      assert.equal((await ask('dash', 'revoke', { token: refresh_token })).status, 200);
      await isWorthNothing(access_token);
      await hers.cut();
    });

    test('a client that is suspended is cut, and its tokens count again once it is resumed', async () => {
      const token = await own('spare');
      const [hers, his] = [await open(token), await open(await own('robot'))];
      await does('client', 'suspend', 'spare');
      await isWorthNothing(token);
      await hers.cut();
      assert.equal((await ask('spare', 'token', { grant_type: 'client_credentials' })).json.error, 'invalid_client');
      assert.equal(his.events.over, false);
      await does('client', 'resume', 'spare');
      assert.equal((await call('/open/sales', token)).status, 200);
      await does('client', 'revoke-tokens', 'spare', '--yes');
      await isWorthNothing(token);
      await until('a new one counts', async () => (await call('/open/sales', await own('spare'))).status === 200);
      await his.hangUp();
    });

    for (const [what, fall, restore] of [
      ['the person is switched off', ['user', 'disable', 'cy'], ['user', 'enable', 'cy']],
      ['their session is ended', ['session', 'end', '--user', 'cy'], undefined],
      ['they leave the group that opened it', ['user', 'group', 'remove', 'cy', 'staff'], ['user', 'group', 'add', 'cy', 'staff']],
    ]) {
      test(`when ${what}, what their token opened is cut`, async () => {
        const { access_token, refresh_token } = await forPerson(await signedIn('cy'));
        const other = await forPerson(await signedIn('ana'));
        const [hers, his] = [await open(access_token), await open(other.access_token)];
        await does(...fall);
        assert.ok([401, 403].includes((await call('/open/sales', access_token)).status));
        await hers.cut();
        assert.equal(his.events.over, false);
        assert.equal((await ask('dash', 'token', { grant_type: 'refresh_token', refresh_token })).json.error, 'invalid_grant');
        await his.hangUp();
        if (restore) await does(...restore);
      });
    }

    // The last: the clock stays where it is set, and proofs are made by this machine's.
    test('a token that expires is worth nothing, and what is open by it is cut', async () => {
      const token = await own('robot');
      const hers = await open(token);
      await writeFile(join(gateway.folder, 'clock.new'), String(6 * 60_000));
      await rename(join(gateway.folder, 'clock.new'), join(gateway.folder, 'clock'));
      await until('the clock is at fault', async () => (await gateway.cli('clock', 'show')).code === 1);
      assert.equal((await gateway.json('clock', 'confirm')).moved, 'forward');
      await isWorthNothing(token);
      await hers.cut();
      assert.equal((await call('/open/sales', await own('robot'))).status, 200);
    });
  });
});
