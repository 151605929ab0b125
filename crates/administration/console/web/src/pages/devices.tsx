// Devices come with device trust; until then the page says what will be here.

import { Empty } from '../ui/notes';
import { Page } from '../ui/page';

export function DevicesPage() {
  return (
    <Page title="Devices">
      <Empty title="No device is known yet">
        <p>
          Devices come with device trust. Then each enrolled laptop and phone stands here under its own name,{' '}
          <i>ana-laptop</i>, with the person it belongs to, what it last reported about itself and how long ago.
        </p>
        <p>
          Policies can speak of them already, and hold once there are any:{' '}
          <code>context has device && context.device.compliant</code>. Until then such a condition is not met by
          anybody.
        </p>
      </Empty>
    </Page>
  );
}
