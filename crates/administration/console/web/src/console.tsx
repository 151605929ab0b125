// The frame: who is here, where one can go, and the page.

import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { MeContext } from './api/me';
import type { Me } from './api/types';
import { forgetRefusals } from './api/refused';
import { useRead } from './api/use';
import { useWaiting } from './api/waiting';
import { useAddress } from './router';
import { BreakGlassNotice } from './pages/break-glass/notice';
import { pageAt } from './routes';
import { announceIn } from './ui/announce';
import { Boundary } from './ui/boundary';
import { Dialog } from './ui/dialog';
import { Icon, Mark } from './ui/icon';
import { ProblemNote } from './ui/notes';
import { Page, focusOnNavigation } from './ui/page';
import { Palette, usePaletteKey } from './ui/palette';
import { number } from './ui/words';

const PROPOSALS = '/proposals';

const PLACES: [href: string, words: string, under: string[]][] = [
  ['/', 'Overview', []],
  ['/people', 'People', ['/people/']],
  ['/groups', 'Groups', ['/groups/']],
  ['/providers', 'Providers', ['/providers/']],
  ['/clients', 'Clients', ['/clients/', '/invitations']],
  ['/devices', 'Devices', []],
  ['/apps', 'Apps', ['/apps/']],
  ['/decisions', 'Live decisions', ['/decisions/']],
  ['/sessions', 'Sessions and leases', ['/leases']],
  ['/policies', 'Policies', ['/policies/', '/ask']],
  [PROPOSALS, 'Proposals', ['/proposals/']],
  ['/map', 'Access map', []],
  ['/settings', 'Settings', ['/break-glass']],
];

export function Console() {
  const me = useRead<Me>('/v1/me');
  const waiting = useWaiting(me.value !== undefined);
  const { path } = useAddress();
  const [menu, setMenu] = useState(false);
  const [palette, setPalette] = useState(false);
  usePaletteKey(() => setPalette(true));
  useLayoutEffect(() => {
    setMenu(false);
    setPalette(false);
    forgetRefusals();
  }, [path]);
  const live = useRef<HTMLDivElement>(null);
  useEffect(() => announceIn(live.current), []);
  useAfterFirst(path, focusOnNavigation);
  const page = pageAt(path);
  return (
    <MeContext.Provider value={me.value}>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <div class="frame">
        <header class="side">
          <div class="side-top">
            <a class="brand" href="/">
              <Mark />
              <span>Gatewright</span>
            </a>
            <button
              type="button"
              class="icon-button phone-only"
              aria-label="Find"
              title="Find"
              onClick={() => setPalette(true)}
            >
              <Icon name="search" />
            </button>
            <button
              type="button"
              class="icon-button phone-only"
              aria-label="Menu"
              aria-expanded={menu}
              onClick={() => setMenu(true)}
            >
              <Icon name="menu" />
            </button>
          </div>
          <div class="side-rest">
            <button type="button" class="find" onClick={() => setPalette(true)}>
              <Icon name="search" />
              <span>Find</span>
              <kbd>{/mac/i.test(navigator.userAgent) ? '⌘' : 'Ctrl'} K</kbd>
            </button>
            <Places path={path} waiting={waiting} />
            {me.value && <Whoami me={me.value} />}
          </div>
        </header>
        <main id="content" tabIndex={-1}>
          {me.problem ? (
            <Page title={me.problem.title}>
              <ProblemNote problem={me.problem} again={me.again} />
            </Page>
          ) : me.value ? (
            <>
              <BreakGlassNotice />
              <Boundary key={page.key}>{page.show()}</Boundary>
            </>
          ) : (
            <p class="loading soft">Loading …</p>
          )}
        </main>
      </div>
      {menu && (
        <Dialog title="Menu" kind="menu" close={() => setMenu(false)}>
          <button
            type="button"
            class="icon-button menu-close"
            aria-label="Close the menu"
            onClick={() => setMenu(false)}
          >
            <Icon name="close" />
          </button>
          <Places path={path} waiting={waiting} chosen={() => setMenu(false)} />
          {me.value && <Whoami me={me.value} />}
        </Dialog>
      )}
      {palette && <Palette close={() => setPalette(false)} />}
      <div class="hidden" role="status" aria-live="polite" ref={live} />
    </MeContext.Provider>
  );
}

/** Runs once the address has changed for the first time, before the new page is shown. */
function useAfterFirst(path: string, run: () => void): void {
  const first = useRef(path);
  if (first.current !== path) run();
}

interface Places {
  path: string;
  /** Proposed changes that wait for who is here. */
  waiting: number;
  chosen?: () => void;
}

function Places({ path, waiting, chosen }: Places): ComponentChildren {
  return (
    <nav aria-label="Console">
      <ul class="places">
        {PLACES.map(([href, words, under]) => {
          const here = path === href || under.some((start) => path.startsWith(start));
          return (
            <li key={href}>
              <a href={href} aria-current={here ? 'page' : undefined} onClick={chosen}>
                {words}
                {href === PROPOSALS && waiting > 0 && (
                  <span class="places-count">
                    {number(waiting)}
                    <span class="hidden"> {waiting === 1 ? 'waits' : 'wait'} for you</span>
                  </span>
                )}
              </a>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function Whoami({ me }: { me: Me }) {
  return (
    <div class="whoami">
      <span class="strong">{me.display_name || me.name}</span>
      <span class="small">
        {me.portal && <a href={me.portal}>Portal</a>}
        {me.portal && me.sign_out && ' · '}
        {me.sign_out && <a href={me.sign_out}>Sign out</a>}
      </span>
    </div>
  );
}
