// Keycloak, as an organisation has it: in a process of its own, with all that it knows in memory.

import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../e2e/lib/child.mjs';
import { freePorts } from '../e2e/lib/ports.mjs';
import { until } from '../e2e/lib/until.mjs';

const HOME = new URL('../../target/tools/keycloak/', import.meta.url).pathname;
const ADMINISTRATOR = { username: 'admin', password: 'of-this-run-alone' };
const STARTS_WITHIN_MS = 300_000;

export const isInstalled = existsSync(join(HOME, '.installed'));

/**
 * Starts it over plain HTTP on loopback, and over TLS at `host` with the files `chain` and `key`. It believes the
 * authority in the file `authority`, and finds `hosts` on loopback.
 */
export async function startKeycloak({ host, hosts, authority, chain, key }) {
  const folder = await mkdtemp(join(tmpdir(), 'gatewright-keycloak-'));
  const [plain, secure] = await freePorts(2);
  const found = join(folder, 'hosts');
  await writeFile(found, `127.0.0.1 localhost ${[host, ...hosts].join(' ')}\n`);
  const keycloak = new Keycloak(folder, `http://127.0.0.1:${plain}`, `https://${host}:${secure}`);
  await keycloak.start([
    'start', '--optimized', '--hostname-strict=false', '--http-enabled=true', '--http-host=127.0.0.1',
    `--http-port=${plain}`, `--https-port=${secure}`, `--https-certificate-file=${chain}`, `--https-certificate-key-file=${key}`,
    `--truststore-paths=${authority}`,
  ], `-XX:TieredStopAtLevel=1 -Djdk.net.hosts.file=${found}`);
  return keycloak;
}

class Keycloak {
  constructor(folder, plain, secure) {
    Object.assign(this, { folder, plain, secure });
  }

  async start(args, java) {
    this.child = new Child(join(HOME, 'bin/kc.sh'), args, {
      detached: true, // a group of its own: its script and the machine that the script starts
      env: {
        ...process.env,
        KC_BOOTSTRAP_ADMIN_USERNAME: ADMINISTRATOR.username,
        KC_BOOTSTRAP_ADMIN_PASSWORD: ADMINISTRATOR.password,
        JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m',
        JAVA_OPTS_APPEND: java,
      },
    });
    process.on('exit', () => this.#end());
    const answers = async () => this.child.end || (await fetch(`${this.plain}/realms/master`)).ok;
    await until('Keycloak answers', answers, STARTS_WITHIN_MS);
    if (this.child.end) throw new Error(`Keycloak did not start; it printed:\n${this.child.output}`);
  }

  /** What is left of its group, which is nobody's any more. */
  #end() {
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {} // nothing is left
  }

  /** Asks its administration; what it answers, as text or, where it is that, read as JSON. */
  async admin(path, { method = 'GET', body, type = 'application/json' } = {}) {
    const sent = typeof body === 'object' ? JSON.stringify(body) : body;
    const headers = { authorization: `Bearer ${await this.#token()}`, ...(body && { 'content-type': type }) };
    const answer = await fetch(`${this.plain}/admin/realms${path}`, { method, headers, body: sent });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`Keycloak answers ${answer.status} to ${method} ${path}: ${text}`);
    return text && JSON.parse(text);
  }

  async #token() {
    const body = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', ...ADMINISTRATOR });
    const answer = await fetch(`${this.plain}/realms/master/protocol/openid-connect/token`, { method: 'POST', body });
    return (await answer.json()).access_token;
  }

  /** What is known there of a person of a realm. */
  async person(realm, username) {
    const [found] = await this.admin(`/${realm}/users?exact=true&username=${username}`);
    return found;
  }

  async sessions(realm, username) {
    const { id } = await this.person(realm, username);
    return this.admin(`/${realm}/users/${id}/sessions`);
  }

  async stop() {
    await this.child.stop();
    this.#end();
    await rm(this.folder, { recursive: true, force: true });
  }
}
