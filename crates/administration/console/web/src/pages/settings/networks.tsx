// Named networks and the time zone: read-only here, with where they live.

import { Fragment } from 'preact';

import type { Settings } from '../../api/types';
import { useRead } from '../../api/use';
import { Empty, Shown } from '../../ui/notes';

export function Networks() {
  const reading = useRead<Settings>('/v1/settings');
  return (
    <Shown reading={reading}>
      {(settings) => (
        <>
          <p class="small">
            Read-only here: these live in <code>{settings.file}</code>.
          </p>
          <dl class="facts">
            <dt>Time zone</dt>
            <dd>{settings.time_zone}</dd>
            {settings.networks.map((network) => (
              <Fragment key={network.name}>
                <dt>{network.name}</dt>
                <dd>
                  {network.prefixes.map((prefix) => (
                    <div key={prefix}>
                      <code>{prefix}</code>
                    </div>
                  ))}
                </dd>
              </Fragment>
            ))}
          </dl>
          {settings.networks.length === 0 && (
            <Empty title="No network has a name">
              <p>
                Name the office's addresses in the configuration file, and policies can speak of them:{' '}
                <code>context.network.names.contains("office")</code>.
              </p>
            </Empty>
          )}
        </>
      )}
    </Shown>
  );
}
