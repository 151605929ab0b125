// The named parts of an app.

import type { AppInFull, Route } from '../../api/types';
import { Empty } from '../../ui/notes';

export function RouteList({ app }: { app: AppInFull }) {
  if (app.routes.length === 0) {
    return (
      <Empty title="One route for everything">
        <p>
          All of it is <code>{app.name}/default</code>. Name a part of the app, by its paths, where policy should treat
          it apart.
        </p>
      </Empty>
    );
  }
  return (
    <ul class="card list">
      {app.routes.map((route) => (
        <li class="row" key={route.name}>
          <div class="grow">
            <span class="strong mono">
              {app.name}/{route.name}
            </span>
            <span class="under">
              <code>{route.paths.join(' ')}</code>
            </span>
            <span class="under">{particulars(route).join(' · ')}</span>
          </div>
          {route.tags.map((tag) => (
            <span class="tag" key={tag}>
              {tag}
            </span>
          ))}
        </li>
      ))}
      <li class="row">
        <div class="grow">
          <span class="strong mono">{app.name}/default</span>
          <span class="under">the rest</span>
        </div>
      </li>
    </ul>
  );
}

function tokens({ scopes = [], sender_constrained }: Route): string {
  const kind = sender_constrained ? 'bound access tokens' : 'access tokens';
  return scopes.length > 0 ? `takes ${kind} for ${scopes.join(', ')}` : `takes ${kind}`;
}

function particulars(route: Route): string[] {
  const said: string[] = [];
  said.push(route.methods.length > 0 ? route.methods.join(', ') : 'every method');
  if (route.upgrades.length > 0) said.push(`may become ${route.upgrades.join(', ')}`);
  if (route.credential === 'bearer') said.push(tokens(route));
  else if (route.authorization === 'strip') said.push('Authorization is stripped');
  if (route.credential === 'bearer' && route.authorization === 'pass') said.push('the app sees the token');
  if (route.origins.length > 0) said.push(`pages of ${route.origins.join(', ')} may call it`);
  if (route.recorded_parameters.length > 0) said.push(`records ${route.recorded_parameters.join(', ')}`);
  if (route.accept_encoded_slash) said.push('accepts %2F');
  if (route.accept_override_headers) said.push('accepts override headers');
  return said;
}
