// A process that a test started: its lines, its end, and that nothing else is ever stopped.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until } from './until.mjs';

const alive = new Set();
process.on('exit', () => {
  for (const child of alive) child.process.kill('SIGKILL');
});

/** A started process; `lines` holds what it printed, on both streams, in order. */
export class Child {
  constructor(command, args, options = {}) {
    this.name = command.split('/').pop();
    this.lines = [];
    this.process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    this.ended = new Promise((resolve) => {
      this.process.on('error', (error) => {
        this.lines.push(String(error));
        alive.delete(this);
        resolve({ code: null, signal: null, error });
      });
      this.process.on('exit', (code, signal) => {
        alive.delete(this);
        this.end = { code, signal };
        resolve(this.end);
      });
    });
    alive.add(this);
    for (const stream of [this.process.stdout, this.process.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
  }

  get pid() {
    return this.process.pid;
  }

  get output() {
    return this.lines.join('\n');
  }

  /** Resolves with the match of the first line that matches; fails at once when the process ends before. */
  async line(pattern, atMost = 60_000) {
    const found = await until(
      `${this.name} prints ${pattern}`,
      () => {
        const line = this.lines.find((text) => pattern.test(text));
        if (line !== undefined) return { match: pattern.exec(line) };
        return this.end ? { ended: true } : undefined;
      },
      atMost,
    ).catch((error) => {
      throw new Error(`${error.message}; it printed:\n${this.output}`);
    });
    if (found.ended) {
      throw new Error(`${this.name} ended (${JSON.stringify(this.end)}) before printing ${pattern}:\n${this.output}`);
    }
    return found.match;
  }

  /** Asks it to stop and waits; `SIGKILL` is for tests of crashes. */
  async stop(signal = 'SIGTERM', atMost = 20_000) {
    if (!alive.has(this)) return this.ended;
    this.process.kill(signal);
    const timer = setTimeout(() => this.process.kill('SIGKILL'), atMost);
    const end = await this.ended;
    clearTimeout(timer);
    return end;
  }
}

/** Runs a command to its end: `{ code, stdout, stderr }`. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const out = [];
    const err = [];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}
