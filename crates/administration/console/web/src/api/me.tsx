// Who is at the console, and which operations policy would let them do.

import { type ComponentChildren, createContext } from 'preact';
import { useContext } from 'preact/hooks';

import { some } from '../ui/words';
import type { Me } from './types';

export const MeContext = createContext<Me | undefined>(undefined);

export const useMe = (): Me | undefined => useContext(MeContext);

/** Whether policy would permit an action; what the server did not preview is tried. */
export function useMay(action: string): boolean {
  return useMe()?.may[action] ?? true;
}

/** Nobody changes people with more rights than their own, but whoever may apply policies. */
export function useBeyond(user: { name: string; all_groups: string[] }): string | undefined {
  const groups = useMe()?.groups;
  const all = useMay('admin.policy.apply');
  if (all || !groups) return undefined;
  const beyond = user.all_groups.filter((group) => !groups.includes(group));
  return beyond.length === 0 ? undefined : `${user.name} is in ${some(beyond, 2)}, and you are not: ask an owner.`;
}

/** The groups that one may put others into; all where it is not known. */
export function useGiven(): string[] | undefined {
  const groups = useMe()?.groups;
  return useMay('admin.policy.apply') ? undefined : groups;
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
