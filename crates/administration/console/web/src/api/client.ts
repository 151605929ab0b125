// Same-origin JSON. The cookie is the door's business: nothing here knows a secret.

import { problemOf, signedOut, unreachable, unreadable } from './problem';

interface Options {
  /** The version that a change is made over. */
  over?: number;
  /** What the answer is kept for; ends the wait when the page is left. */
  signal?: AbortSignal;
  /** Makes a repeated create the same create. */
  once?: string;
  /** Why: then it is only proposed, and the answer is the proposal. */
  propose?: string;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const JUST_LOADED_MS = 3000;

/**
 * The session is over: the door decides where people sign in, so the whole page goes there.
 * Where the door let this very page through a moment ago, going there again would never end.
 */
function leave(): Promise<never> {
  if (location.pathname === '/' && performance.now() < JUST_LOADED_MS) throw signedOut();
  location.assign('/');
  return new Promise(() => undefined);
}

/** A refusal of the door itself, not of one operation: access to the console has ended. */
function shutOut(response: Response, type: string): boolean {
  return response.status === 401 || (response.status === 403 && !type.startsWith('application/problem+json'));
}

async function send(method: Method, path: string, body: unknown, options: Options): Promise<Response> {
  const headers = new Headers({ accept: 'application/json' });
  if (body !== undefined) headers.set('content-type', 'application/json');
  if (options.over !== undefined) headers.set('if-match', `"${options.over}"`);
  if (options.once !== undefined) headers.set('idempotency-key', options.once);
  const init: RequestInit = { method, headers, credentials: 'same-origin', redirect: 'manual' };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (options.signal) init.signal = options.signal;
  try {
    return await fetch(path + query({ propose: options.propose }), init);
  } catch (fault) {
    if (options.signal?.aborted) throw fault;
    throw unreachable();
  }
}

async function call<T>(method: Method, path: string, body?: unknown, options: Options = {}): Promise<T> {
  const response = await send(method, path, body, options);
  if (response.type === 'opaqueredirect') return leave();
  if (shutOut(response, response.headers.get('content-type') ?? '')) return leave();
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch {
    throw unreadable();
  }
}

export const api = {
  get: <T>(path: string, signal?: AbortSignal) => call<T>('GET', path, undefined, signal ? { signal } : {}),
  post: <T>(path: string, body: unknown = {}, options?: Options) => call<T>('POST', path, body, options),
  put: <T>(path: string, body: unknown = {}, options?: Options) => call<T>('PUT', path, body, options),
  patch: <T>(path: string, body: unknown, options?: Options) => call<T>('PATCH', path, body, options),
  remove: <T>(path: string, options?: Options) => call<T>('DELETE', path, undefined, options),
};

/** A path with its segments escaped: `to('users', name, 'groups', group)`. */
export function to(...segments: string[]): string {
  return `/v1/${segments.map(encodeURIComponent).join('/')}`;
}

/** The query of what is set: `?q=ana&limit=50`, or nothing. */
export function query(values: Record<string, string | number | undefined>): string {
  const set = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') set.set(name, String(value));
  }
  const written = set.toString();
  return written === '' ? '' : `?${written}`;
}
