// Serves the built console under the very policy that the gateway sends, and answers the API from a generated organisation.
// A tool for development and for the console's tests; nothing of it is part of Gatewright.

import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import { OPERATIONS, Refusal, matched } from './answers.mjs';
import { someInvitations } from './answers/clients.mjs';
import { caller } from './answers/common.mjs';
import { PROPOSABLE, propose, shown, someProposals } from './answers/proposals.mjs';
import { Decisions } from './decisions.mjs';
import { makeOrganisation } from './organisation.mjs';
import { PolicyStore } from './policies.mjs';

export const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

const ASSETS = fileURLToPath(new URL('../../assets/', import.meta.url));
const KINDS = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

/** Which parameters a list knows; any other is refused, as the gateway does. */
const KNOWN = {
  '/v1/users': ['q', 'group', 'provider', 'state', 'limit', 'after'],
  '/v1/groups': ['q', 'limit', 'after'],
  '/v1/providers': ['q', 'limit', 'after'],
  '/v1/directories': ['q', 'limit', 'after'],
  '/v1/clients': ['q', 'limit', 'after'],
  '/v1/invitations': ['limit', 'after'],
  '/v1/apps': ['q', 'limit', 'after'],
  '/v1/map': ['q'],
  '/v1/leases': ['user', 'app', 'limit'],
  '/v1/decisions': ['after', 'wait', 'outcome', 'user', 'app', 'limit'],
  '/v1/sessions': ['user', 'limit', 'after'],
  '/v1/proposals': ['state', 'limit', 'after'],
};

function refuseUnknown({ pathname, searchParams }, proposable) {
  for (const name of searchParams.keys())
    if (!KNOWN[pathname]?.includes(name) && !(proposable && name === 'propose')) {
      const detail = `there is no parameter \`${name}\` here`;
      throw new Refusal(422, 'invalid', detail, { field: name });
    }
}

/** One that waits for its day, one that a policy bars, and one that was used. */
const sealedWaysIn = (began) => {
  const made = { made_by: 'uid 0 on the machine', made_at: began - 40 * 86_400_000 };
  const used = {
    at: began - 540_000,
    user: 'break-glass',
    session: 's-broken',
    client: 'Firefox on Linux',
    address: '192.0.2.7',
    ends: began + 1_260_000,
    open: true,
  };
  return [
    { id: 'b-safe', label: 'safe, second floor', opens: true, ...made },
    { id: 'b-notary', label: 'notary', opens: false, ...made },
    { id: 'b-used', label: 'envelope in the server room', opens: true, used, ...made },
  ];
};

const read = (request) =>
  new Promise((resolve, reject) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => resolve(parts.length ? JSON.parse(Buffer.concat(parts).toString('utf8')) : {}));
    request.on('error', reject);
  });

function send(response, status, body, type = 'application/json') {
  const text = JSON.stringify(body);
  const etag = typeof body?.version === 'number' ? { etag: `"${body.version}"` } : {};
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...etag });
  response.end(text);
}

const problem = (response, document) => send(response, document.status, document, 'application/problem+json');

function serveFile(path, response) {
  let file = `${ASSETS}${path.startsWith('/assets/') && !path.includes('..') ? path.slice(1) : 'index.html'}`;
  if (!statSync(file, { throwIfNoEntry: false })) {
    if (path.startsWith('/assets/')) return void response.writeHead(404).end();
    file = `${ASSETS}index.html`;
  }
  const type = KINDS[file.split('.').at(-1)] ?? 'application/octet-stream';
  response.writeHead(200, {
    'content-type': type,
    'content-security-policy': CSP,
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  response.end(readFileSync(file));
}

async function decide(mock, url, request, response) {
  const number = (name) => (url.searchParams.has(name) ? Number(url.searchParams.get(name)) : undefined);
  const text = (name) => url.searchParams.get(name) ?? undefined;
  const filter = { limit: number('limit') ?? 100, outcome: text('outcome'), app: text('app'), user: text('user') };
  const after = number('after');
  if (after === undefined) return send(response, 200, mock.decisions.after(undefined, filter));
  let closed = false;
  mock.polling.add(response);
  response.on('close', () => {
    closed = true;
    mock.polling.delete(response);
  });
  const lines = await mock.decisions.wait(after, filter, number('wait') ?? 0, () => closed);
  if (!closed) send(response, 200, lines);
}

async function answer(mock, request, response) {
  const url = new URL(request.url, 'http://mock');
  const { pathname } = url;
  if (!pathname.startsWith('/v1/')) return serveFile(pathname, response);
  mock.asked.push({ at: Date.now(), what: `${request.method} ${pathname}` });
  const proposable = PROPOSABLE.find(
    ([method, pattern]) => method === request.method && matched(pattern, pathname) !== undefined,
  );
  refuseUnknown(url, proposable);
  if (mock.signedOut)
    return problem(response, { type: 'denied', title: 'Signed out', status: 401, detail: 'The session is over.' });
  if (mock.failures > 0 && pathname === '/v1/decisions') {
    mock.failures -= 1;
    return problem(response, {
      type: 'failed',
      title: 'Failed',
      status: 503,
      detail: 'The records cannot be read just now.',
      help: 'Try again in a moment.',
    });
  }
  if (pathname === '/v1/decisions') return decide(mock, url, request, response);
  if (proposable && url.searchParams.has('propose')) {
    const [, pattern] = proposable;
    const asked = { path: pathname, parameters: matched(pattern, pathname), body: await read(request) };
    const kept = propose(mock, proposable, { ...asked, why: url.searchParams.get('propose'), by: caller(mock) });
    return send(response, 202, shown(mock, kept));
  }
  if (proposable && mock.twoPeople)
    throw new Refusal(403, 'denied', `policy does not let ${caller(mock)} do \`${proposable[3]}\``, {
      help: 'the policy `rights-take-two-people` forbids it; propose it, for somebody else to approve',
      proposable: true,
    });
  for (const [method, pattern, operation] of OPERATIONS) {
    const parameters = method === request.method && matched(pattern, pathname);
    if (!parameters) continue;
    const version =
      request.headers['if-match'] === undefined ? undefined : Number(request.headers['if-match'].replaceAll('"', ''));
    const given = operation(
      mock,
      method === 'GET' ? url.searchParams : undefined,
      method === 'GET' ? undefined : await read(request),
      parameters,
      version,
    );
    return Array.isArray(given) ? send(response, given[0], given[1]) : send(response, 200, given);
  }
  return problem(response, {
    type: 'unknown',
    title: 'Unknown',
    status: 404,
    detail: `There is no ${request.method} ${pathname}.`,
  });
}

/** Starts it on a free port, or on the one given; `rate` is decisions a second. */
export async function startMock({ port = 0, rate = 1000, ...kind } = {}) {
  const { quiet = false, auditor = false, helpdesk = false, twoPeople = false } = kind;
  const began = Date.now();
  const organisation = makeOrganisation(began);
  const mock = {
    ...organisation,
    began,
    breakGlass: quiet ? [] : sealedWaysIn(began),
    invitations: quiet ? [] : someInvitations(began),
    quiet,
    auditor,
    helpdesk,
    twoPeople,
    proposals: [],
    ended: new Set(),
    asked: [],
    polling: new Set(),
    failures: 0,
    signedOut: false,
    confirmed: false,
  };
  mock.decisions = new Decisions(organisation, rate, began);
  mock.policies = new PolicyStore(organisation.groups, began);
  if (!quiet) someProposals(mock);
  const server = createServer((request, response) => {
    answer(mock, request, response).catch((fault) => {
      if (fault instanceof Refusal) return problem(response, fault.document);
      process.stderr.write(`${fault.stack}\n`);
      problem(response, { type: 'failed', title: 'Failed', status: 500, detail: String(fault) });
    });
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  mock.origin = `http://127.0.0.1:${server.address().port}`;
  mock.stop = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return mock;
}
