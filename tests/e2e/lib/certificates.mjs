// A certificate authority for one test run, and certificates from it, made by openssl.

import { join } from 'node:path';
import { chmod, writeFile } from 'node:fs/promises';
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

/** Makes `NAME.pem` and `NAME.key` (closed to others) for a client, by the authority that a folder has. */
export async function makeClientCertificate(folder, name, subject) {
  const file = (ending) => join(folder, `${name}.${ending}`);
  await openssl('req', '-new', ...NEW_KEY, '-subj', subject, '-keyout', file('key'), '-out', file('csr'));
  await chmod(file('key'), 0o600);
  await writeFile(file('ext'), 'basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n');
  await openssl(
    'x509', '-req', '-in', file('csr'), '-CA', join(folder, 'ca.pem'), '-CAkey', join(folder, 'ca-key.pem'),
    '-CAcreateserial', '-days', '2', '-extfile', file('ext'), '-out', file('pem'),
  );
}
