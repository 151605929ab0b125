// A certificate authority that speaks ACME: a real step-ca on loopback, with a root of its own, and a resolver that
// tells it where hosts are.

import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, run } from './child.mjs';
import { freePorts } from './ports.mjs';
import { until } from './until.mjs';

const ROOT = new URL('../../../', import.meta.url).pathname;
const STEP_CA = join(ROOT, 'target/tools/step-ca');

/** Why tests with it are skipped here, or `false`. */
export const skip = existsSync(STEP_CA) ? false : 'step-ca is not installed: scripts/setup-test.sh does it';

/**
 * Makes one in a folder of its own, not started yet: it looks for challenges at the port that `start` is told.
 * `lifetime` is that of its certificates.
 */
export async function makeAuthority({ lifetime = '24h' } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'gatewright-authority-'));
  const [port] = await freePorts(1);
  await makeRoot(folder);
  const config = {
    root: join(folder, 'root.pem'),
    crt: join(folder, 'intermediate.pem'),
    key: join(folder, 'intermediate-key.pem'),
    address: `127.0.0.1:${port}`,
    dnsNames: ['localhost'],
    logger: { format: 'text' },
    db: { type: 'badgerv2', dataSource: join(folder, 'db') },
    authority: {
      backdate: '1s',
      provisioners: [
        {
          type: 'ACME',
          name: 'acme',
          claims: { minTLSCertDuration: '5s', maxTLSCertDuration: '24h', defaultTLSCertDuration: lifetime },
        },
      ],
    },
  };
  await writeFile(join(folder, 'ca.json'), JSON.stringify(config));
  return new Authority(folder, port);
}

class Authority {
  /** Names that lead nowhere. */
  lost = new Set();

  constructor(folder, port) {
    Object.assign(this, { folder, port });
    this.root = join(folder, 'root.pem');
    this.directory = `https://localhost:${port}/acme/acme/directory`;
  }

  /** What a configuration says to have certificates from it. */
  get config() {
    return `[acme]
terms_of_service_agreed = true
directory = "${this.directory}"
ca = "${this.root}"
`;
  }

  /** Starts it; where it looks for challenges is told the first time. */
  async start(challenges = this.challenges) {
    this.challenges = challenges;
    this.resolver ??= await startResolver(this.lost);
    this.child = new Child(STEP_CA, [
      join(this.folder, 'ca.json'), '--insecure', '--acme-http-port', String(challenges),
      '--resolver', `127.0.0.1:${this.resolver.address().port}`,
    ]);
    await until('the authority answers', async () => {
      if (this.child.end) throw new Error(this.child.output);
      return (await this.get('/acme/acme/directory')) === 200;
    }, 60_000);
  }

  get(path) {
    const ca = readFileSync(this.root);
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port: this.port, servername: 'localhost', path, ca }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  /** How many orders it was asked for since it was started last. */
  get orders() {
    return this.child.lines.filter((line) => line.includes('path=/acme/acme/new-order')).length;
  }

  stop() {
    return this.child?.stop();
  }

  async remove() {
    await this.stop();
    this.resolver?.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A root, and an intermediate that issues. */
async function makeRoot(folder) {
  const file = (name) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const openssl = async (...args) => {
    const { code, stderr } = await run('openssl', args);
    if (code !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
  };
  await mkdir(file('db'));
  await openssl(
    'req', '-x509', ...key, '-days', '2', '-subj', '/CN=End-to-end root',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign',
    '-keyout', file('root-key.pem'), '-out', file('root.pem'),
  );
  await openssl('req', '-new', ...key, '-subj', '/CN=End-to-end intermediate', '-keyout', file('intermediate-key.pem'), '-out', file('request.pem'));
  await writeFile(file('extensions'), 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n');
  await openssl(
    'x509', '-req', '-in', file('request.pem'), '-CA', file('root.pem'), '-CAkey', file('root-key.pem'),
    '-CAcreateserial', '-days', '2', '-extfile', file('extensions'), '-out', file('intermediate.pem'),
  );
}

/** A resolver by which every name is on this machine, but for those that are lost (RFC 1035, 4.1). */
async function startResolver(lost) {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => socket.send(answerTo(query, lost), from.port, from.address));
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', resolve);
  });
  socket.unref();
  return socket;
}

function answerTo(query, lost) {
  const labels = [];
  let at = 12;
  while (query[at] !== 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
    at += 1 + query[at];
  }
  const question = query.subarray(12, at + 5);
  const isLost = lost.has(labels.join('.').toLowerCase());
  const hasAddress = !isLost && query.readUInt16BE(at + 1) === 1;
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(isLost ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(hasAddress ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  // The name again, type A, class IN, no lifetime, four bytes.
  const address = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
  return Buffer.concat([head, question, ...(hasAddress ? [address] : [])]);
}
