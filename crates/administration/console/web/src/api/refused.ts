// What was refused once on one thing: its button says why from then on, until another page is gone to.

import { useCallback } from 'preact/hooks';

import { useSyncExternalStore } from '../ui/external';

const reasons = new Map<string, string>();
const listeners = new Set<() => void>();

const tell = () => {
  for (const listener of [...listeners]) listener();
};

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function noteRefusal(what: string, reason: string): void {
  reasons.set(what, reason);
  tell();
}

export function forgetRefusals(): void {
  reasons.clear();
  tell();
}

/** Why something was refused a moment ago: `useRefusal('end vera')`. */
export function useRefusal(what: string): string | undefined {
  return useSyncExternalStore(
    subscribe,
    useCallback(() => reasons.get(what), [what]),
  );
}
