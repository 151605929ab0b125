// A real OpenLDAP in a folder of its own, on loopback ports of its own, with certificates of its own.

import { createConnection } from 'node:net';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates, makeClientCertificate } from './certificates.mjs';
import { Child, run } from './child.mjs';
import { freePorts } from './ports.mjs';
import { until } from './until.mjs';

const SLAPD = '/usr/sbin/slapd';
const BASE = 'dc=lab,dc=test';

export const hasOpenLdap = existsSync(SLAPD);
export const PASSWORD = 'what-only-the-lab-and-gatewright-know';

/**
 * Starts it with these people (sign-in names). Where it is `demanding`, it takes by TLS only whom a certificate of its
 * authority is of, and knows the account that reads by its subject.
 */
export async function startOpenLdap(people, { demanding = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'gatewright-ldap-'));
  const [port, tls] = await freePorts(2);
  await makeCertificates(folder, ['localhost']);
  if (demanding) await makeReaders(folder);
  await mkdir(join(folder, 'db'));
  await writeFile(join(folder, 'slapd.conf'), configuration(folder, demanding));
  await writeFile(join(folder, 'base.ldif'), [root(), ...people.map((name) => entry(name))].join('\n'));
  const directory = new OpenLdap(folder, port, tls);
  await directory.run('/usr/sbin/slapadd', '-q', '-f', 'slapd.conf', '-l', 'base.ldif');
  await directory.serve();
  return directory;
}

/** Who reads by a certificate; and somebody of the same name, by an authority that nobody here knows. */
async function makeReaders(folder) {
  const elsewhere = join(folder, 'elsewhere');
  await mkdir(elsewhere);
  await makeCertificates(elsewhere, ['localhost']);
  for (const at of [folder, elsewhere]) await makeClientCertificate(at, 'reader', '/CN=gatewright');
}

export const dn = (name) => `uid=${name},ou=people,${BASE}`;
export const groupDn = (name) => `cn=${name},ou=groups,${BASE}`;

/** A group with these people, as LDIF that adds it. */
export const group = (name, members) =>
  `dn: ${groupDn(name)}\nchangetype: add\nobjectClass: groupOfNames\ncn: ${name}\n${members.map((m) => `member: ${dn(m)}\n`).join('')}\n`;

export const joins = (name, member) => `dn: ${groupDn(name)}\nchangetype: modify\nadd: member\nmember: ${dn(member)}\n\n`;
export const leaves = (name, member) => `dn: ${groupDn(name)}\nchangetype: modify\ndelete: member\nmember: ${dn(member)}\n\n`;
export const sets = (name, attribute, value) => `dn: ${dn(name)}\nchangetype: modify\nreplace: ${attribute}\n${attribute}: ${value}\n\n`;
export const drops = (name, attribute) => `dn: ${dn(name)}\nchangetype: modify\ndelete: ${attribute}\n\n`;
export const removed = (name) => `dn: ${dn(name)}\nchangetype: delete\n\n`;
export const added = (name, more = '') => entry(name, more).replace('\n', '\nchangetype: add\n');

class OpenLdap {
  constructor(folder, port, tls) {
    Object.assign(this, { folder, port, tls });
  }

  async serve() {
    const urls = `ldap://localhost:${this.port} ldaps://localhost:${this.tls}`;
    this.child = new Child(SLAPD, ['-d', '0', '-f', 'slapd.conf', '-h', urls], { cwd: this.folder });
    await until('slapd serves', async () => (await isOpen(this.port)) && (await isOpen(this.tls)));
  }

  get authority() {
    return join(this.folder, 'ca.pem');
  }

  /** Makes changes, as LDIF has them. */
  async change(...ldif) {
    await writeFile(join(this.folder, 'change.ldif'), ldif.join('\n'));
    const url = `ldap://localhost:${this.port}`;
    await this.run('/usr/bin/ldapmodify', '-x', '-D', `cn=admin,${BASE}`, '-w', 'admin-pw', '-H', url, '-f', 'change.ldif');
  }

  async run(program, ...args) {
    const { code, stderr } = await run(program, args, { cwd: this.folder });
    if (code !== 0) throw new Error(`${program}: ${stderr}`);
  }

  /** Puts into a gateway's folder by what the directory is read. */
  async giveTo(gateway, { password = PASSWORD } = {}) {
    await copyFile(this.authority, join(gateway.folder, 'lab-ca.pem'));
    const file = join(gateway.folder, 'lab.password');
    await writeFile(file, `${password}\n`);
    await chmod(file, 0o600);
  }

  /** Puts into a gateway's folder what it shows the directory: of who reads, or of a stranger. */
  async giveCertificateTo(gateway, { of = '' } = {}) {
    await copyFile(this.authority, join(gateway.folder, 'lab-ca.pem'));
    for (const ending of ['pem', 'key']) {
      const to = join(gateway.folder, `lab.${ending}`);
      await copyFile(join(this.folder, of, `reader.${ending}`), to);
      await chmod(to, 0o600);
    }
  }

  async away() {
    await this.child.stop();
  }

  async stop() {
    await this.away();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function isOpen(port) {
  return new Promise((resolve) => {
    const socket = createConnection({ host: 'localhost', port });
    socket.once('connect', () => resolve(true) ?? socket.destroy());
    socket.once('error', () => resolve(false));
  });
}

const root = () => `dn: ${BASE}
objectClass: dcObject
objectClass: organization
dc: lab
o: lab

dn: ou=people,${BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${BASE}
objectClass: organizationalUnit
ou: groups

dn: uid=sync,${BASE}
objectClass: account
objectClass: simpleSecurityObject
uid: sync
userPassword: ${PASSWORD}
`;

const entry = (name, more = '') => `dn: ${dn(name)}
objectClass: inetOrgPerson
uid: ${name}
cn: ${name} of the lab
sn: ${name}
mail: ${name}@lab.test
${more}
`;

const DEMANDS = `TLSVerifyClient demand
authz-regexp "^cn=gatewright$" "uid=sync,${BASE}"
`;

const configuration = (folder, demanding) => `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
TLSCertificateFile ${folder}/chain.pem
TLSCertificateKeyFile ${folder}/key.pem
TLSCACertificateFile ${folder}/ca.pem
${demanding ? DEMANDS : ''}sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous auth
database mdb
suffix "${BASE}"
rootdn "cn=admin,${BASE}"
rootpw admin-pw
directory ${folder}/db
maxsize 268435456
dbnosync
index objectClass,entryUUID,entryCSN,uid,cn eq
overlay syncprov
syncprov-sessionlog 1000
`;
