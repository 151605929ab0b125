// kill -9 under load, again and again. usage: [SEED=n] node crash-soak.mjs [ROUNDS] [PEOPLE]

import { CROWD, signInCrowd } from './lib/crowd.mjs';
import { Ordeal } from './lib/ordeal.mjs';
import { seeded } from './lib/random.mjs';

const rounds = Number(process.argv[2] ?? 100);
const people = Number(process.argv[3] ?? 10_000);
const random = seeded();
console.log(`SEED=${random.seed}, ${rounds} rounds, ${people} people with a session each`);

const ordeal = await Ordeal.begin(random, { config: `[ledger]\nsegment_size = "1MiB"\n${CROWD}` });
try {
  await signInCrowd(ordeal.gateway, people);
  for (let round = 1; round <= rounds; round += 1) {
    await ordeal.once();
    if (round % 10 === 0) console.log(`round ${round}: ${ordeal.summary()}`);
  }
  console.log(`nothing was lost: ${ordeal.summary()}`);
} catch (error) {
  console.error(`round ${ordeal.round} of SEED=${random.seed}: ${ordeal.summary()}`);
  throw error;
} finally {
  await ordeal.end();
}
