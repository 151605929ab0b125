// HTTP/2 as its standard has it: h2spec in strict mode against the TLS listener. What fails must be in
// `h2spec.deviations.json`, with the reason; what is in there must still fail.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from './lib/child.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { startUpstream } from './lib/upstream.mjs';

const TOOL = new URL('../../target/tools/h2spec', import.meta.url).pathname;
const skip = existsSync(TOOL) ? false : 'h2spec is not there: scripts/setup-test.sh installs it where Go and its module proxy are';

describe('h2spec, strict', { skip }, () => {
  let app, gateway;

  before(async () => {
    app = await startUpstream({ pages: { '/': hello } });
    gateway = await startOrganisation({
      apps: [{ name: 'open', upstream: app.url, host: 'localhost' }],
      hosts: ['localhost'],
      policies: {
        'open.cedar': '@id("open-to-all")\npermit (principal is Anonymous, action == Action::"http.request", resource in App::"open");\n',
      },
    });
  });

  after(async () => {
    await gateway?.stop();
    await app?.stop();
  });

  test('what deviates is known and explained', async () => {
    const deviations = JSON.parse(await readFile(new URL('h2spec.deviations.json', import.meta.url), 'utf8'));
    assert.ok(deviations.every(({ why }) => why.length > 20), 'each has a reason');
    const report = join(gateway.folder, 'h2spec.xml');
    // Go looks up no other name under `localhost`.
    const { stdout, stderr } = await run(TOOL, [
      '--strict', '--tls', '--insecure', '--timeout', '4',
      '--host', 'localhost', '--port', String(gateway.ports.https), '--junit-report', report,
    ]);
    const cases = readReport(await readFile(report, 'utf8').catch(() => assert.fail(stdout + stderr)));
    assert.ok(cases.length > 140, `${cases.length} cases ran: ${stdout}${stderr}`);
    const failed = cases.filter(({ outcome }) => outcome === 'failure').map(({ name }) => name);
    assert.deepEqual(failed.sort(), deviations.map((one) => one.case).sort(), stdout);
  });
});

/** Answers at once, whatever becomes of the request's body. */
function hello(request, response) {
  request.on('error', () => {});
  request.resume();
  response.end('hello');
}

/** Section and words of each case, with what became of it. */
function readReport(xml) {
  const cases = [];
  for (const [, attributes, rest] of xml.matchAll(/<testcase\b([^>]*?)(\/>|>[\s\S]*?<\/testcase>)/g)) {
    const value = (name) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '';
    const outcome = ['failure', 'error', 'skipped'].find((kind) => rest.includes(`<${kind}`)) ?? 'passed';
    cases.push({ name: `${value('package')}: ${value('classname')}`, outcome: outcome === 'error' ? 'failure' : outcome });
  }
  return cases;
}
