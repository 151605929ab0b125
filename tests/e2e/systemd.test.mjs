// The Debian package on a system whose process 1 is a real systemd: its units, from installation to purge, and that
// nothing which they take from the service is anything that it needs.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { makeAuthority, skip as noAuthority } from './lib/authority.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { run } from './lib/child.mjs';
import { BINARY } from './lib/gateway.mjs';
import { Http1, Http2, Load } from './lib/load.mjs';
import { freePorts } from './lib/ports.mjs';
import { System, skip } from './lib/system.mjs';
import { Traffic } from './lib/traffic.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { Visitor } from './lib/visitor.mjs';

const ROOT = new URL('../../', import.meta.url).pathname;
const DOMAIN = 'e2e.localhost';
const DATA = '/var/lib/gatewright';
const CONFIGURATION = '/etc/gatewright/gatewright.toml';
const UNITS = ['gatewright.service', 'gatewright.socket', 'gatewright-http.socket'];
const HOSTS = ['auth', 'home', 'admin', 'site', 'app'].map((name) => `${name}.${DOMAIN}`);

const POLICIES = `@id("site-for-everybody")
permit (principal is Anonymous, action == Action::"http.request", resource in App::"site");
@id("app-for-people")
permit (principal is User, action == Action::"http.request", resource in App::"app");
`;

describe('the package under systemd', { skip }, () => {
  let folder, system, upstream, held, port, gateway, site, load;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewright-systemd-'));
    system = await System.boot();
    for (const version of ['one', 'two']) {
      const env = { ...process.env, VERSION: `0.1.0~${version}`, COMPRESSION: 'none' };
      const { code, stdout, stderr } = await run(join(ROOT, 'scripts/deb.sh'), [BINARY, folder], { env });
      assert.equal(code, 0, stderr);
      await cp(stdout.trim(), system.path(`/run/${version}.deb`));
    }
    held = [];
    const hold = (_, response) => held.push(() => response.end('"at last"'));
    upstream = await startUpstream({ pages: { '/held': hold } });
    upstream.server.keepAliveTimeout = 0;
    await new Promise((resolve) => upstream.server.close(resolve));
    await mkdir(system.path('/run/app'));
    await new Promise((resolve) => upstream.server.listen(system.path('/run/app/socket'), resolve));
    await chmod(system.path('/run/app/socket'), 0o777);
    [port] = await freePorts(1);
    await system.relay(port, 443);
    const { authority } = await makeCertificates(folder, [`*.${DOMAIN}`]);
    gateway = { folder, authority, domain: DOMAIN, ports: { https: port }, secure: (app) => `https://${app}.${DOMAIN}:${port}` };
    site = { port, host: `site.${DOMAIN}`, ca: await readFile(authority) };
    await system.write('/etc/hosts', ['localhost', ...HOSTS].map((host) => `127.0.0.1 ${host}\n`).join(''));
  });

  after(async () => {
    for (const answer of held ?? []) answer();
    await system?.remove();
    await upstream?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  // Tests start it more often than anybody does, whom its unit would stop at ten times in half a minute.
  beforeEach(() => system.run('systemctl', 'reset-failed', 'gatewright.service'));
  afterEach(() => load?.stop());

  const systemctl = (...args) => system.done('systemctl', ...args);
  const cli = (...args) => system.done('gatewright', '--data', DATA, ...args);
  const json = async (...args) => JSON.parse(await cli(...args, '--json'));
  const asService = ['runuser', '-u', 'gatewright', '--'];

  /** The configuration as it is shipped, with what this organisation has. */
  async function configure({ title = 'site', more = '', certificates = true } = {}) {
    const shipped = await readFile(join(ROOT, 'packaging/gatewright.toml'), 'utf8');
    let text = shipped
      .replaceAll('example.com', DOMAIN)
      .replace('[authentication]', `public_https_port = ${port}\n\n[authentication]`);
    if (!certificates) text = text.replace(/^\[\[certificate\]\][^[]*hosts = .*$/m, '');
    await system.write(CONFIGURATION, `${text}
[administration]
host = "admin.${DOMAIN}"
[ledger]
segment_size = "1MiB"
[limits]
requests_per_person = 0
${['site', 'app'].map((name) => `[[app]]\nname = "${name}"\ntitle = "${name === 'site' ? title : name}"\nhost = "${name}.${DOMAIN}"\nupstream = "unix:///run/app/socket"\n`).join('')}
${more}`);
  }

  /** What a stranger's request for a site gets; 0 where nobody listens. */
  async function asked(path = '/') {
    const { stdout } = await run('curl', [
      '--silent', '--output', '/dev/null', '--write-out', '%{http_code}', '--max-time', '60',
      '--cacert', gateway.authority, `${gateway.secure('site')}${path}`,
    ]);
    return Number(stdout);
  }

  /** An answer of the operations' listener, by a client inside. */
  const ready = async () => (await run('nsenter', ['--net', '--target', String(system.first), 'curl', '-s', 'http://127.0.0.1:9464/readyz'])).stdout;

  /** Nothing that the doctor looks at is wrong. */
  async function isWell() {
    const { stdout } = await system.run('gatewright', 'doctor', '--json');
    assert.deepEqual(JSON.parse(stdout).findings.filter(({ state }) => state === 'wrong'), []);
  }

  const beginLoad = () => {
    const shared = new Http2(site);
    const lanes = [new Http1(site), new Http1(site), new Http2(site), shared, shared];
    load = new Load(lanes, (lane, n) => `/page-${lane}-${n}`);
  };
  const more = (count) => {
    const from = load.answered;
    return until(`${count} more answers`, () => load.failed.length > 0 || load.answered >= from + count, 60_000);
  };
  async function endLoad() {
    await load.stop();
    assert.deepEqual(load.failed, []);
  }

  test('is installed without being started', async () => {
    const said = await system.done('dpkg', '--install', '/run/one.deb');
    assert.match(said, /systemctl enable --now gatewright/);
    for (const unit of UNITS) {
      assert.equal(await system.state(unit), 'inactive', unit);
      assert.equal((await system.run('systemctl', 'is-enabled', unit)).stdout.trim(), 'disabled', unit);
    }
  });

  test('its units have no faults, and leave the service little to lose', async () => {
    const { code, stdout, stderr } = await system.run('systemd-analyze', 'verify', '--man=no', ...UNITS);
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
    const security = await system.done('systemd-analyze', 'security', '--no-pager', 'gatewright.service');
    const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(security);
    assert.ok(Number(exposure) <= 1.5, security);
  });

  test('a configuration with faults is told, and is no reason to start for ever; corrected, it starts', async () => {
    const { code } = await system.run('systemctl', 'enable', '--now', 'gatewright');
    assert.equal(code, 1);
    await until('systemd gives up', async () => (await system.state('gatewright.socket')) === 'failed', 60_000);
    assert.equal(await system.state('gatewright.service'), 'failed');
    const told = (await system.log('gatewright.service')).filter((line) => /chain\.pem.*No such file/.test(line));
    assert.equal(told.length, 10, told.join('\n'));
    for (const name of ['chain.pem', 'key.pem']) {
      await cp(join(folder, name), system.path(`/etc/gatewright/tls/${name}`));
      await system.done('chown', 'root:gatewright', `/etc/gatewright/tls/${name}`);
      await system.done('chmod', '0640', `/etc/gatewright/tls/${name}`);
    }
    await system.write('/etc/gatewright/policies/organisation.cedar', POLICIES);
    await configure();
    await systemctl('reset-failed', 'gatewright');
    await systemctl('start', 'gatewright');
    assert.equal(JSON.parse(await ready()).ready, true, 'it serves once systemd says that it is started');
    await isWell();
    await systemctl('stop', 'gatewright', 'gatewright.socket', 'gatewright-http.socket');
  });

  test('systemd opens its sockets, and the first who connects starts it', async () => {
    await systemctl('start', 'gatewright.socket', 'gatewright-http.socket');
    assert.equal(await system.state('gatewright.service'), 'inactive');
    assert.equal(await asked('/first'), 200);
    assert.equal(await system.state('gatewright.service'), 'active');
    const invocation = await system.property('gatewright.service', 'InvocationID');
    const log = await system.done('journalctl', '--output', 'cat', `_SYSTEMD_INVOCATION_ID=${invocation}`);
    assert.equal(log.match(/listening on a socket that was handed over/g).length, 4);
    const plain = await run('nsenter', [
      '--net', '--target', String(system.first), 'curl', '-s', '-o', '/dev/null', '-w', '%{redirect_url}', '-H', `Host: ${site.host}`, 'http://127.0.0.1/x',
    ]);
    assert.equal(plain.stdout, `${gateway.secure('site')}/x`);
  });

  test('a restart refuses nobody and loses no request', async () => {
    beginLoad();
    await more(100);
    for (let n = 0; n < 2; n += 1) {
      const before = await system.property('gatewright.service', 'MainPID');
      await systemctl('restart', 'gatewright');
      assert.notEqual(await system.property('gatewright.service', 'MainPID'), before);
      await more(100);
    }
    await endLoad();
  });

  test('a reload reads the file again; one with faults fails it, and what was in force stays', async () => {
    const pid = await system.property('gatewright.service', 'MainPID');
    const title = async () => (await json('app', 'list')).items.find(({ name }) => name === 'site').title;
    const loaded = async () => (await system.log('gatewright.service')).filter((line) => line.includes(`${CONFIGURATION} loaded`)).length;
    const before = await loaded();
    await systemctl('reload', 'gatewright');
    await until('it is read again, though nothing changed', async () => (await loaded()) > before);
    await configure({ title: 'a site', more: '[[app]]\nname = "no host"\n' });
    const { code } = await system.run('systemctl', 'reload', 'gatewright');
    assert.equal(code, 1);
    const log = await system.log('gatewright.service');
    assert.ok(log.some((line) => /app\[2\].*no host/.test(line)), log.join('\n'));
    assert.equal(await title(), 'site');
    await configure({ title: 'a site' });
    await systemctl('reload', 'gatewright');
    await until('it is in force', async () => (await title()) === 'a site');
    assert.equal(await system.property('gatewright.service', 'MainPID'), pid);
  });

  test('a stop answers what is under way; while the sockets are open the next one to come starts it', async () => {
    const under = asked('/held');
    await until('the app has the request', () => held.length === 1);
    const stopped = systemctl('stop', 'gatewright');
    await until('it drains', async () => (await system.state('gatewright.service')) === 'deactivating');
    held.pop()();
    assert.equal(await under, 200);
    await stopped;
    assert.equal(await system.property('gatewright.service', 'Result'), 'success');
    assert.equal(await asked(), 200);
    assert.equal(await system.state('gatewright.service'), 'active');
    await systemctl('stop', 'gatewright*');
    assert.equal(await asked(), 0, 'with its sockets it is stopped for good');
    assert.deepEqual(await Promise.all(UNITS.map((unit) => system.state(unit))), ['inactive', 'inactive', 'inactive']);
    await systemctl('start', 'gatewright');
    assert.equal(await asked(), 200);
  });

  test('with all that is taken from it, everything that it does works', async () => {
    const status = await readFile(`/proc/${await outside('MainPID')}/status`, 'utf8');
    assert.match(status, /^CapPrm:\t0+$/m);
    assert.match(status, /^CapBnd:\t0+$/m);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.match(status, /^Seccomp:\t2$/m);

    await cli('user', 'add', 'ana');
    await cli('user', 'add', 'olga', '--role', 'owner');
    const ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await link('ana'));
    assert.equal((await ana.navigate(`${gateway.secure('app')}/of-ana`)).status, 200);
    const stream = ana.openStream(`${gateway.secure('app')}/events`);
    await stream.said('open');
    await cli('user', 'disable', 'ana');
    await stream.ended;
    await cli('user', 'enable', 'ana');

    beginLoad();
    const segments = async () => (await system.done('find', `${DATA}/ledger`, '-type', 'f')).split('\n').length;
    const first = await segments();
    await until('a segment is full, and the next one is begun', async () => load.failed.length > 0 || (await segments()) > first + 1, 60_000);
    await endLoad();
    await system.write('/etc/gatewright/policies/more.cedar', '@id("more")\nforbid (principal, action == Action::"http.request", resource in App::"site") when { context.http.path == "/closed" };\n');
    await cli('policy', 'apply', '/etc/gatewright/policies', '--yes');
    assert.notEqual(await asked('/closed'), 200);
    await cli('backup', '/run/running.backup');
    await cli('log', 'verify');
    await isWell();
  });

  const link = async (name, kind = 'sign-in') => {
    const { pathname } = new URL((await json('user', 'link', name, '--kind', kind)).url);
    return `${gateway.secure('auth')}${pathname}`;
  };

  /** A process of the service by its number on this machine. */
  async function outside(which) {
    const inside = await system.property('gatewright.service', which);
    const all = (await system.descendants()).map((pid) => readFile(`/proc/${pid}/status`, 'utf8').then((text) => [pid, text]));
    return (await Promise.all(all)).find(([, text]) => new RegExp(`^NSpid:.*\\t${inside}$`, 'm').test(text))[0];
  }

  test('an upgrade keeps what is configured and known, restarts it, and loses no request', async () => {
    const before = await system.property('gatewright.service', 'MainPID');
    const configured = await readFile(system.path(CONFIGURATION), 'utf8');
    beginLoad();
    await more(50);
    await system.done('dpkg', '--install', '/run/two.deb');
    await more(50);
    await endLoad();
    assert.notEqual(await system.property('gatewright.service', 'MainPID'), before);
    assert.equal(await system.done('readlink', `/proc/${await system.property('gatewright.service', 'MainPID')}/exe`), '/usr/bin/gatewright');
    assert.equal(await system.property('gatewright.service', 'NeedDaemonReload'), 'no');
    assert.equal(await readFile(system.path(CONFIGURATION), 'utf8'), configured);
    assert.deepEqual((await json('user', 'list')).items.map(({ name }) => name), ['ana', 'olga']);
  });

  test('a version that does not start leaves the package whole, and says where to look', async () => {
    await configure({ more: '[[app]]\nname = "no host"\n' });
    const { code, stdout, stderr } = await system.run('dpkg', '--install', '/run/one.deb');
    assert.equal(code, 0, stderr);
    assert.match(stdout + stderr, /journalctl -u gatewright/);
    assert.match(await system.done('dpkg', '--status', 'gatewright'), /^Status: install ok installed$/m);
    await configure();
    await system.done('dpkg', '--install', '/run/two.deb');
    await systemctl('start', 'gatewright');
    assert.equal(await asked(), 200);
  });

  test('a backup is restored as its pages say, with the sockets closed meanwhile', async () => {
    await cli('user', 'add', 'late');
    await systemctl('stop', 'gatewright*');
    await system.done('mv', DATA, `${DATA}.before`);
    await system.done('install', '-d', '-o', 'gatewright', '-g', 'gatewright', '-m', '0700', DATA);
    await system.done('install', '-o', 'gatewright', '-m', '0600', '/run/running.backup', '/run/restored.backup');
    await system.done(...asService, 'gatewright', 'restore', '/run/restored.backup', '--data', DATA);
    await systemctl('start', 'gatewright');
    assert.deepEqual((await json('user', 'list')).items.map(({ name }) => name), ['ana', 'olga']);
    await isWell();
    await system.done('rm', '-r', `${DATA}.before`);
  });

  test('the key that values are sealed under comes from a sealed credential', async () => {
    await systemctl('stop', 'gatewright*');
    await system.done('find', DATA, '-mindepth', '1', '-delete');
    await system.write('/run/key', randomBytes(32), 0o600);
    await system.done('systemd-creds', 'encrypt', '--with-key=host', '--name=gatewright.key', '/run/key', '/etc/gatewright/gatewright.key.cred');
    const unit = await readFile(join(ROOT, 'packaging/systemd/gatewright.service'), 'utf8');
    const [, credential] = /^# (LoadCredentialEncrypted=.*)$/m.exec(unit);
    await system.write('/etc/systemd/system/gatewright.service.d/key.conf', `[Service]\n${credential}\n`);
    await systemctl('daemon-reload');
    await systemctl('start', 'gatewright');
    assert.equal(await asked(), 200);
    assert.equal((await system.run('test', '-e', `${DATA}/secret.key`)).code, 1);
    await system.done('rm', '-r', '/etc/systemd/system/gatewright.service.d');
    await systemctl('daemon-reload');
    await systemctl('stop', 'gatewright*');
    await system.done('find', DATA, '-mindepth', '1', '-delete');
    await system.write('/run/closed/gatewright.key', randomBytes(32), 0o600);
    await chmod(system.path('/run/closed'), 0o700);
    const { code, stderr } = await system.run(...asService, 'env', 'CREDENTIALS_DIRECTORY=/run/closed', 'gatewright', 'up', '-c', CONFIGURATION);
    assert.deepEqual([code, /Permission denied/.test(stderr)], [1, true], 'with one that cannot be read it does not go on without');
    assert.equal((await system.run('test', '-e', `${DATA}/secret.key`)).code, 1);
  });

  test('the glass is broken while the disk is full', async () => {
    await system.done('mount', '-t', 'tmpfs', '-o', 'size=96m,mode=0700', 'tmpfs', DATA);
    await systemctl('start', 'gatewright');
    assert.equal(await system.done('stat', '--format', '%U %a', DATA), 'gatewright 700');
    await cli('user', 'add', 'ana');
    const ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await link('ana'));
    assert.equal((await ana.navigate(`${gateway.secure('app')}/`)).status, 200);
    const traffic = await Traffic.of(ana, 'app', 1);
    const { code } = await json('break-glass', 'seal', '--label', 'safe');
    await until('space is set aside', async () => (await system.run('test', '-s', `${DATA}/set-aside`)).code === 0);
    await system.run('dd', 'if=/dev/zero', `of=${DATA}/filler`, 'bs=64k');
    let answer;
    for (let n = 0; n < 5000 && answer?.status !== 503; n += 1) answer = await traffic.ask(`/${'x'.repeat(3000)}`);
    assert.equal(answer.status, 503, 'a request that cannot be recorded is refused');
    let added = 0;
    while ((await system.run('gatewright', '--data', DATA, 'user', 'add', `filling-${added}`)).code === 0) {
      added += 1;
      assert.ok(added < 400, 'nobody can be added');
    }
    traffic.close();

    const stranger = await Visitor.arrive(gateway);
    const inside = await stranger.submit(await stranger.navigate(`${gateway.secure('auth')}/break-glass`), { code });
    const me = await stranger.request(`${gateway.secure('admin')}/v1/me`);
    assert.equal(me.status, 200, `${me.body} ${inside.body}`);
    assert.equal(me.json.name, 'break-glass');
    await system.done('rm', `${DATA}/filler`);
    await until('people can be added again', async () => (await system.run('gatewright', '--data', DATA, 'user', 'add', 'bo')).code === 0);
    await cli('log', 'verify');
    assert.equal(await system.state('gatewright.service'), 'active');
    await systemctl('stop', 'gatewright*');
    await system.done('umount', DATA);
  });

  test('certificates are obtained through port 80, which systemd opened', { skip: noAuthority }, async () => {
    const authority = await makeAuthority();
    const usual = gateway.authority;
    try {
      await cp(authority.folder, system.path(authority.folder), { recursive: true });
      await cp(join(ROOT, 'target/tools/step-ca'), system.path('/run/step-ca'));
      await cp(authority.root, system.path('/etc/gatewright/tls/authority.pem'));
      await system.done('systemd-run', '--unit=authority', '/run/step-ca', join(authority.folder, 'ca.json'), '--insecure');
      await configure({ certificates: false, more: authority.config.replace(authority.root, 'tls/authority.pem') });
      await systemctl('start', 'gatewright');
      gateway.authority = authority.root;
      for (const host of HOSTS) {
        await until(`${host} is served`, async () => (await run('curl', ['-s', '--cacert', authority.root, `https://${host}:${port}/`])).code === 0, 60_000);
      }
      assert.equal(await asked(), 200);
      await isWell();
    } finally {
      gateway.authority = usual;
      await authority.remove();
    }
  });

  test('is removed with its sockets closed, and what it knows kept; purged, nothing is left', async () => {
    await system.done('dpkg', '--remove', 'gatewright');
    assert.equal(await asked(), 0);
    assert.equal(await system.done('find', '/etc/systemd/system', '-name', '*gatewright*'), '');
    for (const kept of [`${DATA}/facts.sqlite`, CONFIGURATION]) await system.done('test', '-e', kept);
    await configure();
    const said = await system.done('dpkg', '--install', '/run/two.deb');
    assert.match(said, /systemctl enable --now gatewright/, 'what was switched off is not on again, and that is said');
    assert.equal(await system.state('gatewright.socket'), 'inactive');
    await systemctl('enable', '--now', 'gatewright');
    assert.equal(await asked(), 200);
    await system.done('dpkg', '--purge', 'gatewright');
    assert.equal((await system.run('getent', 'passwd', 'gatewright')).code, 2);
    const left = await system.done('find', '/etc', '/usr', '/var', '-xdev', '-iname', '*gatewright*');
    assert.equal(left, '');
    const units = await system.done('systemctl', 'list-units', '--all', '--plain', '--no-legend', 'gatewright*');
    assert.equal(units, '');
    assert.equal((await system.run('systemctl', 'is-system-running')).stdout.trim(), 'running');
  });
});
