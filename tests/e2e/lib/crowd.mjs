// Many people, each with a session, made as fast as a gateway takes them.

import { request as plain } from 'node:http';
import { Agent, request as secure } from 'node:https';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const AT_ONCE = 24;

/** In the configuration: each of the crowd comes from an address of their own. */
export const CROWD = '[trusted_proxies]\nnetworks = ["127.0.0.1/32", "::1/128"]\nheader = "x-forwarded-for"\n';

/** Adds `count` people named `crowd-N` and signs each in by a link. The gateway needs `CROWD`. */
export async function signInCrowd(gateway, count) {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: AT_ONCE,
    ca: await readFile(gateway.authority),
    lookup: (_name, options, answer) =>
      options.all ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4),
  });
  let next = 0;
  const worker = async () => {
    while (next < count) await signIn(gateway, agent, next++);
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } finally {
    agent.destroy();
  }
}

async function signIn(gateway, agent, number) {
  const name = `crowd-${number}`;
  const from = { 'x-forwarded-for': `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}` };
  const administration = (path, body) =>
    send(plain, { socketPath: join(gateway.data, 'run/admin.sock'), path, method: 'POST', headers: { 'content-type': 'application/json' } }, JSON.stringify(body));
  await administration('/v1/users', { name });
  const { url } = JSON.parse((await administration(`/v1/users/${name}/links`, { kind: 'sign-in' })).body);
  const host = `auth.${gateway.domain}`;
  const { pathname } = new URL(url);
  const at = { agent, host, port: gateway.ports.https };
  const page = await send(secure, { ...at, path: pathname, headers: { accept: 'text/html', ...from } });
  const fields = [...page.body.matchAll(/<(?:input|button)\b[^>]*\bname="([^"]*)"[^>]*>/g)];
  const form = new URLSearchParams(fields.map(([tag, field]) => [field, /\bvalue="([^"]*)"/.exec(tag)?.[1] ?? '']));
  const action = new URL(/<form\b[^>]*\baction="([^"]*)"/.exec(page.body)?.[1] || pathname, gateway.secure('auth'));
  const cookies = page.headers['set-cookie']?.map((cookie) => cookie.split(';')[0]).join('; ');
  await send(secure, {
    ...at, path: action.pathname, method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded', origin: gateway.secure('auth'), 'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'navigate', ...from, ...(cookies && { cookie: cookies }),
    },
  }, form.toString());
}

function send(request, options, body) {
  return new Promise((resolve, reject) => {
    const asked = request(options, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const answer = { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
        if (answer.status >= 400) reject(new Error(`${options.path}: ${answer.status} ${answer.body.slice(0, 400)}`));
        else resolve(answer);
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
