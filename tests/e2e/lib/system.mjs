// A Debian system of a test's own: the root that `setup-test.sh` makes, in memory, with its systemd as process 1 of
// namespaces of its own. It goes with the test, whatever became of it.

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Child, run } from './child.mjs';
import { sh, skip as noMounts } from './machine.mjs';
import { until } from './until.mjs';

const DEBIAN = new URL('../../../target/tools/debian.tar', import.meta.url).pathname;
const PATH = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';

/** Why such tests are skipped here, or `false`. */
export const skip = noMounts || (await whyNot());

async function whyNot() {
  if (!existsSync(DEBIAN)) return 'there is no Debian root: scripts/setup-test.sh makes it';
  const tried = ['unshare', ['--mount', '--pid', '--fork', '--net', '--uts', '--ipc', '--cgroup', 'mount', '-t', 'cgroup2', 'cgroup2', tmpdir()]];
  const { code, stderr } = await run(...tried);
  return code === 0 ? false : `systemd cannot be process 1 of namespaces here: ${stderr.trim()}`;
}

const BOOT = `set -e
echo $$ > "$1/cgroup.procs"
exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup sh -c '
  set -e
  cd "$1"
  mount -t proc proc proc
  mount --bind proc/sys proc/sys
  mount -o remount,bind,ro proc/sys
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
  hostname gate
  pivot_root . .
  umount -l .
  mount --make-rshared /
  exec env -i container=gatewright-test ${PATH} /lib/systemd/systemd systemd.unit=multi-user.target
' sh "$2"
`;

export class System {
  /** Boots one, and waits until everything in it has started. */
  static async boot() {
    const system = new System();
    await system.start().catch(async (error) => {
      await system.remove();
      throw error;
    });
    return system;
  }

  relays = [];

  async start() {
    this.folder = await mkdtemp(join(tmpdir(), 'gatewright-system-'));
    const part = async (name, ...options) => {
      await mkdir(join(this.folder, name), { recursive: true });
      if (options.length) await sh('mount', ...options, join(this.folder, name));
      return join(this.folder, name);
    };
    this.root = await part('root', '-t', 'tmpfs', 'tmpfs', '-o', 'mode=0755');
    // A group of its own, below which its systemd keeps those of its services.
    this.groups = join(await part('groups', '-t', 'cgroup2', 'cgroup2'), `gatewright-test-${process.pid}`);
    await mkdir(this.groups);
    await sh('tar', '--extract', '--file', DEBIAN, '--directory', this.root, '--exclude', './dev/*', '--numeric-owner');
    await part('root/dev', '-t', 'tmpfs', 'tmpfs', '-o', 'mode=0755');
    for (const device of ['null', 'zero', 'full', 'random', 'urandom', 'tty']) {
      await writeFile(join(this.root, 'dev', device), '');
      await sh('mount', '--bind', `/dev/${device}`, join(this.root, 'dev', device));
    }
    for (const folder of ['pts', 'shm']) await mkdir(join(this.root, 'dev', folder));
    await symlink('pts/ptmx', join(this.root, 'dev/ptmx'));
    await part('root/run', '-t', 'tmpfs', 'tmpfs', '-o', 'mode=0755');
    this.child = new Child('sh', ['-c', BOOT, 'sh', this.groups, this.root]);
    await until('its systemd runs', async () => {
      if (this.child.end) throw new Error(this.child.output);
      const children = await readFile(`/proc/${this.child.pid}/task/${this.child.pid}/children`, 'utf8');
      this.first = Number(children.trim());
      return (await readFile(`/proc/${this.first}/comm`, 'utf8')) === 'systemd\n';
    });
    await until('it has started', async () => {
      const { stdout, stderr } = await this.run('systemctl', 'is-system-running');
      if (stdout.trim() === 'running') return true;
      throw new Error(`${stdout}${stderr}${(await this.run('systemctl', '--failed')).stdout}`);
    }, 60_000);
  }

  /** Runs a command inside: `{ code, stdout, stderr }`. */
  run(...command) {
    return run('nsenter', ['--all', '--target', String(this.first), 'env', '-i', PATH, ...command]);
  }

  /** Runs one that must succeed, and gives what it printed. */
  async done(...command) {
    const { code, stdout, stderr } = await this.run(...command);
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  path(inside) {
    return join(this.root, inside);
  }

  async write(inside, text, mode = 0o644) {
    await mkdir(dirname(this.path(inside)), { recursive: true });
    await writeFile(this.path(inside), text, { mode });
  }

  /** A property of a unit, as `systemctl show` has it. */
  property(unit, name) {
    return this.done('systemctl', 'show', '--value', '--property', name, unit);
  }

  async state(unit) {
    return (await this.run('systemctl', 'is-active', unit)).stdout.trim();
  }

  /** Its processes, by their numbers outside. */
  async descendants() {
    const groups = (await sh('find', this.groups, '-name', 'cgroup.procs')).split('\n');
    const numbers = await Promise.all(groups.map((file) => readFile(file, 'utf8')));
    return numbers.flatMap((text) => text.split('\n').filter(Boolean));
  }

  /** What a unit logged. */
  async log(unit) {
    return (await this.done('journalctl', '--no-pager', '--output', 'cat', '--unit', unit)).split('\n');
  }

  /** Leads a port of this machine's loopback to one of its, through systemd's own relay. */
  async relay(port, inside) {
    const name = `relay-${inside}`;
    await this.write(`/run/systemd/system/${name}.socket`, `[Socket]\nListenStream=/run/${name}\n`);
    await this.write(`/run/systemd/system/${name}.service`, `[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd 127.0.0.1:${inside}\n`);
    await this.done('systemctl', 'daemon-reload');
    await this.done('systemctl', 'start', `${name}.socket`);
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const far = createConnection({ path: this.path(`/run/${name}`), allowHalfOpen: true });
      for (const [one, other] of [[near, far], [far, near]]) {
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.on('close', () => one.readableEnded || other.destroy());
      }
    });
    await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    this.relays.push(server);
  }

  async remove() {
    for (const server of this.relays) server.close();
    await this.child?.stop('SIGKILL');
    if (this.groups) {
      await until('its processes are gone', async () => /^populated 0$/m.test(await readFile(join(this.groups, 'cgroup.events'), 'utf8')));
      const below = (await sh('find', this.groups, '-depth', '-type', 'd')).split('\n');
      for (const group of below) await rmdir(group);
    }
    for (const part of ['root', 'groups']) await sh('umount', '--recursive', '--lazy', join(this.folder, part)).catch(() => {});
    await rm(this.folder, { recursive: true, force: true });
  }
}
