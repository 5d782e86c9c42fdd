// What Node leaves to its users: queues, locks and time limits of promises, as they write them.

export class Future {
  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

// First in, first out. (Array.shift moves everything once there are many.)
class Fifo {
  size = 0;

  push(value) {
    const node = { value, next: null };
    if (this.size++ === 0) this.first = node;
    else this.last.next = node;
    this.last = node;
  }

  shift() {
    if (this.size === 0) return undefined;
    const { value, next } = this.first;
    this.first = next;
    if (--this.size === 0) this.last = null;
    return value;
  }
}

export class Event {
  #future = new Future();

  set() {
    this.#future.resolve();
  }

  wait() {
    return this.#future.promise;
  }
}

export class Queue {
  #items = new Fifo();
  #getters = new Fifo();
  #putters = new Fifo();

  constructor(maxsize = Infinity) {
    this.maxsize = maxsize;
  }

  async put(item) {
    while (this.#items.size >= this.maxsize) await new Promise((resolve) => this.#putters.push(resolve));
    this.#items.push(item);
    this.#getters.shift()?.();
  }

  async get() {
    while (this.#items.size === 0) await new Promise((resolve) => this.#getters.push(resolve));
    const item = this.#items.shift();
    this.#putters.shift()?.();
    return item;
  }
}

export class Semaphore {
  #waiters = new Fifo();

  constructor(permits) {
    this.permits = permits;
  }

  async acquire() {
    if (this.permits > 0) this.permits--;
    else await new Promise((resolve) => this.#waiters.push(resolve));
  }

  release() {
    const next = this.#waiters.shift();
    if (next) next();
    else this.permits++;
  }
}

export async function withPermit(semaphore, fn) {
  await semaphore.acquire();
  try {
    return await fn();
  } finally {
    semaphore.release();
  }
}

export async function withTimeout(seconds, promise) {
  let timer;
  const expiry = new Promise((_, reject) => {
    timer = setTimeout(reject, seconds * 1e3, new Error('timeout'));
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
  }
}

export const aborted = (signal) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
