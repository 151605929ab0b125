// A button that knows whether it would be refused, and says why.

import type { ComponentChildren } from 'preact';

interface Act {
  class?: string;
  /** Why it would be refused. */
  why: string | undefined;
  onClick: () => void;
  children: ComponentChildren;
}

export function Act({ class: kind = 'button', why, onClick, children }: Act) {
  return (
    <button type="button" class={kind} disabled={why !== undefined} title={why} onClick={onClick}>
      {children}
    </button>
  );
}

/** The same reason for who has no pointer to rest on a button. */
export function Why({ why }: { why: string | undefined }) {
  return why === undefined ? null : <p class="small after">{why}</p>;
}
