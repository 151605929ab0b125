// The live list: it follows, survives faults, stands still while it is read, and never holds up the page.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { startMock } from '../mock/server.mjs';
import { open } from './lib/browser.mjs';
import { Visitor } from './lib/visit.mjs';

const FRAME_MS = 1000 / 60;

/** Notes the time between frames for so long. */
const frames = (page, ms) =>
  page.evaluate(
    (ms) =>
      new Promise((resolve) => {
        const between = [];
        let before = performance.now();
        const begun = before;
        const look = (now) => {
          between.push(now - before);
          before = now;
          if (now - begun < ms) requestAnimationFrame(look);
          else resolve(between.slice(1).sort((a, b) => a - b));
        };
        requestAnimationFrame(look);
      }),
    ms,
  );

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

describe('live decisions', () => {
  let mock, browser;
  before(async () => {
    mock = await startMock({ rate: 1000 });
    browser = await open();
  });
  after(async () => {
    await browser?.close();
    await mock?.stop();
  });

  const isCut = (cell) => cell.evaluate((element) => element.scrollWidth > element.clientWidth);
  const newest = (page) => page.locator('.live-row .when').first().getAttribute('title');
  const polls = () => mock.asked.filter(({ what }) => what === 'GET /v1/decisions');

  test('a thousand a second keep few rows in the page and frames in time', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/decisions');
    await visitor.page.waitForFunction(
      () => Number(document.querySelector('.live')?.getAttribute('aria-rowcount')) === 500,
    );
    const between = await frames(visitor.page, 5000);
    const said = `frames: ${between.length} in 5 s, median ${at(between, 0.5).toFixed(1)} ms, p95 ${at(between, 0.95).toFixed(1)} ms, p99 ${at(between, 0.99).toFixed(1)} ms, longest ${between.at(-1).toFixed(1)} ms`;
    process.stdout.write(`${said}\n`);
    assert.ok(at(between, 0.5) < FRAME_MS * 1.5, said);
    assert.ok(at(between, 0.95) < FRAME_MS * 3, said);
    assert.ok((await visitor.page.locator('.live-row').count()) < 60);
    assert.deepEqual(visitor.errors, []);
    await visitor.leave();
  });

  test('the list stands still while somebody points at it, and goes on afterwards', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/decisions');
    await visitor.page.locator('.live-row').first().waitFor();
    await visitor.page.locator('.live').hover();
    await visitor.page.getByText(/held while you read/).waitFor();
    const before = await newest(visitor.page);
    await visitor.page.waitForFunction(
      (words) => document.querySelector('.live-state')?.textContent !== words,
      await visitor.page.locator('.live-state').innerText(),
    );
    assert.equal(await newest(visitor.page), before);
    await visitor.page.mouse.move(2, 2);
    await visitor.page.waitForFunction(
      (title) => document.querySelector('.live-row .when')?.getAttribute('title') !== title,
      before,
    );
    await visitor.leave();
  });

  test('a pause lasts until it is ended', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/decisions');
    await visitor.page.locator('.live-row').first().waitFor();
    await visitor.button('Pause').click();
    await visitor.page.mouse.move(2, 2);
    await visitor.page.getByText(/newer, paused/).waitFor();
    await visitor.button('Go on').click();
    await visitor.page.getByText(/^Live/).first().waitFor();
    await visitor.leave();
  });

  test('after faults it is asked again, ever later, and goes on by itself', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/decisions');
    await visitor.page.locator('.live-row').first().waitFor();
    const before = polls().length;
    mock.failures = 4;
    await visitor.page.getByText(/The records cannot be read just now\. Trying again/).waitFor();
    await visitor.page.locator('.live-state.faulty').waitFor({ state: 'detached' });
    assert.equal(mock.failures, 0);
    const since = polls()
      .slice(before)
      .map((poll) => poll.at);
    const waits = since.slice(1).map((time, n) => time - since[n]);
    const longest = Math.max(...waits);
    assert.ok(longest >= 1500 && waits.indexOf(longest) >= 2 && longest > waits[0], `waited ${waits.join(', ')} ms`);
    await visitor.leave();
  });

  test('another filter is another question to the server', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/decisions');
    await visitor.page.getByLabel('✕ deny').check();
    await visitor.page.getByLabel('App', { exact: true }).fill('payroll');
    await visitor.page.waitForURL(/outcome=deny&app=payroll/);
    await visitor.page.waitForFunction(() => {
      const rows = [...document.querySelectorAll('.live-row')];
      return (
        rows.length > 0 &&
        rows.every((row) => /payroll/.test(row.textContent ?? '') && /deny|step-up/.test(row.textContent ?? ''))
      );
    });
    await visitor.leave();
  });

  test('times are those of the day, to the millisecond where one looks closer, with the date of other days', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/decisions');
    const when = visitor.page.locator('.live-row .when').first();
    await when.waitFor();
    assert.match(await when.innerText(), /^\d\d:\d\d:\d\d$/);
    assert.equal(await isCut(when), false);
    const exact = /^\d+ \w+ \d{4}, \d\d:\d\d:\d\d\.\d{3} \S+$/;
    assert.match(await when.getAttribute('title'), exact);
    await visitor.page.locator('.live-row a').first().click();
    const sentence = visitor.page.locator('.decision time').first();
    await sentence.waitFor();
    assert.match(await sentence.innerText(), /\d\d:\d\d:\d\d\.\d{3} \S+ \(/);
    await visitor.leave();

    const at = mock.decisions.at.bind(mock.decisions);
    mock.decisions.at = (seq) => ({ ...at(seq), time: at(seq).time - 3 * 86_400_000 });
    const later = await Visitor.arrive(browser, mock);
    await later.open('/decisions');
    const before = later.page.locator('.live-row .when').first();
    await before.waitFor();
    assert.match(await before.innerText(), /^\d+ \w+, \d\d:\d\d$/);
    assert.match(await before.getAttribute('title'), exact);
    assert.equal(await isCut(before), false);
    mock.decisions.at = at;
    await later.leave();
  });

  test('people are told by name, with the id to copy beside it', async () => {
    const at = mock.decisions.at.bind(mock.decisions);
    const [bo, carla] = ['bo', 'carla'].map((name) => mock.users.find((user) => user.name === name));
    const gone = 'u-zzzzzzzzzzzzz';
    const change = (seq, why) => ({ ...at(seq), kind: 'change', outcome: 'change', decision: undefined, why });
    mock.decisions.at = (seq) =>
      seq % 4 === 0
        ? change(seq, `user-put ${bo.id} (bo), session-started s-1 of ${carla.id}, user-removed ${gone}`)
        : { ...at(seq), who: bo.name, user_id: bo.id, outcome: 'allow', what: `DELETE /v1/users/${carla.id}` };
    const visitor = await Visitor.arrive(browser, mock);
    const { page } = visitor;
    const asked = mock.asked.length;
    await visitor.open('/decisions');
    await page.locator('.live').hover();
    const why = page.locator('.live-row .why', { hasText: 'user-put' }).first();
    await page.getByText(`user-put bo, session-started s-1 of carla, user-removed ${gone}`).first().waitFor();
    assert.equal(await why.locator('span').first().getAttribute('title'), bo.id);
    const questions = mock.asked.slice(asked).filter(({ what }) => what.startsWith('GET /v1/users/u-'));
    assert.equal(questions.length, 2, 'each id is asked for once');
    const row = page.locator('.live-row', { hasText: 'DELETE' }).first();
    // A path is what was asked for, and stays it.
    assert.match(await row.locator('.what').innerText(), new RegExp(carla.id));
    assert.match(await row.locator('.who').getAttribute('title'), new RegExp(`^bo → .* · ${bo.id}$`));
    await row.locator('a').click();
    const who = page.locator('.decision dd').first();
    await who.getByRole('link', { name: 'bo' }).waitFor();
    assert.match(await who.innerText(), new RegExp(`bo\\s+${bo.id}[^]*in the session\\s+s-81kd03`));
    await who.getByRole('button', { name: 'Copy the id of bo' }).waitFor();
    const named = page.locator('.decision dd').nth(1);
    assert.match(await named.innerText(), new RegExp(`carla\\s+${carla.id}`));
    assert.deepEqual(await visitor.violations(), []);
    await named.getByRole('link', { name: 'carla' }).click();
    await page.getByRole('heading', { level: 1, name: 'Carla Ruiz' }).waitFor();
    mock.decisions.at = at;
    assert.deepEqual(visitor.errors, []);
    await visitor.leave();
  });

  test('whoever is signed out is taken to the door by a whole navigation', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/people');
    await visitor.page.evaluate(() => {
      window.sameDocument = true;
    });
    mock.signedOut = true;
    const whole = [];
    await visitor.page.route('**/*', (route) => {
      if (route.request().isNavigationRequest()) {
        whole.push(route.request().url());
        mock.signedOut = false;
      }
      return route.continue();
    });
    await visitor.page.getByRole('link', { name: 'Groups' }).click();
    await visitor.page.waitForFunction(() => window.sameDocument === undefined);
    await visitor.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    assert.deepEqual(whole, [`${mock.origin}/`]);
    await visitor.leave();
  });

  test('where the door lets the page through and the API does not, it says so instead of turning in circles', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    mock.signedOut = true;
    const before = mock.asked.length;
    await visitor.page.goto(`${mock.origin}/`);
    await visitor.page.getByText('Your session is over').waitFor();
    mock.signedOut = false;
    assert.ok(mock.asked.slice(before).filter(({ what }) => what === 'GET /v1/me').length === 1);
    await visitor.button('Try again').click();
    await visitor.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await visitor.leave();
  });
});

describe('where little happens', () => {
  let mock, browser;
  before(async () => {
    // A decision in ten minutes: none comes to answer a poll while it is left.
    mock = await startMock({ rate: 1 / 600 });
    browser = await open();
  });
  after(async () => {
    await browser?.close();
    await mock?.stop();
  });

  /** How long until that many are waited for, in milliseconds. */
  const until = async (polls) => {
    const begun = performance.now();
    while (mock.polling.size !== polls) {
      assert.ok(performance.now() - begun < 5000, `${mock.polling.size} polls are open, not ${polls}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return performance.now() - begun;
  };

  for (const [words, from, leave] of [
    ['another page is gone to', '/decisions?user=nobody', (page) => page.getByRole('link', { name: 'People' }).click()],
    [
      'it is filtered otherwise',
      '/decisions?user=nobody',
      (page) => page.getByRole('radio', { name: '✕ cut' }).check(),
    ],
    ['the console is left', '/decisions?user=nobody', (page) => page.goto('about:blank')],
    ['the overview is left', '/', (page) => page.getByRole('link', { name: 'Groups' }).click()],
  ])
    test(`a poll ends at once when ${words}`, async () => {
      const visitor = await Visitor.arrive(browser, mock);
      await visitor.open(from);
      await until(1);
      const [poll] = mock.polling;
      await leave(visitor.page);
      const begun = performance.now();
      while (mock.polling.has(poll)) {
        assert.ok(performance.now() - begun < 2000, 'the poll is still open');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.ok(!poll.writableEnded, 'it was answered instead');
      await visitor.leave();
      await until(0);
    });
});

describe('ten thousand people', () => {
  let mock, browser;
  before(async () => {
    mock = await startMock({ rate: 1 });
    browser = await open();
  });
  after(async () => {
    await browser?.close();
    await mock?.stop();
  });

  test('come page by page, and a search asks the server', async () => {
    const visitor = await Visitor.arrive(browser, mock);
    await visitor.open('/people');
    await visitor.page.getByText('1 to 50 of 10 000 people').waitFor();
    await visitor.button('Next').click();
    await visitor.page.getByText('51 to 100 of 10 000 people').waitFor();
    assert.equal(await visitor.page.locator('tbody tr').count(), 50);
    await visitor.button('Previous').click();
    await visitor.page.getByText('1 to 50 of 10 000 people').waitFor();
    await visitor.page.getByLabel('Name or address').fill('zoe keller');
    await visitor.page.waitForFunction(() =>
      [...document.querySelectorAll('tbody tr')].every((row) => /Zoe Keller/.test(row.textContent ?? '')),
    );
    assert.match(visitor.page.url(), /q=zoe\+keller/);
    await visitor.leave();
  });
});
