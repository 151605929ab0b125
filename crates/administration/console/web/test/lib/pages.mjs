// Every page and every state worth looking at: a name, its address, and what is done before it is looked at.

const deny = (mock) => {
  for (let seq = mock.decisions.newest() - 1000; ; seq -= 1) {
    const line = mock.decisions.at(seq);
    if (line.because.includes('crown-jewels-need-a-passkey')) return line.decision;
  }
};

const press = (name) => async (page) => {
  await page.getByRole('button', { name }).first().click();
  await page.getByRole('dialog').waitFor();
};

const write = async (page, text) => {
  const area = page.getByLabel('Text of apps.cedar');
  await area.fill(`${await area.inputValue()}\n${text}`);
};

const FINANCE =
  '@id("reports-for-finance")\npermit (\n    principal in Group::"finance",\n    action == Action::"http.request",\n    resource in App::"reports"\n);\n';

/** The proposal of an operation that the generated organisation has. */
const of = (mock, operation) => mock.proposals.find((kept) => kept.operation === operation).id;

export const PAGES = [
  ['overview', '/'],
  ['people', '/people'],
  ['people-of-a-while', '/people?group=oncall'],
  ['person', '/people/carla'],
  ['person-disable', '/people/carla', press('Disable')],
  [
    'person-link',
    '/people/carla',
    async (page) => {
      await press('Enrolment link')(page);
      await page.getByRole('button', { name: 'Make the link' }).click();
      await page.getByText('It is shown only now').waitFor();
    },
  ],
  ['person-group', '/people/carla', press('Put into a group')],
  ['add-person', '/people/add'],
  ['groups', '/groups'],
  ['group', '/groups/finance'],
  ['group-add', '/groups', press('Add a group')],
  ['person-at-a-provider', '/people/jun'],
  ['person-link-provider', '/people/jun', press('Link with a provider')],
  ['providers', '/providers'],
  ['provider', '/providers/corp'],
  ['provider-suspended', '/providers/agency'],
  ['provider-suspend', '/providers/corp', press('Suspend')],
  ['provider-forget', '/providers/old', press('Forget')],
  ['clients', '/clients'],
  ['client', '/clients/grafana'],
  ['client-suspended', '/clients/phone'],
  ['client-suspend', '/clients/grafana', press('Suspend')],
  ['client-revoke', '/clients/builder', press('Take back its tokens')],
  ['client-remove', '/clients/notes', press('Remove')],
  ['invitations', '/invitations'],
  ['invitation-take-back', '/invitations', press(/^Take back/)],
  ['invite-client', '/invitations/add'],
  [
    'invite-client-fault',
    '/invitations/add',
    async (page) => {
      for (const name of ['Codes', 'Refresh tokens']) await page.getByLabel(name, { exact: true }).uncheck();
      await page.getByRole('button', { name: 'Make the invitation' }).click();
      await page.getByRole('alert').waitFor();
    },
  ],
  [
    'invite-client-made',
    '/invitations/add',
    async (page) => {
      await page.getByLabel('App', { exact: true }).fill('wiki');
      await page.getByLabel('Hosts', { exact: true }).fill('notes.example.com');
      await page.getByRole('button', { name: 'Make the invitation' }).click();
      await page.getByText('It is shown only now').waitFor();
    },
  ],
  ['devices', '/devices'],
  ['apps', '/apps'],
  ['app', '/apps/payroll'],
  ['app-of-configuration', '/apps/wiki'],
  ['add-app', '/apps/add'],
  [
    'add-app-fault',
    '/apps/add',
    async (page) => {
      await page.getByLabel('Title', { exact: true }).fill('Intranet');
      await page.getByLabel('Name', { exact: true }).fill('intranet');
      await page.getByLabel('Host', { exact: true }).fill('intranet.example.com');
      await page.getByLabel('Servers').fill('10.0.0.7:3000');
      await page.getByRole('button', { name: 'Add the app' }).click();
      await page.getByRole('alert').waitFor();
    },
  ],
  ['edit-app', '/apps/payroll/edit'],
  ['decisions', '/decisions'],
  ['decision', (mock) => `/decisions/${deny(mock)}`],
  ['sessions', '/sessions'],
  ['session-end', '/sessions', press(/^End/)],
  ['leases', '/leases'],
  ['policies', '/policies'],
  ['policy', '/policies/crown-jewels-need-a-passkey'],
  ['policy-editor', '/policies/edit'],
  [
    'policy-editor-faults',
    '/policies/edit',
    async (page) => {
      await write(page, 'permit (principal, action, resource);\n');
      await page.getByText('2 faults').first().waitFor();
    },
  ],
  [
    'policy-editor-compared',
    '/policies/edit',
    async (page) => {
      await write(page, FINANCE);
      await page.getByText('No fault').waitFor();
      await page.getByRole('button', { name: 'Compare with what is in force' }).click();
      await page.getByRole('button', { name: /^Save:/ }).waitFor();
    },
  ],
  [
    'policy-editor-unseen',
    '/policies/edit',
    async (page) => {
      await write(page, `// not \u202eseton\n`);
      await page.getByText('may not be what it looks like').waitFor();
    },
  ],
  ['policy-history', '/policies/history'],
  [
    'policy-version',
    '/policies/history/1.3871',
    async (page) => {
      await page.getByRole('button', { name: 'Compare with what is in force' }).click();
      await page.getByRole('button', { name: /^Go back/ }).waitFor();
    },
  ],
  [
    'ask',
    '/ask?user=bo&app=payroll',
    async (page) => {
      await page.getByLabel('Having proved with').selectOption('sign-in-link');
      await page.getByRole('button', { name: 'Ask', exact: true }).click();
      await page.locator('.answer').waitFor();
    },
  ],
  [
    'map',
    '/map',
    async (page) => {
      const drawn = page.getByRole('radio', { name: 'drawn' });
      await drawn.check();
      await page.locator('.flow').nth(3).focus();
    },
  ],
  [
    'map-of-one',
    '/map?q=payroll',
    async (page) => {
      await page.getByRole('radio', { name: 'drawn' }).check();
      await page.locator('.flow').first().waitFor();
    },
  ],
  [
    'map-as-table',
    '/map',
    async (page) => {
      await page.getByRole('radio', { name: 'as a table' }).check();
      await page.getByRole('table').waitFor();
    },
  ],
  ['proposals', '/proposals'],
  ['proposals-all', '/proposals?state=all'],
  ['proposal', (mock) => `/proposals/${of(mock, 'PolicyApply')}`],
  [
    'proposal-approve',
    (mock) => `/proposals/${of(mock, 'PolicyApply')}`,
    async (page) => {
      await page.getByRole('button', { name: 'Approve' }).click();
      await page.getByRole('dialog').waitFor();
    },
  ],
  ['proposal-decline', (mock) => `/proposals/${of(mock, 'AppPut')}`, press('Decline')],
  ['proposal-own', (mock) => `/proposals/${of(mock, 'UserGroupAdd')}`],
  ['proposal-of-an-app', (mock) => `/proposals/${of(mock, 'AppPut')}`],
  ['proposal-of-earlier-policies', (mock) => `/proposals/${of(mock, 'PolicyRollback')}`],
  ['proposal-outdated', (mock) => `/proposals/${of(mock, 'DeclaredApply')}`],
  ['proposal-declined', (mock) => `/proposals/${of(mock, 'GroupRemove')}`],
  [
    'policy-editor-proposing',
    '/policies/edit',
    async (page) => {
      await write(page, FINANCE);
      await page.getByText('No fault').waitFor();
      await page.getByRole('button', { name: 'Compare with what is in force' }).click();
      await page.getByRole('button', { name: 'Propose instead' }).click();
      await page.getByLabel('Why', { exact: true }).waitFor();
    },
  ],
  ['settings', '/settings'],
  ['break-glass', '/break-glass'],
  ['break-glass-acknowledge', '/break-glass', press(/^Acknowledge/)],
  [
    'break-glass-seal',
    '/break-glass',
    async (page) => {
      await press('Seal a way in')(page);
      await page.getByLabel('Where it will be kept').fill('notary');
      await page.getByRole('button', { name: 'Seal it' }).click();
      await page.getByText('It is shown only now').waitFor();
    },
  ],
  [
    'find',
    '/',
    async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').fill('pay');
      await page.getByRole('option', { name: /Payroll/ }).waitFor();
    },
  ],
  [
    'menu',
    '/',
    async (page) => {
      const menu = page.getByRole('button', { name: 'Menu' });
      if (await menu.isVisible()) await press('Menu')(page);
    },
  ],
  ['missing', '/no/such/page'],
];
