// The shipped roles behind the door: what each may do in the administration, with the real binary and real passkeys.

import assert from 'node:assert/strict';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Person, launch } from './lib/browser.mjs';
import { startDemo } from './lib/gateway.mjs';

const ROLES = new URL('../../policies/roles/', import.meta.url).pathname;

/** Who helps people is one of the staff: nobody makes a link for who is in a group that they are not in. */
const DECLARED = `version = 1

[[group]]
name = "operators"
parents = ["staff"]

[[group]]
name = "auditors"
parents = ["staff"]

[[group]]
name = "helpdesk"
parents = ["staff"]

[[user]]
name = "otto"
groups = ["operators"]

[[user]]
name = "aude"
groups = ["auditors"]

[[user]]
name = "hella"
groups = ["helpdesk"]
`;

/** An app that operators may add, and whom policy already lets in there. */
const NOTES = `@id("notes-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"notes");
`;

describe('the shipped roles', () => {
  let gateway, browser;
  const people = {};

  before(async () => {
    gateway = await startDemo();
    const folder = join(gateway.folder, 'declared');
    await mkdir(folder);
    await writeFile(join(folder, 'people.toml'), DECLARED);
    await cp(join(gateway.policies, 'demo.cedar'), join(folder, 'demo.cedar'));
    for (const name of ['roles.cedar', 'separation-of-duties.cedar']) await cp(join(ROLES, name), join(folder, name));
    await writeFile(join(folder, 'notes.cedar'), NOTES);
    const { code, stdout, stderr } = await gateway.cli('apply', folder, '--yes');
    assert.equal(code, 0, stdout + stderr);
    browser = await launch();
    for (const name of ['admin', 'otto', 'aude', 'hella']) people[name] = await arrive(name);
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  /** Opens their link, adds a passkey, and enters the administration. */
  async function arrive(name) {
    const person = await Person.arrive(browser, { name });
    await person.open(await gateway.link(name, 'enrolment'));
    await person.press('Sign in');
    const early = await person.open(`${gateway.site('admin')}/`);
    assert.equal(early.status(), 403, `${name} enters without a passkey`);
    await person.open(`${gateway.site('auth')}/#passkeys`);
    await person.press('Add a passkey');
    await person.page.getByRole('button', { name: /add|create/i }).first().click();
    await person.page.waitForURL((url) => !url.pathname.startsWith('/enrol'));
    const answer = await person.open(`${gateway.site('admin')}/`);
    assert.equal(answer.status(), 200, `${name} does not enter with a passkey`);
    return person;
  }

  /** The status of a request as the console makes it. */
  const ask = (name, method, path, body) =>
    people[name].page.evaluate(
      async ([method, path, body]) => {
        const headers = body === undefined ? {} : { 'content-type': 'application/json' };
        const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
        return answer.status;
      },
      [method, path, body],
    );

  /** What a person may do and what they may not, each as `[method, path, body]`. */
  async function may(name, yes, no) {
    for (const asked of yes) assert.ok((await ask(name, ...asked)) < 300, `${name} may not ${asked.slice(0, 2).join(' ')}`);
    for (const asked of no) assert.equal(await ask(name, ...asked), 403, `${name} may ${asked.slice(0, 2).join(' ')}`);
  }

  const LOOK = ['GET', '/v1/users'];
  const LEDGER = ['GET', '/v1/decisions?limit=1'];
  const ROTATE = ['POST', '/v1/keys/assertion/rotate'];
  const link = (name) => ['POST', `/v1/users/${name}/links`, { kind: 'sign-in' }];
  const disable = (name) => ['POST', `/v1/users/${name}/disable`];
  const end = (name) => ['DELETE', `/v1/users/${name}/sessions`];
  const group = (name, group) => ['PUT', `/v1/users/${name}/groups/${group}`, {}];
  const POLICIES = ['POST', '/v1/policies', { files: [] }];

  test('operators run it, and change neither people nor policies', async () => {
    await may('otto', [LOOK, ['GET', '/v1/policies'], ROTATE, end('ana')], [LEDGER, link('ana'), disable('ana'), group('ana', 'operators'), POLICIES]);
    assert.equal(await ask('otto', ...ROTATE), 409, 'a key follows once the one before it signs');
  });

  test('an app whose server is the socket of the administration makes nobody its owner', async () => {
    const server = `unix://${join(gateway.data, 'run/admin.sock')}`;
    const notes = { name: 'notes', title: 'Notes', host: 'notes.gatewright.localhost', upstream: { servers: [server] } };
    assert.equal(await ask('otto', 'POST', '/v1/apps', notes), 201);
    const answer = await people.otto.open(`${gateway.site('notes')}/v1/users`);
    assert.equal(answer.status(), 403);
    const { detail } = await answer.json();
    assert.match(detail, /through Gatewright itself/);
    await people.otto.open(`${gateway.site('admin')}/`);
    assert.equal(await ask('otto', 'DELETE', '/v1/apps/notes'), 200);
  });

  test('auditors see everything and change nothing', async () => {
    await may('aude', [LOOK, LEDGER, ['GET', '/v1/policies']], [ROTATE, end('ana'), link('ana'), disable('ana'), POLICIES]);
  });

  test('the helpdesk helps the staff, and nobody who has more rights', async () => {
    await may('hella', [LOOK, link('ana'), disable('ana'), ['POST', '/v1/users/ana/enable'], end('ana')], []);
    await may('hella', [], [link('admin'), disable('admin'), end('admin'), end('otto'), disable('otto'), link('hella'), group('ana', 'owners'), LEDGER, ROTATE, POLICIES]);
  });

  test('an owner makes no link in the console, and the machine does', async () => {
    await may('admin', [LOOK, LEDGER], [link('ana'), disable('admin')]);
    assert.match(await gateway.link('ana'), /\/link\//);
  });

  test('in an emergency duties are not kept apart, and no role but the owners has a say in it', async () => {
    const { code } = await gateway.json('break-glass', 'seal', '--label', 'the safe');
    await gateway.json('break-glass', 'seal', '--label', 'elsewhere');
    people.broke = await Person.arrive(browser, { name: 'broke', passkeys: false });
    await people.broke.open(`${gateway.site('auth')}/break-glass`);
    await people.broke.page.getByLabel('The code in the envelope').fill(code);
    await people.broke.press('Break the glass');
    await people.broke.page.waitForURL((url) => url.href.startsWith(gateway.site('admin')));
    const entry = (await gateway.json('break-glass', 'list')).items.find(({ used }) => used);
    const session = ['DELETE', `/v1/sessions/${entry.used.session}`];
    const acknowledge = ['POST', `/v1/break-glass/${entry.id}/acknowledge`];
    for (const name of ['otto', 'aude', 'hella']) {
      await may(name, [], [session, end('break-glass'), disable('break-glass'), acknowledge]);
      const told = await people[name].page.evaluate(async () => (await fetch('/v1/break-glass')).text());
      assert.match(told, /"used"/);
      assert.doesNotMatch(told, /the safe|127\.0\.0\.1|made_by/);
    }
    await may('broke', [link('admin'), group('otto', 'owners')], [acknowledge]);
    const rename = ['PATCH', '/v1/users/break-glass', { display_name: 'Otto' }];
    assert.equal(await ask('admin', ...rename), 409, 'they are called nothing else');
    assert.equal(await ask('admin', 'DELETE', '/v1/users/break-glass'), 409, 'they stay until it is acknowledged');
    assert.equal(await ask('otto', ...acknowledge), 403, 'an owner since');
    const { id: other } = await gateway.json('break-glass', 'list').then(({ items }) => items.find(({ used }) => !used));
    await may('otto', [], [session, disable('break-glass'), end('admin'), ['DELETE', `/v1/break-glass/${other}`]]);
    for (const asked of [disable('admin'), ['DELETE', '/v1/users/admin/groups/owners'], ['DELETE', '/v1/users/admin']])
      for (const name of ['otto', 'broke']) assert.equal(await ask(name, ...asked), 409, `${name} ${asked.slice(0, 2)}`);
    const files = await people.broke.page.evaluate(async () => (await (await fetch('/v1/policies')).json()).files);
    files.push({ name: 'z.cedar', text: '@id("no-root")\nforbid (principal is Local, action, resource);\n' });
    assert.equal(await ask('broke', 'POST', '/v1/policies', { files }), 409, 'root keeps its rights');
    const told = await people.broke.page.evaluate(async () => (await fetch('/v1/break-glass')).text());
    assert.doesNotMatch(told, /the safe|elsewhere/);
    assert.equal(await ask('admin', ...acknowledge), 200);
    // Their page may have noticed by itself, and left.
    const left = await ask('broke', 'GET', '/v1/me').catch((fault) => fault.message);
    assert.match(String(left), /^401$|context was destroyed/);
  });
});
