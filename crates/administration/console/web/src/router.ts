// Client-side routes: addresses are real, so that every page can be opened, kept and sent.

import { useSyncExternalStore } from './ui/external';

type Listener = () => void;

const listeners = new Set<Listener>();

const tell = () => {
  shown = here();
  for (const listener of [...listeners]) listener();
};

const here = () => location.pathname + location.search;

/** The page that is shown: where a refused step back returns to. */
let shown = here();

addEventListener('popstate', () => {
  if (!mayLeave()) {
    history.pushState(null, '', shown);
    return;
  }
  guard = undefined;
  tell();
});

/** What is asked before a page with unsaved work is left. */
let guard: string | undefined;

/** Asks this before the page is left; `undefined` lets go. */
export function guardLeaving(question: string | undefined): void {
  guard = question;
}

const mayLeave = (): boolean => guard === undefined || confirm(guard);

export interface Address {
  path: string;
  search: URLSearchParams;
}

/** Where the page is, following each navigation. */
export function useAddress(): Address {
  const now = useSyncExternalStore(subscribe, here);
  const [path = '/', search = ''] = now.split('?');
  return { path, search: new URLSearchParams(search) };
}

function subscribe(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Goes to a page of the console. */
export function go(to: string): void {
  if (to === here()) return;
  if (!mayLeave()) return;
  guard = undefined;
  history.pushState(null, '', to);
  tell();
}

/** Changes the query of the page that one is on, without a step in the history. */
export function refine(values: Record<string, string | undefined>): void {
  const search = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value) search.set(name, value);
    else search.delete(name);
  }
  const written = search.toString();
  const next = location.pathname + (written ? `?${written}` : '');
  if (next === here()) return;
  history.replaceState(history.state, '', next);
  tell();
}

/** Follows clicks on the console's own links; all others are the browser's. */
export function followLinks(): void {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.getAttribute('href')?.startsWith('#') || link.pathname.startsWith('/v1/')) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  addEventListener('beforeunload', (event) => {
    if (guard !== undefined) event.preventDefault();
  });
}

export type Parameters = Record<string, string>;

/** Matches `/people/:name`; the parts come unescaped. */
export function match(pattern: string, path: string): Parameters | undefined {
  const wanted = pattern.split('/');
  const given = path.replace(/(.)\/$/, '$1').split('/');
  if (wanted.length !== given.length) return undefined;
  const found: Parameters = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':')) {
      try {
        found[part.slice(1)] = decodeURIComponent(value);
      } catch {
        return undefined;
      }
    } else if (part !== value) return undefined;
  }
  return found;
}

/** An address within the console: `at('people', 'ana')`. */
export const at = (...parts: string[]): string => `/${parts.map(encodeURIComponent).join('/')}`;
