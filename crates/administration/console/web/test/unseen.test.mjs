// Characters that are not seen, or that turn text round, are shown as what they are, wherever text comes from outside.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { Visitor } from './lib/visit.mjs';

const TURN = '\u202e';
const HIDDEN = '\u200b\u2066\u0085\ufeff\u200d\u3164';
const ODD = `${TURN}seton${HIDDEN}`;
const SHOWN = '\\u{202e}seton\\u{200b}\\u{2066}\\u{85}\\u{feff}\\u{200d}\\u{3164}';

/** All text and all that is read out, but what is in fields and beneath them. */
const holding = (page) =>
  page.evaluate(() => {
    const unseen = /[\u0080-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\u3164\ufeff]/;
    const found = [document.title].filter((text) => unseen.test(text));
    const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE) {
        if (!node.parentElement.closest('.code-beneath') && unseen.test(node.data)) found.push(node.data);
      } else
        for (const { name, value } of node.attributes)
          if (name !== 'value' && unseen.test(value)) found.push(`${name}=${value}`);
    }
    return found;
  });

describe('characters that are not seen', () => {
  let mock, browser, visitor, page;
  before(async () => {
    mock = await startMock({ rate: 20 });
    const bo = mock.users.find(({ name }) => name === 'bo');
    Object.assign(bo, { display_name: ODD, sessions: 2, attributes: { team: ODD } });
    bo.factors = [{ id: 'f-odd', kind: 'passkey', name: ODD, enrolled_at: Date.now() }];
    const app = mock.apps.find(({ name }) => name === 'payroll');
    Object.assign(app, { title: ODD, description: ODD, tags: [ODD] });
    app.routes[0].paths = [`/${ODD}`];
    Object.assign(mock.groups[0], { title: ODD });
    mock.breakGlass[0].label = ODD;
    mock.breakGlass.at(-1).used.client = ODD;
    mock.policies.files = [
      ...mock.policies.files,
      {
        name: `${ODD}.cedar`,
        text: `@id("odd-one")\n@description("${ODD}")\npermit (principal is User, action, resource);`,
      },
    ];
    const at = mock.decisions.at.bind(mock.decisions);
    mock.decisions.at = (seq) => ({ ...at(seq), what: `GET /${ODD}`, who: ODD, why: ODD });
    browser = await open();
  });
  after(async () => {
    await browser?.close();
    await mock?.stop();
  });
  beforeEach(async () => {
    visitor = await Visitor.arrive(browser, mock);
    page = visitor.page;
    const odd = { client: ODD, path: `/${ODD}` };
    for (const list of ['sessions', 'leases'])
      await page.route(`**/v1/${list}**`, async (route) => {
        const response = await route.fetch();
        const json = await response.json();
        await route.fulfill({ response, json: { ...json, items: json.items?.map((item) => ({ ...item, ...odd })) } });
      });
  });
  afterEach(async () => {
    assert.deepEqual(visitor.errors, []);
    await visitor.leave();
  });

  for (const path of [
    '/',
    '/people?q=bo',
    '/people/bo',
    '/groups',
    '/apps?q=payroll',
    '/apps/payroll',
    '/apps/payroll/edit',
    '/decisions',
    '/sessions',
    '/leases',
    '/policies',
    '/policies/odd-one',
    '/policies/edit',
    '/break-glass',
    '/map?q=payroll',
  ])
    test(`are written out at ${path}`, async () => {
      await visitor.open(path);
      await page.waitForFunction(
        (shown) => {
          const held = [...document.querySelectorAll('input, textarea')].map(({ value }) => value).join();
          return document.body.textContent.includes(shown) || held.includes('seton');
        },
        SHOWN.slice(0, 14),
      );
      assert.deepEqual(await holding(page), []);
    });

  test('are written out where something is found, and in what is read out', async () => {
    await visitor.open('/');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('payroll');
    await page.getByRole('option', { name: SHOWN }).first().waitFor();
    assert.deepEqual(await holding(page), []);
    await visitor.open('/people/bo');
    assert.equal(await visitor.heading(), SHOWN);
    assert.equal(await page.title(), `${SHOWN} · Gatewright`);
    await page
      .getByRole('button', { name: `End the session on ${SHOWN}` })
      .first()
      .click();
    assert.match(await visitor.dialog().innerText(), /on \\u\{202e\}seton/);
    assert.deepEqual(await holding(page), []);
  });

  test('stay in a field as they are, named below it, and are sent back as they were', async () => {
    await visitor.open('/people/bo');
    assert.equal(await visitor.field('Name to show').inputValue(), ODD);
    await page.getByText('It holds what is not seen: \\u{202e}').first().waitFor();
    await visitor.field('Name to show').fill(`${ODD}!`);
    const sent = page.waitForRequest((request) => request.method() === 'PATCH');
    await visitor.button('Save').click();
    assert.deepEqual((await sent).postDataJSON(), { display_name: `${ODD}!` });
    await page.getByRole('heading', { level: 1, name: `${SHOWN}!` }).waitFor();
  });

  test('in files that are chosen are told before they are applied', async () => {
    await visitor.open('/settings');
    const file = (name, text) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
    await page
      .locator('input[type=file]')
      .nth(1)
      .setInputFiles([file('plain.toml', ''), file('odd.cedar', `// ${ODD}`)]);
    await page.getByText(/^! odd\.cedar may not be what it looks like: .*\\u\{202e\}, .* and \\u\{3164\}$/).waitFor();
    assert.deepEqual(await holding(page), []);
  });

  test('in the text of a policy are told above it; the text is left as it is', async () => {
    await visitor.open('/policies/edit');
    assert.equal(await page.locator('.unseen').count(), 0);
    const area = page.getByLabel('Text of apps.cedar');
    await area.fill(`// one\n// ${TURN}two`);
    assert.match(
      await page.locator('.unseen').innerText(),
      /apps\.cedar may not be what it looks like[^]*\\u\{202e\} in line 2/,
    );
    assert.equal(await area.inputValue(), `// one\n// ${TURN}two`);
    assert.equal(await page.locator('.code-beneath').textContent(), `// one\n// ${TURN}two\n`);
    assert.deepEqual(await visitor.violations(), []);
  });
});
