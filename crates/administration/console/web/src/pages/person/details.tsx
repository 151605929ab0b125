// Name, address and attributes that policies may read.

import { useState } from 'preact/hooks';

import { useChange } from '../../api/change';
import { api, to } from '../../api/client';
import { useBeyond, useWayOfRights, useWayWith } from '../../api/me';
import type { UserInFull } from '../../api/types';
import { say } from '../../ui/announce';
import { TextField } from '../../ui/field';
import { Finish } from '../../ui/finish';
import { PairsField } from '../../ui/pairs';

const FOR_OWNERS = 'Only who may apply policies changes it, as policies read it.';

export function PersonDetails({ user, again }: { user: UserInFull; again: () => void }) {
  const way = useWayWith(user);
  const may = useBeyond(user) === undefined && way !== undefined;
  // Policies read them, so they are rights.
  const mayDescribe = useWayOfRights('admin.user.change') !== undefined && may;
  const [display, setDisplay] = useState(user.display_name);
  const [email, setEmail] = useState(user.email ?? '');
  const [attributes, setAttributes] = useState(user.attributes);
  const doing = useChange('admin.user.change', { way });
  const save = async (event: Event) => {
    event.preventDefault();
    // Only what is different: addresses and attributes are not everybody's to change.
    const body = {
      ...(display !== user.display_name && { display_name: display }),
      ...(email.trim() !== (user.email ?? '') && { email: email.trim() || null }),
      ...(JSON.stringify(attributes) !== JSON.stringify(user.attributes) && { attributes }),
    };
    if (!(await doing.run((how) => api.patch(to('users', user.id), body, { over: user.version, ...how })))) return;
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
      {may && <Finish doing={doing} action="Save" again={doing.problem?.stale ? again : undefined} />}
    </form>
  );
}
