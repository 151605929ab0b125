// An organisation's SAML identity provider: pysaml2 in a process of its own, where whoever types a name is that person.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.mjs';
import { freePorts } from './ports.mjs';

export const PYTHON = new URL('../../../target/tools/pysaml2/bin/python', import.meta.url).pathname;
const PROGRAM = new URL('saml_idp.py', import.meta.url).pathname;

export const isInstalled = existsSync(PYTHON) && existsSync('/usr/bin/xmlsec1');

/** Starts a provider that knows `people` (names to their groups). It reads Gatewright's metadata from `sp.xml` in `folder`. */
export async function startProvider({ folder, people }) {
  const [port] = await freePorts(1);
  const child = new Child(PYTHON, [PROGRAM, folder, String(port), JSON.stringify(people)]);
  await child.line(/^ready$/);
  return {
    origin: `http://127.0.0.1:${port}`,
    metadata: join(folder, 'idp.xml'),
    child,
    stop: () => child.stop(),
  };
}
