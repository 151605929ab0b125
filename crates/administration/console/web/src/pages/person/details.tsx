// Name, address and attributes that policies may read.

import { useState } from 'preact/hooks';

import { api, to } from '../../api/client';
import { useBeyond, useMay } from '../../api/me';
import type { UserInFull } from '../../api/types';
import { useDoing } from '../../api/use';
import { say } from '../../ui/announce';
import { TextField } from '../../ui/field';
import { ProblemNote } from '../../ui/notes';
import { PairsField } from '../../ui/pairs';

const FOR_OWNERS = 'Only who may apply policies changes it, as policies read it.';

export function PersonDetails({ user, again }: { user: UserInFull; again: () => void }) {
  const mayChange = useMay('admin.user.change');
  const may = useBeyond(user) === undefined && mayChange;
  // Policies read them, so they are rights.
  const mayDescribe = useMay('admin.policy.apply') && may;
  const [display, setDisplay] = useState(user.display_name);
  const [email, setEmail] = useState(user.email ?? '');
  const [attributes, setAttributes] = useState(user.attributes);
  const doing = useDoing();
  const save = async (event: Event) => {
    event.preventDefault();
    // Only what is different: addresses and attributes are not everybody's to change.
    const body = {
      ...(display !== user.display_name && { display_name: display }),
      ...(email.trim() !== (user.email ?? '') && { email: email.trim() || null }),
      ...(JSON.stringify(attributes) !== JSON.stringify(user.attributes) && { attributes }),
    };
    if (!(await doing.run(() => api.patch(to('users', user.id), body, { over: user.version })))) return;
    say('Saved');
    again();
  };
  return (
    <form class="card pad form" onSubmit={save}>
      <div class="field-row">
        <TextField
          label="Name to show"
          value={display}
          set={setDisplay}
          problem={doing.problem}
          name="display_name"
          disabled={!may}
        />
        <TextField
          label="E-mail"
          type="email"
          value={email}
          set={setEmail}
          problem={doing.problem}
          name="email"
          disabled={!mayDescribe}
          {...(may && !mayDescribe && { hint: FOR_OWNERS })}
        />
      </div>
      <PairsField
        label="Attributes"
        value={attributes}
        set={setAttributes}
        hint={`Policies read them: principal.getTag("team") == "red".${may && !mayDescribe ? ` ${FOR_OWNERS}` : ''}`}
        disabled={!mayDescribe}
        problem={doing.problem}
        name="attributes"
      />
      <ProblemNote problem={doing.problem} again={doing.problem?.stale ? again : undefined} />
      {may && (
        <div class="buttons">
          <button class="button first" disabled={doing.busy}>
            Save
          </button>
        </div>
      )}
    </form>
  );
}
