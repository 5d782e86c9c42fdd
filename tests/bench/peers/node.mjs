// The benchmark rows in Node.
//
// usage: node node.mjs ROW [N]
//
// The same programs as the other files here; see ../README.md for what each row is.
// sleep(0) is setImmediate: like asyncio's it lets the loop turn, which `await null` would not.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setImmediate, setTimeout as sleepMs } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { Event, Future, Queue, Semaphore, aborted, withPermit, withTimeout } from './node_tasks.mjs';

const nap = async () => {
  await setImmediate();
};

const spawnAll = (n, fn) => Array.from({ length: n }, (_, i) => fn(i + 1));

// What is measured begins with the row, or where the row starts it once everything is in place.
const clock = {
  start() {
    this.wall = process.hrtime.bigint();
    this.cpu = process.cpuUsage();
  },
  read() {
    const { user, system } = process.cpuUsage(this.cpu);
    return { cpu: (user + system) * 1e3, wall: Number(process.hrtime.bigint() - this.wall) };
  },
};

async function queueing(n, maxsize) {
  const queue = new Queue(maxsize);
  const producer = (async () => {
    for (let i = 0; i < n; i++) await queue.put(i);
  })();
  for (let i = 0; i < n; i++) {
    if ((await queue.get()) !== i) throw new Error('wrong order');
  }
  await producer;
}

async function switching(n, tasks) {
  const rounds = Math.max(Math.floor(n / tasks), 1);
  await Promise.all(
    spawnAll(tasks, async () => {
      for (let i = 0; i < rounds; i++) await setImmediate();
    }),
  );
  return { ops: rounds * tasks };
}

const delay = (i) => (((i * 7919) % 50021) / 50021) * 0.5;

async function chaining(n, depth) {
  const step = async (left) => (left === 0 ? 0 : 1 + (await step(left - 1)));
  for (let i = 0; i < Math.floor(n / depth); i++) {
    if ((await step(depth)) !== depth) throw new Error('wrong depth');
  }
}

async function descending(n, depth) {
  const descend = async (left) => {
    if (left > 0) return await descend(left - 1);
    for (let i = 0; i < n; i++) await setImmediate();
  };
  await descend(depth);
}

const KEPT = 1000;

// The longest time between two steps of a task that makes records and keeps the last 1,000 of them.
async function jittering(n, parked) {
  const gate = new Future();
  const tasks = spawnAll(parked, async () => {
    await gate.promise;
  });
  await setImmediate();
  const kept = new Array(KEPT);
  let longest = 0;
  clock.start();
  let before = performance.now();
  for (let i = 0; i < n; i++) {
    kept[i % KEPT] = { id: i, name: `user ${i}`, tags: ['a', 'b', i] };
    await setImmediate();
    const after = performance.now();
    longest = Math.max(longest, after - before);
    before = after;
  }
  gate.resolve();
  await Promise.all(tasks);
  return { extra: { gap_ms: longest } };
}

const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));

// Each row is measured as a whole. It may give the operations done (if not n), further fields for
// the result, and a function that ends its tasks after the measurement.
const rows = {
  switch1: (n) => switching(n, 1),
  switch1000: (n) => switching(n, 1000),
  switch10k: (n) => switching(n, 10000),
  switch100k: (n) => switching(n, 100000),

  async spawn_seq(n) {
    for (let i = 0; i < n; i++) await nap();
  },

  async gather(n) {
    await Promise.all(spawnAll(n, nap));
  },

  async parked(n) {
    const gate = new Future();
    const tasks = spawnAll(n, async () => {
      await gate.promise;
    });
    await setImmediate();
    return {
      async finish() {
        gate.resolve();
        await Promise.all(tasks);
      },
    };
  },

  async event(n) {
    const event = new Event();
    const tasks = spawnAll(n, async () => {
      await event.wait();
    });
    await setImmediate();
    clock.start();
    event.set();
    await Promise.all(tasks);
  },

  queue100: (n) => queueing(n, 100),
  queueinf: (n) => queueing(n),

  async lock100(n) {
    const lock = new Semaphore(1);
    const rounds = Math.max(Math.floor(n / 100), 1);
    await Promise.all(
      spawnAll(100, async () => {
        for (let i = 0; i < rounds; i++) await withPermit(lock, () => setImmediate());
      }),
    );
    return { ops: rounds * 100 };
  },

  async sem5(n) {
    const semaphore = new Semaphore(5);
    await Promise.all(spawnAll(n, () => withPermit(semaphore, () => setImmediate())));
  },

  async timers(n) {
    await Promise.all(
      spawnAll(n, async (i) => {
        await sleepMs(delay(i) * 1e3);
      }),
    );
  },

  async timers_late(n) {
    let latest = 0;
    await Promise.all(
      spawnAll(n, async (i) => {
        const due = performance.now() + delay(i) * 1e3;
        await sleepMs(delay(i) * 1e3);
        latest = Math.max(latest, performance.now() - due);
      }),
    );
    return { extra: { late_ms: latest } };
  },

  async timers_cancel(n) {
    const never = () => {
      throw new Error('a cancelled call ran');
    };
    for (let i = 1; i <= n; i++) {
      clearTimeout(setTimeout(never, 60e3));
      if (i % 100 === 0) await setImmediate();
    }
  },

  async timeout(n) {
    for (let i = 0; i < n; i++) await withTimeout(10, setImmediate());
  },

  async pingpong(n) {
    let ping = new Future();
    let pong;
    const ponger = (async () => {
      for (let i = 0; i < n; i++) {
        await ping.promise;
        ping = new Future();
        pong.resolve();
      }
    })();
    for (let i = 0; i < n; i++) {
      pong = new Future();
      ping.resolve();
      await pong.promise;
    }
    await ponger;
  },

  chain10: (n) => chaining(n, 10),
  chain100: (n) => chaining(n, 100),
  chain1000: (n) => chaining(n, 1000),

  deep10: (n) => descending(n, 10),
  deep100: (n) => descending(n, 100),
  deep1000: (n) => descending(n, 1000),

  async cancel(n) {
    let cleaned = 0;
    const child = async (signal) => {
      try {
        await aborted(signal);
      } finally {
        cleaned++;
      }
    };
    const controllers = spawnAll(n, () => new AbortController());
    const tasks = controllers.map((controller) => child(controller.signal));
    await setImmediate();
    for (const controller of controllers) controller.abort();
    await Promise.allSettled(tasks);
    if (cleaned !== n) throw new Error('a cleanup was skipped');
  },

  async cancel_rev(n) {
    let cleaned = 0;
    const event = new Event();
    const child = async (signal) => {
      try {
        await Promise.race([event.wait(), aborted(signal)]);
      } finally {
        cleaned++;
      }
    };
    const controllers = spawnAll(n, () => new AbortController());
    const tasks = controllers.map((controller) => child(controller.signal));
    await setImmediate();
    for (const controller of controllers.reverse()) controller.abort();
    await Promise.allSettled(tasks);
    if (cleaned !== n) throw new Error('a cleanup was skipped');
  },

  jitter1000: (n) => jittering(n, 1000),
  jitter10k: (n) => jittering(n, 10000),
  jitter100k: (n) => jittering(n, 100000),

  async fib32(n) {
    for (let i = 0; i < n; i++) {
      if (fib(32) !== 2178309) throw new Error('wrong number');
    }
  },

  async strmix(n) {
    let parts = [];
    let size = 0;
    for (let i = 1; i <= n; i++) {
      const line = `user${i % 1000}:${i}:some text`;
      const [, name, id] = line.match(/^(\w+):(\d+):/);
      parts.push(`${name.toUpperCase()}=${id}`);
      if (i % 100 === 0) {
        size += parts.join(',').length;
        parts = [];
      }
    }
    if (n >= 100 && size === 0) throw new Error('nothing joined');
  },

  // About 1 MiB, there and back.
  async copy1m(n) {
    const list = [];
    for (let i = 1; i <= 15000; i++) {
      list.push({ id: i, name: `user ${i}`, score: i / 2, active: i % 2 === 0, tags: ['a', 'b', i % 10] });
    }
    const echo = "const { parentPort } = require('worker_threads');" +
      "parentPort.on('message', (value) => parentPort.postMessage(value));";
    const worker = new Worker(echo, { eval: true });
    const call = async (value) => {
      worker.postMessage(value);
      return (await once(worker, 'message'))[0];
    };
    if ((await call(list)).length !== 15000) throw new Error('not all came back');
    clock.start();
    for (let i = 0; i < n; i++) await call(list);
    worker.unref();
  },
};

// Bytes: VmRSS is resident now, VmHWM the most that ever was. null where there is no /proc.
function memory(field) {
  try {
    const status = readFileSync('/proc/self/status', 'ascii');
    return Number(status.match(new RegExp(`${field}:\\s*(\\d+) kB`))[1]) * 1024;
  } catch {
    return null;
  }
}

const [name, count = '100000'] = process.argv.slice(2);
const row = rows[name];
if (!row) {
  console.error(`usage: node node.mjs ROW [N]\nrows: ${Object.keys(rows).join(' ')}`);
  process.exit(1);
}

const n = Number(count);
const resident = memory('VmRSS');
clock.start();
const { ops = n, extra = {}, finish } = (await row(n)) ?? {};
const { cpu, wall } = clock.read();
const result = {
  row: name,
  n: ops,
  cpu_ns: cpu / ops,
  wall_ns: wall / ops,
  peak_rss: memory('VmHWM'),
  ...extra,
};
if (finish) {
  result.bytes_each = resident && (memory('VmRSS') - resident) / ops;
  await finish();
}
console.log(JSON.stringify(result));
