// The rest of the token endpoint, by real peers: a build's token of another issuer, curl with certificates, and a client
// that registers itself.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import { makeCertificates } from './lib/certificates.mjs';
import { run } from './lib/child.mjs';
import { startOrganisation } from './lib/gateway.mjs';

const POLICIES = `
@id("tokens-for-programs")
permit (principal is Client, action == Action::"token.issue", resource);

@id("wiki-for-staff")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource == App::"wiki");
`;

const declared = (issuer, origin) => `
[[group]]
name = "staff"

[[app]]
name = "wiki"
start = "https://wiki.e2e.localhost/"

[[issuer]]
name = "builds"
issuer = "${issuer}"
audiences = ["${origin}"]

[[client]]
name = "deployer"
type = "service"
resources = ["https://api.e2e.localhost"]
scopes = ["deploy"]

[[client.workload]]
issuer = "builds"
claims = { repository = "acme/shop", ref = "refs/heads/*" }

[[client]]
name = "robot"
type = "service"
certificate = { subject_dn = "CN=robot.test" }
certificate_bound = true

[[client]]
name = "page"
type = "browser"
app = "wiki"
redirect_uris = ["https://spa.e2e.localhost/callback"]
`;

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

describe('the token endpoint', () => {
  let gateway, issuer, server, key, origin;

  before(async () => {
    const pair = await generateKeyPair('ES256');
    key = pair.privateKey;
    const jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' }] };
    server = createServer((request, response) => {
      const document = { issuer, jwks_uri: `${issuer}/keys` };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(request.url === '/keys' ? jwks : document));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    issuer = `http://127.0.0.1:${server.address().port}`;
    gateway = await startOrganisation({
      apps: [],
      policies: { 'org.cedar': POLICIES },
      prepare: async (gateway) => {
        origin = gateway.secure('auth');
        const text = await readFile(gateway.file, 'utf8');
        const asking = '[listen]\nclient_certificates = ["auth.e2e.localhost"]\nclient_authorities = "ca.pem"';
        await writeFile(gateway.file, text.replace('[listen]', asking) + declared(issuer, origin));
      },
    });
  });

  after(async () => {
    await gateway?.stop();
    server?.close();
  });

  /** Asks by curl; with the status and headers in what comes back. */
  async function curl(path, ...args) {
    const port = new URL(origin).port;
    const { stdout, stderr, code } = await run('curl', [
      '-sS', '-i', '--http1.1', '--cacert', gateway.authority, '--resolve', `auth.e2e.localhost:${port}:127.0.0.1`, ...args, `${origin}${path}`,
    ]);
    assert.equal(code, 0, stderr);
    const [head, ...body] = stdout.split('\r\n\r\n');
    return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body: body.join('\r\n\r\n') };
  }

  const form = (fields) => Object.entries(fields).flatMap(([name, value]) => ['--data-urlencode', `${name}=${value}`]);

  /** What the other issuer says of a build. */
  const build = (claims = {}) =>
    new SignJWT({ repository: 'acme/shop', ref: 'refs/heads/main', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'JWT' })
      .setIssuer(issuer).setSubject('repo:acme/shop').setAudience(claims.aud ?? origin)
      .setIssuedAt().setExpirationTime('5m').setJti(crypto.randomUUID())
      .sign(key);

  const exchange = (token) =>
    curl('/oauth/token', ...form({
      grant_type: EXCHANGE, subject_token: token, subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    }));

  test('a build gets a token of a client by what its platform says of it, once', async () => {
    const token = await build();
    const first = await exchange(token);
    assert.equal(first.status, 200, first.body);
    const access = claimsOf(JSON.parse(first.body).access_token);
    assert.equal(access.sub, 'deployer');
    assert.equal(access.scope, 'deploy');
    assert.equal((await exchange(token)).status, 401);
    const asserted = await curl('/oauth/token', ...form({
      grant_type: 'client_credentials', client_assertion: await build(),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    }));
    assert.equal(asserted.status, 200, asserted.body);
  });

  test('a build of another repository, or a token for somebody else, gets nothing', async () => {
    for (const claims of [{ repository: 'acme/other' }, { ref: 'refs/tags/v1' }, { aud: 'https://other.test' }, { repository: ['acme/shop'] }]) {
      const refused = await exchange(await build(claims));
      assert.equal(refused.status, 401, JSON.stringify(claims));
      assert.equal(JSON.parse(refused.body).error, 'invalid_client');
    }
  });

  test('an authority vouches for a client by its certificate, and its tokens are bound to it', async () => {
    const file = (name) => join(gateway.folder, name);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    await run('openssl', ['req', '-new', ...key, '-subj', '/CN=robot.test', '-keyout', file('robot-key.pem'), '-out', file('robot.csr')]);
    await writeFile(file('robot.ext'), 'extendedKeyUsage=clientAuth\n');
    await run('openssl', [
      'x509', '-req', '-in', file('robot.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca-key.pem'), '-CAcreateserial', '-days', '2',
      '-extfile', file('robot.ext'), '-out', file('robot.pem'),
    ]);
    const fields = form({ grant_type: 'client_credentials', client_id: 'robot' });
    const shown = await curl('/oauth/token', '--cert', file('robot.pem'), '--key', file('robot-key.pem'), ...fields);
    assert.equal(shown.status, 200, shown.body);
    assert.match(claimsOf(JSON.parse(shown.body).access_token).cnf['x5t#S256'], /^[\w-]{43}$/);
    assert.equal((await curl('/oauth/token', ...fields)).status, 401);
    const other = await makeCertificates(await mkdtemp(join(gateway.folder, 'other-')), ['robot.test']);
    const forged = await curl('/oauth/token', '--cert', other.chain, '--key', other.key, ...fields);
    assert.equal(forged.status, 401, 'of another authority');
  });

  test('a client registers itself by an invitation, reads that, and ends it', async () => {
    const invited = await gateway.json('client', 'invite', '--app', 'wiki', '--host', 'new.example.com');
    const bearer = (token) => ['-H', `Authorization: Bearer ${token}`, '-H', 'Content-Type: application/json'];
    const metadata = JSON.stringify({ redirect_uris: ['https://new.example.com/callback'], client_name: 'New' });
    const answer = await curl('/oauth/register', ...bearer(invited.token), '-d', metadata);
    assert.equal(answer.status, 201, answer.body);
    const registered = JSON.parse(answer.body);
    const listed = await gateway.json('client', 'list');
    assert.ok(listed.items.some((client) => client.name === registered.client_id && client.owner === 'itself'));
    assert.equal((await curl('/oauth/register', ...bearer(invited.token), '-d', metadata)).status, 401, 'used up');
    const at = new URL(registered.registration_client_uri);
    const manage = bearer(registered.registration_access_token);
    const read = await curl(at.pathname + at.search, ...manage);
    assert.equal(JSON.parse(read.body).client_name, 'New');
    assert.equal((await curl(at.pathname + at.search, '-X', 'DELETE', ...manage)).status, 204);
    assert.equal((await curl(at.pathname + at.search, ...manage)).status, 401);
  });

  test('an invitation is listed until it is taken back, and then registers nobody', async () => {
    const invited = await gateway.json('client', 'invite', '--app', 'wiki', '--host', 'new.example.com', '--uses', '3');
    const listed = () => gateway.json('client', 'invitations');
    const [open] = (await listed()).items;
    assert.equal(open.id, invited.id);
    assert.deepEqual([open.app, open.hosts, open.left], ['wiki', ['new.example.com'], 3]);
    const { stdout } = await gateway.cli('client', 'invitations');
    assert.match(stdout, new RegExp(`${invited.id}\\s+wiki\\s+new\\.example\\.com\\s+openid .*in (23 hours|1 day)`));
    assert.ok(!stdout.includes(invited.token));
    const register = () => curl('/oauth/register', '-H', `Authorization: Bearer ${invited.token}`, '-H', 'Content-Type: application/json',
      '-d', JSON.stringify({ redirect_uris: ['https://new.example.com/callback'] }));
    const first = await register();
    assert.equal(first.status, 201, first.body);
    assert.equal((await listed()).items[0].left, 2);
    const back = await gateway.cli('client', 'uninvite', invited.id);
    assert.equal(back.code, 0, back.stderr);
    assert.deepEqual((await listed()).items, []);
    assert.equal((await register()).status, 401);
    const again = await gateway.cli('client', 'uninvite', invited.id);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /gatewright client invitations/);
    const { client_id } = JSON.parse(first.body);
    assert.equal((await gateway.json('client', 'show', client_id)).state, 'on', 'who registered stays');
  });

  test('pages of a client that runs in one ask across origins, and no others', async () => {
    const preflight = (from) =>
      curl('/oauth/token', '-X', 'OPTIONS', '-H', `Origin: ${from}`, '-H', 'Access-Control-Request-Method: POST', '-H', 'Access-Control-Request-Headers: dpop');
    const yes = await preflight('https://spa.e2e.localhost');
    assert.equal(yes.status, 204, yes.head);
    assert.match(yes.head, /access-control-allow-origin: https:\/\/spa\.e2e\.localhost/);
    assert.doesNotMatch(yes.head, /allow-credentials/);
    assert.equal((await preflight('https://evil.test')).status, 403);
    const fields = form({ grant_type: 'authorization_code', client_id: 'page', code: 'x' });
    const asked = await curl('/oauth/token', '-H', 'Origin: https://spa.e2e.localhost', ...fields);
    assert.match(asked.head, /access-control-allow-origin: https:\/\/spa\.e2e\.localhost/);
    assert.doesNotMatch((await curl('/oauth/token', '-H', 'Origin: https://evil.test', ...fields)).head, /access-control-allow-origin/);
  });
});
