// A certificate authority for one test run, and certificates from it, made by openssl.

import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { run } from './child.mjs';

async function openssl(...args) {
  const { code, stderr } = await run('openssl', args);
  if (code !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes `ca.pem` and, for `hosts`, `chain.pem` and `key.pem` in a folder; returns their paths. */
export async function makeCertificates(folder, hosts) {
  const file = (name) => join(folder, name);
  await openssl(
    'req', '-x509', ...NEW_KEY, '-days', '2', '-subj', '/CN=Gatewright end-to-end tests',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign',
    '-keyout', file('ca-key.pem'), '-out', file('ca.pem'),
  );
  await openssl(
    'req', '-new', ...NEW_KEY, '-subj', `/CN=${hosts[0]}`,
    '-keyout', file('key.pem'), '-out', file('request.pem'),
  );
  const names = hosts.map((host) => `DNS:${host}`).join(',');
  await writeFile(file('extensions'), `subjectAltName=${names}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n`);
  await openssl(
    'x509', '-req', '-in', file('request.pem'), '-CA', file('ca.pem'), '-CAkey', file('ca-key.pem'),
    '-CAcreateserial', '-days', '2', '-extfile', file('extensions'), '-out', file('chain.pem'),
  );
  return { authority: file('ca.pem'), chain: file('chain.pem'), key: file('key.pem') };
}
