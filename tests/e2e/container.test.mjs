// The container: what `packaging/container/Containerfile` makes, and that it serves, is well, stops and goes on with
// nothing but what its pages give it. The base is as small as the one that it names, made of Debian's own files, and
// the binary is the one that all tests run: compiling it is what the first stage does, and is left out here.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeCertificates } from './lib/certificates.mjs';
import { run } from './lib/child.mjs';
import { BINARY } from './lib/gateway.mjs';
import { sh, skip as noMounts } from './lib/machine.mjs';
import { until } from './lib/until.mjs';
import { startUpstream } from './lib/upstream.mjs';

const ROOT = new URL('../../', import.meta.url).pathname;
const CONTAINERFILE = join(ROOT, 'packaging/container/Containerfile');
const DEBIAN = join(ROOT, 'target/tools/debian.tar');
const DOMAIN = 'e2e.localhost';
const DATA = '/var/lib/gatewright';
const USER = 65532;

const skip =
  noMounts ||
  (!existsSync('/usr/bin/podman') && 'podman is not installed: scripts/setup-test.sh does it') ||
  (!existsSync(DEBIAN) && 'there is no Debian root: scripts/setup-test.sh makes it');

describe('the container', { skip }, () => {
  let folder, text, base, upstream, held, authority;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewright-container-'));
    // Here podman finds one hierarchy of groups, on whatever machine; none of them is needed.
    await sh('mount', '-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup');
    text = await readFile(CONTAINERFILE, 'utf8');
    base = join(folder, 'base');
    await mkdir(join(base, 'etc'), { recursive: true });
    await mkdir(join(base, 'var/lib'), { recursive: true });
    await sh(
      'tar', '--extract', '--file', DEBIAN, '--directory', base, '--wildcards',
      './lib*', './usr/lib*ld-linux*', './usr/lib/*/libc.so.6', './usr/lib/*/libm.so.6', './usr/lib/*/libgcc_s.so.1', './etc/ssl/certs/ca-certificates.crt',
    );
    await writeFile(join(base, 'etc/passwd'), `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${USER}:${USER}::/:/sbin/nologin\n`);
    await sh('tar', '--create', '--file', join(folder, 'base.tar'), '--directory', base, '.');
    await podman('import', join(folder, 'base.tar'), /^FROM (gcr\.io\/\S+)$/m.exec(text)[1]);

    held = [];
    upstream = await startUpstream({ pages: { '/held': (_, response) => held.push(() => response.end('at last')) } });
    await new Promise((resolve) => upstream.server.close(resolve));
    await mkdir(join(folder, 'app'));
    await new Promise((resolve) => upstream.server.listen(join(folder, 'app/socket'), resolve));
    await chmod(join(folder, 'app/socket'), 0o777);
    await configure();
  });

  after(async () => {
    for (const answer of held ?? []) answer();
    await podman('rm', '--force', '--all').catch(() => {});
    await upstream?.stop();
    await sh('umount', '/sys/fs/cgroup').catch(() => {});
    const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1]);
    for (const mount of mounts.reverse()) if (folder && mount?.startsWith(folder)) await sh('umount', '--lazy', mount);
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** Podman with a store of its own. */
  async function podman(...args) {
    const part = (name) => join(folder, 'podman', name);
    const { code, stdout, stderr } = await run('podman', [
      '--root', part('root'), '--runroot', part('run'), '--tmpdir', part('tmp'), '--cgroup-manager', 'cgroupfs', '--events-backend', 'none', ...args,
    ]);
    if (code !== 0) throw new Error(`podman ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  const inspect = async (...args) => JSON.parse(await podman('inspect', ...args))[0];

  /** Its process, by its number outside. */
  async function pid() {
    const { State } = await inspect('gatewright');
    assert.ok(State.Pid > 0, await podman('logs', 'gatewright'));
    return State.Pid;
  }

  /** What lies below a folder: its files and folders, by their paths in it. */
  const lies = async (at) => new Set((await sh('find', at, '-mindepth', '1', '-printf', '%P\n')).split('\n'));

  /** A folder for `/etc/gatewright`: the packaged configuration, as the page on containers changes it. */
  async function configure() {
    const etc = join(folder, 'etc');
    await mkdir(join(etc, 'policies'), { recursive: true });
    await mkdir(join(etc, 'tls'));
    await mkdir(join(folder, 'certificates'));
    const made = await makeCertificates(join(folder, 'certificates'), [`*.${DOMAIN}`]);
    authority = made.authority;
    for (const [file, name] of [[made.chain, 'chain.pem'], [made.key, 'key.pem']]) await cp(file, join(etc, 'tls', name));
    await writeFile(join(etc, 'policies/site.cedar'), '@id("site-for-everybody")\npermit (principal is Anonymous, action == Action::"http.request", resource in App::"site");\n');
    const page = await readFile(join(ROOT, 'docs/operations.md'), 'utf8');
    const [, listen] = /^## As a container$[\s\S]*?^```toml\n([\s\S]*?)^```$/m.exec(page);
    const packaged = await readFile(join(ROOT, 'packaging/gatewright.toml'), 'utf8');
    const app = `[[app]]\nname = "site"\nhost = "site.${DOMAIN}"\nupstream = "unix:///run/app/socket"\n`;
    const changed = packaged.replaceAll('example.com', DOMAIN).replace(/^\[listen\][^[]*^http = .*\n^https = .*\n/m, listen);
    assert.ok(changed.includes(listen));
    await writeFile(join(etc, 'gatewright.toml'), `${changed}${app}`);
    await sh('chown', '-R', `${USER}:${USER}`, etc);
    await chmod(join(etc, 'tls/key.pem'), 0o600);
  }

  /** What a client prints in the container's network, which is nobody else's. */
  const inside = async (...client) => (await run('nsenter', ['--net', '--target', String(await pid()), ...client])).stdout;

  async function asked(path) {
    const host = `site.${DOMAIN}`;
    const client = ['curl', '--silent', '--cacert', authority, '--max-time', '60', '--output', '/dev/null', '--write-out', '%{http_code}'];
    return Number(await inside(...client, '--resolve', `${host}:8443:127.0.0.1`, `https://${host}:8443${path}`));
  }

  const start = () =>
    podman(
      'run', '--detach', '--name', 'gatewright', '--pull', 'never', '--network', 'none', '--cgroups', 'disabled',
      // Not more than podman gives by itself, which a machine without that right refuses.
      '--ulimit', 'nofile=8192:8192', '--ulimit', 'nproc=1000:1000', '--health-interval', 'disable',
      '--read-only', '--read-only-tmpfs=false', '--cap-drop', 'all', '--security-opt', 'no-new-privileges', '--stop-timeout', '30',
      '--volume', `${folder}/etc:/etc/gatewright:ro`, '--volume', `${folder}/app:/run/app`, '--volume', `gatewright:${DATA}`, 'gatewright',
    );

  const healthy = () => until('it is healthy', () => podman('healthcheck', 'run', 'gatewright').then(() => true), 30_000);

  test('is built of what the project is, and of nothing that only lies about', async () => {
    await writeFile(join(folder, 'context'), 'FROM scratch\nCOPY . /\n');
    await podman('build', '--isolation', 'chroot', '--tag', 'context', '--file', join(folder, 'context'), ROOT);
    const seen = await lies(await podman('image', 'mount', 'context'));
    for (const needed of ['Cargo.lock', 'crates/gatewright/src/main.rs', 'policies/base.cedar']) assert.ok(seen.has(needed), needed);
    const waste = [...seen].filter((path) => /(^|\/)(\.git|target|node_modules|demo-data|data)$/.test(path));
    assert.deepEqual(waste, []);
    await podman('image', 'unmount', 'context');
    const [, rust] = /^FROM \S+\/rust:([\d.]+)-/m.exec(text);
    assert.equal(rust, /^rust-version = "([\d.]+)"/m.exec(await readFile(join(ROOT, 'Cargo.toml'), 'utf8'))[1]);
  });

  test('adds one program and one folder to its base, and is nobody in particular', async () => {
    const built = join(folder, 'build');
    await mkdir(join(built, 'source/target/release'), { recursive: true });
    await sh('strip', '--strip-unneeded', '-o', join(built, 'source/target/release/gatewright'), BINARY);
    await mkdir(join(built, 'data/gatewright'), { recursive: true });
    await chmod(join(built, 'data/gatewright'), 0o700);
    await podman(
      'build', '--pull=never', '--isolation', 'chroot', '--format', 'docker', '--build-context', `build=${built}`, '--tag', 'gatewright', '--file', CONTAINERFILE, ROOT,
    );
    const { Config } = await inspect('--type', 'image', 'gatewright');
    assert.equal(Config.User, `${USER}:${USER}`);
    assert.deepEqual(Config.Volumes, { [DATA]: {} });
    const image = await podman('image', 'mount', 'gatewright');
    const before = await lies(base);
    const added = [...(await lies(image))].filter((path) => !before.has(path));
    assert.deepEqual(added.sort(), ['usr/bin', 'usr/bin/gatewright', 'var/lib/gatewright']);
    const { uid, mode } = await stat(join(image, DATA));
    assert.deepEqual([uid, mode & 0o777], [USER, 0o700]);
    assert.equal((await stat(join(image, 'var/lib'))).uid, 0);
    await podman('image', 'unmount', 'gatewright');
  });

  test('serves and is well, on a file system that it cannot write and without any right', async () => {
    await start();
    await healthy();
    assert.equal(await asked('/'), 200);
    const status = await readFile(`/proc/${await pid()}/status`, 'utf8');
    assert.match(status, new RegExp(`^Uid:\\t${USER}\\t${USER}\\t${USER}\\t${USER}$`, 'm'));
    assert.match(status, /^CapBnd:\t0+$/m);
    await podman('exec', 'gatewright', 'gatewright', 'user', 'add', 'olga', '--role', 'owner');
    const doctor = JSON.parse(await podman('exec', 'gatewright', 'gatewright', 'doctor', '--json'));
    assert.equal(doctor.ok, true, JSON.stringify(doctor));
  });

  test('stops once what is under way is answered, and goes on with the same volume', async () => {
    const under = asked('/held');
    await until('the app has the request', () => held.length === 1);
    const stopped = podman('stop', 'gatewright');
    await until('it drains', async () => (await inside('curl', '--silent', 'http://127.0.0.1:9464/readyz')).includes('it is stopping'));
    held.pop()();
    assert.equal(await under, 200);
    await stopped;
    assert.equal((await inspect('gatewright')).State.ExitCode, 0);
    await podman('rm', 'gatewright');
    await start();
    await healthy();
    const users = JSON.parse(await podman('exec', 'gatewright', 'gatewright', 'user', 'list', '--json'));
    assert.deepEqual(users.items.map(({ name }) => name), ['olga']);
    assert.equal(await asked('/'), 200);
  });

  test('is not well where it does not answer', async () => {
    const stopped = await pid();
    process.kill(stopped, 'SIGSTOP');
    await assert.rejects(podman('healthcheck', 'run', 'gatewright'), /unhealthy|ended with 1/);
    process.kill(stopped, 'SIGCONT');
    await healthy();
  });
});
