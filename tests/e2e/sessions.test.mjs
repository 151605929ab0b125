// A session's life: sign-out, many at once, and what each app hears of it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Person, launch } from './lib/browser.mjs';
import { startDemo } from './lib/gateway.mjs';
import { until } from './lib/until.mjs';
import { Visitor } from './lib/visitor.mjs';

describe('sessions', () => {
  let gateway, browser;

  before(async () => {
    gateway = await startDemo();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  async function signedIn(name) {
    const person = await Person.arrive(browser, { name });
    await person.open(await gateway.link(name));
    await person.press('Sign in');
    return person;
  }

  test('asking to sign out changes nothing; saying so ends the session at every app', async () => {
    const ana = await signedIn('ana');
    await ana.open(`${gateway.site('wiki')}/`);
    await ana.open(`${gateway.site('auth')}/sign-out`);
    await ana.picture('sessions-1-sign-out');
    const other = await ana.context.newPage();
    assert.equal((await other.goto(`${gateway.site('wiki')}/`)).status(), 200);
    await ana.press(/^Sign out$/);
    assert.equal(await ana.heading(), 'You are signed out');
    await ana.pictures('sessions-2-signed-out');
    await other.goto(`${gateway.site('wiki')}/`);
    assert.ok(other.url().startsWith(`${gateway.site('auth')}/sign-in`), other.url());
    await ana.leave();
  });

  test('after signing out each app tells the browser to forget what it kept, but no cookies', async () => {
    const ana = await Visitor.arrive(gateway);
    await ana.signInByLink(await gateway.secureLink('ana'));
    for (const app of ['wiki', 'reports']) assert.equal((await ana.navigate(`${gateway.secure(app)}/`)).status, 200);
    const out = await ana.submit(await ana.navigate(`${gateway.secure('auth')}/sign-out`));
    assert.match(out.body, /You are signed out/);
    for (const app of ['wiki', 'reports']) {
      const next = await ana.knock(`${gateway.secure(app)}/`);
      assert.equal(next.status, 303);
      assert.equal(next.headers['clear-site-data'], '"cache", "storage"');
    }
  });

  test('a person sees their sessions and ends the others', async () => {
    const here = await signedIn('ana');
    const there = await signedIn('ana');
    await there.open(`${gateway.site('wiki')}/`);
    await here.open(`${gateway.site('auth')}/`);
    await here.picture('sessions-3-list');
    await here.press(/^End the session of/);
    await there.open(`${gateway.site('wiki')}/`);
    assert.ok(there.page.url().startsWith(gateway.site('auth')), there.page.url());
    assert.match(await there.text(), /ended/);
    assert.equal((await here.open(`${gateway.site('wiki')}/`)).status(), 200);
    await here.leave();
    await there.leave();
  });

  test('one comes back to the page that one asked for', async () => {
    const bo = await Visitor.arrive(gateway);
    const refused = await bo.knock(`${gateway.secure('reports')}/report/quarter?x=1`);
    assert.equal(refused.status, 303);
    await bo.signInByLink(await gateway.secureLink('bo'));
    const back = await bo.navigate(refused.headers.location);
    assert.equal(back.url, `${gateway.secure('reports')}/report/quarter?x=1`);
    assert.equal(back.status, 200);
  });

  test('a POST that needs a sign-in is told that nothing was sent', async () => {
    const bo = await Visitor.arrive(gateway);
    const answer = await bo.knock(`${gateway.secure('wiki')}/page/welcome`, '--data-raw', 'title=x&text=y&base=1');
    assert.ok([401, 403].includes(answer.status), `got ${answer.status}`);
    assert.match(answer.body, /was not passed on|nothing was sent/i);
  });

  test('a hand-over code is worth nothing in another browser, and nothing twice', async () => {
    const bo = await Visitor.arrive(gateway);
    await bo.signInByLink(await gateway.secureLink('bo'));
    const toSignIn = await bo.knock(`${gateway.secure('reports')}/`);
    let step = toSignIn;
    while (!step.headers.location.includes('/.gatewright/callback')) {
      step = await bo.knock(new URL(step.headers.location, step.url).href);
    }
    const callback = step.headers.location;
    assert.match(step.headers['cache-control'], /no-store/);
    assert.equal(step.headers['referrer-policy'], 'no-referrer');
    const thief = await Visitor.arrive(gateway);
    const stolen = await thief.knock(callback);
    assert.ok(stolen.status >= 400, `got ${stolen.status}`);
    assert.equal(await thief.cookie(`reports.${gateway.domain}`, '__Host-gw-session'), undefined);
    const first = await bo.knock(callback);
    assert.equal(first.status, 303);
    assert.equal(new URL(first.headers.location, callback).href, `${gateway.secure('reports')}/`);
    const second = await bo.knock(callback);
    assert.ok(second.status >= 400, `got ${second.status}`);
  });
});
