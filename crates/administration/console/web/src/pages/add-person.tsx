// Somebody new: a name, groups, then a link.

import { useMemo, useState } from 'preact/hooks';

import { useChange } from '../api/change';
import { api } from '../api/client';
import { Permitted, useGiven, useWayOfRights } from '../api/me';
import type { User } from '../api/types';
import { at, go } from '../router';
import { say } from '../ui/announce';
import { GroupField } from '../ui/choose';
import { TextField } from '../ui/field';
import { Finish } from '../ui/finish';
import { Page } from '../ui/page';

export function AddPersonPage() {
  return (
    <Page
      title="Add a person"
      above={<a href="/people">People</a>}
      lead="They get in once you have made them a link, on their page."
    >
      <Permitted action="admin.user.add" to="add people" proposable>
        <Form />
      </Permitted>
    </Page>
  );
}

function Form() {
  const [name, setName] = useState('');
  const [display, setDisplay] = useState('');
  const [email, setEmail] = useState('');
  const [group, setGroup] = useState('');
  const [groups, setGroups] = useState<string[]>([]);
  const given = useGiven('admin.user.add');
  const mayDescribe = useWayOfRights('admin.user.add') !== undefined;
  const doing = useChange('admin.user.add');
  const once = useMemo(() => crypto.randomUUID(), []);
  const join = () => {
    const wanted = group.trim();
    if (wanted && !groups.includes(wanted)) setGroups([...groups, wanted]);
    setGroup('');
  };
  const add = async (event: Event) => {
    event.preventDefault();
    const all = group.trim() && !groups.includes(group.trim()) ? [...groups, group.trim()] : groups;
    const body = {
      name: name.trim(),
      groups: all,
      ...(display.trim() && { display_name: display.trim() }),
      ...(email.trim() && { email: email.trim() }),
    };
    if (!(await doing.run((how) => api.post<User>('/v1/users', body, { once, ...how })))) return;
    say(`${body.name} is added`);
    go(at('people', body.name));
  };
  return (
    <form class="card pad form" onSubmit={add}>
      <TextField
        label="Name"
        value={name}
        set={setName}
        hint="Short and lower case, as policies, logs and the command line name them: ana."
        problem={doing.problem}
        name="name"
        required
      />
      <TextField
        label="Name to show"
        value={display}
        set={setDisplay}
        hint="As colleagues know them: Ana Ruiz."
        problem={doing.problem}
        name="display_name"
      />
      <TextField
        label="E-mail"
        type="email"
        value={email}
        set={setEmail}
        problem={doing.problem}
        name="email"
        disabled={!mayDescribe}
        hint={mayDescribe ? undefined : 'Only who may apply policies sets it, as policies read it.'}
      />
      <div class="with-button">
        <GroupField label="Groups" value={group} set={setGroup} problem={doing.problem} name="groups" among={given} />
        <button type="button" class="button" onClick={join}>
          Put into it
        </button>
      </div>
      {groups.length > 0 && (
        <ul class="tags" aria-label="Groups they will be in">
          {groups.map((name) => (
            <li key={name}>
              <span class="tag">{name}</span>
              <button
                type="button"
                class="link-button"
                onClick={() => setGroups(groups.filter((other) => other !== name))}
              >
                leave out<span class="hidden"> {name}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <Finish doing={doing} action="Add the person">
        <a class="button" href="/people">
          Back
        </a>
      </Finish>
    </form>
  );
}
