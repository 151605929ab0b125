// node mock/main.mjs [--port 8090] [--rate 1000] [--quiet] [--auditor] [--helpdesk] [--two-people]

import { parseArgs } from 'node:util';

import { startMock } from './server.mjs';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8090' },
    rate: { type: 'string', default: '1000' },
    quiet: { type: 'boolean' },
    auditor: { type: 'boolean' },
    helpdesk: { type: 'boolean' },
    'two-people': { type: 'boolean' },
  },
});
const mock = await startMock({
  port: Number(values.port),
  rate: Number(values.rate),
  quiet: values.quiet ?? false,
  auditor: values.auditor ?? false,
  helpdesk: values.helpdesk ?? false,
  twoPeople: values['two-people'] ?? false,
});
process.stdout.write(
  `${mock.origin}/ shows the console over ${mock.users.length} people, ${mock.groups.length} groups and ${mock.apps.length} apps\n`,
);
