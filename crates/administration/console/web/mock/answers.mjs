// What the API answers, over the generated organisation.

import { APPS } from './answers/apps.mjs';
import { GROUPS } from './answers/groups.mjs';
import { OPEN } from './answers/open.mjs';
import { OVERVIEW } from './answers/overview.mjs';
import { PEOPLE } from './answers/people.mjs';
import { POLICIES } from './answers/policies.mjs';
import { PROPOSABLE, proposals } from './answers/proposals.mjs';
import { CLIENTS } from './answers/clients.mjs';
import { PROVIDERS } from './answers/providers.mjs';
import { SETTINGS } from './answers/settings.mjs';

export { Refusal } from './answers/common.mjs';

const CHANGES = [
  ...PEOPLE,
  ...GROUPS,
  ...APPS,
  ...POLICIES,
  ...OPEN,
  ...OVERVIEW,
  ...PROVIDERS,
  ...CLIENTS,
  ...SETTINGS,
];

/** The parts of a path that a pattern names, if it is one of its paths. */
export function matched(pattern, path) {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const found = {};
  for (const [n, part] of wanted.entries()) {
    if (part.startsWith(':')) found[part.slice(1)] = decodeURIComponent(given[n]);
    else if (part !== given[n]) return undefined;
  }
  return found;
}

/** Does what was proposed. */
function make(mock, { operation, path }, body) {
  const [method, pattern] = PROPOSABLE.find(([, , name]) => name === operation);
  const [, , done] = CHANGES.find(([m, p]) => m === method && p === pattern);
  done(mock, undefined, body, matched(pattern, path));
}

/** Each operation: method, path, and what it answers; a status before the answer where it is not 200. */
export const OPERATIONS = [...CHANGES, ...proposals(make)];
