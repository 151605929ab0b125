// Faults of the machine: disks of a test's own, in the mount namespace that `run.sh` makes, and limits.

import { execFile } from 'node:child_process';
import { readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Why such tests are skipped here, or `false`. */
export const skip = process.env.GATEWRIGHT_OWN_MOUNTS
  ? false
  : 'needs root and a mount namespace of its own: run it as root with `make e2e ONLY=faults`';

/** Runs a command that must succeed. */
export async function sh(command, ...args) {
  const { stdout } = await execute(command, args);
  return stdout.trim();
}

/** A file system in memory. */
export async function mountMemory(at, mebibytes) {
  await sh('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'tmpfs', at);
  return { at, remount: (how) => sh('mount', '-o', `remount,${how}`, at), unmount: () => sh('umount', '-l', at) };
}

/** An ext4 file system in a file, on a loop device. */
export async function mountExt4(at, image, mebibytes) {
  await sh('truncate', '-s', `${mebibytes}M`, image);
  await sh('mkfs.ext4', '-q', '-E', 'lazy_itable_init=0', image);
  const mount = () => sh('mount', '-o', 'loop,errors=remount-ro', image, at);
  await mount();
  return {
    at,
    /** Has the file system find a fault, upon which it turns read-only. */
    fail: async () => {
      const device = await sh('findmnt', '-n', '-o', 'SOURCE', at);
      await writeFile(`/sys/fs/ext4/${device.split('/').pop()}/trigger_fs_error`, 'test');
    },
    freeze: () => sh('fsfreeze', '--freeze', at),
    thaw: () => sh('fsfreeze', '--unfreeze', at),
    unmount: () => sh('umount', at),
    /** As an administrator would bring it back. */
    repair: async () => {
      await sh('umount', at);
      await execute('e2fsck', ['-f', '-y', image]).catch((error) => {
        if (error.code > 1) throw error;
      });
      await mount();
    },
  };
}

/** A disk whose syncs return only while nobody holds it: what the process needs in its environment, and the hold. */
export async function stubbornDisk(folder) {
  const [library, held] = [join(folder, 'slow-sync.so'), join(folder, 'held')];
  await sh('gcc', '-shared', '-fPIC', '-O1', '-o', library, new URL('slow-sync.c', import.meta.url).pathname, '-ldl');
  return {
    env: { LD_PRELOAD: library, SLOW_SYNC: held },
    hold: () => writeFile(held, ''),
    release: () => rm(held),
  };
}

/** Takes all the space that is left; gives it back by `free`. */
export async function fill(at) {
  const file = join(at, 'filler');
  await execute('dd', ['if=/dev/zero', `of=${file}`, 'bs=64k']).catch(() => {});
  await execute('dd', ['if=/dev/zero', `of=${file}`, 'bs=4k', 'oflag=append', 'conv=notrunc']).catch(() => {});
  return { free: () => rm(file) };
}

/** The descriptors of a process, by number. */
export async function descriptors(pid) {
  const numbers = await readdir(`/proc/${pid}/fd`);
  return numbers.map(Number).sort((a, b) => a - b);
}

/** What the descriptors of a process lead to. */
export async function opened(pid) {
  const names = await Promise.all((await descriptors(pid)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return names.filter(Boolean);
}

/** Lowers how many descriptors a process may have to those that it has; `restore` gives it its limit back. */
export async function limitDescriptors(pid) {
  const limits = await readFile(`/proc/${pid}/limits`, 'utf8');
  const before = /^Max open files\s+(\d+)\s+(\d+)/m.exec(limits);
  const limit = (await descriptors(pid)).at(-1) + 1;
  await sh('prlimit', `--pid=${pid}`, `--nofile=${limit}:${before[2]}`);
  return { limit, restore: () => sh('prlimit', `--pid=${pid}`, `--nofile=${before[1]}:${before[2]}`) };
}
