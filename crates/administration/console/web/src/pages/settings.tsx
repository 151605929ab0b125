// Keys, the clock, networks, and what the files declare.

import { Page, Section } from '../ui/page';
import { ClockShown } from './settings/clock';
import { Declared } from './settings/declared';
import { Keys } from './settings/keys';
import { Networks } from './settings/networks';

export function SettingsPage() {
  return (
    <Page title="Settings">
      <Section id="clock" title="Clock">
        <ClockShown />
      </Section>
      <Section id="break-glass" title="Break-glass">
        <p>
          <a href="/break-glass">Sealed ways in</a> for the day on which nobody can sign in.
        </p>
      </Section>
      <Section id="keys" title="Keys">
        <Keys />
      </Section>
      <Section id="networks" title="Networks and time zone">
        <Networks />
      </Section>
      <Section id="declared" title="Declared state">
        <Declared />
      </Section>
    </Page>
  );
}
