// The policies of the generated organisation, and a reading of Cedar that is good enough to try the editor on.

const DAY = 86_400_000;

export const FILES = [
  {
    name: 'apps.cedar',
    text: `// Which group opens which app.

@id("wiki-for-staff")
permit (
    principal in Group::"staff",
    action == Action::"http.request",
    resource in App::"wiki"
);

@id("wiki-admin-for-oncall")
permit (
    principal in Group::"oncall",
    action == Action::"http.request",
    resource == Route::"wiki/admin"
);

@id("payroll-for-staff")
permit (
    principal in Group::"staff",
    action == Action::"http.request",
    resource in App::"payroll"
);

@id("payroll-for-contractors")
@description("They see their own invoices there.")
permit (
    principal in Group::"contractors",
    action == Action::"http.request",
    resource in App::"payroll"
);

@id("status-for-everybody")
permit (
    principal is Anonymous,
    action == Action::"http.request",
    resource in App::"status"
);
`,
  },
  {
    name: 'guards.cedar',
    text: `@id("crown-jewels-need-a-passkey")
@description("Whatever is tagged as a crown jewel opens only after a sign-in that resists phishing.")
forbid (
    principal,
    action,
    resource in Tag::"crown-jewel"
)
unless { context.authn.phishing_resistant };

@id("reports-need-a-fresh-sign-in")
@description("A session left open on a desk does not open the reports.")
forbid (
    principal,
    action,
    resource in App::"reports"
)
unless { context.authn.age_secs < 300 };

@id("contractors-office-hours")
@mode("report")
@description("Tried out before it counts: who would be kept out, and when?")
forbid (
    principal in Group::"contractors",
    action,
    resource
)
unless { context.time.hour >= 8 && context.time.hour < 18 };
`,
  },
];

const BUILT_IN = `@id("gatewright-administer-as-owner")
@description("Owners administer once they have proved who they are in a way that resists phishing.")
permit (
    principal is User in Group::"owners",
    action in Action::"admin",
    resource
)
when { context.authn.phishing_resistant };`;

const STATEMENT = /((?:@\w+\("(?:[^"\\]|\\.)*"\)\s*)*)\b(permit|forbid)\b[^;]*;/g;

export function statements(file) {
  return [...file.text.matchAll(STATEMENT)].map((found) => {
    const annotation = (name) => found[1].match(new RegExp(`@${name}\\("((?:[^"\\\\]|\\\\.)*)"\\)`))?.[1];
    const description = annotation('description');
    return {
      id: annotation('id') ?? '',
      file: file.name,
      line: file.text.slice(0, found.index).split('\n').length,
      effect: found[2],
      mode: annotation('mode') ?? 'enforce',
      ...(description ? { description } : {}),
      text: found[0].trim(),
    };
  });
}

const builtIn = () => statements({ name: 'gatewright', text: BUILT_IN });

export function checked(files) {
  const faults = [];
  const warnings = [];
  const ids = new Set();
  for (const file of files) {
    const lines = file.text.split('\n');
    const open = (file.text.match(/[({]/g) ?? []).length - (file.text.match(/[)}]/g) ?? []).length;
    if (open !== 0) {
      const line =
        lines.findIndex(
          (text) => /^\s*(permit|forbid)/.test(text) && !file.text.slice(file.text.indexOf(text)).includes(';'),
        ) + 1 || lines.length;
      faults.push({
        file: file.name,
        line,
        column: 1,
        what: open > 0 ? 'a bracket is opened and never closed' : 'a bracket is closed that was never opened',
        help: 'each policy ends in `);`',
      });
    }
    lines.forEach((text, index) => {
      const odd = text.match(/\b(premit|forbidd|principle|ressource)\b/);
      if (odd)
        faults.push({
          file: file.name,
          line: index + 1,
          column: odd.index + 1,
          what: `unexpected token \`${odd[1]}\``,
          help: 'a policy begins with `permit` or `forbid`',
        });
    });
    for (const policy of statements(file)) {
      if (!policy.id)
        faults.push({
          file: file.name,
          line: policy.line,
          what: 'a policy has no id',
          help: 'write `@id("...")` before it',
        });
      else if (ids.has(policy.id))
        faults.push({
          file: file.name,
          line: policy.line,
          what: `the id \`${policy.id}\` is taken`,
          help: 'ids are unique in the whole set',
        });
      ids.add(policy.id);
      if (policy.effect === 'permit' && /\(\s*principal\s*,/.test(policy.text))
        faults.push({
          file: file.name,
          line: policy.line,
          what: 'this would admit strangers: it is for any `principal`',
          help: 'say `principal in Group::"…"` or `principal is User`',
        });
      const group = policy.text.match(/Group::"nobody[^"]*"/)?.[0];
      if (group) warnings.push({ file: file.name, line: policy.line, what: `no group is called ${group.slice(7)}` });
    }
  }
  return { faults, warnings };
}

const bodies = (files) => new Map(files.flatMap(statements).map((policy) => [policy.id, policy]));

/** Who gains and who loses: by the groups and apps that the changed policies name. */
export function compared(before, after, version, groups) {
  const { faults, warnings } = checked(after);
  const was = bodies(before);
  const will = bodies(after);
  const added = [...will.keys()].filter((id) => !was.has(id));
  const removed = [...was.keys()].filter((id) => !will.has(id));
  const changed = [...will.keys()].filter((id) => was.has(id) && was.get(id).text !== will.get(id).text);
  const touch = (policy) => {
    const group = groups.find(({ name }) => name === policy.text.match(/Group::"([^"]+)"/)?.[1]);
    const app = policy.text.match(/(?:App|Route)::"([^"]+)"/)?.[1];
    if (!app || (policy.effect === 'permit' && !group)) return undefined;
    const people = group?.people ?? 9412;
    const who = Array.from(
      { length: Math.min(100, people) },
      (_, n) => ['ana', 'bo', 'carla', 'dmitri', 'elif', 'femi'][n] ?? `person.${n}`,
    );
    return {
      what: app.includes('/') ? app : `${app}/default`,
      proof: policy.effect === 'forbid' ? 'sign-in-link' : 'passkey',
      who,
      people,
    };
  };
  const gains = [];
  const losses = [];
  for (const id of added) (will.get(id).effect === 'permit' ? gains : losses).push(touch(will.get(id)));
  for (const id of removed) (was.get(id).effect === 'permit' ? losses : gains).push(touch(was.get(id)));
  for (const id of changed) {
    gains.push(touch(will.get(id)));
    losses.push(touch(was.get(id)));
  }
  const lost = losses.filter(Boolean);
  return {
    over: version,
    faults: faults.map((fault) => `${fault.file}:${fault.line ?? 1}: ${fault.what}`),
    warnings: warnings.map((fault) => `${fault.file}:${fault.line ?? 1}: ${fault.what}`),
    added,
    removed,
    changed,
    files_removed: before.filter((file) => !after.some(({ name }) => name === file.name)).map(({ name }) => name),
    files_changed: after
      .filter((file) => before.find(({ name }) => name === file.name)?.text !== file.text)
      .map(({ name }) => name),
    gains: gains.filter(Boolean),
    losses: lost,
    cut: lost.length ? { leases: 12, people: 3, who: ['bo', 'lena', 'tom'] } : { leases: 0, people: 0, who: [] },
    incomplete: false,
  };
}

export class PolicyStore {
  constructor(groups, now) {
    this.groups = groups;
    this.files = FILES;
    this.version = 31;
    this.epoch = { incarnation: 1, number: 4182 };
    this.kept = [
      { epoch: { incarnation: 1, number: 4102 }, at: now - 2 * DAY, by: 'ana', files: FILES },
      {
        epoch: { incarnation: 1, number: 3871 },
        at: now - 9 * DAY,
        by: 'ana',
        files: [
          { ...FILES[0], text: FILES[0].text.replace(/@id\("payroll-for-contractors"\)[^;]*;\n\n/, '') },
          FILES[1],
        ],
      },
      { epoch: { incarnation: 1, number: 12 }, at: now - 80 * DAY, by: 'uid 0 on the machine', files: [FILES[1]] },
    ];
  }

  all() {
    return [...this.files.flatMap(statements), ...builtIn()];
  }

  view() {
    return {
      epoch: this.epoch,
      version: this.version,
      files: this.files,
      policies: this.all(),
      warnings: checked(this.files).warnings.map(({ what }) => what),
    };
  }

  save(files, by = 'ana') {
    this.files = files;
    this.version += 1;
    this.epoch = { incarnation: 1, number: this.epoch.number + 1 };
    this.kept.unshift({ epoch: this.epoch, at: Date.now(), by, files });
    return { epoch: this.epoch };
  }
}
