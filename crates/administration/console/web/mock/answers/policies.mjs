// Policies: checked, compared, saved, rolled back, asked.

import { accessOf } from '../organisation.mjs';
import { checked, compared } from '../policies.mjs';
import { MINUTE, appOf, no, person, withParents } from './common.mjs';

function explained(mock, body) {
  const user = (body.user ?? null) === null ? undefined : person(mock, body.user);
  const app = appOf(mock, body.app);
  const row = accessOf(app, mock.groups).find(
    ({ who }) => who.kind === 'strangers' || (user && withParents(mock, user).includes(who.group)),
  );
  const needs = row?.conditions.includes('passkey') && body.proof !== 'passkey';
  const allow = Boolean(row) && !needs && !user?.disabled;
  const ids = allow ? row.because : needs ? ['crown-jewels-need-a-passkey'] : [];
  return {
    outcome: allow ? 'allow' : 'deny',
    sentence: `${user?.name ?? 'a stranger'} ${allow ? 'may' : 'may not'} ${body.method} ${body.path} on ${app.name}`,
    route: `${app.name}/default`,
    because: ids,
    policies: mock.policies.all().filter(({ id }) => ids.includes(id)),
    considered: ['contractors-office-hours'],
    attributes: [
      { name: 'authn.phishing_resistant', value: String(body.proof === 'passkey') },
      { name: 'time.hour', value: '14' },
    ],
    faults: [],
    ways: allow
      ? []
      : needs
        ? [{ steps: ['confirm with a passkey'], alone: true }]
        : user
          ? []
          : [{ steps: ['sign in'], alone: true }],
    ...(allow ? { valid_until: Date.now() + 40 * MINUTE } : {}),
  };
}

const kept = (mock, epoch) =>
  mock.policies.kept.find((one) => one.epoch.number === (epoch?.number ?? Number(String(epoch).split('.').at(-1)))) ??
  no(404, 'unknown', 'No policies of that epoch are kept.');

export const POLICIES = [
  ['GET', '/v1/policies', (mock) => mock.policies.view()],
  ['POST', '/v1/policies/check', (_mock, _query, body) => checked(body.files)],
  [
    'POST',
    '/v1/policies/compare',
    (mock, _query, body) => compared(mock.policies.files, body.files, mock.policies.version, mock.groups),
  ],
  [
    'POST',
    '/v1/policies',
    (mock, _query, body) => {
      if (body.over !== undefined && body.over !== mock.policies.version)
        no(409, 'conflict', 'The policies were changed since this was compared.', {
          help: 'Compare again: the effect may be another.',
        });
      const { faults } = checked(body.files);
      if (faults.length)
        no(422, 'invalid', 'The policies have faults.', {
          faults: faults.map(({ file, line, what }) => `${file}:${line}: ${what}`),
        });
      return mock.policies.save(body.files);
    },
  ],
  [
    'POST',
    '/v1/policies/test',
    (_mock, _query, body) => ({
      cases: [...body.cases.matchAll(/name\s*=\s*"([^"]+)"/g)].map(([, name], n) => ({
        name,
        ok: n !== 1,
        ...(n === 1 && { differs: ['the outcome is `allow`, not `deny`'] }),
      })),
      faults: /\[\[case\]\]/.test(body.cases) ? [] : ['no `[[case]]` is in the text'],
    }),
  ],
  [
    'GET',
    '/v1/policies/history',
    (mock) => ({
      items: mock.policies.kept.map(({ files, ...kept }, n) => ({
        ...kept,
        files: files.map(({ name }) => name),
        newest: n === 0,
      })),
    }),
  ],
  [
    'GET',
    '/v1/policies/history/:epoch',
    (mock, _query, _body, { epoch }) =>
      mock.policies.kept.find((kept) => `${kept.epoch.incarnation}.${kept.epoch.number}` === epoch) ??
      no(404, 'unknown', `No policies of epoch ${epoch} are kept.`),
  ],
  [
    'POST',
    '/v1/policies/rollback/compare',
    (mock, _query, body) =>
      compared(mock.policies.files, kept(mock, body.epoch).files, mock.policies.version, mock.groups),
  ],
  ['POST', '/v1/policies/rollback', (mock, _query, body) => mock.policies.save(kept(mock, body.epoch).files)],
  ['POST', '/v1/explain', (mock, _query, body) => explained(mock, body)],
];
