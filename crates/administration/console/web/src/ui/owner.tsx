// Where something is changed, when that is not here, or not for good.

import type { Owner } from '../api/types';
import { Chip } from './chip';

/** Says of a thing of this kind that files hold it; nothing where it is changed here alone. */
export function OwnedElsewhere({ kind, by }: { kind: string; by: Owner }) {
  if (by === 'declared')
    return (
      <p class="note">
        <Chip tone="plain">declared</Chip>
        <span class="soft">The declared files hold it: what is changed here lasts until they are applied again.</span>
      </p>
    );
  if (by === 'configuration')
    return (
      <p class="note">
        <Chip tone="plain">read-only here</Chip>
        <span class="soft">{`The configuration file owns this ${kind}: change it there.`}</span>
      </p>
    );
  return null;
}
