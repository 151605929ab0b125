// What the API answers. Times are milliseconds since the Unix epoch.

export type Time = number;

export interface Epoch {
  incarnation: number;
  number: number;
}

export interface List<T> {
  items: T[];
  next?: string;
  total?: number;
  incomplete?: boolean;
}

export interface Changed {
  epoch: Epoch;
}

export interface Me {
  kind: string;
  name: string;
  display_name: string;
  may: Record<string, boolean>;
  /** What they may propose, for somebody else to make. */
  may_propose?: string[];
  /** The groups that they are in, directly or through others; unknown where absent. */
  groups?: string[];
  sign_out?: string;
  portal?: string;
}

export interface Second {
  at: Time;
  allow: number;
  deny: number;
}

export interface RefusedHere {
  app: string;
  why: string;
  times: number;
  people: number;
  last: Time;
}

export interface Attention {
  id: string;
  level: 'fault' | 'warning' | 'note';
  what: string;
  help?: string;
  link?: string;
}

export interface Overview {
  now: Time;
  epoch: Epoch;
  version: string;
  started: Time;
  leases: { open: number; people: number };
  sessions: { open: number; people: number };
  decisions: { per_second: Second[]; hour: { allow: number; deny: number; cut: number } };
  refused: RefusedHere[];
  window_since: Time;
  attention: Attention[];
  counts: { users: number; groups: number; apps: number; policies: number };
}

export interface Membership {
  group: string;
  until?: Time;
  /** The provider by whose word they are in it, and which takes it back. */
  by?: string;
}

/** Who a person is at a provider of identities. */
export interface Identity {
  provider: string;
  subject: string;
  /** It holds while they are in no other group than these. */
  within?: string[];
}

/** Words of a provider for how somebody signed in: one of them suffices. */
export interface ProviderWords {
  acr: string[];
  amr: string[];
}

/** A provider of identities: people sign in there. */
export interface Provider {
  name: string;
  title: string;
  issuer: string;
  protocol: 'oidc' | 'saml' | 'scim' | 'ldap';
  client_id?: string;
  saml?: { sign_on: string; certificates: number; valid_until?: Time };
  /** Where it pushes people in, and nobody signs in by it. */
  scim?: { fills: string[]; over: string[] };
  /** Where it is a directory that is read, and nobody signs in by it. */
  directory?: { fills: string[]; over: string[] };
  scopes: string[];
  people: {
    required: Record<string, string[]>;
    found_by: 'link' | 'name' | 'verified-email';
    provision: boolean;
    name_claim: string;
  };
  memberships: { when: Record<string, string[]>; groups: string[] }[];
  assurance: { multi_factor: ProviderWords; phishing_resistant: ProviderWords };
  state: 'declared' | 'off' | 'suspended';
  suspended: boolean;
  configured: boolean;
  linked: number;
  sessions: number;
  version: number;
}

/** What is wrong with following a directory. */
export interface DirectoryTrouble {
  at: Time;
  what: string;
  help: string;
  needs?: { people: number; memberships: number; returns: number; digest: string };
  who?: { user: string; name: string; what: 'off' | 'leaves' | 'on'; group?: string }[];
}

/** A directory that people and groups are read of, and how following it stands. */
export interface Directory {
  name: string;
  title: string;
  followed: boolean;
  servers: string[];
  last_success?: Time;
  server?: string;
  following: string;
  counts: { people: number; groups: number; memberships: number };
  conflicts: { about: string; why: string }[];
  conflicts_total: number;
  trouble?: DirectoryTrouble;
}

/** A secret of a client, as it is known here: since when, and never what it is. */
export interface ClientSecret {
  since: Time;
  expires?: Time;
}

/** How a client is registered, by the words of OAuth's registry. */
export interface Registration {
  authentication: string;
  secrets: ClientSecret[];
  keys_uri?: string;
  keys: string[];
  certificate?: string;
  application_type: 'web' | 'native';
  grant_types: string[];
  redirect_uris: string[];
  post_logout_redirect_uris: string[];
  backchannel_logout_uri?: string;
  scopes: string[];
  resources: string[];
  serves: string[];
  sector?: string;
  id_token_algorithm: string;
  userinfo_algorithm?: string;
  require_pushed: boolean;
  dpop_bound: boolean;
  certificate_bound: boolean;
  proof_key_required: boolean;
  default_max_age_secs?: number;
  require_auth_time: boolean;
  default_acr_values: string[];
}

/** How an app is registered that speaks SAML. */
export interface SamlRegistration {
  entity_id: string;
  consumers: string[];
  sign_out?: string;
  certificates: number;
  requires_signed: boolean;
  encrypted: boolean;
  names: 'persistent' | 'email' | 'user-name';
  tells: string[];
  idp_initiated: boolean;
  valid_until?: Time;
}

/** A client of the authorisation server: an app that people sign in to, or a program. */
export interface Client {
  id: string;
  name: string;
  title: string;
  app?: string;
  owner: 'configuration' | 'itself';
  consent: 'ask' | 'never';
  groups: string[];
  attributes: Record<string, string>;
  /** Absent where it speaks SAML, or what is kept of it cannot be read. */
  registration?: Registration;
  saml?: SamlRegistration;
  state: 'on' | 'off' | 'suspended';
  suspended: boolean;
  configured: boolean;
  tokens_from?: Time;
  version: number;
}

/** An invitation by which clients may still be registered; its token is not told. */
export interface Invitation {
  id: string;
  app?: string;
  hosts: string[];
  grants: string[];
  scopes: string[];
  proof_key_optional: boolean;
  left: number;
  made_by?: string;
  made_at?: Time;
  expires: Time;
}

/** What may be registered by an invitation that is to be made. */
export interface Invite {
  app?: string;
  hosts: string[];
  grants: string[];
  scopes: string[];
  proof_key_optional?: boolean;
  uses?: number;
  lifetime_secs?: number;
}

/** One that was made just now: its token is told this once. */
export interface MadeInvitation {
  id: string;
  token: string;
  endpoint: string;
  uses: number;
  expires: Time;
}

export interface Factor {
  id: string;
  kind: string;
  name: string;
  enrolled_at: Time;
  authenticator?: { aaguid?: string; attestation: 'none' | 'own' | 'certified' };
}

export interface User {
  id: string;
  name: string;
  display_name: string;
  email?: string | null;
  email_verified?: boolean;
  groups: Membership[];
  factors: Factor[];
  identities: Identity[];
  disabled: boolean;
  sessions: number;
  version: number;
  managed_by: Owner;
}

export interface UserInFull extends User {
  attributes: Record<string, string>;
  all_groups: string[];
}

export type LinkKind = 'sign-in' | 'enrolment' | 'recovery';

export interface SecretLink {
  url: string;
  kind: LinkKind;
  expires: Time;
}

export type Access = 'always' | 'condition' | 'never';

export interface PersonAccess {
  app: string;
  title: string;
  host: string;
  route: string;
  access: Access;
  conditions: string[];
  because: string[];
  ways: string[];
}

export interface Group {
  name: string;
  title: string;
  parents: string[];
  members: number;
  people: number;
  version: number;
  managed_by: Owner;
}

/** Where something is changed. */
export type Owner = 'configuration' | 'administration' | 'declared' | 'gatewright';

export interface App {
  name: string;
  title: string;
  host: string;
  upstream: string;
  tags: string[];
  routes: string[];
  managed_by: Owner;
  built_in: boolean;
  version: number;
}

export interface Apps extends List<App> {
  config?: { state: 'in-force' | 'refused'; file: string; since: Time; faults?: string[] };
}

export interface Route {
  name: string;
  paths: string[];
  methods: string[];
  tags: string[];
  credential: 'cookie' | 'bearer';
  scopes?: string[];
  sender_constrained: boolean;
  authorization?: 'pass' | 'strip';
  origins: string[];
  recorded_parameters: string[];
  accept_encoded_slash: boolean;
  accept_override_headers: boolean;
  upgrades: string[];
}

/** A server's address, or with how much it takes beside the others. */
export type Server = string | { address: string; weight: number };

export interface Upstream {
  /** Where people begin at an app that is not behind the door; it has no servers then. */
  start?: string;
  servers: Server[];
  protocol?: 'auto' | 'h1' | 'h2';
  server_name?: string;
  health?: { path: string; interval_ms?: number };
  limits?: Record<string, number>;
}

export interface AppDraft {
  name: string;
  title: string;
  description: string;
  host: string;
  tags: string[];
  attributes: Record<string, string>;
  upstream: Upstream;
  time_zone?: string;
  in_portal: boolean;
  preserve_host: boolean;
  identity_headers: { user?: string; email?: string; groups?: string };
  routes: Route[];
}

export interface AppInFull extends AppDraft {
  url: string;
  managed_by: Owner;
  built_in: boolean;
  version: number;
}

export interface AppAccess {
  route: string;
  who: { kind: 'group'; group: string; people: number } | { kind: 'strangers' };
  access: Access;
  conditions: string[];
  because: string[];
}

export interface PolicyFile {
  name: string;
  text: string;
}

export interface Policy {
  id: string;
  file: string;
  line: number;
  effect: 'permit' | 'forbid';
  mode: 'enforce' | 'report';
  description?: string;
  text: string;
}

export interface Policies {
  epoch: Epoch;
  version: number;
  files: PolicyFile[];
  policies: Policy[];
  warnings: string[];
  /** Why the stored files cannot be loaded; then the last good set is in force. */
  faults?: string[];
}

export interface PolicyFault {
  file: string;
  line?: number;
  column?: number;
  what: string;
  help?: string;
}

export interface Checked {
  faults: PolicyFault[];
  warnings: PolicyFault[];
}

export interface Shift {
  what: string;
  proof: string;
  who: string[];
  people: number;
}

export interface Comparison {
  over: number;
  faults: string[];
  warnings: string[];
  added: string[];
  removed: string[];
  changed: string[];
  files_removed: string[];
  files_changed: string[];
  gains: Shift[];
  losses: Shift[];
  cut: { leases: number; people: number; who: string[] };
  incomplete: boolean;
}

export interface PolicyCases {
  cases: { name: string; ok: boolean; differs?: string[] }[];
  faults: string[];
}

export interface PolicyVersion {
  epoch: Epoch;
  at: Time;
  by: string;
  /** Who proposed it, where somebody else did. */
  proposed_by?: string;
  files: string[];
  newest: boolean;
}

export interface PolicyVersionInFull {
  epoch: Epoch;
  at: Time;
  by: string;
  proposed_by?: string;
  files: PolicyFile[];
}

export interface Way {
  steps: string[];
  alone: boolean;
}

export interface Question {
  user: string | null;
  app: string;
  method: string;
  path: string;
  proof: string;
  /** What a provider said, where the proof is its word. */
  said?: { provider: string; acr?: string; amr: string[] };
  address?: string;
  at?: Time;
}

export interface DecidingPolicy {
  id: string;
  /** Unknown where it is not in force any more. */
  effect?: 'permit' | 'forbid';
  description?: string;
  text?: string;
  in_force?: boolean;
}

export interface Explanation {
  outcome: 'allow' | 'deny';
  sentence: string;
  route: string;
  because: string[];
  policies: DecidingPolicy[];
  considered: string[];
  attributes: { name: string; value: string }[];
  faults: string[];
  report?: { outcome: string; because: string[] };
  ways: Way[];
  valid_until?: Time;
}

export interface MapEdge {
  group: string | null;
  route: string;
  app: string;
  access: Access;
  people: number;
  conditions: string[];
  because: string[];
}

export interface AccessMap {
  groups: { name: string; title: string; people: number }[];
  apps: { name: string; title: string; people: number; routes: { name: string; label: string }[] }[];
  edges: MapEdge[];
  incomplete: boolean;
}

export interface Session {
  id: string;
  user: string;
  methods: string[];
  /** The providers on whose word it rests. */
  providers?: string[];
  started: Time;
  seen: Time;
  expires: Time;
  client: string;
  leases: number;
}

export interface Lease {
  id: string;
  decision: string;
  user?: string;
  session?: string;
  app: string;
  route: string;
  method: string;
  path: string;
  address: string;
  opened: Time;
  websocket: boolean;
  because: string[];
  valid_until?: Time;
}

export interface DecisionLine {
  seq: number;
  time: Time;
  kind: string;
  outcome: 'allow' | 'deny' | 'cut' | 'change' | 'note';
  decision?: string;
  who: string;
  user_id?: string;
  app?: string;
  route?: string;
  action?: string;
  what: string;
  host?: string;
  because: string[];
  why: string;
  latency_us?: number;
  count?: number;
}

export interface DecisionLines {
  items: DecisionLine[];
  next: number;
  missed?: number;
  since: Time;
}

export interface Decision {
  decision: string;
  sentence: string;
  outcome: 'allow' | 'deny' | 'cut' | 'change' | 'note';
  time: Time;
  who: string;
  user_id?: string;
  session?: string;
  app?: string;
  what: string;
  rests_on: { name: string; value: string }[];
  policies: DecidingPolicy[];
  ways: Way[];
  report?: { outcome: string; because: string[] };
  faults: string[];
  grounds: { fact: string; version: number }[];
  valid_until?: Time;
  ended?: {
    how: string;
    why?: string;
    status?: number;
    duration_ms: number;
    bytes_up: number;
    bytes_down: number;
  };
  recorded: { log: string; segment: number; index: number };
  epoch: Epoch;
}

export interface Key {
  kid: string;
  purpose: string;
  published_at: Time;
  active_from: Time;
  replaced_at?: Time;
}

export interface Settings {
  time_zone: string;
  networks: { name: string; prefixes: string[] }[];
  managed_by: Owner;
  file: string;
  version: number;
}

export interface Clock {
  now: Time;
  fault?: string;
}

export interface DeclaredChange {
  action: 'add' | 'change' | 'remove';
  kind: string;
  name: string;
  fields?: string[];
}

/** One thing that differs; `last` is absent where that is too long ago to be known. */
export interface Drifted extends DeclaredChange {
  last?: { epoch: Epoch; at: Time; by: string };
}

export interface Drift {
  declared: boolean;
  at?: Time;
  by?: string;
  /** What applying the same files again would do. */
  changes: Drifted[];
  /** What was made otherwise, and no file names. */
  undeclared: Drifted[];
}

export interface Plan {
  over: string;
  faults: string[];
  changes: DeclaredChange[];
  undeclared: DeclaredChange[];
  comparison: Comparison;
}

export interface Applied {
  epoch: Epoch;
  changes: number;
}

export interface BreakGlass {
  id: string;
  /** Absent for those who may not replace the policies, as what else is optional here. */
  label?: string;
  made_by?: string;
  made_at: Time;
  opens: boolean;
  acknowledged?: { at: Time; by: string };
  used?: {
    at: Time;
    user: string;
    session: string;
    client?: string;
    address?: string;
    ends: Time;
    open: boolean;
  };
}

export interface SealedBreakGlass {
  id: string;
  url: string;
  code: string;
  opens: boolean;
}

export type ProposalState = 'waiting' | 'approved' | 'declined' | 'withdrawn' | 'lapsed';

/** A change that somebody proposes and somebody else makes. */
export interface Proposal {
  id: string;
  what: string;
  why: string;
  action: string;
  operation: string;
  path: string;
  by: string;
  at: Time;
  until: Time;
  state: ProposalState;
  settled?: { at: Time; by: string; why?: string };
  /** Why it cannot be approved any more, although it waits. */
  outdated?: string;
  /** What else is to be known before it is approved: sentences. */
  notes?: string[];
  own: boolean;
  may_approve: boolean;
}

export interface ProposalInFull {
  proposal: Proposal;
  /** The body of the request; kept while it waits, and not shown to everybody. */
  says?: Record<string, unknown>;
}
