// A gateway under load that is killed again and again, and an account of all that it acknowledged.

import assert from 'node:assert/strict';
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ONE_PERSON_ASKS_MUCH, startOrganisation } from './gateway.mjs';
import { Traffic } from './traffic.mjs';
import { until } from './until.mjs';
import { startUpstream } from './upstream.mjs';
import { Visitor } from './visitor.mjs';

const WORKERS = 4;
/** Requests that are answered before a kill: from, to. */
const ANSWERED = [20, 600];
/** Signed-in people whose sessions are tried after each start. */
const TRIED = 6;

const POLICY = '@id("app-for-people")\npermit (principal is User, action == Action::"http.request", resource in App::"app");\n';
const marked = (number) => `${POLICY}\n@id("marker") @description("${number}")\nforbid (principal, action, resource) when { false };\n`;

export class Ordeal {
  /** What is known of each person: `true`, `false`, or `undefined` where nobody was told. */
  people = new Map();
  /** Who signed in, with what is known of their session. */
  visitors = [];
  /** The newest epoch of policies that was acknowledged. */
  applied = { number: 0, epoch: undefined };
  /** Milliseconds from each start to the file that says "ready". */
  starts = [];
  counts = { requests: 0, changes: 0, signIns: 0, kills: 0, repairs: 0 };
  round = 0;
  next = 0;

  static async begin(random, { config = '' } = {}) {
    const upstream = await startUpstream();
    const gateway = await startOrganisation({
      config: `${config}${ONE_PERSON_ASKS_MUCH}`,
      apps: [{ name: 'app', upstream: upstream.url }],
      policies: { 'app.cedar': POLICY },
    });
    const ordeal = new Ordeal(random, upstream, gateway);
    await mkdir(ordeal.drafts);
    gateway.args.push('--ready-file', ordeal.ready);
    await gateway.addUser('steady');
    ordeal.steady = await Visitor.arrive(gateway);
    await ordeal.steady.signInByLink(await gateway.link('steady'));
    assert.equal((await ordeal.steady.navigate(`${gateway.secure('app')}/`)).status, 200);
    ordeal.traffic = await Traffic.of(ordeal.steady, 'app', WORKERS);
    return ordeal;
  }

  constructor(random, upstream, gateway) {
    Object.assign(this, { random, upstream, gateway });
    this.drafts = join(gateway.folder, 'drafts');
    this.ready = join(gateway.folder, 'ready');
  }

  /** Load and changes until a moment that chance chooses; a kill; a start; then everything is looked at. */
  async once() {
    this.round += 1;
    const { traffic, random } = this;
    const goal = traffic.answered.size + random.between(...ANSWERED);
    this.going = true;
    traffic.start(`round-${this.round}`);
    const actors = [this.adding(), this.signingIn(), this.applying()];
    await until('enough is answered', () => {
      assert.equal(this.gateway.child.end, undefined, `it ended by itself:\n${this.gateway.child.output}`);
      return traffic.answered.size >= goal;
    }, 60_000);
    assert.deepEqual(traffic.broken, [], 'no request breaks off before the kill');
    this.going = false;
    const killed = this.gateway.child.stop('SIGKILL');
    await Promise.all([killed, traffic.stop(), ...actors]);
    this.counts.kills += 1;
    traffic.broken.length = 0;
    await this.restart();
    await this.look();
  }

  async restart() {
    await rm(this.ready, { force: true });
    const began = performance.now();
    const started = this.gateway.start();
    await until('it says that it serves', async () => {
      if (this.gateway.child?.end) await started;
      return access(this.ready).then(() => true);
    }, 60_000);
    this.starts.push(performance.now() - began);
    await started;
    this.counts.repairs += this.gateway.child.lines.filter((line) => line.includes('the ledger was repaired')).length;
  }

  // Those who change things. Each knows of every step whether it was acknowledged.

  async adding() {
    while (this.going) {
      const name = `p-${this.next++}`;
      const person = { exists: undefined, disabled: false };
      this.people.set(name, person);
      if (!(await this.acknowledged('user', 'add', name))) return;
      person.exists = true;
      if (!this.going || this.random.chance(0.5)) continue;
      person.disabled = undefined;
      if (!(await this.acknowledged('user', 'disable', name))) return;
      person.disabled = true;
    }
  }

  async signingIn() {
    while (this.going) {
      const name = `s-${this.next++}`;
      const person = { exists: undefined, disabled: false };
      this.people.set(name, person);
      if (!(await this.acknowledged('user', 'add', name))) return;
      person.exists = true;
      const visitor = await this.signedIn(name).catch(() => undefined);
      if (!visitor) return;
      this.counts.signIns += 1;
      const known = { name, visitor, live: true };
      this.visitors.push(known);
      if (this.random.chance(0.6) || !this.going) continue;
      const how = this.random.chance(0.5) ? ['session', 'end', '--user', name] : ['user', 'disable', name];
      known.live = undefined;
      if (how[0] === 'user') person.disabled = undefined;
      if (!(await this.acknowledged(...how))) return;
      known.live = false;
      if (how[0] === 'user') person.disabled = true;
    }
  }

  async signedIn(name) {
    const { gateway } = this;
    const link = await gateway.link(name);
    const visitor = await Visitor.arrive(gateway);
    visitor.link = link;
    const answer = await visitor.signInByLink(link);
    assert.equal(answer.status, 200);
    assert.equal((await visitor.navigate(`${gateway.secure('app')}/of-${name}`)).status, 200);
    return visitor;
  }

  async applying() {
    while (this.going) {
      const number = this.next++;
      await writeFile(join(this.drafts, 'app.cedar'), marked(number));
      const said = await this.gateway.cli('policy', 'apply', this.drafts, '--yes', '--json');
      if (said.code !== 0) return;
      this.counts.changes += 1;
      const { incarnation, number: at } = JSON.parse(said.stdout).epoch;
      this.applied = { number, epoch: `${incarnation}.${at}` };
    }
  }

  async acknowledged(...command) {
    const { code } = await this.gateway.cli(...command);
    if (code === 0) this.counts.changes += 1;
    return code === 0;
  }

  // What must hold after each start.

  async look() {
    const verified = await this.gateway.json('log', 'verify');
    assert.equal(verified.ok, true, JSON.stringify(verified));
    await this.lookAtPeople();
    await this.lookAtSessions();
    await this.lookAtPolicies();
    await this.lookAtRecords();
  }

  async lookAtPeople() {
    const { items } = await this.gateway.json('user', 'list');
    const found = new Map(items.map((user) => [user.name, user]));
    for (const [name, person] of this.people) {
      const user = found.get(name);
      if (person.exists === undefined) person.exists = user !== undefined;
      assert.equal(user !== undefined, person.exists, `${name} was acknowledged`);
      if (!user) {
        this.people.delete(name);
        continue;
      }
      if (person.disabled === undefined) person.disabled = user.disabled;
      assert.equal(user.disabled, person.disabled, `whether ${name} is switched off was acknowledged`);
    }
    const sessions = await this.gateway.json('session', 'list');
    for (const session of sessions.items) {
      assert.equal(found.get(session.user)?.disabled, false, `${session.user} is switched off and has a session`);
    }
    this.found = found;
  }

  async lookAtSessions() {
    for (const known of this.visitors) if (this.found.get(known.name).disabled) known.live = false;
    this.visitors = this.visitors.filter((known) => known.live !== undefined).slice(-TRIED);
    for (const { name, visitor, live } of this.visitors) {
      const { status } = await visitor.request(`${this.gateway.secure('app')}/again-${name}`);
      if (live) assert.equal(status, 200, `${name} is still signed in`);
      else assert.notEqual(status, 200, `the session of ${name} was ended`);
    }
    const [newest] = this.visitors.slice(-1);
    if (!newest) return;
    const page = await (await Visitor.arrive(this.gateway)).navigate(newest.visitor.link);
    assert.doesNotMatch(page.body, /<form/, 'a spent link stays spent');
  }

  async lookAtPolicies() {
    if (!this.applied.epoch) return;
    const { items } = await this.gateway.json('policy', 'history');
    const epochs = items.map(({ epoch }) => `${epoch.incarnation}.${epoch.number}`);
    const place = epochs.indexOf(this.applied.epoch);
    assert.ok(place >= 0, `the policies of epoch ${this.applied.epoch} were acknowledged`);
    assert.ok(place <= 1, 'at most the one that nobody was told of came after');
  }

  async lookAtRecords() {
    const { stdout } = await this.gateway.cli('log', 'show', '--json');
    const recorded = new Set([...stdout.matchAll(/"path":"([^"]*)"/g)].map((match) => match[1]));
    for (const { url } of this.upstream.requests) {
      assert.ok(recorded.has(url), `${url} reached the app and is in the log`);
    }
    for (const [path, status] of this.traffic.answered) {
      assert.equal(status, 200, path);
      assert.ok(recorded.has(path), `${path} was answered and is in the log`);
    }
    for (const name of this.people.keys()) {
      assert.ok(stdout.includes(this.found.get(name).id), `that ${name} was added is in the log`);
    }
    this.counts.requests += this.traffic.answered.size;
    this.upstream.requests.length = 0;
    this.traffic.answered.clear();
  }

  /** What was done, in a sentence. */
  summary() {
    const sorted = this.starts.map(Math.round).sort((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)];
    const { kills, requests, changes, signIns, repairs } = this.counts;
    return `${kills} kills, ${requests} answered requests, ${changes} acknowledged changes, ${signIns} sign-ins, `
      + `${repairs} segments repaired; start-up ${sorted[0]} to ${sorted.at(-1)} ms, ${middle} ms in the middle`;
  }

  async end() {
    this.going = false;
    this.traffic?.close();
    await this.gateway?.stop();
    await this.upstream?.stop();
  }
}
