// Fields that suggest what exists while one types.

import { useId } from 'preact/hooks';

import { query } from '../api/client';
import type { Problem } from '../api/problem';
import type { App, Group, List, User } from '../api/types';
import { useRead, useRested } from '../api/use';
import { Field } from './field';

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
          <input {...parts} list={list} value={value} autocomplete="off" spellcheck={false} onInput={(event) => set(event.currentTarget.value)} />
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

export function GroupField(field: Choose) {
  const groups = useRead<List<Group>>('/v1/groups?limit=1000').value?.items ?? [];
  return <Suggesting {...field} options={groups.map((group) => [group.name, group.title])} />;
}

export function AppField(field: Choose) {
  const apps = useRead<List<App>>('/v1/apps?limit=1000').value?.items ?? [];
  return <Suggesting {...field} options={apps.map((app) => [app.name, app.title])} />;
}

export function UserField(field: Choose) {
  const q = useRested(field.value.trim());
  const users = useRead<List<User>>(`/v1/users${query({ q, limit: 8 })}`).value?.items ?? [];
  return <Suggesting {...field} options={users.map((user) => [user.name, user.display_name])} />;
}
