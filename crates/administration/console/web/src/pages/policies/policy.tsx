// One policy: its text, and where it stands.

import type { Policies } from '../../api/types';
import { useRead } from '../../api/use';
import { Cedar } from '../../ui/cedar';
import { Chip } from '../../ui/chip';
import { CopyButton } from '../../ui/copy';
import { Empty, Shown } from '../../ui/notes';
import { Page } from '../../ui/page';
import { Effect } from '../policies';

export function PolicyPage({ id }: { id: string }) {
  const reading = useRead<Policies>('/v1/policies');
  return (
    <Page title={id} above={<a href="/policies">Policies</a>} heading={<code class="policy-title">{id}</code>}>
      <Shown reading={reading}>
        {({ policies }) => {
          const policy = policies.find((candidate) => candidate.id === id);
          if (!policy) {
            return (
              <Empty title="No policy of this id is in force">
                <p>
                  It may have been: look into the <a href="/policies/history">history</a>.
                </p>
              </Empty>
            );
          }
          const builtIn = policy.file === 'gatewright';
          return (
            <>
              <p class="lead chips">
                <Effect policy={policy} />
                {policy.mode === 'report' && <Chip tone="plain">report only: recorded, decides nothing</Chip>}
                <span>
                  {builtIn
                    ? 'built in: an organisation adds to it and may forbid what it permits'
                    : `${policy.file}, line ${policy.line}`}
                </span>
              </p>
              {policy.description && <p class="policy-description">{policy.description}</p>}
              <Cedar text={policy.text} />
              <p class="buttons">
                {!builtIn && (
                  <a class="button" href={`/policies/edit?file=${encodeURIComponent(policy.file)}&line=${policy.line}`}>
                    Edit it
                  </a>
                )}
                <CopyButton text={policy.text} label="Copy the text" wordy />
              </p>
            </>
          );
        }}
      </Shown>
    </Page>
  );
}
