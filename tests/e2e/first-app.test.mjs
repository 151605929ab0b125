// The page of the first ten minutes, done as it says: every command of docs/first-app.md, with a real nginx as the app.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { makeAuthority, skip as noAuthority } from './lib/authority.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { Child, run } from './lib/child.mjs';
import { BINARY } from './lib/gateway.mjs';
import { freePorts } from './lib/ports.mjs';
import { until } from './lib/until.mjs';
import { Visitor } from './lib/visitor.mjs';

const PAGE = new URL('../../docs/first-app.md', import.meta.url).pathname;
const DOMAIN = 'e2e.localhost';
const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx'].find(existsSync);

/** What the suite has done already: the binary that it tries. */
const DONE = 'make build\n';
/** How the page has certificates obtained. */
const OBTAINED = '[acme]\nterms_of_service_agreed = true\n';
/** What stays in the foreground. */
const SERVES = 'gatewright up -c gatewright.toml\n';

describe('the first app, as its page says', () => {
  let folder, home, app, http, https, child, ana, authority;
  let blocks, files;
  let standing = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewright-first-'));
    home = join(folder, 'my-gateway');
    const ports = await freePorts(3);
    [http, https] = ports;
    app = await startApp(folder, ports[2]);
    await makeCertificates(folder, [`*.${DOMAIN}`]);
    if (!noAuthority) {
      authority = await makeAuthority();
      await authority.start(http);
    }
    const page = await readFile(PAGE, 'utf8');
    files = filledIn(/^```toml\n(\[\[certificate\]\][\s\S]*?)^```$/m.exec(page)[1]);
    blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text]) => filledIn(text));
  });

  after(async () => {
    await child?.stop();
    await app?.stop();
    await authority?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** A block with this machine's names, ports and files in place of the page's. */
  function filledIn(text) {
    const names = {
      '/etc/letsencrypt/live/example.com/fullchain.pem': join(folder, 'chain.pem'),
      '/etc/letsencrypt/live/example.com/privkey.pem': join(folder, 'key.pem'),
      'http = ["0.0.0.0:80", "[::]:80"]': `http = ["127.0.0.1:${http}", "[::1]:${http}"]`,
      'https = ["0.0.0.0:443", "[::]:443"]':
        `https = ["127.0.0.1:${https}", "[::1]:${https}"]\npublic_http_port = ${http}\npublic_https_port = ${https}`,
      'http://127.0.0.1:3000': app.url,
      'example.com': DOMAIN,
      '$PWD/target/debug': dirname(BINARY),
      // An authority of this machine's own, in place of the Internet's; where there is none, files as the page has them.
      [OBTAINED]: authority?.config ?? files,
    };
    return Object.entries(names).reduce((filled, [from, to]) => filled.replaceAll(from, to), text);
  }

  /** The next block of the page; it must hold these words. */
  function next(words) {
    const block = blocks.shift();
    assert.ok(block?.includes(words), `the page goes on with ${block}, not with ${words}`);
    return block;
  }

  /** Runs a block in a shell, where those before it led. */
  async function shell(block) {
    const { code, stdout, stderr } = await run('bash', ['-euc', `${standing}${block}`], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1' },
    });
    assert.equal(code, 0, `${block}\n${stdout}${stderr}`);
    for (const line of block.split('\n')) if (/^(cd|export) /.test(line)) standing += `${line.replaceAll('$PWD', '$(pwd)')}\n`;
    return stdout;
  }

  const gateway = () => ({ folder, authority: authority?.root ?? join(folder, 'ca.pem') });
  const site = (name) => `https://${name}.${DOMAIN}:${https}`;

  test('the program is there', async () => {
    const block = next(DONE);
    assert.match(await shell(block.replace(DONE, '')), /^gatewright \d/);
  });

  test('it has a folder, and certificate files where one has them, the key closed to others', async () => {
    await shell(next('mkdir -p my-gateway/policies'));
    await shell(next('install -m 0600'));
    assert.ok(existsSync(join(home, 'tls/key.pem')));
  });

  test('the configuration has no fault', async () => {
    await shell(next('cat > gatewright.toml'));
  });

  test('the policy has none either', async () => {
    await shell(next('cat > policies/wiki.cedar'));
  });

  test('it starts, and the doctor finds nothing wrong', async () => {
    assert.equal(next('gatewright up'), SERVES);
    child = new Child('bash', ['-euc', `${standing}exec ${SERVES}`], { cwd: folder, env: { ...process.env, NO_COLOR: '1' } });
    await until('it answers', async () => {
      assert.equal(child.end, undefined, child.output);
      return (await run(BINARY, ['app', 'list', '--data', join(home, 'data')])).code === 0;
    }, 60_000);
    assert.match(await shell(next('gatewright doctor')), /✓ upstream/);
  });

  test('each name has a certificate from the authority', { skip: noAuthority }, async () => {
    for (const name of ['auth', 'home', 'wiki']) {
      await until(`${name} is served`, async () => (await served(name)).subjectaltname === `DNS:${name}.${DOMAIN}`, 60_000);
    }
    assert.match(await shell(`gatewright doctor -c gatewright.toml\n`), /✓ certificate +wiki\.\S+ +obtained/);
  });

  test('a stranger is led to the sign-in', async () => {
    const stranger = await Visitor.arrive(gateway());
    const answer = await stranger.knock(`${site('wiki')}/`);
    assert.equal(answer.status, 303);
    assert.ok(answer.headers.location.startsWith(`${site('auth')}/sign-in`), answer.headers.location);
  });

  test('the first person signs in by the printed link and opens the app', async () => {
    const said = await shell(next('gatewright user add you'));
    const links = said.match(/https:\S+\/link\/[\w-]+/g);
    assert.equal(links?.length, 2, said);
    ana = await Visitor.arrive(gateway());
    await ana.signInByLink(links[1]);
    const answer = await ana.navigate(`${site('wiki')}/`);
    assert.equal(answer.status, 200);
    assert.match(answer.body, /the wiki itself/);
    const told = await shell(next('gatewright log tail'));
    assert.match(told, /wiki/);
    assert.match(told, /ana/);
  });

  test('a policy that asks for a passkey counts at once', async () => {
    await shell(next('gatewright policy apply'));
    const refused = await ana.navigate(`${site('wiki')}/`);
    assert.equal(refused.status, 403);
    assert.match(refused.body, /Wiki needs a stronger sign-in/);
    assert.match(refused.body, /Add a passkey/);
  });

  test('files in place of the authority are taken up while it runs', { skip: noAuthority }, async () => {
    const file = join(home, 'gatewright.toml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(authority.config, files));
    await until('the file is served', async () => (await served('wiki')).subjectaltname === `DNS:*.${DOMAIN}`, 30_000);
  });

  test('a renewed certificate is taken up while it runs', async () => {
    const before = (await served('wiki')).fingerprint256;
    await makeCertificates(folder, [`*.${DOMAIN}`]);
    const page = await readFile(PAGE, 'utf8');
    const renewal = page.split('\n').filter((line) => line.startsWith('install -m'));
    assert.equal(renewal.length, 2);
    await shell(filledIn(renewal.join('\n')));
    await until('the new certificate is served', async () => (await served('wiki')).fingerprint256 !== before, 30_000);
  });

  test('nothing of the page was left out', () => {
    assert.deepEqual(blocks, []);
  });

  /** The certificate that a client is shown. */
  function served(name) {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: https, servername: `${name}.${DOMAIN}`, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate());
        socket.destroy();
      });
      socket.once('error', reject);
    });
  }
});

/** An app that knows nothing of sign-ins: nginx where it is installed, else a small one of our own. */
async function startApp(folder, port) {
  const url = `http://127.0.0.1:${port}`;
  if (!NGINX) {
    const server = createServer((request, response) => response.end('the wiki itself'));
    await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
    return { url, stop: () => new Promise((resolve) => server.close(resolve)) };
  }
  const file = join(folder, 'nginx.conf');
  await writeFile(file, `daemon off;
pid ${folder}/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/nginx-body;
  proxy_temp_path ${folder}/nginx-proxy;
  fastcgi_temp_path ${folder}/nginx-fastcgi;
  uwsgi_temp_path ${folder}/nginx-uwsgi;
  scgi_temp_path ${folder}/nginx-scgi;
  server {
    listen 127.0.0.1:${port};
    location / { return 200 "the wiki itself"; }
  }
}
`);
  const nginx = new Child(NGINX, ['-e', 'stderr', '-c', file]);
  await until('nginx answers', async () => {
    assert.equal(nginx.end, undefined, nginx.output);
    return fetch(url).then((answer) => answer.ok, () => false);
  });
  return { url, stop: () => nginx.stop() };
}
