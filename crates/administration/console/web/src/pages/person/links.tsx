// Links that let a person in, shown once: whoever has one is that person.

import { useState } from 'preact/hooks';

import { api, to } from '../../api/client';
import { Permitted, useBeyond } from '../../api/me';
import { useRefusal } from '../../api/refused';
import type { LinkKind, SecretLink, UserInFull } from '../../api/types';
import { useDoing } from '../../api/use';
import { Act, Why } from '../../ui/act';
import { CopyButton } from '../../ui/copy';
import { Dialog } from '../../ui/dialog';
import { ProblemNote } from '../../ui/notes';
import { Time } from '../../ui/time';

const KINDS: [LinkKind, string, string][] = [
  ['sign-in', 'Sign-in link', 'Signs them in once. It never lets anybody add a passkey.'],
  ['enrolment', 'Enrolment link', 'Signs them in once and lets them add their first passkey.'],
  ['recovery', 'Recovery link', 'For whoever has lost all passkeys: signs them in once and lets them add a new one.'],
];

export function Links({ user }: { user: UserInFull }) {
  const [kind, setKind] = useState<LinkKind>();
  const refused = useRefusal(`link ${user.id}`);
  const beyond = useBeyond(user, 'admin.user.link');
  // Said above where it closes more than this.
  const alone = useBeyond(user) === undefined;
  const why = beyond ?? refused;
  return (
    <Permitted action="admin.user.link" to="make links for people">
      {user.disabled ? (
        <p class="small after">No link is made for a person who is disabled.</p>
      ) : (
        <p class="buttons">
          {KINDS.map(([value, words]) => (
            <Act key={value} why={why} onClick={() => setKind(value)}>
              {words}
            </Act>
          ))}
        </p>
      )}
      {!user.disabled && <Why why={alone ? why : refused} />}
      {kind && <MakeLink user={user} kind={kind} close={() => setKind(undefined)} />}
    </Permitted>
  );
}

function MakeLink({ user, kind, close }: { user: UserInFull; kind: LinkKind; close: () => void }) {
  const doing = useDoing(`link ${user.id}`);
  const [link, setLink] = useState<SecretLink>();
  const [, words = '', what = ''] = KINDS.find(([value]) => value === kind) ?? [];
  const make = () =>
    doing.run(async () => setLink(await api.post<SecretLink>(to('users', user.id, 'links'), { kind })));
  return (
    <Dialog title={`${words} for ${user.display_name || user.name}`} close={close}>
      {link ? (
        <>
          <p>
            Whoever opens it is {user.name}. Give it to them in person or over a channel that you trust. It is shown
            only now, works once and ends <Time at={link.expires} />.
          </p>
          <div class="secret">
            <code class="whole">{link.url}</code>
          </div>
          <div class="buttons end">
            <button type="button" class="button" onClick={close}>
              Done
            </button>
            <CopyButton text={link.url} label="Copy the link" wordy />
          </div>
        </>
      ) : (
        <>
          <p>
            {what} {user.name} will see that you made it.
          </p>
          <ProblemNote problem={doing.problem} />
          <div class="buttons end">
            <button type="button" class="button" onClick={close}>
              Leave it
            </button>
            <button type="button" class="button first" disabled={doing.busy} onClick={make}>
              Make the link
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}
