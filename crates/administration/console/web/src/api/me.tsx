// Who is at the console, and which operations policy would let them do.

import { type ComponentChildren, createContext } from 'preact';
import { useContext } from 'preact/hooks';

import type { Me } from './types';

export const MeContext = createContext<Me | undefined>(undefined);

export const useMe = (): Me | undefined => useContext(MeContext);

/** Whether policy would permit an action; what the server did not preview is tried. */
export function useMay(action: string): boolean {
  return useMe()?.may[action] ?? true;
}

/** Shows its children only to whom policy permits the action, and tells the others why not. */
export function Permitted({ action, to, children }: { action: string; to: string; children: ComponentChildren }) {
  if (useMay(action)) return <>{children}</>;
  return (
    <p class="small">
      You may not {to} here: policy does not permit you <code>{action}</code>.
    </p>
  );
}
