// kill -9 under load, a short form: `make soak` runs the long one.

import { after, before, describe, test } from 'node:test';
import { Ordeal } from './lib/ordeal.mjs';
import { seeded } from './lib/random.mjs';

const ROUNDS = 5;

describe('kill -9 under load', () => {
  const random = seeded();
  let ordeal;

  before(async () => {
    ordeal = await Ordeal.begin(random);
  });

  after(() => ordeal?.end());

  test('loses nothing that was acknowledged, and leaves nothing half-done', async (t) => {
    t.diagnostic(`SEED=${random.seed}`);
    for (let round = 0; round < ROUNDS; round += 1) await ordeal.once();
    t.diagnostic(ordeal.summary());
  });
});
