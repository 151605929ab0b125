// A signed-in person's requests, one after the other on kept connections, for as long as a test wants.

import { Agent, request } from 'node:https';
import { readFile } from 'node:fs/promises';

/** How long a worker leaves a gateway alone that gave it no answer. */
const REST_MS = 20;

export class Traffic {
  /** What was answered, by path: the status. */
  answered = new Map();
  /** Requests that got no whole answer: `{ path, code }`. */
  broken = [];

  static async of(visitor, app, workers) {
    const { gateway } = visitor;
    const traffic = new Traffic(gateway, `${app}.${gateway.domain}`, workers);
    traffic.cookie = `__Host-gw-session=${await visitor.cookie(traffic.host, '__Host-gw-session')}`;
    traffic.agent = new Agent({
      keepAlive: true,
      maxSockets: workers,
      ca: await readFile(gateway.authority),
      lookup: (_name, options, answer) =>
        options.all ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4),
    });
    return traffic;
  }

  constructor(gateway, host, workers) {
    Object.assign(this, { gateway, host, workers, running: false, count: 0 });
  }

  /** Begins; what is asked is `/PREFIX/0`, `/PREFIX/1` and so on. */
  start(prefix) {
    this.running = true;
    this.work = Promise.all(Array.from({ length: this.workers }, () => this.worker(prefix)));
  }

  async worker(prefix) {
    while (this.running) {
      const path = `/${prefix}/${this.count++}`;
      const answer = await this.ask(path);
      if (answer.status === undefined) {
        this.broken.push({ path, code: answer.code });
        await new Promise((resolve) => setTimeout(resolve, REST_MS));
      } else {
        this.answered.set(path, answer.status);
      }
    }
  }

  /** One request: `{ status, body }`, or `{ code }` of what went wrong. */
  ask(path, more = {}) {
    return new Promise((resolve) => {
      const options = {
        agent: this.agent, host: this.host, port: this.gateway.ports.https, path,
        headers: { cookie: this.cookie }, timeout: 30_000, ...more,
      };
      const asked = request(options, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }));
        response.on('error', (error) => resolve({ code: error.code ?? error.message }));
      });
      asked.on('timeout', () => asked.destroy(new Error('timeout')));
      asked.on('error', (error) => resolve({ code: error.code ?? error.message }));
      asked.end();
    });
  }

  /** Ends after the requests that are under way. */
  async stop() {
    this.running = false;
    await this.work;
  }

  /** Ends for good. */
  close() {
    this.agent.destroy();
  }
}
