// Changes that one person proposes and another makes.

import { DAY, MINUTE, caller, no, paged, person } from './common.mjs';

const q = (name) => `\`${name}\``;

/** What can be proposed: the operation, the action that it is, and what it does in words. */
export const PROPOSABLE = [
  ['POST', '/v1/users', 'UserAdd', 'admin.user.add', (_, body) => `add the person ${q(body.name)}`],
  ['PATCH', '/v1/users/:user', 'UserChange', 'admin.user.change', ({ user }) => `change what is known of ${q(user)}`],
  ['DELETE', '/v1/users/:user', 'UserRemove', 'admin.user.change', ({ user }) => `remove the person ${q(user)}`],
  ['POST', '/v1/users/:user/disable', 'UserDisable', 'admin.user.change', ({ user }) => `switch ${q(user)} off`],
  ['POST', '/v1/users/:user/enable', 'UserEnable', 'admin.user.change', ({ user }) => `switch ${q(user)} on`],
  [
    'PUT',
    '/v1/users/:user/groups/:group',
    'UserGroupAdd',
    'admin.user.change',
    ({ user, group }, { until }) => `put ${q(user)} into the group ${q(group)}${until ? ' for a while' : ''}`,
  ],
  [
    'DELETE',
    '/v1/users/:user/groups/:group',
    'UserGroupRemove',
    'admin.user.change',
    ({ user, group }) => `take ${q(user)} out of the group ${q(group)}`,
  ],
  [
    'DELETE',
    '/v1/users/:user/factors/:factor',
    'UserFactorRemove',
    'admin.user.change',
    ({ user, factor }) => `remove the factor ${q(factor)} of ${q(user)}`,
  ],
  [
    'PUT',
    '/v1/users/:user/identities/:provider',
    'UserIdentitySet',
    'admin.user.link',
    ({ user, provider }, body) =>
      `let whoever is ${q(body.subject)} at the provider ${q(provider)} sign in as ${q(user)}`,
  ],
  [
    'DELETE',
    '/v1/users/:user/identities/:provider',
    'UserIdentityRemove',
    'admin.user.link',
    ({ user, provider }) => `take away who ${q(user)} is at the provider ${q(provider)}`,
  ],
  [
    'POST',
    '/v1/providers/:provider/suspend',
    'ProviderSuspend',
    'admin.provider.suspend',
    ({ provider }) => `switch the provider ${q(provider)} off`,
  ],
  [
    'POST',
    '/v1/providers/:provider/resume',
    'ProviderResume',
    'admin.provider.change',
    ({ provider }) => `switch the provider ${q(provider)} on again`,
  ],
  [
    'DELETE',
    '/v1/providers/:provider',
    'ProviderForget',
    'admin.provider.change',
    ({ provider }) => `forget the provider ${q(provider)}`,
  ],
  [
    'POST',
    '/v1/clients/:client/suspend',
    'ClientSuspend',
    'admin.client.suspend',
    ({ client }) => `switch the client ${q(client)} off`,
  ],
  [
    'POST',
    '/v1/clients/:client/resume',
    'ClientResume',
    'admin.client.change',
    ({ client }) => `switch the client ${q(client)} on again`,
  ],
  [
    'DELETE',
    '/v1/clients/:client',
    'ClientRemove',
    'admin.client.change',
    ({ client }) => `remove the client ${q(client)}`,
  ],
  [
    'DELETE',
    '/v1/clients/:client/tokens',
    'ClientRevokeTokens',
    'admin.client.suspend',
    ({ client }) => `take back every token of the client ${q(client)}`,
  ],
  ['POST', '/v1/groups', 'GroupAdd', 'admin.policy.apply', (_, body) => `add the group ${q(body.name)}`],
  ['PUT', '/v1/groups/:group', 'GroupPut', 'admin.policy.apply', ({ group }) => `change the group ${q(group)}`],
  ['DELETE', '/v1/groups/:group', 'GroupRemove', 'admin.policy.apply', ({ group }) => `remove the group ${q(group)}`],
  ['POST', '/v1/apps', 'AppAdd', 'admin.app.change', (_, body) => `add the app ${q(body.name)}`],
  ['PUT', '/v1/apps/:app', 'AppPut', 'admin.app.change', ({ app }) => `change the app ${q(app)}`],
  ['DELETE', '/v1/apps/:app', 'AppRemove', 'admin.app.change', ({ app }) => `remove the app ${q(app)}`],
  ['POST', '/v1/policies', 'PolicyApply', 'admin.policy.apply', () => 'replace the policies'],
  ['POST', '/v1/policies/rollback', 'PolicyRollback', 'admin.policy.apply', () => 'go back to earlier policies'],
  ['POST', '/v1/declared/apply', 'DeclaredApply', 'admin.policy.apply', () => 'make everything what files declare'],
];

/** The actions that one may propose. */
export const ACTIONS = [...new Set(PROPOSABLE.map(([, , , action]) => action))];

/** Keeps a request instead of doing it. */
export function propose(mock, [, , operation, action, what], { path, parameters, body, why, by }) {
  if (!why.trim()) no(422, 'invalid', '`propose` says why, in 1 to 500 characters of plain text', { field: 'propose' });
  const user = parameters.user && person(mock, parameters.user).name;
  const kept = {
    id: `p-${(mock.proposals.length + 1).toString().padStart(4, '0')}`,
    what: what({ ...parameters, user }, body),
    why,
    action,
    operation,
    path,
    by,
    at: Date.now(),
    until: Date.now() + 7 * DAY,
    says: body,
    state: 'waiting',
  };
  mock.proposals.unshift(kept);
  return kept;
}

const named = (mock, id) =>
  mock.proposals.find((kept) => kept.id === id) ?? no(404, 'unknown', `there is no proposal \`${id}\``);

/** As who asks is shown it. */
export function shown(mock, { says: _, ...kept }) {
  const own = kept.by === caller(mock);
  return { ...kept, own, may_approve: kept.state === 'waiting' && !own && !mock.auditor && !mock.helpdesk };
}

function settle(mock, kept, state, why) {
  if (kept.state !== 'waiting') no(409, 'conflict', `the proposal was ${kept.state} before`);
  Object.assign(kept, { state, settled: { at: Date.now(), by: caller(mock), ...(why && { why }) }, says: undefined });
  return shown(mock, kept);
}

export const proposals = (make) => [
  [
    'GET',
    '/v1/proposals',
    (mock, query) => {
      const state = query.get('state');
      return paged(
        mock.proposals.filter((kept) => !state || kept.state === state).map((kept) => shown(mock, kept)),
        query,
      );
    },
  ],
  [
    'GET',
    '/v1/proposals/:proposal',
    (mock, _query, _body, { proposal }) => {
      const kept = named(mock, proposal);
      return { proposal: shown(mock, kept), ...(kept.says && !mock.auditor && { says: kept.says }) };
    },
  ],
  [
    'POST',
    '/v1/proposals/:proposal/approve',
    (mock, _query, _body, { proposal }) => {
      const kept = named(mock, proposal);
      if (kept.by === caller(mock)) no(403, 'denied', 'who proposes a change does not approve it');
      if (kept.outdated) no(409, 'conflict', kept.outdated, { help: 'have it proposed again' });
      const { says } = kept;
      const answer = settle(mock, kept, 'approved');
      make(mock, kept, says);
      return answer;
    },
  ],
  [
    'POST',
    '/v1/proposals/:proposal/decline',
    (mock, _query, { why }, { proposal }) => {
      if (!why?.trim()) no(422, 'invalid', '`why` says why, in 1 to 500 characters of plain text', { field: 'why' });
      return settle(mock, named(mock, proposal), 'declined', why);
    },
  ],
  [
    'DELETE',
    '/v1/proposals/:proposal',
    (mock, _query, _body, { proposal }) => settle(mock, named(mock, proposal), 'withdrawn'),
  ],
];

/** Some of each kind, as people leave them over a few days. */
export function someProposals(mock) {
  const { files } = mock.policies;
  const finance = `${files[0].text}
@id("reports-for-finance")
permit (
    principal in Group::"finance",
    action == Action::"http.request",
    resource in App::"reports"
);
`;
  const carla = person(mock, 'carla');
  const payroll = mock.apps.find(({ name }) => name === 'payroll');
  const { url: _, managed_by: __, built_in: ___, version: ____, ...draft } = payroll;
  const made = [
    ['UserRemove', { user: carla.id }, {}, 'She left long ago.', 'hana'],
    ['UserAdd', {}, { name: 'nina', groups: ['staff'] }, 'She begins on Monday.', 'hana'],
    ['GroupRemove', { group: 'oncall' }, {}, 'Nobody is on call any more.', 'dmitri'],
    [
      'PolicyRollback',
      {},
      { epoch: { incarnation: 1, number: 3871 } },
      'The contractors are paid elsewhere by now.',
      'dmitri',
    ],
    [
      'DeclaredApply',
      {},
      {
        files: [
          { name: 'people.toml', text: '[[user]]\nname = "eva"\n' },
          { ...files[0], text: finance },
        ],
        prune: false,
      },
      'As the repository says.',
      'bo',
    ],
    [
      'AppPut',
      { app: 'payroll' },
      { ...draft, tags: [...draft.tags, 'audited'], title: 'Payroll and expenses' },
      'The auditors asked for it.',
      'dmitri',
    ],
    [
      'UserGroupAdd',
      { user: carla.id, group: 'oncall' },
      { until: Date.now() + 3 * DAY },
      'She stands in for Femi this week.',
      'ana',
    ],
    [
      'PolicyApply',
      {},
      { files: [{ ...files[0], text: finance }, ...files.slice(1)] },
      'Finance closes the quarter and needs the reports.',
      'bo',
    ],
  ];
  for (const [name, parameters, body, why, by] of made) {
    const known = PROPOSABLE.find(([, , operation]) => operation === name);
    const path = known[1].replace(/:(\w+)/g, (_all, part) => parameters[part]);
    propose(mock, known, { path, parameters, body, why, by });
  }
  mock.proposals.forEach((kept, n) => (kept.at -= n * 47 * MINUTE));
  const {
    DeclaredApply: declared,
    GroupRemove: group,
    UserGroupAdd: put,
    UserAdd: added,
    UserRemove: removed,
  } = Object.fromEntries(mock.proposals.map((kept) => [kept.operation, kept]));
  put.notes = ['`oncall` brings the group `owners` with it: they become an owner'];
  declared.outdated = 'what it changes was changed since it was proposed';
  const settled = { at: mock.began - 20 * MINUTE, by: 'ana' };
  for (const kept of [group, added, removed]) delete kept.says;
  Object.assign(group, { state: 'declined', settled: { ...settled, why: 'They are, at night.' } });
  Object.assign(added, { state: 'approved', settled });
  Object.assign(removed, { state: 'lapsed', until: mock.began - DAY });
}
