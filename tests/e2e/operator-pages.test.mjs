// The pages for those who run it, done as they say: every command of theirs, against a demo.

import assert from 'node:assert/strict';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from './lib/child.mjs';
import { BINARY, startDemo } from './lib/gateway.mjs';

const ROOT = new URL('../../', import.meta.url).pathname;

/** How a command ends that is not to end with 0, as a comment behind it says. */
const ENDS = /# ends with (\d)/;

describe('the pages for those who run it', () => {
  let gateway, folder;

  before(async () => {
    gateway = await startDemo();
    folder = join(gateway.folder, 'here');
    await mkdir(folder);
    // The pages name files of the repository; what commands write stays out of it.
    for (const name of ['docs', 'policies']) await symlink(join(ROOT, name), join(folder, name));
  });

  after(() => gateway?.stop());

  const shell = (command) =>
    run('bash', ['-euc', command], {
      cwd: folder,
      env: {
        ...process.env,
        NO_COLOR: '1',
        GATEWRIGHT_DATA: gateway.data,
        PATH: `${dirname(BINARY)}${delimiter}${process.env.PATH}`,
      },
    });

  /** The commands of a page, one a line. */
  async function commands(page) {
    const text = await readFile(join(ROOT, 'docs', page), 'utf8');
    const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
    return blocks.join('').split('\n').filter(Boolean);
  }

  for (const [page, least] of [['administration.md', 9], ['upgrade.md', 7]]) {
    test(`${page} says what can be done as it says it`, async () => {
      const all = await commands(page);
      assert.ok(all.length >= least, all.join('\n'));
      for (const command of all) {
        const { code, stdout, stderr } = await shell(command);
        assert.equal(code, Number(ENDS.exec(command)?.[1] ?? 0), `${command}\n${stdout}${stderr}`);
      }
    });
  }

  test('the declared example shows what it would do to people, and has no fault', async () => {
    const { code, stdout } = await shell('gatewright apply docs/examples/declared --dry-run --json');
    assert.equal(code, 1, stdout);
    const plan = JSON.parse(stdout);
    assert.deepEqual(plan.faults, []);
    const added = (kind) => plan.changes.filter((change) => change.kind === kind && change.action === 'add').map(({ name }) => name).sort();
    assert.deepEqual(added('user'), ['cleo', 'dee', 'finn', 'otto']);
    assert.deepEqual(added('group'), ['auditors', 'editors', 'helpdesk', 'operators', 'reviewers']);
    assert.deepEqual(added('app'), ['handbook']);
    const gains = (what) => plan.comparison.gains.find((gain) => gain.what === what && gain.proof === 'passkey')?.who;
    assert.deepEqual(gains('handbook/edit'), ['cleo', 'dee']);
    assert.deepEqual(gains('admin.app.change'), ['otto']);
  });

  test('the roles in it are those that are shipped', async () => {
    const [declared, shipped] = await Promise.all(
      ['docs/examples/declared/roles.cedar', 'policies/roles/roles.cedar'].map((file) => readFile(join(ROOT, file), 'utf8')),
    );
    assert.equal(declared, shipped);
  });
});
