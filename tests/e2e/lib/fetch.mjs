// `fetch` for clients in this process, which believe the authority of the test and find its names on loopback.

import { request as send } from 'node:https';

/** Asks as `fetch` does, over HTTPS, through an agent that believes whom it is to believe. */
export const fetchBy = (agent) => (url, { method = 'GET', headers = {}, body } = {}) =>
  new Promise((done, failed) => {
    const { hostname, port, pathname, search } = new URL(url);
    const options = {
      method, agent, host: '127.0.0.1', port, path: pathname + search, servername: hostname,
      headers: { ...Object.fromEntries(new Headers(headers)), host: `${hostname}:${port}` },
    };
    const sent = send(options, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => {
        const whole = Buffer.concat(chunks);
        const has = answer.statusCode !== 204 && answer.statusCode !== 304;
        done(new Response(has ? whole : null, { status: answer.statusCode, headers: answer.headers }));
      });
    });
    sent.on('error', failed);
    sent.end(body === undefined || body === null ? undefined : String(body));
  });
