-- A deadlock: everything waits, and nothing can wake anybody. neap notices, and raises
-- DeadlockError in the main task with the list of what each task waits for; where tasks wait for
-- each other in a circle, it names that.
-- The way out depends: take locks in one order everywhere, shut queues down when no more comes, and
-- wait with a limit where the other side may be gone.
-- asyncio: such a program hangs.

-- A queue that nobody fills any more.
local queue = async.Queue()
local producer = async.create_task(function()
  queue:put("the only item")
end, { name = "producer" })
print(queue:get())
print(pcall(queue.get, queue)) -- the mistake: the producer has ended

-- Right: who has no more to give says so.
await(producer)
queue:shutdown()
print(pcall(queue.get, queue))

-- Two locks, taken in a different order.
local accounts, log = async.Lock(), async.Lock()
local function transfer()
  local a <close> = accounts:acquire()
  async.sleep(0.1)
  local b <close> = log:acquire()
end
local function audit()
  local b <close> = log:acquire()
  async.sleep(0.1)
  local a <close> = accounts:acquire()
end
local auditor = async.create_task(audit, { name = "auditor" })
print(pcall(transfer)) -- the mistake
await(auditor) -- the error has released the lock, so that the other goes on

-- Right: the same order everywhere; then one of them waits for the other.
local function audit_in_order()
  local a <close> = accounts:acquire()
  local b <close> = log:acquire()
  async.sleep(0.1)
end
async.gather(transfer, audit_in_order)
print("both done")

-- A task that awaits itself is refused at once.
print(pcall(await, async.current_task()))

--[[ prints:
the only item
false	DeadlockError: every task waits, and nothing can wake one:
  'main' waits in queue:get at ...deadlock.lua:14 for <Queue size=0 getters=1 putters=0>
false	QueueShutDown: Queue has been shut down
false	DeadlockError: every task waits, and nothing can wake one:
  'main' waits in lock:acquire at ...deadlock.lua:26 for <Lock locked by 'auditor' waiting=1>
  'auditor' waits in lock:acquire at ...deadlock.lua:31 for <Lock locked by 'main' waiting=1>
  in a circle: 'main' -> 'auditor' -> 'main'
both done
false	RuntimeError: a task cannot await itself
]]
