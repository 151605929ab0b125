// The real binary in a fresh data folder on free ports: the demo, or an organisation of a test's own.

import { cp, mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, run } from './child.mjs';
import { makeCertificates } from './certificates.mjs';
import { freePorts } from './ports.mjs';
import { until } from './until.mjs';

const ACTIVATE = new URL('activate.py', import.meta.url).pathname;
const ROOT = new URL('../../../', import.meta.url).pathname;

export const BINARY = process.env.GATEWRIGHT ?? join(ROOT, 'target/debug/gatewright');

/** For tests in which one person asks as fast as anything goes. */
export const ONE_PERSON_ASKS_MUCH = '[limits]\nrequests_per_person = 0\n';

/** Starts `gatewright up --demo` on an empty data folder. */
export async function startDemo() {
  const folder = await mkdtemp(join(tmpdir(), 'gatewright-e2e-'));
  const [http, https] = await freePorts(2);
  const data = join(folder, 'data');
  const gateway = new Gateway({
    folder,
    data,
    domain: 'gatewright.localhost',
    ports: { http, https },
    args: ['up', '--demo', '--data', data, '--http-port', String(http), '--https-port', String(https)],
  });
  await gateway.start();
  await gateway.child.line(/open Ana's link first/);
  gateway.authority = join(data, 'tls/ca.pem');
  gateway.policies = join(data, 'policies');
  return gateway;
}

/**
 * Starts `gatewright up -c` for an organisation under `e2e.localhost` with these apps
 * (`{ name, upstream or upstreams, ... }` as in the configuration file) and policies (file name to text).
 * `hosts` are names beside those under its domain that the certificate covers; `prepare` gets
 * the gateway before it is started, its data folder not yet made. `activated` opens its sockets
 * for HTTPS before it starts, and keeps them when it ends. Where there is an `authority`, certificates are obtained
 * from it instead.
 */
export async function startOrganisation({
  apps, policies, config = '', hosts = [], prepare = async () => {}, activated = false, authority,
}) {
  const folder = await mkdtemp(join(tmpdir(), 'gatewright-e2e-'));
  const [http, https] = await freePorts(2);
  const domain = 'e2e.localhost';
  const names = [`*.${domain}`, ...hosts];
  const certificates = authority ? { authority: authority.root } : await makeCertificates(folder, names);
  const file = join(folder, 'gatewright.toml');
  await mkdir(join(folder, 'policies'));
  for (const [name, text] of Object.entries(policies)) await writeFile(join(folder, 'policies', name), text);
  await writeFile(file, configuration({ http, https, domain, names, apps, extra: config, authority }));
  const gateway = new Gateway({
    folder,
    data: join(folder, 'data'),
    domain,
    ports: { http, https },
    args: ['up', '-c', file],
  });
  gateway.authority = certificates.authority;
  gateway.policies = join(folder, 'policies');
  gateway.file = file;
  if (activated) gateway.through = ['python3', ACTIVATE, `https=127.0.0.1:${https}`, `six=[::1]:${https}`, '--'];
  await prepare(gateway);
  await gateway.start();
  return gateway;
}

function configuration({ http, https, domain, names, apps, extra, authority }) {
  const addresses = (port) => `["127.0.0.1:${port}", "[::1]:${port}"]`;
  const where = ({ upstream, upstreams }) => (upstreams ? `upstreams = ${JSON.stringify(upstreams)}` : `upstream = "${upstream}"`);
  const app = ({ name, host = `${name}.${domain}`, more = '', ...servers }) =>
    `[[app]]\nname = "${name}"\ntitle = "${name}"\nhost = "${host}"\n${where(servers)}\n${more}\n`;
  const files = `[[certificate]]\nchain = "chain.pem"\nkey = "key.pem"\nhosts = ${JSON.stringify(names)}\n`;
  return `version = 1
data = "data"
${extra}
[listen]
http = ${addresses(http)}
https = ${addresses(https)}
public_http_port = ${http}
public_https_port = ${https}

[authentication]
host = "auth.${domain}"

[portal]
host = "portal.${domain}"

[policies]
folder = "policies"
watch = true

${authority?.config ?? files}
${apps.map(app).join('\n')}`;
}

class Gateway {
  constructor({ folder, data, domain, ports, args }) {
    Object.assign(this, { folder, data, domain, ports, args });
  }

  async start() {
    const [command, ...args] = [...(this.through ?? []), BINARY, ...this.args];
    this.child = new Child(command, args, { env: { ...process.env, NO_COLOR: '1', ...this.env } });
    const { end } = await until(
      'the gateway answers on its socket',
      async () => (this.child.end ? this.child : (await this.cli('app', 'list')).code === 0 && {}),
      60_000,
    ).catch((error) => ({ end: error }));
    if (end) throw new Error(`the gateway did not start (${JSON.stringify(end)}); it printed:\n${this.child.output}`);
  }

  get pid() {
    return this.child.pid;
  }

  /** `http://wiki.gatewright.localhost:8080`, as people reach the demo. */
  site(app) {
    return `http://${app}.${this.domain}:${this.ports.http}`;
  }

  /** The same over TLS, as tools reach it. */
  secure(app) {
    return `https://${app}.${this.domain}:${this.ports.https}`;
  }

  /** Runs a command of the binary against this gateway: `{ code, stdout, stderr }`. */
  cli(...args) {
    return run(BINARY, [...args, '--data', this.data], { env: { ...process.env, NO_COLOR: '1' } });
  }

  /** Runs a command that must succeed and returns what it says in JSON. */
  async json(...args) {
    const { code, stdout, stderr } = await this.cli(...args, '--json');
    if (code !== 0) throw new Error(`gatewright ${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** The link that the demo printed for a person. */
  printedLink(name) {
    const line = this.child.lines.find((text) => text.includes('/link/') && new RegExp(`\\b${name}\\b`, 'i').test(text));
    if (!line) throw new Error(`no link for ${name} in:\n${this.child.output}`);
    return /https?:\S+\/link\/[\w-]+/.exec(line)[0];
  }

  /** Adds a person with these groups. */
  async addUser(name, ...groups) {
    return this.json('user', 'add', name, ...groups.flatMap((group) => ['--group', group]));
  }

  /** What is known of a person. */
  async user(name) {
    const users = await this.json('user', 'list');
    return users.items.find((user) => user.name === name);
  }

  /** A fresh link for a person, by an administrator on the machine. */
  async link(name, kind = 'sign-in') {
    const { url } = await this.json('user', 'link', name, '--kind', kind);
    return url;
  }

  /** The same path on the TLS listener. */
  async secureLink(name, kind) {
    const { pathname } = new URL(await this.link(name, kind));
    return `${this.secure('auth')}${pathname}`;
  }

  /** Resident memory in bytes. */
  async memory() {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) * 1024;
  }

  /** Ends the process at once and starts another on the same data. */
  async crashAndRestart() {
    await this.child.stop('SIGKILL');
    await this.start();
  }

  /**
   * Ends the process in order and starts another on the sockets that it was handed. `draining` is called once it
   * has been told to stop, `away` while nobody is there.
   */
  async restart({ draining, away } = {}) {
    const count = (text) => this.child.lines.filter((line) => line.startsWith(`activate: ${text}`)).length;
    const before = { stopping: count('told STOPPING=1'), ended: count('ended'), ready: count('told READY=1') };
    this.child.process.kill('SIGUSR1');
    await until('it was told to stop', () => count('told STOPPING=1') > before.stopping);
    await draining?.();
    await until('it has ended', () => count('ended') > before.ended, 30_000);
    await away?.();
    await until('another one serves', () => count('told READY=1') > before.ready, 30_000);
  }

  async copyData(to) {
    await cp(this.data, to, { recursive: true });
  }

  async stop() {
    const end = await this.child.stop();
    await rm(this.folder, { recursive: true, force: true });
    return end;
  }
}
