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

/** How a change comes about: one makes it, or proposes it for somebody else to make; absent where it cannot. */
export type Way = 'make' | 'propose' | undefined;

export const useMayPropose = (action: string): boolean => useMe()?.may_propose?.includes(action) ?? false;

/** How what is an action comes about, where rights beyond one's own may be missing. */
export function useWay(action: string, beyond = false): Way {
  const may = useMay(action);
  if (useMayPropose(action) && (!may || beyond)) return 'propose';
  return may ? 'make' : undefined;
}

/** The same for what is a right as well, such as what policies read: one makes it who may apply policies. */
export function useWayOfRights(action: string): Way {
  const all = useMay('admin.policy.apply');
  const way = useWay(action, !all);
  return way === 'make' && !all ? undefined : way;
}

interface Grouped {
  name: string;
  all_groups: string[];
}

/** The groups of somebody that one is not in: rights that one has not, but for who may apply policies. */
function useMore(user: Grouped): string[] {
  const groups = useMe()?.groups;
  const all = useMay('admin.policy.apply');
  return all || !groups ? [] : user.all_groups.filter((group) => !groups.includes(group));
}

/** Nobody changes people with more rights than their own; who may propose it does that. */
export function useWayWith(user: Grouped, action = 'admin.user.change'): Way {
  return useWay(action, useMore(user).length > 0);
}

/** Why an action on somebody is closed who has more rights: neither to be made nor to be proposed. */
export function useBeyond(user: Grouped, action = 'admin.user.change'): string | undefined {
  const beyond = useMore(user);
  if (useMayPropose(action) || beyond.length === 0) return undefined;
  return `${user.name} is in ${some(beyond, 2)}, and you are not: ask an owner.`;
}

/** The groups that one may put others into; all where it is not known, or can be proposed. */
export function useGiven(action: string): string[] | undefined {
  const groups = useMe()?.groups;
  return useWayOfRights(action) === undefined ? groups : undefined;
}

interface Permitted {
  action: string;
  to: string;
  /** Who may only propose it is let do that here. */
  proposable?: boolean;
  children: ComponentChildren;
}

/** Shows its children only to whom policy permits the action, and tells the others why not. */
export function Permitted({ action, to, proposable = false, children }: Permitted) {
  const way = useWay(action);
  if (way === 'make' || (way === 'propose' && proposable)) return <>{children}</>;
  return (
    <p class="small">
      You may not {to} here: policy does not permit you <code>{action}</code>.
    </p>
  );
}
