// The Debian package on a system of its own: installed, started as its unit would, upgraded, removed, purged. The
// system is this one (or the root that GATEWRIGHT_PACKAGE_ROOT names) under a layer that is thrown away.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeCertificates } from './lib/certificates.mjs';
import { Child, run } from './lib/child.mjs';
import { BINARY } from './lib/gateway.mjs';
import { sh, skip } from './lib/machine.mjs';
import { freePorts } from './lib/ports.mjs';
import { until } from './lib/until.mjs';

const ROOT = new URL('../../', import.meta.url).pathname;
const ACTIVATE = new URL('lib/activate.py', import.meta.url).pathname;
const DOMAIN = 'e2e.localhost';
const DATA = '/var/lib/gatewright';
const UNIT = '/usr/lib/systemd/system/gatewright.service';

const nothing = ['dpkg-deb', 'setpriv', 'readelf'].find((tool) => !existsSync(`/usr/bin/${tool}`));

describe('the Debian package', { skip: skip || (nothing && `${nothing} is not there`) }, () => {
  let folder, upper, root, packages, child;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewright-package-'));
    packages = [];
    for (const version of ['0.1.0~one', '0.1.0~two']) {
      const { code, stdout, stderr } = await run(join(ROOT, 'scripts/deb.sh'), [BINARY, folder], {
        env: { ...process.env, VERSION: version, COMPRESSION: 'none' },
      });
      assert.equal(code, 0, stderr);
      packages.push(stdout.trim());
    }
    const layers = join(folder, 'layers');
    await mkdir(layers);
    await sh('mount', '-t', 'tmpfs', 'tmpfs', layers);
    [upper, root] = [join(layers, 'upper'), join(layers, 'root')];
    for (const part of [upper, root, join(layers, 'work')]) await mkdir(part);
    const lower = process.env.GATEWRIGHT_PACKAGE_ROOT ?? '/';
    await sh('mount', '-t', 'overlay', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${join(layers, 'work')}`, root);
    await sh('mount', '-t', 'proc', 'proc', join(root, 'proc'));
    await sh('mount', '--rbind', '/dev', join(root, 'dev'));
    // Nothing of the machine's own service manager.
    await sh('mount', '-t', 'tmpfs', 'tmpfs', join(root, 'run'));
    for (const [n, file] of packages.entries()) await cp(file, join(root, 'run', `${n}.deb`));
  });

  after(async () => {
    await child?.stop();
    // What is mounted goes with the namespace.
    await sh('umount', '-l', join(folder, 'layers')).catch(() => {});
    await rm(folder, { recursive: true, force: true });
  });

  const inside = (...command) => run('chroot', [root, 'env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', ...command]);

  async function done(...command) {
    const { code, stdout, stderr } = await inside(...command);
    assert.equal(code, 0, `${command.join(' ')}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  const exists = (path) => stat(join(root, path)).then(() => true, () => false);
  const owner = async (path) => done('stat', '-c', '%U:%G %a', path);
  const unit = async (key) => new RegExp(`^${key}=(.*)$`, 'm').exec(await readFile(join(root, UNIT), 'utf8'))[1];
  /** As the user that the service runs as, with no more rights than its unit leaves it. */
  const asService = ['setpriv', '--reuid=gatewright', '--regid=gatewright', '--init-groups', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];

  test('installs its user, folders and pages, and starts nothing', async () => {
    const said = await done('dpkg', '-i', '/run/0.deb');
    assert.match(said, /systemctl enable --now gatewright/);
    assert.equal(await owner(DATA), 'gatewright:gatewright 700');
    assert.equal(await owner('/etc/gatewright'), 'root:gatewright 750');
    assert.equal(await owner('/etc/gatewright/gatewright.toml'), 'root:gatewright 640');
    assert.match(await done('getent', 'passwd', 'gatewright'), /:\/var\/lib\/gatewright:\/usr\/sbin\/nologin$/);
    assert.equal(await done('gatewright', '--version'), 'gatewright 0.1.0');
    for (const page of ['man1/gatewright.1.gz', 'man1/gatewright-doctor.1.gz', 'man5/gatewright.toml.5.gz']) {
      assert.ok(await exists(`/usr/share/man/${page}`), page);
    }
    assert.ok(await exists('/usr/share/bash-completion/completions/gatewright'));
    assert.equal(await done('dpkg', '--verify', 'gatewright'), '');
    assert.deepEqual(await readdir(join(root, DATA)), []);
  });

  test('leaves its service little to lose', { skip: !existsSync('/usr/bin/systemd-analyze') && 'systemd-analyze is not there' }, async () => {
    const { stdout, stderr } = await run('systemd-analyze', ['security', '--no-pager', '--offline=true', join(root, UNIT)]);
    const [, score] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? assert.fail(stderr);
    assert.ok(Number(score) <= 2, `exposure ${score} of 10`);
  });

  let ports, authority;

  test('runs as its unit says, once it is told hosts and certificates', async () => {
    ports = await freePorts(3);
    const certificates = await makeCertificates(folder, [`*.${DOMAIN}`]);
    authority = certificates.authority;
    const tls = '/etc/gatewright/tls';
    for (const [name, file] of [['chain.pem', certificates.chain], ['key.pem', certificates.key]]) {
      await cp(file, join(root, tls, name));
      await done('chown', 'root:gatewright', `${tls}/${name}`);
      await chmod(join(root, tls, name), 0o640);
    }
    const file = join(root, '/etc/gatewright/gatewright.toml');
    const text = (await readFile(file, 'utf8'))
      .replaceAll('example.com', DOMAIN)
      .replace('"0.0.0.0:80", "[::]:80"', `"127.0.0.1:${ports[0]}"`)
      .replace('"0.0.0.0:443", "[::]:443"', `"127.0.0.1:${ports[1]}"`)
      .replace('127.0.0.1:9464', `127.0.0.1:${ports[2]}`)
      .replace('[authentication]', `public_https_port = ${ports[1]}\n\n[authentication]`);
    await writeFile(file, text);
    await done(...asService, 'gatewright', 'check', '-c', '/etc/gatewright/gatewright.toml');
    assert.equal(await unit('User'), 'gatewright');
    const start = (await unit('ExecStart')).split(' ');
    child = new Child('python3', [
      ACTIVATE, `http=127.0.0.1:${ports[0]}`, `https=127.0.0.1:${ports[1]}`, '--',
      'chroot', root, ...asService, ...start,
    ]);
    await serves();
    const { stdout } = await inside('gatewright', 'doctor', '--json');
    const wrong = JSON.parse(stdout).findings.filter(({ state }) => state === 'wrong');
    assert.deepEqual(wrong, []);
    await done(...asService, 'gatewright', '--data', DATA, 'user', 'add', 'olga', '--role', 'owner');
  });

  /** It answers people on the socket that it was handed, and is ready. */
  const serves = () =>
    until('it serves', async () => {
      if (child.end) throw new Error(`it ended:\n${child.output}`);
      const url = `https://auth.${DOMAIN}:${ports[1]}/sign-in`;
      const page = await run('curl', ['-sf', '--cacert', authority, '--resolve', `auth.${DOMAIN}:${ports[1]}:127.0.0.1`, url]);
      const ready = await run('curl', ['-sf', `http://127.0.0.1:${ports[2]}/readyz`]);
      return page.code === 0 && /Sign in/.test(page.stdout) && ready.code === 0;
    }, 30_000);

  test('brings roles, recipes and an organisation to copy, each of them right where it lies', async () => {
    const shared = '/usr/share/gatewright';
    const policies = `${shared}/policies`;
    const recipes = (await readdir(join(root, policies, 'recipes'))).map((name) => `recipes/${name}`);
    assert.equal(recipes.length, 20);
    for (const folder of ['roles', 'examples', ...recipes]) {
      await done(...asService, 'gatewright', 'policy', 'check', `${policies}/${folder}`);
      assert.match(await done(...asService, 'gatewright', 'policy', 'test', `${policies}/${folder}`), /[1-9]\d* passed, 0 failed/);
    }
    assert.equal(await done('readlink', '-f', '/usr/share/doc/gatewright/examples'), shared);
    assert.equal(await done('find', shared, '!', '-user', 'root', '-o', '!', '-perm', '-444', '-o', '-perm', '/022'), '');
    const dry = await inside('gatewright', '--data', DATA, 'apply', `${shared}/declared`, '--dry-run');
    assert.equal(dry.code, 1, dry.stderr);
    assert.match(dry.stdout, /handbook/);
  });

  test('takes its roles into use, duties kept apart, as its pages say', async () => {
    const folder = '/etc/gatewright/policies';
    await done('sh', '-c', `cp /usr/share/gatewright/policies/roles/*.cedar ${folder}`);
    await done('gatewright', '--data', DATA, 'policy', 'apply', folder, '--yes');
    const inForce = await done('gatewright', '--data', DATA, 'api', '/v1/policies');
    for (const id of ['helpdesk-helps-people', 'auditors-change-nothing']) assert.ok(inForce.includes(`"${id}"`), id);
  });

  test('is upgraded with what was configured and what is known', async () => {
    const before = await readFile(join(root, '/etc/gatewright/gatewright.toml'), 'utf8');
    await done('dpkg', '-i', '/run/1.deb');
    assert.equal(await readFile(join(root, '/etc/gatewright/gatewright.toml'), 'utf8'), before);
    assert.equal(await owner('/etc/gatewright/gatewright.toml'), 'root:gatewright 640');
    const ended = child.lines.filter((line) => line.startsWith('activate: ended')).length;
    child.process.kill('SIGUSR1');
    await until('it has ended', () => child.lines.filter((line) => line.startsWith('activate: ended 0')).length > ended, 30_000);
    await serves();
    const users = JSON.parse(await done('gatewright', '--data', DATA, 'user', 'list', '--json'));
    assert.deepEqual(users.items.map((user) => user.name), ['olga']);
    assert.equal(JSON.parse(await done('gatewright', '--data', DATA, 'log', 'verify', '--json')).ok, true);
  });

  test('is looked at and backed up by root, who leaves nothing in its data folder', async () => {
    const others = () => done('find', DATA, '!', '-user', 'gatewright');
    await done('gatewright', 'backup', '/run/running.backup', '--data', DATA);
    assert.equal(await others(), '');
    await child.stop();
    const resting = await inside('gatewright', 'doctor', '--json');
    const found = JSON.parse(resting.stdout).findings;
    assert.ok(found.some(({ about, state }) => about === 'store' && state === 'fine'), resting.stdout);
    assert.equal(await others(), '');
    const refused = await inside('gatewright', 'backup', '/run/resting.backup', '--data', DATA);
    assert.match(refused.stderr, /belongs to uid \d+\n.*runuser -u gatewright/);
    await done('install', '-d', '-o', 'gatewright', '/run/backups');
    await done(...asService, 'gatewright', 'backup', '/run/backups/resting', '--data', DATA);
    await done(...asService, 'gatewright', 'restore', '/run/backups/resting', '--data', '/run/backups/restored');
  });

  test('is removed without what it knows, and purged with all of it', async () => {
    await done('dpkg', '-r', 'gatewright');
    assert.equal(await exists('/usr/bin/gatewright'), false);
    assert.ok(await exists(`${DATA}/facts.sqlite`) && (await exists('/etc/gatewright/gatewright.toml')));
    await done('dpkg', '-i', '/run/1.deb');
    assert.equal(await owner('/etc/gatewright/policies'), 'root:gatewright 750');
    await done('dpkg', '-P', 'gatewright');
    assert.equal((await inside('getent', 'passwd', 'gatewright')).code, 2);
    assert.equal((await inside('dpkg', '-s', 'gatewright')).code, 1);
    // A file that hides one below is a device, 0:0; what is left over would be anything else.
    const left = await sh('find', upper, '-iname', '*gatewright*', '!', '-type', 'c', '!', '-path', '*/tmp/*');
    assert.equal(left, '');
  });
});
