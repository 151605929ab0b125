// The administration in a browser: its API and its console behind the door, with the real binary.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Person, launch } from './lib/browser.mjs';
import { startDemo } from './lib/gateway.mjs';
import { until } from './lib/until.mjs';
import { Visitor } from './lib/visitor.mjs';

describe('the administration', () => {
  let gateway;
  let browser;
  let admin;

  before(async () => {
    gateway = await startDemo();
    browser = await launch();
    admin = await Person.arrive(browser, { name: 'admin' });
    await enrol(admin);
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  /** Opens their link, and gives them a passkey. */
  async function enrol(person) {
    await person.open(gateway.printedLink(person.name));
    await person.press('Sign in');
    await person.open(`${gateway.site('auth')}/#passkeys`);
    await person.press('Add a passkey');
    await person.page.getByRole('button', { name: /add|create/i }).first().click();
    await person.page.waitForURL((url) => !url.pathname.startsWith('/enrol'));
    assert.equal((await person.passkeys()).length, 1);
  }

  /** A request as the console makes it: same origin, with the page's cookie. */
  const ask = (method, path, body, headers = {}) =>
    admin.page.evaluate(
      async ([method, path, body, headers]) => {
        const json = body === undefined ? {} : { 'content-type': 'application/json' };
        const answer = await fetch(path, {
          method,
          headers: { ...json, ...headers },
          body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await answer.text();
        return {
          status: answer.status,
          type: answer.headers.get('content-type'),
          etag: answer.headers.get('etag'),
          body: text === '' ? null : JSON.parse(text),
        };
      },
      [method, path, body, headers],
    );

  test('opens for an owner with a passkey, and shows who they are and what they may', async () => {
    await admin.open(`${gateway.site('admin')}/`);
    await admin.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    const me = await ask('GET', '/v1/me');
    assert.equal(me.status, 200);
    assert.equal(me.body.name, 'admin');
    assert.equal(me.body.may['admin.policy.apply'], true);
    assert.deepEqual(admin.errors, []);
    await admin.picture('administration-overview');
  });

  test('is closed to a stranger, and to a person who is no owner', async () => {
    const stranger = await Visitor.arrive(gateway);
    const refused = await stranger.ask(`${gateway.site('admin')}/v1/users`);
    assert.equal(refused.status, 401);
    const ana = await Person.arrive(browser, { name: 'ana' });
    await enrol(ana);
    const answer = await ana.open(`${gateway.site('admin')}/`);
    assert.equal(answer.status(), 403);
  });

  test('adds a person once for one key, and changes them only as they were read', async () => {
    const key = { 'idempotency-key': 'e2e-1' };
    const added = await ask('POST', '/v1/users', { name: 'cleo', display_name: 'Cleo' }, key);
    assert.equal(added.status, 201);
    const again = await ask('POST', '/v1/users', { name: 'cleo', display_name: 'Cleo' }, key);
    assert.deepEqual([again.status, again.body.id], [201, added.body.id]);
    const read = await ask('GET', '/v1/users/cleo');
    const first = await ask('PATCH', '/v1/users/cleo', { display_name: 'Cleo K' }, { 'if-match': read.etag });
    assert.equal(first.status, 200);
    const late = await ask('PATCH', '/v1/users/cleo', { display_name: 'Other' }, { 'if-match': read.etag });
    assert.equal(late.status, 412);
    assert.equal((await ask('GET', '/v1/users/cleo')).body.display_name, 'Cleo K');
  });

  test('adds an app, names the field that is wrong, and leaves those of the file alone', async () => {
    const app = { name: 'notes', host: 'notes.gatewright.localhost', upstream: { servers: ['http://127.0.0.1:9'] } };
    const wrong = await ask('POST', '/v1/apps', { ...app, host: 'Not A Host' });
    assert.equal(wrong.status, 422);
    assert.equal(wrong.body.field, 'host');
    const below = await ask('POST', '/v1/apps', { ...app, host: 'x.auth.gatewright.localhost' });
    assert.equal(below.body.field, 'host');
    assert.equal((await ask('POST', '/v1/apps', app)).status, 201);
    const shown = await ask('GET', '/v1/apps/notes');
    assert.equal(shown.body.managed_by, 'administration');
    const wiki = await ask('GET', '/v1/apps/wiki');
    const { url, managed_by, built_in, version, ...document } = wiki.body;
    assert.equal((await ask('PUT', '/v1/apps/wiki', document)).status, 409);
    assert.equal((await ask('DELETE', '/v1/apps/notes', undefined, { 'if-match': shown.etag })).status, 200);
  });

  test('says what a policy would change for people before it counts, and cuts what it ends', async () => {
    const reader = await Person.arrive(browser, { name: 'bo' });
    await reader.open(gateway.printedLink('bo'));
    await reader.press(/Sign in/);
    await reader.open(`${gateway.site('reports')}/`);
    const policies = (await ask('GET', '/v1/policies')).body;
    const files = policies.files.map((file) => ({
      ...file,
      text: file.text.replace('principal in Group::"staff",\n    action == Action::"http.request",\n    resource in App::"wiki"', 'principal in Group::"contractors",\n    action == Action::"http.request",\n    resource in App::"wiki"'),
    }));
    const compared = (await ask('POST', '/v1/policies/compare', { files })).body;
    assert.deepEqual(compared.faults, []);
    assert.ok(compared.gains.some((gain) => gain.what === 'wiki/default' && gain.who.includes('bo')), JSON.stringify(compared));
    assert.ok(compared.losses.some((loss) => loss.what === 'wiki/default' && loss.who.includes('ana')), JSON.stringify(compared));
    assert.deepEqual(compared.changed, ['wiki-for-staff']);
    const faulty = (await ask('POST', '/v1/policies/check', { files: [{ name: 'a.cedar', text: 'permit (principal, action, resource);' }] })).body;
    assert.ok(faulty.faults.length > 0 && faulty.faults[0].line === 1);
  });

  test('explains, draws the map, and shows each decision in full', async () => {
    const why = (await ask('POST', '/v1/explain', { user: 'bo', app: 'payroll', proof: 'sign-in-link' })).body;
    assert.equal(why.outcome, 'deny');
    assert.deepEqual(why.because, ['crown-jewels-need-a-passkey']);
    assert.match(why.policies[0].text, /crown-jewel/);
    const map = (await ask('GET', '/v1/map')).body;
    const edge = (group, route) => map.edges.find((edge) => edge.group === group && edge.route === route);
    assert.equal(edge('staff', 'wiki/default').access, 'always');
    assert.deepEqual(edge('staff', 'payroll/default').conditions, ['passkey']);
    assert.equal(edge('contractors', 'wiki/default'), undefined);
    const stranger = await Visitor.arrive(gateway);
    await stranger.ask(`${gateway.site('payroll')}/`);
    const denied = await until('the refusal is seen', async () => {
      const { items } = (await ask('GET', '/v1/decisions?outcome=deny&user=ana')).body;
      return items.find((line) => line.app === 'administration');
    });
    const whole = (await ask('GET', `/v1/decisions/${denied.decision}`)).body;
    assert.equal(whole.outcome, 'deny');
    assert.match(whole.sentence, /^ana may not GET/);
    assert.equal(whole.recorded.log.startsWith('web-'), true);
  });

  test('lists what is open, and ends one of it', async () => {
    const open = (await ask('GET', '/v1/leases')).body;
    assert.ok(open.items.every((lease) => lease.id.startsWith('d-')));
    const reader = await Person.arrive(browser, { name: 'ana' });
    const { url } = (await ask('POST', '/v1/users/ana/links', { kind: 'sign-in' })).body;
    await reader.open(url);
    await reader.press(/Sign in/);
    await reader.open(`${gateway.site('wiki')}/`);
    const socket = reader.page.evaluate(
      () =>
        new Promise((resolve) => {
          const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/live`);
          socket.addEventListener('close', (event) => resolve({ code: event.code, reason: event.reason }));
        }),
    );
    // The page has one of its own.
    const leases = await until('both sockets are listed', async () => {
      const { items } = (await ask('GET', '/v1/leases?user=ana&app=wiki')).body;
      const sockets = items.filter((lease) => lease.websocket);
      return sockets.length === 2 && sockets;
    });
    for (const lease of leases) {
      assert.equal((await ask('DELETE', `/v1/leases/${lease.id}`)).body.ended, 1);
    }
    assert.equal((await socket).code, 1008);
  });
});
