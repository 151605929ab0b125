// A thousand decisions a second, each of them a function of its number: nothing is kept.

import { chance, pick, whole } from './chance.mjs';

const WINDOW = 20_000;
const BATCH_MS = 250;
const PATHS = ['/', '/page/7', '/runs', '/api/ds', '/search', '/edit/42', '/v2/blobs/a41', '/export', '/inbox'];

export class Decisions {
  constructor(organisation, rate, now = Date.now()) {
    this.organisation = organisation;
    this.rate = rate;
    this.began = now - (WINDOW / rate) * 1000;
    this.extra = [];
  }

  newest(now = Date.now()) {
    return Math.floor(((now - this.began) * this.rate) / 1000);
  }

  at(seq) {
    const { users, apps } = this.organisation;
    const time = Math.floor(this.began + (seq * 1000) / this.rate);
    const user = users[Math.floor(chance('u', seq) ** 2 * users.length)];
    const app =
      seq % 40 === 7
        ? apps.find(({ name }) => name === 'payroll')
        : apps[Math.floor(chance('a', seq) ** 3 * apps.length)];
    const roll = chance('o', seq);
    const base = {
      seq,
      time,
      kind: 'exchange',
      decision: `d-${seq.toString(36).padStart(6, '0')}-${whole(46_655, 'd', seq).toString(36).padStart(3, '0')}`,
      who: user.name,
      user_id: user.id,
      app: app.name,
      route: `${app.name}/default`,
      action: 'http.request',
      what: `${pick(['GET', 'GET', 'GET', 'POST', 'PUT'], 'm', seq)} ${pick(PATHS, 'p', seq)}`,
      host: app.host,
    };
    if (seq % 997 === 5)
      return {
        ...base,
        kind: 'change',
        outcome: 'change',
        action: undefined,
        app: undefined,
        host: undefined,
        user_id: undefined,
        what: 'user put into a group',
        who: 'ana',
        because: [],
        why: seq % 2 ? `user-put ${user.id} (${user.name})` : `session-started s-${user.id.slice(2)}0 of ${user.id}`,
      };
    if (roll < 0.955)
      return {
        ...base,
        outcome: 'allow',
        because: [`${app.name}-for-staff`],
        why: 'permitted',
        latency_us: 6 + whole(40, 'l', seq),
      };
    if (roll < 0.962) return { ...base, kind: 'end', outcome: 'cut', because: [], why: 'their session was ended' };
    if (roll < 0.975)
      return {
        ...base,
        outcome: 'deny',
        who: 'a stranger',
        user_id: undefined,
        because: [],
        why: 'nobody has signed in',
        count: 1 + whole(20, 'c', seq),
      };
    if (roll < 0.99)
      return { ...base, outcome: 'deny', because: ['crown-jewels-need-a-passkey'], why: 'needs a passkey' };
    return { ...base, outcome: 'deny', because: [], why: 'nothing permits it' };
  }

  /** What came after a number, by the filters; the answer of GET /v1/decisions. */
  after(seq, { limit, outcome, app, user }) {
    const newest = this.newest();
    const oldest = Math.max(0, newest - WINDOW);
    const wants = (line) =>
      (!outcome || line.outcome === outcome) && (!app || line.app === app) && (!user || line.who === user);
    const items = [];
    const from = seq === undefined ? oldest : Math.max(seq, oldest);
    for (let n = newest; n > from && items.length < limit; n -= 1) {
      const line = this.at(n);
      if (wants(line)) items.push(line);
    }
    const missed = seq !== undefined && items.length === limit && !outcome && !app && !user ? newest - seq - limit : 0;
    return { items: items.reverse(), next: newest, ...(missed > 0 && { missed }), since: this.at(oldest + 1).time };
  }

  async wait(seq, filter, seconds, closed) {
    const until = Date.now() + seconds * 1000;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, BATCH_MS));
      const answer = this.after(seq, filter);
      if (answer.items.length > 0 || Date.now() >= until || closed()) return answer;
    }
  }

  inFull(id) {
    const seq = Number.parseInt(id.split('-')[1] ?? '', 36);
    if (!Number.isFinite(seq) || seq > this.newest()) return undefined;
    const line = this.at(seq);
    if (line.decision !== id) return undefined;
    const stranger = line.user_id === undefined;
    const shut = line.outcome === 'deny';
    const passkey = line.because.includes('crown-jewels-need-a-passkey');
    return {
      decision: id,
      sentence: `${line.who} ${shut ? 'may not' : 'may'} ${line.what} on ${line.app ?? 'Gatewright'}`,
      outcome: line.outcome,
      time: line.time,
      who: line.who,
      ...(stranger ? {} : { user_id: line.user_id }),
      app: line.app,
      what: line.what,
      ...(stranger ? {} : { session: 's-81kd03' }),
      rests_on: stranger
        ? [{ name: 'network.names', value: '[]' }]
        : [
            { name: 'authn.phishing_resistant', value: String(!passkey) },
            { name: 'network.names', value: '["office"]' },
            { name: 'time.hour', value: '14' },
          ],
      policies: line.because.map((name) => ({
        id: name,
        effect: passkey ? 'forbid' : 'permit',
        in_force: true,
        ...(passkey
          ? { description: 'Whatever is tagged as a crown jewel opens only after a sign-in that resists phishing.' }
          : {}),
        text: passkey
          ? '@id("crown-jewels-need-a-passkey")\nforbid (\n    principal,\n    action,\n    resource in Tag::"crown-jewel"\n)\nunless { context.authn.phishing_resistant };'
          : `@id("${name}")\npermit (\n    principal in Group::"staff",\n    action == Action::"http.request",\n    resource in App::"${line.app}"\n);`,
      })),
      ways: passkey
        ? [
            { steps: ['confirm with a passkey'], alone: true },
            { steps: ['be put into oncall', 'sign in from the office'], alone: false },
          ]
        : stranger
          ? [{ steps: ['sign in'], alone: true }]
          : [],
      ...(passkey ? { report: { outcome: 'deny', because: ['contractors-office-hours'] } } : {}),
      faults: [],
      grounds: [
        { fact: `user ${line.who}`, version: 12 },
        { fact: 'group staff', version: 4 },
        { fact: `app ${line.app}`, version: 2 },
        { fact: 'policies', version: 31 },
      ],
      ...(shut
        ? {}
        : {
            valid_until: line.time + 3_600_000,
            ended:
              line.outcome === 'cut'
                ? { how: 'cut', why: line.why, duration_ms: 92_000, bytes_up: 1200, bytes_down: 48_211_000 }
                : { how: 'finished', status: 200, duration_ms: 41, bytes_up: 310, bytes_down: 18_240 },
          }),
      recorded: { log: `web-${seq % 2}`, segment: Math.floor(seq / 50_000), index: seq % 50_000 },
      epoch: { incarnation: 1, number: 4182 },
    };
  }
}
