// Which address shows which page.

import type { ComponentChildren } from 'preact';

import { AddPersonPage } from './pages/add-person';
import { AppPage } from './pages/app';
import { AppsPage } from './pages/apps';
import { DecisionsRoute } from './pages/decisions';
import { DevicesPage } from './pages/devices';
import { AddAppPage, EditAppPage } from './pages/edit-app';
import { GroupPage } from './pages/group';
import { GroupsPage } from './pages/groups';
import { LeasesPage } from './pages/leases';
import { MapPage } from './pages/map';
import { MissingPage } from './pages/missing';
import { OverviewPage } from './pages/overview';
import { PeoplePage } from './pages/people';
import { PersonPage } from './pages/person';
import { PoliciesPage } from './pages/policies';
import { AskPage } from './pages/policies/ask';
import { PolicyEditorPage } from './pages/policies/editor';
import { HistoryPage, VersionPage } from './pages/policies/history';
import { PolicyPage } from './pages/policies/policy';
import { SessionsPage } from './pages/sessions';
import { SettingsPage } from './pages/settings';
import { type Parameters, match } from './router';

type Show = (parameters: Parameters) => ComponentChildren;

const given = (value: string | undefined): string => value ?? '';

const ROUTES: [pattern: string, show: Show, key?: string][] = [
  ['/', () => <OverviewPage />],
  ['/people', () => <PeoplePage />],
  ['/people/add', () => <AddPersonPage />],
  ['/people/:name', ({ name }) => <PersonPage name={given(name)} />],
  ['/groups', () => <GroupsPage />],
  ['/groups/:name', ({ name }) => <GroupPage name={given(name)} />],
  ['/devices', () => <DevicesPage />],
  ['/apps', () => <AppsPage />],
  ['/apps/add', () => <AddAppPage />],
  ['/apps/:name', ({ name }) => <AppPage name={given(name)} />],
  ['/apps/:name/edit', ({ name }) => <EditAppPage name={given(name)} />],
  ['/decisions', () => <DecisionsRoute />, 'decisions'],
  ['/decisions/:id', ({ id }) => <DecisionsRoute decision={given(id)} />, 'decisions'],
  ['/sessions', () => <SessionsPage />],
  ['/leases', () => <LeasesPage />],
  ['/policies', () => <PoliciesPage />],
  ['/policies/edit', () => <PolicyEditorPage />],
  ['/policies/history', () => <HistoryPage />],
  ['/policies/history/:epoch', ({ epoch }) => <VersionPage epoch={given(epoch)} />],
  ['/policies/:id', ({ id }) => <PolicyPage id={given(id)} />],
  ['/ask', () => <AskPage />],
  ['/map', () => <MapPage />],
  ['/settings', () => <SettingsPage />],
];

export interface Shown {
  /** Pages of one key are one page that changes; any other begins anew. */
  key: string;
  show: () => ComponentChildren;
}

export function pageAt(path: string): Shown {
  for (const [pattern, show, key] of ROUTES) {
    const parameters = match(pattern, path);
    if (parameters) return { key: key ?? path, show: () => show(parameters) };
  }
  return { key: path, show: () => <MissingPage /> };
}
