// Which address shows which page.

import type { ComponentChildren } from 'preact';

import { Permitted, useMay } from './api/me';
import { AddPersonPage } from './pages/add-person';
import { AppPage } from './pages/app';
import { AppsPage } from './pages/apps';
import { BreakGlassPage } from './pages/break-glass';
import { ClientPage } from './pages/client';
import { ClientsPage } from './pages/clients';
import { DecisionsRoute } from './pages/decisions';
import { DevicesPage } from './pages/devices';
import { AddAppPage, EditAppPage } from './pages/edit-app';
import { GroupPage } from './pages/group';
import { GroupsPage } from './pages/groups';
import { InvitationsPage } from './pages/invitations';
import { InvitePage } from './pages/invitations/invite';
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
import { ProposalPage } from './pages/proposal';
import { ProposalsPage } from './pages/proposals';
import { ProviderPage } from './pages/provider';
import { ProvidersPage } from './pages/providers';
import { SessionsPage } from './pages/sessions';
import { SettingsPage } from './pages/settings';
import { type Parameters, match } from './router';
import { Page } from './ui/page';

type Show = (parameters: Parameters) => ComponentChildren;

const given = (value: string | undefined): string => value ?? '';

/** What a page needs to be of use, beyond being in the console at all. */
interface Needed {
  action: string;
  title: string;
  to: string;
}

const DECISIONS: Needed = { action: 'admin.log.read', title: 'Live decisions', to: 'see decisions' };
const POLICIES: Needed = { action: 'admin.explain', title: 'Policies', to: 'see policies' };
const MAP: Needed = { action: 'admin.explain', title: 'Access map', to: 'see who reaches what' };

function Gated({ needed, children }: { needed: Needed; children: ComponentChildren }) {
  if (useMay(needed.action)) return <>{children}</>;
  return (
    <Page title={needed.title}>
      <Permitted action={needed.action} to={needed.to}>
        {null}
      </Permitted>
    </Page>
  );
}

const seeing = (needed: Needed, page: ComponentChildren) => <Gated needed={needed}>{page}</Gated>;

const ROUTES: [pattern: string, show: Show, key?: string][] = [
  ['/', () => <OverviewPage />],
  ['/people', () => <PeoplePage />],
  ['/people/add', () => <AddPersonPage />],
  ['/people/:name', ({ name }) => <PersonPage name={given(name)} />],
  ['/groups', () => <GroupsPage />],
  ['/groups/:name', ({ name }) => <GroupPage name={given(name)} />],
  ['/clients', () => <ClientsPage />],
  ['/clients/:name', ({ name }) => <ClientPage name={given(name)} />],
  ['/invitations', () => <InvitationsPage />],
  ['/invitations/add', () => <InvitePage />],
  ['/providers', () => <ProvidersPage />],
  ['/providers/:name', ({ name }) => <ProviderPage name={given(name)} />],
  ['/devices', () => <DevicesPage />],
  ['/apps', () => <AppsPage />],
  ['/apps/add', () => <AddAppPage />],
  ['/apps/:name', ({ name }) => <AppPage name={given(name)} />],
  ['/apps/:name/edit', ({ name }) => <EditAppPage name={given(name)} />],
  ['/decisions', () => seeing(DECISIONS, <DecisionsRoute />), 'decisions'],
  ['/decisions/:id', ({ id }) => seeing(DECISIONS, <DecisionsRoute decision={given(id)} />), 'decisions'],
  ['/sessions', () => <SessionsPage />],
  ['/leases', () => <LeasesPage />],
  ['/policies', () => seeing(POLICIES, <PoliciesPage />)],
  ['/policies/edit', () => seeing(POLICIES, <PolicyEditorPage />)],
  ['/policies/history', () => seeing(POLICIES, <HistoryPage />)],
  ['/policies/history/:epoch', ({ epoch }) => seeing(POLICIES, <VersionPage epoch={given(epoch)} />)],
  ['/policies/:id', ({ id }) => seeing(POLICIES, <PolicyPage id={given(id)} />)],
  ['/proposals', () => <ProposalsPage />],
  ['/proposals/:id', ({ id }) => <ProposalPage id={given(id)} />],
  ['/ask', () => <AskPage />],
  ['/map', () => seeing(MAP, <MapPage />)],
  ['/settings', () => <SettingsPage />],
  ['/break-glass', () => <BreakGlassPage />],
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
