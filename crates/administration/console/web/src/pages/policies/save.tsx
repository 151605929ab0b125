// Compare first, then save: the button says what it does to people.

import { useState } from 'preact/hooks';

import { useChange } from '../../api/change';
import { api } from '../../api/client';
import { Permitted } from '../../api/me';
import type { Comparison, Policies, PolicyFile } from '../../api/types';
import { useDoing } from '../../api/use';
import { say } from '../../ui/announce';
import { Finish } from '../../ui/finish';
import { ProblemNote } from '../../ui/notes';
import { Section } from '../../ui/page';
import { ComparisonShown, effectOf, takesAway } from './comparison';
import { sameFiles } from './draft';

interface Save {
  files: PolicyFile[];
  policies: Policies;
  dirty: boolean;
  faults: number;
  again: () => void;
  /** The draft is kept as a proposal. */
  proposed: (files: PolicyFile[]) => void;
}

export function Save({ files, policies, dirty, faults, again, proposed }: Save) {
  const comparing = useDoing();
  const saving = useChange('admin.policy.apply', { proposed: () => proposed(files) });
  const [compared, setCompared] = useState<{ of: PolicyFile[]; comparison: Comparison }>();
  const current = compared && sameFiles(compared.of, files) ? compared.comparison : undefined;
  const compare = () => {
    saving.forget();
    return comparing.run(async () =>
      setCompared({ of: files, comparison: await api.post<Comparison>('/v1/policies/compare', { files }) }),
    );
  };
  const save = async () => {
    if (!current) return;
    const send = (how: { propose?: string }) => api.post('/v1/policies', { files, over: current.over }, how);
    if (!(await saving.run(send))) return;
    say('The policies are saved and in force');
    setCompared(undefined);
    again();
  };
  return (
    <Section id="effect" title="What it does to people">
      <p class="soft">
        {!dirty
          ? 'The draft is what is in force. Change something, and compare it here before it counts.'
          : compared && !current
            ? 'The draft has changed since it was compared.'
            : !current
              ? 'See who gains and who loses, and which open leases are cut, before it counts.'
              : `Compared with the policies of version ${current.over}.`}
      </p>
      <p class="buttons">
        <button
          type="button"
          class={current || !dirty ? 'button' : 'button first'}
          disabled={!dirty || comparing.busy}
          onClick={compare}
        >
          {comparing.busy ? 'Comparing …' : 'Compare with what is in force'}
        </button>
      </p>
      <ProblemNote problem={comparing.problem} />
      {current && <ComparisonShown comparison={current} />}
      {current && current.faults.length === 0 && faults === 0 && (
        <Permitted action="admin.policy.apply" to="save policies" proposable>
          <Finish
            doing={saving}
            action={effectOf('Save', current)}
            proposal={effectOf('Propose it', current)}
            danger={takesAway(current)}
            instead
            again={saving.problem?.status === 409 || saving.problem?.stale ? () => void compare() : undefined}
            onPress={() => void save()}
          />
        </Permitted>
      )}
      {dirty && policies.files.length > 0 && (
        <p class="small after">Changing policies is as much as being an owner: whoever may, can let in anybody.</p>
      )}
    </Section>
  );
}
