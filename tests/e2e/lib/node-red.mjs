// Node-RED, from its own folder, as people run it.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from './child.mjs';
import { freePorts } from './ports.mjs';
import { until } from './until.mjs';

const PROGRAM = new URL('../node-red/node_modules/node-red/red.js', import.meta.url).pathname;

/** Starts it with an empty user folder; `{ url, stop }`. */
export async function startNodeRed(folder) {
  const [port] = await freePorts(1);
  const user = join(folder, 'node-red');
  await mkdir(user, { recursive: true });
  const settings = join(user, 'settings.js');
  await writeFile(settings, `module.exports = ${JSON.stringify({
    uiHost: '127.0.0.1',
    uiPort: port,
    flowFile: 'flows.json',
    telemetry: { enabled: false },
    editorTheme: { tours: false, projects: { enabled: false } },
  })};\n`);
  const child = new Child(process.execPath, [PROGRAM, '--userDir', user, '--settings', settings]);
  await child.line(/Started flows/);
  const url = `http://127.0.0.1:${port}`;
  await until('Node-RED answers', async () => (await fetch(`${url}/settings`)).ok);
  return { url, stop: () => child.stop() };
}
