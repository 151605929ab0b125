// Ctrl K or ⌘ K: jump to a page, a person, an app, a group or a policy by a few letters.

import { useEffect, useMemo, useState } from 'preact/hooks';

import { query } from '../api/client';
import { useMay } from '../api/me';
import type { Apps, Group, List, Policies, User } from '../api/types';
import { useRead, useRested } from '../api/use';
import { useAll } from '../api/use-all';
import { at, go } from '../router';
import { Dialog } from './dialog';

interface Target {
  kind: string;
  words: string;
  more?: string;
  href: string;
}

const PAGES: Target[] = [
  ['Overview', '/'],
  ['People', '/people'],
  ['Add a person', '/people/add'],
  ['Groups', '/groups'],
  ['Providers', '/providers'],
  ['Clients', '/clients'],
  ['Invitations of clients', '/invitations'],
  ['Invite a client', '/invitations/add'],
  ['Devices', '/devices'],
  ['Apps', '/apps'],
  ['Add an app', '/apps/add'],
  ['Live decisions', '/decisions'],
  ['Refused lately', '/decisions?outcome=deny'],
  ['Sessions', '/sessions'],
  ['Leases', '/leases'],
  ['Policies', '/policies'],
  ['Edit the policies', '/policies/edit'],
  ['History of the policies', '/policies/history'],
  ['Proposals', '/proposals'],
  ['Ask a question of policy', '/ask'],
  ['Access map', '/map'],
  ['Settings', '/settings'],
].map(([words = '', href = '']) => ({ kind: 'page', words, href }));

export function usePaletteKey(open: () => void): void {
  useEffect(() => {
    const look = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || event.altKey || event.shiftKey || !(event.ctrlKey || event.metaKey))
        return;
      event.preventDefault();
      open();
    };
    addEventListener('keydown', look);
    return () => removeEventListener('keydown', look);
  }, [open]);
}

/** What begins with the letters comes first, then what contains them. */
export function found(targets: Target[], text: string, most: number): Target[] {
  const wanted = text.toLowerCase();
  const rank = (target: Target) => {
    const place = `${target.words} ${target.more ?? ''}`.toLowerCase().indexOf(wanted);
    return place === 0 ? 0 : place > 0 ? 1 : 2;
  };
  return targets
    .map((target) => ({ target, place: rank(target) }))
    .filter(({ place }) => place < 2)
    .sort((a, b) => a.place - b.place)
    .slice(0, most)
    .map(({ target }) => target);
}

function useTargets(text: string): Target[] {
  const q = useRested(text, 120);
  const users = useRead<List<User>>(q ? `/v1/users${query({ q, limit: 6 })}` : null);
  const apps = useAll<Apps>('/v1/apps');
  const groups = useAll<List<Group>>('/v1/groups');
  const policies = useRead<Policies>(useMay('admin.explain') ? '/v1/policies' : null);
  return useMemo(() => {
    if (text === '') return PAGES;
    const people: Target[] = (users.value?.items ?? []).map((user) => ({
      kind: 'person',
      words: user.display_name || user.name,
      more: user.name,
      href: at('people', user.name),
    }));
    return [
      ...found(PAGES, text, 4),
      ...people,
      ...found(
        (apps.value?.items ?? []).map((app) => ({
          kind: 'app',
          words: app.title,
          more: app.host,
          href: at('apps', app.name),
        })),
        text,
        6,
      ),
      ...found(
        (groups.value?.items ?? []).map((group) => ({
          kind: 'group',
          words: group.name,
          more: group.title,
          href: at('groups', group.name),
        })),
        text,
        4,
      ),
      ...found(
        (policies.value?.policies ?? []).map((policy) => ({
          kind: 'policy',
          words: policy.id,
          more: policy.file,
          href: at('policies', policy.id),
        })),
        text,
        4,
      ),
      ...(text.startsWith('d-') ? [{ kind: 'decision', words: text, href: at('decisions', text) }] : []),
    ];
  }, [text, users.value, apps.value, groups.value, policies.value]);
}

export function Palette({ close }: { close: () => void }) {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const targets = useTargets(text.trim());
  const current = Math.min(chosen, targets.length - 1);
  useEffect(() => {
    document.getElementById(`find-${current}`)?.scrollIntoView({ block: 'nearest' });
  }, [current]);
  const leave = (href: string) => {
    close();
    go(href);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setChosen((current + 1) % Math.max(1, targets.length));
    else if (event.key === 'ArrowUp') setChosen((current - 1 + targets.length) % Math.max(1, targets.length));
    else if (event.key === 'Enter') {
      const target = targets[current];
      if (target) leave(target.href);
    } else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Find" kind="palette" close={close}>
      <input
        class="palette-input"
        role="combobox"
        aria-label="Find a page, person, app, group, policy or decision"
        aria-expanded={targets.length > 0}
        aria-controls="find-list"
        aria-activedescendant={targets.length > 0 ? `find-${current}` : undefined}
        placeholder="A page, person, app, group, policy, decision …"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      {targets.length > 0 && (
        <ul id="find-list" class="palette-list" role="listbox" aria-label="What was found">
          {targets.map((target, index) => (
            <li
              key={`${target.kind} ${target.href}`}
              id={`find-${index}`}
              role="option"
              aria-selected={index === current}
              onPointerMove={() => setChosen(index)}
              onClick={() => leave(target.href)}
            >
              <span class="palette-kind">{target.kind}</span>
              <span>{target.words}</span>
              {target.more && <span class="soft palette-more">{target.more}</span>}
            </li>
          ))}
        </ul>
      )}
      {targets.length === 0 && <p class="palette-none soft">Nothing of that name.</p>}
    </Dialog>
  );
}
