// Node-RED behind the gateway: a real app with a live editor over WebSocket and no login of its own.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Person, launch } from './lib/browser.mjs';
import { startOrganisation } from './lib/gateway.mjs';
import { startNodeRed } from './lib/node-red.mjs';
import { until } from './lib/until.mjs';

describe('Node-RED behind the gateway', () => {
  let folder, nodeRed, gateway, browser, ana, editor;
  const sockets = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewright-node-red-'));
    nodeRed = await startNodeRed(folder);
    gateway = await startOrganisation({
      config: '[[group]]\nname = "makers"\n',
      apps: [{ name: 'flows', upstream: nodeRed.url }],
      policies: {
        'flows.cedar': '@id("flows-for-makers")\npermit (principal in Group::"makers", action == Action::"http.request", resource in App::"flows");\n',
      },
    });
    editor = `${gateway.secure('flows')}/`;
    await gateway.addUser('ana', 'makers');
    browser = await launch();
    ana = await Person.arrive(browser, { name: 'ana', passkeys: false, ignoreHTTPSErrors: true });
    ana.page.on('websocket', (socket) => {
      const seen = { url: socket.url(), frames: [], closed: false };
      sockets.push(seen);
      socket.on('framereceived', ({ payload }) => seen.frames.push(String(payload)));
      socket.on('close', () => (seen.closed = true));
    });
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
    await nodeRed?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test('the editor loads and its live connection is up', async () => {
    await ana.open(await gateway.link('ana'));
    await ana.press('Sign in');
    await ana.open(editor);
    await ana.page.locator('#red-ui-palette').waitFor();
    await ana.page.getByText('inject', { exact: true }).first().waitFor();
    const comms = await until('/comms speaks', () => sockets.find((s) => s.url.endsWith('/comms') && s.frames.length > 0));
    assert.equal(comms.closed, false);
    await ana.picture('node-red-editor');
  });

  test('a flow is deployed through the gateway and its message arrives live', async () => {
    const flow = [
      { id: 't1', type: 'tab', label: 'Flow' },
      { id: 'i1', type: 'inject', z: 't1', name: '', props: [{ p: 'payload' }], payload: 'through the gate', payloadType: 'str', once: true, onceDelay: 0.1, wires: [['d1']] },
      { id: 'd1', type: 'debug', z: 't1', name: '', active: true, tosidebar: true, complete: 'payload', targetType: 'msg', wires: [] },
    ];
    const status = await ana.page.evaluate(
      (body) =>
        fetch('/flows', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }).then((r) => r.status),
      flow,
    );
    assert.equal(status, 204);
    const comms = sockets.find((s) => s.url.endsWith('/comms'));
    await until('the debug message comes over /comms', () => comms.frames.some((frame) => frame.includes('through the gate')));
  });

  test('switching Ana off cuts the editor at once', async () => {
    const comms = sockets.findLast((s) => s.url.endsWith('/comms') && !s.closed);
    assert.ok(comms);
    await gateway.json('user', 'disable', 'ana');
    await until('the live connection is closed', () => comms.closed, 5_000);
    const answer = await ana.open(editor);
    assert.ok([401, 403].includes(answer.status()) || answer.url().startsWith(gateway.secure('auth')), `got ${answer.status()}`);
    assert.match(await ana.text(), /switched off/);
    await ana.picture('node-red-cut');
  });
});
