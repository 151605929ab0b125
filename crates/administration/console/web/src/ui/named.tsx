// People are told by their names; the id stands beside, or in the title where there is no room for it.

import { Fragment } from 'preact';
import { useEffect } from 'preact/hooks';

import { api, to } from '../api/client';
import type { User } from '../api/types';
import { at } from '../router';
import { Id } from './copy';
import { useSyncExternalStore } from './external';

const USER = /\bu-[a-z2-7]{13}\b/g;

/** How records name whom they changed: an id, and where they know it the name behind it. */
const TOLD = /\b(u-[a-z2-7]{13})\b(?: \(([a-z0-9][a-z0-9_.@+-]*)\))?/g;

const AT_ONCE = 2;
const WAITING = 50;
const KEPT = 2000;

/** `null` was asked for, and is not known yet, or nobody who is still there. */
const names = new Map<string, string | null>();
const waiting = new Set<string>();
const listeners = new Set<() => void>();
let asking = 0;
let version = 0;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function know(id: string, name: string): void {
  if (names.size >= KEPT) names.clear();
  names.set(id, name);
  version += 1;
  for (const listener of [...listeners]) listener();
}

function next(): void {
  const [id] = waiting;
  if (id === undefined || asking >= AT_ONCE) return;
  waiting.delete(id);
  names.set(id, null);
  asking += 1;
  api
    .get<User>(to('users', id))
    .then(({ name }) => know(id, name))
    .catch(() => undefined)
    .finally(() => {
      asking -= 1;
      next();
    });
}

function ask(ids: string[]): void {
  for (const id of ids) if (!names.has(id) && waiting.size < WAITING) waiting.add(id);
  next();
}

const current = () => version;

const idsIn = (text: string): string[] => [...new Set(text.match(USER) ?? [])];

/** The names of these people, as far as they are known; others are asked for. */
function useNames(ids: string[]): (id: string) => string | undefined {
  useSyncExternalStore(subscribe, current);
  const wanted = ids.join();
  useEffect(() => {
    if (wanted !== '') ask(wanted.split(','));
  }, [wanted]);
  return (id) => names.get(id) ?? undefined;
}

/** Words of a record, with names in place of ids. Never for what somebody asked for: a path is what it is. */
export function Named({ text }: { text: string }) {
  const told = [...text.matchAll(TOLD)];
  const name = useNames(told.filter(([, , said]) => said === undefined).map(([, id = '']) => id));
  let from = 0;
  return (
    <>
      {told.map((found) => {
        const [whole, id = '', said] = found;
        const before = text.slice(from, found.index);
        from = found.index + whole.length;
        return (
          <Fragment key={found.index}>
            {before}
            <span title={id}>{said ?? name(id) ?? id}</span>
          </Fragment>
        );
      })}
      {text.slice(from)}
    </>
  );
}

/** Who is meant by the ids in a text. */
export function usePeopleIn(text: string): { id: string; name: string | undefined }[] {
  const ids = idsIn(text);
  const name = useNames(ids);
  return ids.map((id) => ({ id, name: name(id) }));
}

/** The name leads to who has the id: a new person of an old name is somebody else. */
export function PersonWithId({ id, name }: { id: string | undefined; name: string | undefined }) {
  return (
    <span class="named">
      {name !== undefined && <a href={at('people', id ?? name)}>{name}</a>}
      {id !== undefined && <Id label={name === undefined ? 'Copy the id' : `Copy the id of ${name}`}>{id}</Id>}
      {name === undefined && <span class="small">nobody who is still there</span>}
    </span>
  );
}
