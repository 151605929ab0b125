// Fields that suggest what exists while one types.

import { useId, useState } from 'preact/hooks';

import { query } from '../api/client';
import type { Problem } from '../api/problem';
import type { App, Group, List, User } from '../api/types';
import { useRead, useRested } from '../api/use';
import { useAll } from '../api/use-all';
import { Field } from './field';

/** People that are suggested at once. */
const PEOPLE = 8;

interface Choose {
  label: string;
  value: string;
  set: (value: string) => void;
  problem?: Problem | undefined;
  name?: string;
  hint?: string;
}

function Suggesting({ options, value, set, ...field }: Choose & { options: [value: string, words: string][] }) {
  const list = useId();
  return (
    <Field {...field}>
      {(parts) => (
        <>
          <input
            {...parts}
            list={list}
            value={value}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => set(event.currentTarget.value)}
          />
          <datalist id={list}>
            {options.map(([option, words]) => (
              <option key={option} value={option}>
                {words}
              </option>
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

/** `among`: the only ones that may be chosen, where it is not all of them. */
export function GroupField({ among, ...field }: Choose & { among?: string[] | undefined }) {
  const groups = useAll<List<Group>>('/v1/groups').value?.items ?? [];
  const offered = among ? groups.filter((group) => among.includes(group.name)) : groups;
  return <Suggesting {...field} options={offered.map((group) => [group.name, group.title])} />;
}

export function AppField(field: Choose) {
  const apps = useAll<List<App>>('/v1/apps').value?.items ?? [];
  return <Suggesting {...field} options={apps.map((app) => [app.name, app.title])} />;
}

export function UserField(field: Choose) {
  const q = useRested(field.value.trim());
  const users = useRead<List<User>>(`/v1/users${query({ q, limit: PEOPLE })}`).value?.items ?? [];
  return <Suggesting {...field} options={users.map((user) => [user.name, user.display_name])} />;
}

interface Filter {
  label: string;
  value: string;
  set: (value: string) => void;
  wide?: boolean;
}

/** A field above a list: what is in it narrows the list. The suggestions are asked for once somebody comes to it. */
export function SuggestingFilter({ of, label, value, set, wide = false }: Filter & { of: 'group' | 'app' | 'user' }) {
  const list = useId();
  const [come, setCome] = useState(false);
  const q = useRested(value.trim());
  const users = useRead<List<User>>(come && of === 'user' ? `/v1/users${query({ q, limit: PEOPLE })}` : null);
  const others = useAll<List<{ name: string }>>(come && of !== 'user' ? `/v1/${of}s` : null);
  const names = ((of === 'user' ? users : others).value?.items ?? []).map((item) => item.name);
  return (
    <>
      <input
        class={wide ? 'filter wide-filter' : 'filter'}
        type="search"
        aria-label={label}
        placeholder={label}
        list={list}
        value={value}
        autocomplete="off"
        spellcheck={false}
        onFocus={() => setCome(true)}
        onInput={(event) => set(event.currentTarget.value)}
      />
      <datalist id={list}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
