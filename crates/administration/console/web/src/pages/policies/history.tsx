// What was in force before, and the way back.

import { useState } from 'preact/hooks';

import { useChange } from '../../api/change';
import { api, to } from '../../api/client';
import { Permitted } from '../../api/me';
import type { Comparison, List, PolicyVersion, PolicyVersionInFull } from '../../api/types';
import { useDoing, useRead } from '../../api/use';
import { at, go } from '../../router';
import { say } from '../../ui/announce';
import { Cedar } from '../../ui/cedar';
import { Chip } from '../../ui/chip';
import { Finish } from '../../ui/finish';
import { Empty, ProblemNote, Shown } from '../../ui/notes';
import { Page, Section } from '../../ui/page';
import { Moment } from '../../ui/time';
import { listed } from '../../ui/words';
import { ComparisonShown, changesNothing, effectOf, takesAway } from './comparison';

const key = (epoch: { incarnation: number; number: number }): string => `${epoch.incarnation}.${epoch.number}`;

export function HistoryPage() {
  const reading = useRead<List<PolicyVersion>>('/v1/policies/history');
  return (
    <Page
      title="History of the policies"
      above={<a href="/policies">Policies</a>}
      lead="Each set that was in force, newest first. One can go back to any of them; what that does to people is shown before."
    >
      <Shown reading={reading}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No history yet">
              <p>Every saved set of policies is kept with who saved it and when.</p>
            </Empty>
          ) : (
            <ul class="card list history">
              {items.map((version) => (
                <li class="row" key={key(version.epoch)}>
                  <div class="grow">
                    <a class="strong" href={at('policies', 'history', key(version.epoch))}>
                      <Moment at={version.at} />
                    </a>
                    <span class="under">
                      by {whose(version)} · epoch <span class="mono">{key(version.epoch)}</span> ·{' '}
                      {listed(version.files)}
                    </span>
                  </div>
                  {version.newest && (
                    <Chip tone="allow" mark="✓">
                      in force
                    </Chip>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Shown>
    </Page>
  );
}

/** Who applied it, and who proposed it where that was somebody else. */
const whose = ({ by, proposed_by }: Pick<PolicyVersion, 'by' | 'proposed_by'>): string =>
  proposed_by ? `${by}, proposed by ${proposed_by}` : by;

export function VersionPage({ epoch }: { epoch: string }) {
  const reading = useRead<PolicyVersionInFull>(to('policies', 'history', epoch));
  return (
    <Page title={`Policies of epoch ${epoch}`} above={<a href="/policies/history">History of the policies</a>}>
      <Shown reading={reading}>
        {(version) => (
          <>
            <p class="lead">
              Saved by {whose(version)}, <Moment at={version.at} />
            </p>
            <GoBack version={version} />
            {version.files.map((file) => (
              <Section key={file.name} id={`file-${file.name.replace(/\W/g, '-')}`} title={file.name}>
                <Cedar text={file.text} />
              </Section>
            ))}
          </>
        )}
      </Shown>
    </Page>
  );
}

function GoBack({ version }: { version: PolicyVersionInFull }) {
  const comparing = useDoing();
  const going = useChange('admin.policy.apply');
  const [comparison, setComparison] = useState<Comparison>();
  const { epoch } = version;
  const compare = () => {
    going.forget();
    return comparing.run(async () =>
      setComparison(await api.post<Comparison>('/v1/policies/rollback/compare', { epoch })),
    );
  };
  const back = async () => {
    if (!comparison) return;
    const body = { epoch, over: comparison.over };
    if (!(await going.run((how) => api.post('/v1/policies/rollback', body, how)))) return;
    say('These policies are in force again');
    go('/policies');
  };
  return (
    <Section id="back" title="Going back to them">
      <p class="buttons">
        <button
          type="button"
          class={comparison ? 'button' : 'button first'}
          disabled={comparing.busy}
          onClick={compare}
        >
          Compare with what is in force
        </button>
      </p>
      <ProblemNote problem={comparing.problem} />
      {comparison && <ComparisonShown comparison={comparison} />}
      {comparison && comparison.faults.length === 0 && !changesNothing(comparison) && (
        <Permitted action="admin.policy.apply" to="change policies" proposable>
          <Finish
            doing={going}
            action={effectOf('Go back to these', comparison)}
            proposal={effectOf('Propose it', comparison)}
            danger={takesAway(comparison)}
            again={going.problem?.status === 409 ? () => void compare() : undefined}
            onPress={() => void back()}
          />
        </Permitted>
      )}
    </Section>
  );
}
