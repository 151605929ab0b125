// The API by its own document: schemathesis makes up requests, as an owner and as nobody, and looks
// for failures of the server, answers that the document does not declare, and open doors.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Person, launch } from './lib/browser.mjs';
import { run } from './lib/child.mjs';
import { startDemo } from './lib/gateway.mjs';

const ROOT = new URL('../../', import.meta.url).pathname;
const SCHEMATHESIS = join(ROOT, 'target/tools/schemathesis/bin/schemathesis');
const DOCUMENT = join(ROOT, 'docs/openapi.json');

const CHECKS = ['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_schema_conformance'];

describe('the API by its document', { skip: !existsSync(SCHEMATHESIS) && 'schemathesis is not installed' }, () => {
  let gateway;
  let browser;
  let cookie;

  before(async () => {
    gateway = await startDemo();
    browser = await launch();
    const admin = await Person.arrive(browser, { name: 'admin' });
    await admin.open(gateway.printedLink('admin'));
    await admin.press('Sign in');
    await admin.open(`${gateway.site('auth')}/#passkeys`);
    await admin.press('Add a passkey');
    await admin.page.getByRole('button', { name: /add|create/i }).first().click();
    await admin.page.waitForURL((url) => !url.pathname.startsWith('/enrol'));
    await admin.open(`${gateway.site('admin')}/`);
    const cookies = await admin.context.cookies(gateway.site('admin'));
    cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  const tried = (...args) =>
    run(SCHEMATHESIS, [
      'run', DOCUMENT,
      '--url', `http://127.0.0.1:${gateway.ports.http}`,
      '--header', `Host: admin.gatewright.localhost:${gateway.ports.http}`,
      '--header', `Origin: ${gateway.site('admin')}`,
      '--header', 'Sec-Fetch-Site: same-origin',
      '--phases', 'examples,coverage,fuzzing',
      '--max-examples', process.env.EXAMPLES ?? '12',
      '--seed', '7',
      '--suppress-health-check', 'all',
      '--generation-database', 'none',
      '--no-color',
      ...args,
    ]);

  test('an owner meets no failure of the server, and no answer that is not declared', async () => {
    const { code, stdout } = await tried(
      '--checks', CHECKS.join(','),
      '--header', `Cookie: ${cookie}`,
      // It finds the owner's own account in answers, and these can end it, by design.
      ...['DeclaredApply', 'UserRemove', 'UserDisable', 'UserSessionsEnd', 'UserGroupRemove', 'UserFactorRemove', 'SessionEnd'].flatMap(
        (operation) => ['--exclude-operation-id', operation],
      ),
    );
    assert.equal(code, 0, stdout);
    const still = await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', `Host: admin.gatewright.localhost:${gateway.ports.http}`, '-H', `Cookie: ${cookie}`, `http://127.0.0.1:${gateway.ports.http}/v1/me`]);
    assert.equal(still.stdout, '200', 'the owner was let in to the end');
  });

  test('nobody reaches anything, whatever they send', async () => {
    const { stdout } = await tried('--checks', 'not_a_server_error', '--report', 'ndjson', '--report-ndjson-path', join(gateway.folder, 'nobody.ndjson'));
    assert.doesNotMatch(stdout, /Server error/, stdout);
    const { stdout: statuses } = await run('sh', ['-c', `grep -o '"status_code": *[0-9]*' '${join(gateway.folder, 'nobody.ndjson')}' | grep -o '[0-9]*$' | sort | uniq -c`]);
    const seen = statuses.trim().split('\n').map((line) => Number(line.trim().split(/\s+/)[1]));
    assert.ok(seen.length > 0, stdout);
    for (const status of seen) assert.ok(status >= 400 && status < 500, `nobody got ${status}: ${statuses}`);
  });
});
