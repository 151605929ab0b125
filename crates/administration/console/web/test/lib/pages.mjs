// Every page: a name, its address, and what is done before it is looked at.

const deny = (mock) => {
  for (let seq = mock.decisions.newest() - 1000; ; seq -= 1) {
    const line = mock.decisions.at(seq);
    if (line.because.includes('crown-jewels-need-a-passkey')) return line.decision;
  }
};

export const PAGES = [
  ['overview', '/'],
  ['people', '/people'],
  ['person', '/people/carla'],
  ['add-person', '/people/add'],
  ['apps', '/apps'],
  ['app', '/apps/payroll'],
  ['app-of-configuration', '/apps/wiki'],
  ['add-app', '/apps/add'],
  ['edit-app', '/apps/payroll/edit'],
  ['decisions', '/decisions'],
  ['decision', (mock) => `/decisions/${deny(mock)}`],
  ['missing', '/no/such/page'],
];
