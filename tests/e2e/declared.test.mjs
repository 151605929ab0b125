// Declared state: what files say is shown first, applied whole or not at all, exported and compared again.

import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from './lib/child.mjs';
import { BINARY, startDemo } from './lib/gateway.mjs';

const PEOPLE = `version = 1

[[group]]
name = "editors"
title = "Editors"

[[group]]
name = "reviewers"
parents = ["editors"]

[[user]]
name = "cleo"
display_name = "Cleo K"
email = "cleo@example.com"
groups = ["editors"]
attributes = { team = "red" }

[[user]]
name = "dee"
groups = ["reviewers"]
`;

const APPS = `version = 1

[[app]]
name = "notes"
host = "notes.gatewright.localhost"
upstream = { servers = ["http://127.0.0.1:9"] }

[[app.routes]]
name = "edit"
paths = ["/edit/*"]
methods = ["POST"]
`;

const POLICY = `@id("notes-for-editors")
permit (principal in Group::"editors", action == Action::"http.request", resource in App::"notes");
`;

describe('declared state', () => {
  let gateway;
  let folder;

  before(async () => {
    gateway = await startDemo();
    folder = join(gateway.folder, 'declared');
    await mkdir(folder);
    await writeFile(join(folder, 'people.toml'), PEOPLE);
    await writeFile(join(folder, 'apps.toml'), APPS);
    const demo = await readFile(join(gateway.policies, 'demo.cedar'), 'utf8');
    await writeFile(join(folder, 'demo.cedar'), demo);
    await writeFile(join(folder, 'notes.cedar'), POLICY);
  });

  after(() => gateway?.stop());

  const gatewright = (...args) => run(BINARY, [...args, '--data', gateway.data]);
  const json = async (...args) => JSON.parse((await gatewright(...args, '--json')).stdout);

  test('a dry run shows what would change and who gains, changes nothing, and says so by its exit status', async () => {
    const { code, stdout } = await gatewright('apply', folder, '--dry-run');
    assert.equal(code, 1, stdout);
    for (const line of [/new +group +editors/, /new +user +cleo/, /new +app +notes/, /new +policies +notes\.cedar/, /gain notes\/default.*cleo/]) {
      assert.match(stdout, line);
    }
    const users = await json('user', 'list');
    assert.ok(!users.items.some((user) => user.name === 'cleo'));
  });

  test('a fault anywhere applies nothing, and names the file and the line', async () => {
    const bad = join(gateway.folder, 'bad');
    await mkdir(bad);
    await writeFile(join(bad, 'people.toml'), PEOPLE);
    await writeFile(join(bad, 'apps.toml'), `${APPS}colour = "red"\n`);
    const { code, stdout } = await gatewright('apply', bad, '--yes');
    assert.equal(code, 1);
    assert.match(stdout, /apps\.toml:\d+: there is no field `colour`, only /);
    assert.ok(!(await json('group', 'list')).items.some((group) => group.name === 'editors'));
  });

  test('applied, everything is as the files say, and applying it again changes nothing', async () => {
    const { code, stdout, stderr } = await gatewright('apply', folder, '--yes');
    assert.equal(code, 0, stdout + stderr);
    const users = await json('user', 'list');
    const cleo = users.items.find((user) => user.name === 'cleo');
    assert.deepEqual([cleo.display_name, cleo.email, cleo.groups[0].group], ['Cleo K', 'cleo@example.com', 'editors']);
    const apps = await json('app', 'list');
    assert.equal(apps.items.find((app) => app.name === 'notes').managed_by, 'declared');
    const again = await gatewright('apply', folder, '--dry-run');
    assert.equal(again.code, 0, again.stdout);
    assert.match(again.stdout, /everything is as the files say/);
    assert.equal((await gatewright('drift')).code, 0);
  });

  test('a change by hand is drift, and applying puts it right', async () => {
    const disabled = await gatewright('user', 'disable', 'cleo');
    assert.equal(disabled.code, 0);
    assert.match(disabled.stderr, /the declared state holds the person `cleo`: the next `gatewright apply` undoes this/);
    const drift = await gatewright('drift');
    assert.equal(drift.code, 1);
    assert.match(drift.stdout, /changed +user +cleo +\(disabled\) +changed .+ by .*\d+.*, at epoch \d+\.\d+/);
    assert.equal((await gatewright('apply', folder, '--yes')).code, 0);
    assert.equal((await gatewright('drift')).code, 0);
  });

  test('what is no longer declared goes, what was made otherwise stays', async () => {
    await writeFile(join(folder, 'people.toml'), PEOPLE.slice(0, PEOPLE.indexOf('[[user]]\nname = "dee"')));
    const { stdout } = await gatewright('apply', folder, '--yes');
    assert.match(stdout, /gone +user +dee/);
    const names = (await json('user', 'list')).items.map((user) => user.name);
    assert.ok(names.includes('ana') && names.includes('cleo') && !names.includes('dee'), names.join());
  });

  test('an export is files that change nothing when they are applied', async () => {
    const exported = join(gateway.folder, 'exported');
    assert.equal((await gatewright('export', exported)).code, 0);
    const files = await readdir(exported);
    assert.ok(files.includes('people.toml') && files.includes('apps.toml') && files.includes('notes.cedar'), files.join());
    const { code, stdout } = await gatewright('apply', exported, '--dry-run');
    assert.equal(code, 0, stdout);
    const twice = await gatewright('export', exported);
    assert.equal(twice.code, 1);
    assert.match(twice.stderr, /is not empty/);
  });
});
