// What the files declare, and what has become different since they were applied.

import { Permitted } from '../../api/me';
import type { Drift } from '../../api/types';
import { useRead } from '../../api/use';
import { Chip } from '../../ui/chip';
import { Empty, Shown } from '../../ui/notes';
import { Time } from '../../ui/time';
import { listed } from '../../ui/words';

const ACTIONS = {
  add: ['allow', '+', 'added since'],
  change: ['step', '~', 'changed since'],
  remove: ['deny', '−', 'removed since'],
} as const;

export function Declared() {
  const reading = useRead<Drift>('/v1/declared/drift');
  return (
    <Permitted action="admin.read" to="see the declared state">
      <Shown reading={reading}>
        {(drift) =>
          !drift.declared ? (
            <Empty title="Nothing is declared">
              <p>
                People, groups, apps and policies can be kept as files and applied as a whole:{' '}
                <code>gatewright export</code> writes them, <code>gatewright apply --dry-run</code> shows the plan with
                who gains and who loses, <code>gatewright apply</code> makes it so. What differs afterwards is shown
                here.
              </p>
            </Empty>
          ) : (
            <>
              <p>
                {drift.at !== undefined && (
                  <>
                    Last applied <Time at={drift.at} />
                    {drift.by && ` by ${drift.by}`}.{' '}
                  </>
                )}
                {drift.changes.length === 0
                  ? 'Everything still is as the files say.'
                  : 'What is different from the files now:'}
              </p>
              {drift.changes.length > 0 && (
                <ul class="card list after">
                  {drift.changes.map((change) => {
                    const [tone, mark, words] = ACTIONS[change.action];
                    return (
                      <li class="row" key={`${change.kind} ${change.name}`}>
                        <span class="drift">
                          <Chip tone={tone} mark={mark}>
                            {words}
                          </Chip>
                        </span>
                        <div class="grow">
                          <span class="soft">{change.kind.replace('-', ' ')}</span>{' '}
                          <span class="strong">{change.name}</span>
                          {change.fields && change.fields.length > 0 && (
                            <span class="under">{listed(change.fields)}</span>
                          )}
                        </div>
                      </li>
                    );
                  })}
                </ul>
              )}
            </>
          )
        }
      </Shown>
    </Permitted>
  );
}
