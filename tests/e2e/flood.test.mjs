// Who may look has much looked at, at once: the process stays as small as it is meant to be, and others are answered.

import assert from 'node:assert/strict';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Person, launch } from './lib/browser.mjs';
import { startDemo } from './lib/gateway.mjs';
import { until } from './lib/until.mjs';

const ROLES = new URL('../../policies/roles/', import.meta.url).pathname;
const MIB = 1024 * 1024;

const DECLARED = `version = 1

[[group]]
name = "auditors"
parents = ["staff"]

[[user]]
name = "aude"
groups = ["auditors"]
`;

/** As many policies as one may have looked at: some four MiB of them, in files of less than one. */
function policies() {
  const one = (n) => `@id("p${n}") permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");\n`;
  const texts = [];
  for (let n = 0; texts.length < 4; ) {
    let text = '';
    while (text.length < 0.95 * MIB) text += one(n++);
    texts.push(text);
  }
  return texts.map((text, number) => ({ name: `p${number}.cedar`, text }));
}

/** A chain of groups, and people at its end. */
const nested = (count) =>
  [
    'version = 1',
    ...Array.from({ length: count }, (_, n) => `[[group]]\nname = "g${n}"\n${n ? `parents = ["g${n - 1}"]` : ''}`),
    ...Array.from({ length: count }, (_, n) => `[[user]]\nname = "p${n}"\ngroups = ["g${count - 1}"]`),
  ].join('\n');

describe('a flood of looks', () => {
  let gateway, browser;
  const cookies = {};

  before(async () => {
    gateway = await startDemo();
    const folder = join(gateway.folder, 'declared');
    await mkdir(folder);
    await writeFile(join(folder, 'people.toml'), DECLARED);
    for (const [from, name] of [[gateway.policies, 'demo.cedar'], [ROLES, 'roles.cedar']]) await cp(join(from, name), join(folder, name));
    const { code, stdout, stderr } = await gateway.cli('apply', folder, '--yes');
    assert.equal(code, 0, stdout + stderr);
    browser = await launch();
    for (const name of ['admin', 'aude']) cookies[name] = await cookie(name);
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  async function cookie(name) {
    const person = await Person.arrive(browser, { name });
    await person.open(await gateway.link(name, 'enrolment'));
    await person.press('Sign in');
    await person.open(`${gateway.site('auth')}/#passkeys`);
    await person.press('Add a passkey');
    await person.page.getByRole('button', { name: /add|create/i }).first().click();
    await person.page.waitForURL((url) => !url.pathname.startsWith('/enrol'));
    assert.equal((await person.open(`${gateway.site('admin')}/`)).status(), 200, `${name} does not enter`);
    const all = await person.context.cookies(gateway.site('admin'));
    return all.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  /** A request on a connection of its own. */
  function ask(name, method, path, body) {
    const host = new URL(gateway.site('admin')).host;
    const headers = { host, cookie: cookies[name], origin: gateway.site('admin'), 'sec-fetch-site': 'same-origin' };
    if (body !== undefined) Object.assign(headers, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    let sent;
    const answer = new Promise((resolve, reject) => {
      sent = request({ host: '127.0.0.1', port: gateway.ports.http, method, path, headers, agent: false }, (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: answer.statusCode, retry: answer.headers['retry-after'], json: text && JSON.parse(text) });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
    answer.hangUp = () => sent.destroy();
    return answer;
  }

  const memory = async () => Math.round((await gateway.memory()) / MIB);

  test('of policies leaves the process small, and an owner is answered', async (t) => {
    const body = JSON.stringify({ files: policies() });
    const before = await memory();
    let done = false;
    let most = before;
    const watching = (async () => {
      while (!done) {
        most = Math.max(most, await memory());
        const answer = await ask('admin', 'POST', '/v1/policies/check', JSON.stringify({ files: [] }));
        assert.equal(answer.status, 200, JSON.stringify(answer.json));
      }
    })();
    const answers = await Promise.all(Array.from({ length: 24 }, () => ask('aude', 'POST', '/v1/policies/check', body)));
    done = true;
    await watching;
    const statuses = answers.map(({ status }) => status);
    assert.ok(statuses.includes(200), `${statuses}`);
    assert.ok(statuses.includes(429), `${statuses}`);
    assert.ok(statuses.every((status) => [200, 429].includes(status)), `${statuses}`);
    for (const { status, retry } of answers) assert.equal(status === 429, retry !== undefined);
    t.diagnostic(`${before} MiB before, ${most} MiB at most`);
    assert.ok(most - before < 600, `${before} MiB before, ${most} MiB under the flood`);
  });

  test('that nobody waits for is not computed', async () => {
    const body = JSON.stringify({ files: policies().slice(0, 2) });
    const asked = Array.from({ length: 4 }, () => ask('aude', 'POST', '/v1/policies/compare', body));
    const ended = Promise.allSettled(asked);
    for (const one of asked) one.hangUp();
    await ended;
    // What they held is free again at once, or the next ones would be refused.
    await until('she is answered', async () => (await ask('aude', 'POST', '/v1/policies/check', body)).status === 200);
  });

  test('of groups in groups is refused where they nest too deep', async () => {
    const began = performance.now();
    const body = JSON.stringify({ files: [{ name: 'people.toml', text: nested(6000) }] });
    const { status, json } = await ask('aude', 'POST', '/v1/declared/plan', body);
    assert.equal(status, 200);
    assert.match(json.faults.join(), /more than (32 levels of groups|256 others)/);
    assert.ok(performance.now() - began < 10_000, `${performance.now() - began} ms`);
  });

  test('of bodies for small questions is refused before they are held', async () => {
    const before = await memory();
    const answers = Array.from({ length: 60 }, () => ask('aude', 'POST', '/v1/users/ana/disable', 'x'.repeat(4 * MIB)).catch(() => undefined));
    for (const answer of await Promise.all(answers)) assert.ok([413, undefined].includes(answer?.status), `${answer?.status}`);
    const more = (await memory()) - before;
    assert.ok(more < 100, `${more} MiB more`);
  });
});
