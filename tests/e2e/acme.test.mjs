// Certificates from an authority: a real step-ca proves hosts by http-01, and clients that trust its root alone are
// served; renewals, an authority that is away or says no, and a restart that needs none.

import assert from 'node:assert/strict';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { request as plain } from 'node:http';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { makeAuthority, skip } from './lib/authority.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { run } from './lib/child.mjs';
import { BINARY, startOrganisation } from './lib/gateway.mjs';
import { freePorts } from './lib/ports.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor, curl } from './lib/visitor.mjs';

const POLICIES = {
  'app.cedar': '@id("app-for-people")\npermit (principal is User, action == Action::"http.request", resource in App::"app");\n',
};
/** As long as anything may take on a busy machine; nothing here waits longer than it has to. */
const PATIENCE = 120_000;

/** The certificate that a client is shown who trusts the authority's root alone; fails where it is shown none. */
function shown(gateway, authority, app) {
  return new Promise((resolve, reject) => {
    const host = `${app}.${gateway.domain}`;
    readFile(authority.root).then((ca) => {
      const socket = connect({ host: '127.0.0.1', port: gateway.ports.https, servername: host, ca }, () => {
        resolve(socket.getPeerCertificate());
        socket.destroy();
      });
      socket.once('error', reject);
    }, reject);
  });
}

/** Waits until a host is served with a certificate, and gives it. */
const served = (gateway, authority, app, fits = () => true) =>
  until(`${app} is served with a certificate`, async () => {
    const certificate = await shown(gateway, authority, app);
    return fits(certificate) && certificate;
  }, PATIENCE);

/** What the doctor says of one host's certificate. */
async function doctorSays(gateway, host) {
  const { stdout } = await run(BINARY, ['doctor', '-c', gateway.file, '--json']);
  return JSON.parse(stdout).findings.filter(({ about, which }) => about === 'certificate' && which.includes(host));
}

async function organisation(authority, { operations, ...more } = {}) {
  const upstream = await startUpstream();
  const gateway = await startOrganisation({
    config: operations ? `[operations]\nlisten = ["127.0.0.1:${operations}"]\n` : '',
    apps: [{ name: 'app', upstream: upstream.url }],
    policies: POLICIES,
    authority,
    ...more,
  });
  return { upstream, gateway };
}

/** An app of the administration's own, added over the socket. */
function addApp(gateway, document) {
  return new Promise((resolve, reject) => {
    const asked = plain(
      { socketPath: join(gateway.data, 'run/admin.sock'), path: '/v1/apps', method: 'POST', headers: { 'content-type': 'application/json' } },
      (answer) => {
        answer.resume();
        answer.on('end', () => (answer.statusCode < 300 ? resolve() : reject(new Error(String(answer.statusCode)))));
      },
    );
    asked.on('error', reject);
    asked.end(JSON.stringify(document));
  });
}

describe('certificates from an authority', { skip }, () => {
  let authority, upstream, gateway;

  before(async () => {
    authority = await makeAuthority();
    ({ upstream, gateway } = await organisation(authority, { prepare: (made) => authority.start(made.ports.http) }));
  });

  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
    await authority?.remove();
  });

  test('every host has one of its own, and a person signs in over them', async () => {
    for (const app of ['auth', 'portal', 'app']) {
      const { subjectaltname, issuer } = await served(gateway, authority, app);
      assert.equal(subjectaltname, `DNS:${app}.${gateway.domain}`);
      assert.equal(issuer.CN, 'End-to-end intermediate');
    }
    assert.equal(authority.orders, 3);
    await gateway.addUser('ana');
    const ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.link('ana'));
    assert.equal((await ana.navigate(`${gateway.secure('app')}/page`)).status, 200);
    assert.ok(upstream.at('/page').length > 0);
  });

  test('what is kept is for its owner alone', async () => {
    const folder = join(gateway.data, 'acme');
    const mode = async (path) => ((await stat(path)).mode & 0o7777).toString(8);
    assert.equal(await mode(folder), '700');
    assert.equal(await mode(join(folder, 'account.json')), '600');
    const names = await readdir(join(folder, 'certificates'));
    assert.deepEqual(names.sort(), ['app', 'auth', 'portal'].map((app) => `${app}.${gateway.domain}.pem`));
    for (const name of names) assert.equal(await mode(join(folder, 'certificates', name)), '600');
    const log = gateway.child.output;
    assert.doesNotMatch(log, /PRIVATE KEY|key_pkcs8/);
  });

  test('a host that nobody has is shown none', async () => {
    await assert.rejects(shown(gateway, authority, 'nobody'), /alert|reset|ECONNRESET|handshake/i);
  });

  test('over plain HTTP nothing is answered but the way to HTTPS once the proof is over', async () => {
    const answer = await curl(gateway, `${gateway.site('app')}/.well-known/acme-challenge/evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ`);
    assert.equal(answer.status, 308);
    const posted = await curl(gateway, '-X', 'POST', `${gateway.site('app')}/.well-known/acme-challenge/x`);
    assert.equal(posted.status, 403);
  });

  test('the doctor tells how long each lasts', async () => {
    const [found] = await doctorSays(gateway, `app.${gateway.domain}`);
    assert.equal(found.state, 'fine', JSON.stringify(found));
    assert.match(found.what, /obtained.*renewed/);
  });

  test('an app that is added while it runs has one soon', async () => {
    await addApp(gateway, {
      name: 'late', host: `late.${gateway.domain}`, upstream: { servers: [upstream.url] },
    });
    const { subjectaltname } = await served(gateway, authority, 'late');
    assert.equal(subjectaltname, `DNS:late.${gateway.domain}`);
  });

  test('a restart needs no authority', async () => {
    const before = await shown(gateway, authority, 'app');
    const late = await shown(gateway, authority, 'late');
    await authority.stop();
    await gateway.child.stop();
    await gateway.start();
    assert.equal((await shown(gateway, authority, 'app')).fingerprint256, before.fingerprint256);
    assert.equal((await shown(gateway, authority, 'late')).fingerprint256, late.fingerprint256);
    await authority.start();
  });

  test('a certificate file goes before, and nothing is asked for its hosts', async () => {
    const text = await readFile(gateway.file, 'utf8');
    const files = await makeCertificates(gateway.folder, [`app.${gateway.domain}`]);
    await writeFile(gateway.file, `${text}\n[[certificate]]\nchain = "chain.pem"\nkey = "key.pem"\nhosts = ["app.${gateway.domain}"]\n`);
    await until('the file is served', async () => {
      const { code } = await run('curl', ['-s', '--cacert', files.authority, `${gateway.secure('app')}/`]);
      return code === 0;
    });
    await writeFile(gateway.file, text);
    await served(gateway, authority, 'app');
    assert.equal(authority.orders, 0, 'what was kept is served again');
  });
});

describe('an authority that is away, or says no', { skip }, () => {
  let authority, upstream, gateway, told;

  afterEach(async () => {
    await gateway?.stop();
    await upstream?.stop();
    await authority?.remove();
    gateway = upstream = authority = undefined;
  });

  async function number(name) {
    const page = await (await fetch(`http://127.0.0.1:${told}/metrics`)).text();
    const line = page.split('\n').find((text) => text.startsWith(`${name} `));
    assert.ok(line, page);
    return Number(line.split(' ')[1]);
  }

  test('HTTPS fails closed and it is said why, until the authority is back', async () => {
    authority = await makeAuthority();
    [told] = await freePorts(1);
    ({ upstream, gateway } = await organisation(authority, { operations: told }));
    await gateway.child.line(/no certificate was obtained.*cannot be asked.*acme\.directory/, PATIENCE);
    await assert.rejects(shown(gateway, authority, 'auth'), /alert|reset|ECONNRESET|handshake/i);
    await until('it is counted', async () => (await number('gatewright_acme_authority_failing')) === 1);
    assert.equal(await number('gatewright_acme_hosts_without_certificate'), 3);
    const [found] = await doctorSays(gateway, `auth.${gateway.domain}`);
    assert.equal(found.state, 'wrong');
    assert.match(found.what, /cannot be asked.*tried again/);
    await authority.start(gateway.ports.http);
    for (const app of ['auth', 'portal', 'app']) await served(gateway, authority, app);
    await until('all is well', async () => (await number('gatewright_acme_hosts_without_certificate')) === 0);
    assert.equal(await number('gatewright_acme_authority_failing'), 0);
  });

  test('a name that leads nowhere has the others served, and is tried again at a reload', async () => {
    authority = await makeAuthority();
    authority.lost.add('app.e2e.localhost');
    ({ upstream, gateway } = await organisation(authority, { prepare: (made) => authority.start(made.ports.http) }));
    await gateway.child.line(/no certificate was obtained.*app\.e2e\.localhost.*could not see that this host is ours/, PATIENCE);
    for (const app of ['auth', 'portal']) await served(gateway, authority, app);
    await assert.rejects(shown(gateway, authority, 'app'), /alert|reset|ECONNRESET|handshake/i);
    const [found] = await doctorSays(gateway, 'app.e2e.localhost');
    assert.equal(found.state, 'wrong');
    assert.match(`${found.what} ${found.help}`, /could not see that this host is ours.*port 80.*reload/);
    authority.lost.clear();
    gateway.child.process.kill('SIGHUP');
    await served(gateway, authority, 'app');
  });

  test('files are not let go of for an authority that is asked from the next start on', async () => {
    authority = await makeAuthority();
    ({ upstream, gateway } = await organisation());
    const text = await readFile(gateway.file, 'utf8');
    await writeFile(gateway.file, text.replace(/\[\[certificate\]\]\n(.+\n)+/, authority.config));
    await gateway.child.line(/acme: is read at the start, and no certificate file is for app\.\S+, auth\.\S+, portal\./);
    assert.equal((await curl(gateway, `${gateway.secure('app')}/`)).status, 401);
  });

  test('one that nobody vouches for is not asked', async () => {
    authority = await makeAuthority();
    const stranger = await makeAuthority();
    try {
      authority.root = stranger.root;
      ({ upstream, gateway } = await organisation(authority, {
        prepare: async (made) => {
          authority.root = join(authority.folder, 'root.pem');
          await authority.start(made.ports.http);
        },
      }));
      await gateway.child.line(/no certificate was obtained.*is not believed/, PATIENCE);
      assert.equal(authority.orders, 0);
    } finally {
      await stranger.remove();
    }
  });
});

describe('certificates that live for half a minute', { skip }, () => {
  let authority, upstream, gateway;

  before(async () => {
    authority = await makeAuthority({ lifetime: '30s' });
    ({ upstream, gateway } = await organisation(authority, { prepare: (made) => authority.start(made.ports.http) }));
  });

  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
    await authority?.remove();
  });

  test('are renewed before they end, with another key, and nobody is ever shown an expired one', async () => {
    const first = await served(gateway, authority, 'app');
    const second = await served(gateway, authority, 'app', (now) => now.fingerprint256 !== first.fingerprint256);
    assert.notEqual(second.pubkey.toString('hex'), first.pubkey.toString('hex'));
    assert.ok(Date.parse(second.valid_from) < Date.parse(first.valid_to), 'the first was still valid');
    const third = await served(gateway, authority, 'app', (now) => now.fingerprint256 !== second.fingerprint256);
    assert.ok(Date.parse(third.valid_from) < Date.parse(second.valid_to), 'the second was still valid');
  });
});
