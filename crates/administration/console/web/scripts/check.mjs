// The committed assets are what the sources give, byte for byte.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const committed = fileURLToPath(new URL('../../assets/', import.meta.url));
const built = mkdtempSync(join(tmpdir(), 'gatewright-console-'));

const files = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replace(/^\//, ''))
    .sort();

function different() {
  const names = new Set([...files(committed), ...files(built)]);
  return [...names].filter((name) => {
    try {
      return !readFileSync(join(committed, name)).equals(readFileSync(join(built, name)));
    } catch {
      return true;
    }
  });
}

const run = spawnSync('npm', ['run', '--silent', 'build'], {
  stdio: 'inherit',
  env: { ...process.env, CONSOLE_OUT: built },
});
const faults = run.status === 0 ? different() : undefined;
rmSync(built, { recursive: true });
if (faults === undefined) process.exit(1);
if (faults.length > 0) {
  process.stderr.write(
    `These of ../assets are not what the sources give: ${faults.join(', ')}. Run \`npm run build\` and commit them.\n`,
  );
  process.exit(1);
}
process.stdout.write('../assets is what the sources give\n');
