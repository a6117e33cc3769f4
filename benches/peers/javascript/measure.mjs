// Measures the DataLoader of JavaScript on request.
//
// Requests come one a line, a name and a number of keys, and each is answered by a line with one
// figure. Every answer of the loader is checked.

import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import DataLoader from 'dataloader';

// What a block of passes should take at least, so that collecting garbage is part of the figure.
const BLOCK_MS = 40;
const BLOCKS = 3;
const MAX_BATCH = 1000;

const valueOf = (key) => key * 3 + 1;

let largest = 0;
let next = 0;

async function backend(keys) {
  largest = Math.max(largest, keys.length);
  return keys.map(valueOf);
}

// A bare promise for each key: what nobody can save who loads them one by one.
async function unbatched(key) {
  return valueOf(key);
}

function fresh(count) {
  const first = next;
  next += count;
  return Array.from({ length: count }, (_, index) => first + index);
}

function processorMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

// Returns what a pass costs by this clock, in nanoseconds: of the cheapest block, after one that
// warms up.
async function cost(clock, pass) {
  let least = Infinity;
  for (let block = 0; block <= BLOCKS; block += 1) {
    const start = clock();
    let passes = 0;
    do {
      await pass();
      passes += 1;
    } while (clock() - start < BLOCK_MS);
    const each = ((clock() - start) * 1e6) / passes;
    if (block > 0) least = Math.min(least, each);
  }
  return least;
}

function check(keys, values) {
  assert.equal(values.length, keys.length);
  keys.forEach((key, index) => assert.equal(values[index], valueOf(key)));
}

const uncached = () => new DataLoader(backend, { cache: false, maxBatchSize: MAX_BATCH });

const requests = {
  // Processor time of each load of many at once, over that of a bare promise.
  async joined(count) {
    const loader = uncached();
    const keys = fresh(count);
    check(keys, await Promise.all(keys.map((key) => loader.load(key))));
    const loads = await cost(processorMs, () =>
      Promise.all(fresh(count).map((key) => loader.load(key))),
    );
    const floor = await cost(processorMs, () =>
      Promise.all(fresh(count).map((key) => unbatched(key))),
    );
    return (loads - floor) / count;
  },

  // Processor time of each key of one call for many.
  async many(count) {
    const loader = uncached();
    const keys = fresh(count);
    check(keys, await loader.loadMany(keys));
    const loads = await cost(processorMs, () => loader.loadMany(fresh(count)));
    const made = await cost(processorMs, () => Promise.resolve(fresh(count)));
    return (loads - made) / count;
  },

  // How many keys the largest call of the backend had.
  async largest(count) {
    const loader = uncached();
    largest = 0;
    await loader.loadMany(fresh(count));
    return largest;
  },

  // Time of day of a load that is alone.
  async lone() {
    const loader = uncached();
    check([7], [await loader.load(7)]);
    return cost(performance.now.bind(performance), async () => {
      for (let load = 0; load < 100; load += 1) await loader.load(load);
    }).then((each) => each / 100);
  },

  // Processor time of a load of a key that is cached.
  async hit(count) {
    const loader = new DataLoader(backend);
    const keys = fresh(count);
    check(keys, await Promise.all(keys.map((key) => loader.load(key))));
    const hits = await cost(processorMs, async () => {
      for (const key of keys) await loader.load(key);
    });
    return hits / count;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, count] = line.split(' ');
  console.log(await requests[name](Number(count)));
}
