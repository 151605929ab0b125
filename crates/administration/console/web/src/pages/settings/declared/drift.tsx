// What applying the same files again would do.

import type { Drift } from '../../../api/types';
import type { Reading } from '../../../api/use';
import { Chip } from '../../../ui/chip';
import { Empty, Shown } from '../../../ui/notes';
import { Time } from '../../../ui/time';
import { Changes, Undeclared } from './changes';

export function DriftShown({ reading }: { reading: Reading<Drift> }) {
  return (
    <Shown reading={reading}>
      {(drift) =>
        drift.declared ? (
          <Declared drift={drift} />
        ) : (
          <Empty title="Nothing is declared">
            <p>
              People, groups, apps and policies can be kept as files and applied as a whole, here or by{' '}
              <code>gatewright apply</code>: all of it or nothing, and who gains and who loses is shown before. What
              somebody changes afterwards by hand then stands here.
            </p>
          </Empty>
        )
      }
    </Shown>
  );
}

function Declared({ drift }: { drift: Drift }) {
  return (
    <>
      <p>
        {drift.changes.length === 0 ? (
          <Chip tone="allow" mark="✓">
            as declared
          </Chip>
        ) : (
          <Chip tone="step" mark="~">
            drifted
          </Chip>
        )}{' '}
        {drift.at !== undefined && (
          <>
            Last applied <Time at={drift.at} />
            {drift.by && ` by ${drift.by}`}.{' '}
          </>
        )}
        {drift.changes.length === 0
          ? 'Everything is as the files say that were applied last.'
          : 'Something was changed by hand since. Applying the same files again would:'}
      </p>
      {drift.changes.length > 0 && (
        <Changes changes={drift.changes} label="What applying the same files again would do" />
      )}
      <Undeclared undeclared={drift.undeclared} prune={false} />
    </>
  );
}
