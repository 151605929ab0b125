// Every page and every state of it: it renders, fits, satisfies axe, and breaks nothing of its own policy.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { CSP, startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { PAGES } from './lib/pages.mjs';
import { DESKTOP, NARROW, PHONE, Visitor, ZOOMED } from './lib/visit.mjs';

const SIZES = { desktop: DESKTOP, phone: PHONE };

/** Opens the page anew for each size: what is laid out for one is not what another gets. */
async function clean(browser, mock, path, prepare) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    const visitor = await Visitor.arrive(browser, mock, {
      viewport,
      hasTouch: size === 'phone',
      isMobile: size === 'phone',
    });
    await visitor.open(path);
    await prepare?.(visitor.page);
    for (const colorScheme of ['light', 'dark']) {
      await visitor.page.emulateMedia({ colorScheme });
      assert.deepEqual(await visitor.violations(), [], `${path}, ${size}, ${colorScheme}`);
    }
    assert.ok((await visitor.overflow()) <= 0, `${path} is ${await visitor.overflow()} px too wide, ${size}`);
    for (const smaller of size === 'desktop' ? [ZOOMED, NARROW] : []) {
      await visitor.page.setViewportSize(smaller);
      assert.ok(
        (await visitor.overflow()) <= 0,
        `${path} is ${await visitor.overflow()} px too wide at ${smaller.width}`,
      );
      assert.deepEqual(await visitor.beyond(), [], `${path} at ${smaller.width}`);
    }
    assert.match(await visitor.page.title(), / · Gatewright$/);
    assert.equal(await visitor.page.locator('h1').count(), 1);
    assert.deepEqual(visitor.errors, [], `${path}, ${size}`);
    await visitor.leave();
  }
}

describe('pages', { concurrency: 2 }, () => {
  let mock, browser;
  before(async () => {
    mock = await startMock({ rate: 200 });
    browser = await open();
  });
  after(async () => {
    await browser?.close();
    await mock?.stop();
  });

  for (const [name, path, prepare] of PAGES) {
    test(`"${name}" renders, fits and is accessible`, async () => {
      await clean(browser, mock, typeof path === 'function' ? path(mock) : path, prepare);
    });
  }
});

describe('a page', () => {
  let mock, browser;
  before(async () => {
    mock = await startMock({ rate: 200 });
    browser = await open();
  });
  after(async () => {
    await browser?.close();
    await mock?.stop();
  });

  test('runs under a policy that allows neither inline code nor other origins', async () => {
    const answer = await fetch(`${mock.origin}/people`);
    assert.equal(answer.headers.get('content-security-policy'), CSP);
    const text = await answer.text();
    assert.doesNotMatch(text, /<style|style=|<script(?![^>]*src=)/);
    assert.doesNotMatch(text, /\son\w+=/);
  });

  test('that meets what it does not know says so and leaves the frame', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    mock.apps.find(({ name }) => name === 'reports').upstream = null;
    await visitor.open('/apps/reports');
    await visitor.page.getByText('The console met something that it does not know.').waitFor();
    mock.apps.find(({ name }) => name === 'reports').upstream = { servers: ['http://10.0.0.9:3000'] };
    await visitor.page.getByRole('link', { name: 'Groups' }).click();
    await visitor.page.getByRole('heading', { level: 1, name: 'Groups' }).waitFor();
    await visitor.leave();
  });

  test('of a thing that does not exist says so and what to do', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/people/nobody-of-that-name');
    const note = await visitor.page.getByRole('alert').innerText();
    assert.match(note, /Nobody is called nobody-of-that-name\./);
    assert.match(note, /Search the people by another name\./);
    await visitor.leave();
  });
});

describe('what is changed elsewhere', () => {
  let mock, browser;
  before(async () => {
    mock = await startMock({ rate: 1 });
    mock.users.find(({ name }) => name === 'ana').managed_by = 'declared';
    mock.groups.find(({ name }) => name === 'finance').managed_by = 'declared';
    mock.groups.find(({ name }) => name === 'owners').managed_by = 'configuration';
    browser = await open();
  });
  after(async () => {
    await browser?.close();
    await mock?.stop();
  });

  for (const [path, words, changeable] of [
    ['/people/ana', /The declared files hold it/, true],
    ['/groups/finance', /The declared files hold it/, true],
    ['/groups/owners', /The configuration file owns this group/, false],
  ]) {
    test(`${path} says so`, async () => {
      const visitor = await Visitor.arrive(browser, mock);
      await visitor.open(path);
      await visitor.page.getByText(words).waitFor();
      assert.equal((await visitor.page.getByRole('button', { name: 'Remove', exact: true }).count()) > 0, changeable);
      assert.deepEqual(await visitor.violations(), []);
      await visitor.leave();
    });
  }
});

describe('an organisation in which nothing happens yet', () => {
  let mock, browser;
  before(async () => {
    mock = await startMock({ rate: 1, quiet: true });
    for (const name of ['users', 'groups', 'apps']) mock[name].length = name === 'users' ? 1 : 0;
    Object.assign(mock.users[0], { groups: [], factors: [], sessions: 0 });
    mock.policies.files = [];
    mock.policies.kept = [];
    browser = await open();
  });
  after(async () => {
    await browser?.close();
    await mock?.stop();
  });

  const empty = {
    '/': /Nobody was refused/,
    '/groups': /No group yet/,
    '/devices': /Devices come with device trust/,
    '/apps': /No app yet/,
    '/decisions?outcome=cut': /Nothing of this kind lately/,
    '/people?q=zzz': /Nobody matches/,
    '/people/ana': /In no group/,
    '/sessions?user=ana': /ana is not signed in/,
    '/leases': /Nothing is open/,
    '/break-glass': /Nothing is sealed/,
    '/policies': /No policy of your own yet/,
    '/policies/history': /No history yet/,
    '/invitations': /No invitation is open/,
    '/proposals': /Nothing waits/,
    '/map': /Nobody can reach anything yet/,
    '/settings': /Nothing is declared/,
  };
  for (const [path, words] of Object.entries(empty)) {
    test(`${path} teaches what will be there`, async () => {
      mock.decisions.at = () => ({
        seq: 1,
        time: Date.now(),
        outcome: 'note',
        kind: 'note',
        who: 'gatewright',
        what: 'started',
        because: [],
        why: 'started',
      });
      const visitor = await Visitor.arrive(browser, mock);
      await visitor.open(path);
      await visitor.page.getByText(words).first().waitFor();
      assert.equal((await visitor.page.getByText(/^0 \w+$/).count()) <= 1, true, 'nothing is counted twice');
      assert.deepEqual(await visitor.violations(), []);
      assert.deepEqual(visitor.errors, []);
      await visitor.leave();
    });
  }
});

describe('somebody who may only read', () => {
  let mock, browser;
  before(async () => {
    mock = await startMock({ rate: 20, auditor: true });
    browser = await open();
  });
  after(async () => {
    await browser?.close();
    await mock?.stop();
  });

  test('is offered nothing that would be refused', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    for (const [path, name] of [
      ['/people/bo', /Disable|Take out|Put into|End|link$/],
      ['/apps/payroll', /Remove|End/],
      ['/sessions', /^End/],
      ['/leases', /^End/],
      ['/settings', /Rotate/],
      ['/groups', /Add a group/],
      ['/clients/notes', /Suspend|Remove|Take back/],
      ['/invitations', /Take back/],
    ]) {
      await visitor.open(path);
      assert.equal(await visitor.button(name).count(), 0, path);
    }
    await visitor.leave();
  });

  test('is told so where a page is of decisions or policies, and nothing is asked in vain', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    for (const path of ['/', '/decisions', '/policies', '/policies/edit', '/map', '/people/bo', '/apps/payroll']) {
      mock.asked.length = 0;
      await visitor.open(path);
      await visitor.page.getByText('policy does not permit you').first().waitFor();
      const asked = mock.asked.map(({ what }) => what);
      assert.deepEqual(
        asked.filter((what) => /decisions|policies|map|access$/.test(what)),
        [],
        path,
      );
    }
    assert.deepEqual(visitor.errors, []);
    await visitor.leave();
  });

  test('is told which permission is missing', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/people/add');
    assert.match(await visitor.page.locator('main').innerText(), /policy does not permit you admin\.user\.add/);
    await visitor.open('/invitations/add');
    assert.match(await visitor.page.locator('main').innerText(), /policy does not permit you admin\.client\.change/);
    await visitor.leave();
  });
});
