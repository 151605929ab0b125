// What the API answers, over the generated organisation.

import { APPS } from './answers/apps.mjs';
import { GROUPS } from './answers/groups.mjs';
import { OPEN } from './answers/open.mjs';
import { OVERVIEW } from './answers/overview.mjs';
import { PEOPLE } from './answers/people.mjs';
import { POLICIES } from './answers/policies.mjs';
import { SETTINGS } from './answers/settings.mjs';

export { Refusal } from './answers/common.mjs';

/** Each operation: method, path, and what it answers; a status before the answer where it is not 200. */
export const OPERATIONS = [...PEOPLE, ...GROUPS, ...APPS, ...POLICIES, ...OPEN, ...OVERVIEW, ...SETTINGS];
