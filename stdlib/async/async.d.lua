---@meta async

-- Types of the async module for lua-language-server. Times and delays are seconds and may be fractions; a delay
-- below 0 counts as 0, one of 4.6e9 (146 years) or more never ends, NaN is a ValueError.
-- "Waits" means: the calling task is suspended and others run. Such a call raises CancelledError when the task is
-- cancelled, and RuntimeError where nothing can wait: in a callback of the loop, or inside a C function such as
-- table.sort.

---What can be awaited or made a task: a function is called without arguments.
---@alias async.Awaitable async.Coroutine|async.Future|async.CustomAwaitable|fun(): any

---Any value whose metatable has `__await(self, ...)`.
---@class async.CustomAwaitable

---A call that has been described and not started, as Python's `async def` gives. It can be used once: awaited,
---or made a task.
---@class async.Coroutine

---asyncio's surface for Lua. `async(fn)` makes an async function: calling it gives a Coroutine and runs nothing.
---TypeError when `fn` is no function.
---@class async
---@overload fun(fn: fun(...: any): any): (fun(...: any): async.Coroutine)
async = {}

---Runs a Coroutine in the current task and returns its results; waits for a Task or Future and returns its results
---or raises its error; calls `__await(x, ...)` of a value that has it; returns any other value, and all further
---arguments, as they are. TypeError for a function; RuntimeError for a Coroutine that was used before, and for a
---task that awaits itself. Cancelling the waiter cancels the Task or Future (see `async.shield`).
---@async
---@param x async.Coroutine|async.Future|any
---@param ... any
---@return any ...
function await(x, ...) end

async.await = await

-- Subprocesses and signals: see neap.process and neap.signal -----------------------------------------------------

async.create_subprocess_exec = require("neap.process").create_subprocess_exec
async.create_subprocess_shell = require("neap.process").create_subprocess_shell
async.subprocess = require("neap.process").subprocess
async.signals = require("neap.signal").signals

-- Contexts -----------------------------------------------------------------------------------------------------

---A variable whose value belongs to a task: what a task starts begins with a copy of its values.
---@class async.ContextVar
---@field name string
---@field default any
local ContextVar = {}

---A new variable. TypeError when the name is no string.
---@param name string for people
---@param default? any what `get` gives where it was never set
---@return async.ContextVar
function async.ContextVar(name, default) end

---Its value in the running task or callback; else `default` when one is given, else the variable's own, else nil.
---@param default? any
---@return any
function ContextVar:get(default) end

---Sets it in the running task or callback.
---@param value any
---@return async.Token token for `reset`
function ContextVar:set(value) end

---Brings back what the variable had before the `set` that gave the token. RuntimeError when the token was used before,
---ValueError when it is of another variable or another context, TypeError for what is no Token.
---@param token async.Token
function ContextVar:reset(token) end

---What `ContextVar:set` gives, for `reset`.
---@class async.Token
---@field var async.ContextVar
local Token = {}

---The values of all variables; `#context` counts them, `pairs(context)` goes over variables and values.
---@class async.Context
local Context = {}

---A copy of the running code's context.
---@return async.Context
function async.copy_context() end

---Calls `fn(...)` in the context and returns its results; what it sets stays in the context. RuntimeError while the
---context is entered already.
---@async
---@param fn fun(...: any): ...
---@param ... any
---@return any ...
function Context:run(fn, ...) end

---The value of a variable, or `default` when it is not set in this context. TypeError for what is no ContextVar.
---@param var async.ContextVar
---@param default? any
---@return any
function Context:get(var, default) end

---A new Context with the same values.
---@return async.Context
function Context:copy() end

-- Running ------------------------------------------------------------------------------------------------------

---Options of `async.run`.
---@class async.RunOptions
---@field debug? boolean turns debug mode on or off meanwhile
---@field clock? "virtual" time jumps to the next deadline when everything waits
---@field seed? integer takes ready tasks in a random order that depends on nothing but the seed
---@field cancel_at? integer answers that suspension of any task but `main` itself, counted from 1, by a cancel request

---Runs `main` in a new task to its end, cancels the tasks made meanwhile that are left, waits for them, and returns
---what `main` returned or raises its error. Only for the script's main task: RuntimeError elsewhere.
---@async
---@param main async.Coroutine|fun(): ...
---@param options? async.RunOptions
---@return any ...
function async.run(main, options) end

---An event loop object for programs written in asyncio's low-level pattern: it drives the one loop of the thread,
---and closing it cancels the tasks made since.
---@return async.EventLoop
function async.new_event_loop() end

---The loop. It may be asked for anywhere.
---@return async.Loop
function async.get_running_loop() end

-- Tasks and futures --------------------------------------------------------------------------------------------

---Waits for that long and returns the further arguments (asyncio's `result`). 0 lets the others run once.
---@async
---@generic T
---@param seconds number
---@param ... T
---@return T ...
function async.sleep(seconds, ...) end

---Starts a task that calls `fn(...)`; it runs when the current one waits. neap's own: asyncio has `create_task`
---alone. TypeError for what is neither a function nor a Coroutine.
---@param fn async.Coroutine|fun(...: any): ...
---@param ... any
---@return async.Task
function async.spawn(fn, ...) end

---Options of `async.create_task`.
---@class async.TaskOptions
---@field name? string default: "Task-" and a number
---@field context? async.Context it runs in that and not in a copy of its maker's
---@field eager? boolean runs it at once, until it waits for the first time

---Starts a task of a Coroutine, of a function without arguments, or of a value with `__await`. TypeError for
---anything else, a Task too.
---@param x async.Coroutine|async.CustomAwaitable|fun(): ...
---@param options? async.TaskOptions
---@return async.Task
function async.create_task(x, options) end

---The task that calls; nil in a callback of the loop.
---@return async.Task?
function async.current_task() end

---Every task that is not done, oldest first, the current one too. A main task that waits in `async.run` is left
---out.
---@return async.Task[]
function async.all_tasks() end

---A place for a result that comes later.
---@class async.Future
local Future = {}

---A pending Future, to be finished by `set_result`, `set_exception` or `cancel`.
---@return async.Future
function async.Future() end

---True when there is a result or an error, or it was cancelled.
---@return boolean
function Future:done() end

---The results. InvalidStateError when it is pending; raises the error of a failed one, CancelledError of a
---cancelled one.
---@return any ...
function Future:result() end

---The error of a failed one, nil of a finished one. InvalidStateError when it is pending; raises CancelledError when
---it was cancelled.
---@return any
function Future:exception() end

---Finishes it and wakes who waits. InvalidStateError when it is done; RuntimeError for a Task.
---@param ... any several results are kept
function Future:set_result(...) end

---Fails it and wakes who waits. InvalidStateError when it is done; RuntimeError for a Task; TypeError for nil.
---@param err any a CancelledError cancels it
function Future:set_exception(err) end

---Asks for cancellation. A Future is cancelled at once; a Task gets a CancelledError at its current or next wait,
---and passes the request on to the Task or Future that it awaits.
---@param message? string the message of the CancelledError
---@return boolean requested false when it was done already
function Future:cancel(message) end

---True when it ended by cancellation.
---@return boolean
function Future:cancelled() end

---Calls `fn(future)` from the loop once it is done, soon if it is done already. Callbacks run in order; they cannot
---wait; an error in one goes to the exception handler.
---@param fn fun(future: async.Future)
function Future:add_done_callback(fn) end

---Takes a callback back, as often as it was added.
---@param fn fun(future: async.Future)
---@return integer removed
function Future:remove_done_callback(fn) end

---A running call. The loop keeps it alive until it ends. A failed one whose error nobody looks at is reported to the
---exception handler.
---@class async.Task: async.Future
local Task = {}

---The name that it was given, or "Task-" and a number.
---@return string
function Task:get_name() end

---Gives it another name, for reports and tracebacks.
---@param name any its text is taken
function Task:set_name(name) end

---How many requests for cancellation it has had and not taken back.
---@return integer
function Task:cancelling() end

---Takes one request back. Call it after catching a CancelledError that the task goes on from.
---@return integer left
function Task:uncancel() end

---Where it is: a list of texts such as "app.lua:12: in function 'fetch'", innermost first, as in Lua's tracebacks. Of a
---failed task the place of its error; empty for one that has not started or has finished.
---@param limit? integer at most so many
---@return string[]
function Task:get_stack(limit) end

---Writes the same to stderr, with a heading.
function Task:print_stack() end

---The coroutine in which it runs, nil when it is done. For `debug`: it cannot be resumed or closed.
---@return thread?
function Task:get_coro() end

---The Context in which it runs, the same object each time: what is set in it is set for the task.
---@return async.Context
function Task:get_context() end

-- Waiting for several ------------------------------------------------------------------------------------------

---The list that `async.gather` may be called with, in place of arguments.
---@class async.GatherList
---@field n? integer the length, when there may be nils
---@field return_exceptions? boolean errors become results
---@field [integer] async.Awaitable

---Starts all at once, waits, and returns the first result of each in the order of the arguments. The first error
---propagates at once and the others go on, unless `return_exceptions`: then an error object stands in its place (a
---string or other value that was raised comes as `async.Error` with the original in `value`). Cancelling the waiter
---cancels all. The same Coroutine, Task or Future given twice runs once; the same function is called twice.
---TypeError for what cannot be awaited, before anything is started.
---@async
---@param ... async.Awaitable
---@return { n: integer, [integer]: any } results
---@overload fun(list: async.GatherList): { n: integer, [integer]: any }
function async.gather(...) end

---Options of `async.wait`.
---@class async.WaitOptions
---@field timeout? number seconds; default: for ever
---@field return_when? "FIRST_COMPLETED"|"FIRST_EXCEPTION"|"ALL_COMPLETED"

---`return_when` of `async.wait`: return as soon as one is done.
async.FIRST_COMPLETED = "FIRST_COMPLETED"
---`return_when` of `async.wait`: return as soon as one has failed, or all are done.
async.FIRST_EXCEPTION = "FIRST_EXCEPTION"
---`return_when` of `async.wait`, the default: return when all are done.
async.ALL_COMPLETED = "ALL_COMPLETED"

---Waits until the condition holds or the time is over. Never raises for a child and cancels nothing. Two lists,
---each in the order given.
---@async
---@param list async.Awaitable[]
---@param options? async.WaitOptions
---@return async.Future[] done
---@return async.Future[] pending
function async.wait(list, options) end

---Options of `async.as_completed`.
---@class async.AsCompletedOptions
---@field timeout? number seconds for all together; default: for ever

---`for task in async.as_completed(list) do local result = await(task) end`: in the order of completion. A Task or
---Future that was given is the one handed out. TimeoutError from the loop when the time is over; nothing is cancelled.
---@param list async.Awaitable[]
---@param options? async.AsCompletedOptions
---@return fun(): async.Future?
---@return nil
---@return nil
---@return any closing
function async.as_completed(list, options) end

---Waits for `x` as `await` does, but cancelling the waiter does not cancel `x`.
---@async
---@param x async.Awaitable
---@return any ...
function async.shield(x) end

---Starts all; the results of the first to finish, or its error. The others are cancelled and waited for; what they
---raise meanwhile goes to the exception handler. Cancelling the waiter cancels all and waits for them. ValueError
---without any.
---@async
---@param ... async.Awaitable
---@return any ...
---@overload fun(list: async.Awaitable[]): any
function async.race(...) end

---Starts all; the results of the first that succeeds. The others are cancelled and waited for. An ExceptionGroup of all
---errors, in the order given, when all fail. ValueError without any.
---@async
---@param ... async.Awaitable
---@return any ...
---@overload fun(list: async.Awaitable[]): any
function async.any(...) end

---Options of `async.map`.
---@class async.MapOptions
---@field limit? integer how many run at once, at least 1; default: no limit

---What can be asked for one item after the other: a generator, an iterator function such as `coroutine.wrap` or
---`queue:items()` gives, a value with `__call`, an iterator of `async.iter`, or a list.
---@alias async.Source async.Generator|async.Iterator|(fun(): any)|table

---A list of the first result of `fn(item, index)` for each, in order, and their number `n`; waits for them all, so many
---at a time. A generator is asked for an item when there is a place for it. The first error cancels the others, which
---are waited for, and is raised. TypeError and ValueError for wrong arguments.
---@async
---@param list async.Source
---@param fn fun(item: any, index: integer): any
---@param options? async.MapOptions
---@return { n: integer, [integer]: any } results
function async.map(list, fn, options) end

-- Structured concurrency ---------------------------------------------------------------------------------------

---Tasks that end before the block that started them does.
---@class async.TaskGroup
local TaskGroup = {}

---`local tg <close> = async.TaskGroup()` or `async.with(async.TaskGroup(), function(tg) ... end)`: leaving the block
---waits for all children. A child's error cancels its siblings and the body, and leaving raises an ExceptionGroup of
---every error that is not a cancellation, the body's own first. RuntimeError in a callback.
---@return async.TaskGroup
function async.TaskGroup() end

---Starts `fn(...)` as a child. RuntimeError once the group is ending.
---@param fn async.Coroutine|fun(...: any): ...
---@param ... any
---@return async.Task
function TaskGroup:spawn(fn, ...) end

---Starts a child of a Coroutine, a function without arguments, or a value with `__await`. RuntimeError once the
---group is ending; nothing is called then.
---@param x async.Coroutine|async.CustomAwaitable|fun(): ...
---@param options? async.TaskOptions
---@return async.Task
function TaskGroup:create_task(x, options) end

---Ends all children without an error. With `async.with` it ends the body as well; with `<close>` the body goes on.
function TaskGroup:cancel() end

---Calls `fn` with what the metamethod `__enter(manager)` returned (the manager itself without one), and leaves by
---`__exit(manager, err)`, which swallows the error by returning true, or by `__close(manager, err)`. Returns what `fn`
---returned, nothing after a swallowed error. TypeError when the manager has neither metamethod.
---@async
---@generic M
---@param manager M
---@param fn fun(resource: M): ...
---@return any ...
function async.with(manager, fn) end

-- Timeouts -----------------------------------------------------------------------------------------------------

---What the code of a limit may use. What is not named is not limited.
---@class async.LimitOptions
---@field memory? integer bytes that the code has allocated since the scope began, less what was freed
---@field step? number seconds of CPU time in one step of a task, or one callback: until it waits
---@field wall? number seconds on the loop's clock, from the scope's beginning
---@field tasks? integer tasks that are not done
---@field handles? integer files, sockets, processes and the like that are open

---A scope that limits what the code inside and the tasks that it starts may use.
---@class async.Limit
local Limit = {}

---Without `fn` a scope, for `<close>` or `async.with`; with it calls `fn(...)` in one and returns its results. Raises
---LimitError at its end when a limit was exceeded; nothing inside catches that.
---@async
---@param limits async.LimitOptions
---@param fn fun(...: any): ...
---@param ... any
---@return any ...
---@overload fun(limits: async.LimitOptions): async.Limit
function async.limit(limits, fn, ...) end

---What is used now.
---@return {memory: integer, tasks: integer, handles: integer}
function Limit:used() end

---A scope whose time is limited, for `<close>` or `async.with`. On expiry the work inside is cancelled, and
---TimeoutError is raised where the scope ends.
---@class async.Timeout
local Timeout = {}

---Without `fn` a scope; with it calls `fn(...)` in one and returns its results. nil is no limit; 0 lets `fn` run to
---its first wait. TimeoutError when the time is over. RuntimeError in a callback.
---@async
---@param seconds number?
---@param fn fun(...: any): ...
---@param ... any
---@return any ...
---@overload fun(seconds?: number): async.Timeout
function async.timeout(seconds, fn, ...) end

---The same with a point in time on the loop's clock (`loop:time()`).
---@async
---@param when number?
---@param fn fun(...: any): ...
---@param ... any
---@return any ...
---@overload fun(when?: number): async.Timeout
function async.timeout_at(when, fn, ...) end

---The deadline on the loop's clock; math.huge without one.
---@return number
function Timeout:when() end

---Moves the deadline; nil takes it away. RuntimeError after the scope has ended or expired.
---@param when number?
function Timeout:reschedule(when) end

---True when the deadline has passed before the scope ended.
---@return boolean
function Timeout:expired() end

---Waits for `x`, which is cancelled and waited for when the time is over: then TimeoutError. If it gave a value all
---the same, that is the result. A function gets the further arguments: `async.wait_for(queue.get, 2, queue)`.
---@async
---@param x async.Awaitable|fun(...: any): ...
---@param seconds number? nil waits for ever
---@param ... any
---@return any ...
function async.wait_for(x, seconds, ...) end

---Calls `fn(...)`; `true` and its results, or `false` when the time is over. trio's name; other errors pass.
---@async
---@param seconds number?
---@param fn fun(...: any): ...
---@param ... any
---@return boolean in_time
---@return any ...
function async.move_on_after(seconds, fn, ...) end

-- Locks and queues ---------------------------------------------------------------------------------------------

-- Who waits is served first come, first served. A release, a set, a notify or a put gives the waiting task what it
-- waits for there and then, and nobody overtakes it before it runs. A call that raises CancelledError has taken nothing
-- and put nothing: what was on its way to the task goes to the next one. `acquire` returns the primitive itself, which
-- a `<close>` variable or `async.with` releases. The calls that do not wait may be made in callbacks of the loop too.
-- One that could wait and need not lets other tasks run every 64th time in a row.

---One holder at a time. It belongs to no task: any may release it, and a task that acquires it twice waits for itself.
---@class async.Lock
local Lock = {}

---A free Lock. `local held <close> = lock:acquire()`, or `async.with(lock, fn)`.
---@return async.Lock
function async.Lock() end

---Waits until the lock is free and takes it. asyncio's gives True; this one the lock, for `<close>`.
---@async
---@return async.Lock self
function Lock:acquire() end

---Hands the lock to the task that waits longest, so that it stays locked, or frees it. RuntimeError when nobody holds
---it, also at the end of a `<close>` variable.
function Lock:release() end

---True while somebody holds it.
---@return boolean
function Lock:locked() end

---A flag that tasks wait for.
---@class async.Event
local Event = {}

---An Event that is not set.
---@return async.Event
function async.Event() end

---Wakes every task that waits; later ones do not wait until `clear`.
function Event:set() end

---From now on `wait` waits again. A task that `set` has woken goes on all the same.
function Event:clear() end

---True from `set` until `clear`.
---@return boolean
function Event:is_set() end

---Waits until the event is set; returns at once when it is.
---@async
---@return true
function Event:wait() end

---Waiting, under a lock, for something that another task changes under the same lock.
---@class async.Condition
local Condition = {}

---A Condition with its own Lock, or with one that several share. TypeError for what is no Lock.
---@param lock? async.Lock
---@return async.Condition
function async.Condition(lock) end

---Waits for the lock and takes it. Returns the condition, which `<close>` releases.
---@async
---@return async.Condition self
function Condition:acquire() end

---Releases the lock. RuntimeError when nobody holds it.
function Condition:release() end

---True while somebody holds the lock.
---@return boolean
function Condition:locked() end

---Releases the lock, waits for a notify, and waits for the lock again. However it ends, by a cancellation too, the lock
---is held then. RuntimeError when nobody holds the lock.
---@async
---@return true
function Condition:wait() end

---Waits until `predicate()` is true; calls it at once and after each notify, with the lock held. TypeError when it is
---no function.
---@async
---@generic T
---@param predicate fun(): T
---@return T result what it returned
function Condition:wait_for(predicate) end

---Wakes up to `n` tasks, those that wait longest. RuntimeError when nobody holds the lock; ValueError unless `n` is an
---integer from 0 on.
---@param n? integer default: 1
function Condition:notify(n) end

---Wakes every task that waits. RuntimeError when nobody holds the lock.
function Condition:notify_all() end

---A number of permits.
---@class async.Semaphore
local Semaphore = {}

---TypeError for what is no integer, ValueError below 0.
---@param value? integer the permits that are free; default: 1
---@return async.Semaphore
function async.Semaphore(value) end

---Waits for a permit and takes it. Returns the semaphore, which `<close>` releases.
---@async
---@return async.Semaphore self
function Semaphore:acquire() end

---Gives a permit to the task that waits longest, or back. A Semaphore may be released more often than it was acquired;
---a BoundedSemaphore raises ValueError then.
function Semaphore:release() end

---True when `acquire` would wait.
---@return boolean
function Semaphore:locked() end

---A Semaphore that never has more permits than at the beginning.
---@class async.BoundedSemaphore: async.Semaphore
local BoundedSemaphore = {}

---TypeError for what is no integer, ValueError below 0.
---@param value? integer the permits there are; default: 1
---@return async.BoundedSemaphore
function async.BoundedSemaphore(value) end

---A place where a number of tasks meet, to go on together; again and again.
---@class async.Barrier
---@field parties integer how many must come
---@field n_waiting integer how many have come and wait
---@field broken boolean true after `abort`, until `reset`
local Barrier = {}

---TypeError for what is no integer, ValueError below 1.
---@param parties integer
---@return async.Barrier
function async.Barrier(parties) end

---Waits until all parties have come. asyncio's arrival index: 0 for the first. BrokenBarrierError when the barrier is
---broken, or is broken or reset meanwhile. A task that is cancelled while it waits has not come.
---@async
---@return integer index
function Barrier:wait() end

---Makes it empty and whole again. Tasks that wait get BrokenBarrierError.
function Barrier:reset() end

---Breaks it: who waits, and who comes before `reset`, gets BrokenBarrierError.
function Barrier:abort() end

---Items on their way from tasks to tasks, first in first out. Any value is an item, nil too.
---@class async.Queue
---@field maxsize integer how many items it holds; 0 is no limit
local Queue = {}

---TypeError for a maxsize that is no integer.
---@param maxsize? integer default: 0; 0 or less is no limit
---@return async.Queue
function async.Queue(maxsize) end

---Waits while the queue is full, and puts the item. Cancelled, it has put nothing. QueueShutDown after `shutdown`.
---@async
---@param item any
function Queue:put(item) end

---Puts the item. QueueFull when there is no room, QueueShutDown after `shutdown`.
---@param item any
function Queue:put_nowait(item) end

---Waits for an item and takes it. Cancelled, it has taken none. QueueShutDown when the queue is shut down and empty.
---@async
---@return any item
function Queue:get() end

---Takes an item. QueueEmpty when there is none, or a task that waits has been promised it; QueueShutDown when the queue
---is shut down and empty.
---@return any item
function Queue:get_nowait() end

---Says that an item that was taken has been dealt with. ValueError when called more often than items were put.
function Queue:task_done() end

---Waits until `task_done` has been called for every item.
---@async
function Queue:join() end

---How many items are in it. One that a waiting task is promised is, until that task runs.
---@return integer
function Queue:qsize() end

---True when there is no item in it that a task could take.
---@return boolean
function Queue:empty() end

---True when it has as many items as its maxsize; never without a limit.
---@return boolean
function Queue:full() end

---Ends it: from now on `put` raises QueueShutDown, and `get` when nothing is left; those that wait, too.
---@param immediate? boolean drops the items that are left; `join` counts them as done
function Queue:shutdown(immediate) end

---`for item in queue:items() do ... end`: takes items until the queue is shut down and empty. Each step waits.
---RuntimeError for an item that is nil, which would end the loop. neap's own.
---@return fun(): any
function Queue:items() end

---A Queue that gives the least item first; equal ones in the order in which they came.
---@class async.PriorityQueue: async.Queue
local PriorityQueue = {}

---Options of `async.PriorityQueue`.
---@class async.PriorityOptions
---@field key? fun(item: any): any what is compared, asked once when the item is put; default: the item
---@field less? fun(a: any, b: any): boolean true when a comes before b; default: `<`, lists item by item

---TypeError for a maxsize that is no integer, and for unknown options. `put` raises what a comparison raises.
---@param maxsize? integer default: 0; 0 or less is no limit
---@param options? async.PriorityOptions
---@return async.PriorityQueue
function async.PriorityQueue(maxsize, options) end

---A Queue that gives the latest item first.
---@class async.LifoQueue: async.Queue
local LifoQueue = {}

---TypeError for a maxsize that is no integer.
---@param maxsize? integer default: 0; 0 or less is no limit
---@return async.LifoQueue
function async.LifoQueue(maxsize) end

-- Generators ---------------------------------------------------------------------------------------------------

---Gives values one at a time to whoever asks, and may wait between them. `for x in gen(...)`, `for x in g:each()` and
---`local g <close> = gen(...)` close it on the way out; any other is closed when the task that resumed it last (or made
---it) ends. RuntimeError when it is used while it runs, or while another task waits in it.
---@class async.Generator
---@operator call: any
local Generator = {}

---A generator function: calling it runs nothing and returns `g, nil, nil, g`. `fn` gives values by `coroutine.yield`;
---what it returns is ignored. TypeError when it is no function.
---@param fn fun(...: any)
---@return fun(...: any): async.Generator, nil, nil, async.Generator
function async.generator(fn) end

---Goes on to the next yield and returns its values; nil at the end, again and again. Waits when the function does;
---raises its error, which ends the generator.
---@async
---@return any ...
function Generator:next() end

---The same, and the yield inside returns the arguments. TypeError for a value given to one that has not started.
---@async
---@param ... any
---@return any ...
function Generator:send(...) end

---The same, and the yield inside raises the error. One that has not started ends without running; one that is finished
---raises the error. TypeError for nil.
---@async
---@param err any
---@return any ...
function Generator:throw(err) end

---Ends it where it yielded last: its `<close>` variables and `finally` clauses run, and may wait; nothing inside
---catches it. Does nothing when it is finished. Raises what the cleanup raises; RuntimeError when it yields again.
---@async
function Generator:close() end

---For a generic `for` that closes it on the way out.
---@return async.Generator
---@return nil
---@return nil
---@return async.Generator
function Generator:each() end

---A generator of what all of them yield, as it arrives; none is ahead of the loop by more than two items. Closing it
---closes the generators and iterators among them; an error of one closes the others and is raised. TypeError for what
---is no source.
---@param ... async.Source
---@return async.Generator
---@return nil
---@return nil
---@return async.Generator
function async.merge(...) end

---Lazy stages over a source. Each method that gives an Iterator gives what a generic `for` takes, and the loop closes
---the source on the way out.
---@class async.Iterator
---@operator call: any
local Iterator = {}

---An Iterator over a source, or over what a generic `for` takes: `async.iter(pairs(t))`. TypeError for anything else.
---@param x async.Source
---@param state? any
---@param control? any
---@param closing? any closed with the Iterator
---@return async.Iterator
---@return nil
---@return nil
---@return async.Iterator
function async.iter(x, state, control, closing) end

---The values of the next item; nil at the end.
---@async
---@return any ...
function Iterator:next() end

---What `fn` gives for each item. RuntimeError when that is nil.
---@param fn fun(...: any): any
---@return async.Iterator
---@return nil
---@return nil
---@return async.Iterator
function Iterator:map(fn) end

---The items for which `fn` gives true.
---@param fn fun(...: any): any
---@return async.Iterator
---@return nil
---@return nil
---@return async.Iterator
function Iterator:filter(fn) end

---The first `n` items; the source is closed when one more is asked for.
---@param n integer
---@return async.Iterator
---@return nil
---@return nil
---@return async.Iterator
function Iterator:take(n) end

---1, 2, 3... before the values of each item.
---@return async.Iterator
---@return nil
---@return nil
---@return async.Iterator
function Iterator:enumerate() end

---Lists of `n` items (the first value of each), the last of what is left.
---@param n integer
---@return async.Iterator
---@return nil
---@return nil
---@return async.Iterator
function Iterator:batch(n) end

---A list of the first value of each item.
---@async
---@return any[]
function Iterator:collect() end

---For a generic `for` that closes the source on the way out.
---@return async.Iterator
---@return nil
---@return nil
---@return async.Iterator
function Iterator:each() end

---Closes the source.
---@async
function Iterator:close() end

-- Context managers ---------------------------------------------------------------------------------------------

---A context manager: a value with `__close`, or with `__exit(self, err)` and perhaps `__enter(self)`.
---@class async.ContextManager

---A function that makes context managers. `fn` yields once: what comes before runs on entering, the yield gives the
---resource, what comes after runs on leaving. The body's error is raised at the yield; returning all the same swallows
---it. RuntimeError when it does not yield, or yields again. TypeError when `fn` is no function.
---@param fn fun(...: any)
---@return fun(...: any): async.ContextManager
function async.contextmanager(fn) end

---`local cm <close>, resource = async.enter(manager)`: enters it, to be left at the end of the block, whose error goes
---on also when the manager swallows it. TypeError for what is no context manager.
---@async
---@param manager any
---@return any cm
---@return any ... what `__enter` gave; the manager itself without one
function async.enter(manager) end

---A context manager that calls `x:close()`, or `fn(x)`. TypeError when there is neither.
---@param x any
---@param fn? fun(x: any)
---@return async.ContextManager
function async.closing(x, fn) end

---Context managers and callbacks that end together.
---@class async.ExitStack
local ExitStack = {}

---For `<close>` or `async.with`. At the end everything ends, the last first, also after an error. The last error is
---raised, with the earlier ones as its `cause`.
---@return async.ExitStack
function async.ExitStack() end

---Enters a context manager now, and leaves it with the stack. TypeError for what is none.
---@async
---@param manager any
---@return any resource what `__enter` gave; the manager itself without one
function ExitStack:enter(manager) end

---Leaves a context manager that was entered already, with the stack; or calls `x(err)`, which swallows the error by
---returning true. TypeError for anything else.
---@generic T
---@param x T
---@return T
function ExitStack:push(x) end

---Calls `fn(...)` at the end. TypeError for what cannot be called.
---@generic F
---@param fn F
---@param ... any
---@return F
function ExitStack:callback(fn, ...) end

---A new stack with everything; this one is empty then.
---@return async.ExitStack
function ExitStack:pop_all() end

---Ends everything now, the last first.
---@async
function ExitStack:close() end

-- Channels -----------------------------------------------------------------------------------------------------

---Values on their way from tasks to tasks, as in Go; first in, first out. nil is a value, too. `for v in channel do`
---receives until it is closed and empty; each step waits. `#channel` is `len()`; a `<close>` variable is closed.
---@class async.Channel
---@operator call: any
local Channel = {}

---TypeError for a capacity that is neither an integer nor math.huge, ValueError for a negative one.
---@param capacity? integer|number values it holds beside those that senders wait with; default: 0; math.huge: no limit
---@return async.Channel
function async.Channel(capacity) end

---Waits until a receiver takes the value or there is room for it. Cancelled, it has sent nothing. QueueShutDown when
---the channel is closed, or is while it waits.
---@async
---@param value any
function Channel:send(value) end

---Waits for a value and takes it. Cancelled, it has taken none.
---@async
---@return any value nil when the channel is closed and empty
---@return boolean ok false then
function Channel:receive() end

---Sends the value when that needs no wait. QueueShutDown when the channel is closed.
---@param value any
---@return boolean sent
function Channel:try_send(value) end

---Receives when that needs no wait: what `receive` returns, or nothing.
---@return any value
---@return boolean? ok true for a value, false when the channel is closed and empty, nil when nothing is there now
function Channel:try_receive() end

---Ends it: sends raise QueueShutDown, those that wait too; receives give what is left, then nil and false. A second
---call does nothing.
function Channel:close() end

---True once `close` was called.
---@return boolean
function Channel:closed() end

---How many values are in it. One that was handed to a task that waits is not.
---@return integer
function Channel:len() end

---How many values it holds beside those that senders wait with.
---@return integer|number # math.huge for no limit
function Channel:capacity() end

---What `async.select` chooses from. It never changes, and may be used any number of times.
---@class async.SelectCase

---A case of `select`: receive.
---@param fn? fun(value: any, ok: boolean): ...
---@return async.SelectCase
function Channel:on_receive(fn) end

---A case of `select`: send the value.
---@param value any
---@param fn? fun(): ...
---@return async.SelectCase
function Channel:on_send(value, fn) end

---A case of `select`: so many seconds have passed since the select began. Of several the earliest counts.
---@param seconds? number nil or math.huge: never
---@param fn? fun(): ...
---@return async.SelectCase
function async.on_timeout(seconds, fn) end

---What `async.select` takes: cases, and perhaps a default.
---@class async.SelectCases
---@field [integer] async.SelectCase|false false is a case left out
---@field default? boolean|fun(): ... taken when no case can happen; without one, select waits

---Waits until one of the cases can happen, at random when several can, and makes that one happen. Returns what the
---function of the case returns; without one the place of the case in the list ("default" for the default), and the
---value and ok of a receive. ValueError when there is neither a case nor a default; QueueShutDown when it sends on a
---closed channel.
---@async
---@param cases async.SelectCases
---@return any ...
function async.select(cases) end

-- Errors -------------------------------------------------------------------------------------------------------

---What every error object has. It accepts new fields.
---@class async.ErrorObject
---@field message any
---@field traceback? string where it was raised; a CancelledError has none
---@field cause? any what led to it, when it was given
---@field is fun(self: async.ErrorObject, class: async.ErrorObject): boolean true for an instance of the class

---The base of all error classes but CancelledError: `async.Error(message, fields)`. Every field given is set.
---@class async.Error: async.ErrorObject
---@field value? any the value that was raised, when `gather` wrapped one that is no error object
---@overload fun(message?: any, fields?: table): async.Error
async.Error = {}

---A request to end. Not an `async.Error`, and not caught by `pcall`: see `async.catch` and `async.except`.
---@class async.CancelledError: async.ErrorObject
---@overload fun(message?: any, fields?: table): async.CancelledError
async.CancelledError = {}

---The time is over.
---@class async.TimeoutError: async.Error
---@overload fun(message?: any, fields?: table): async.TimeoutError
async.TimeoutError = {}

---A result that is not there yet, or is there already.
---@class async.InvalidStateError: async.Error
---@overload fun(message?: any, fields?: table): async.InvalidStateError
async.InvalidStateError = {}

---A call that is not possible here or now.
---@class async.RuntimeError: async.Error
---@overload fun(message?: any, fields?: table): async.RuntimeError
async.RuntimeError = {}

---An argument of the right type with a wrong value.
---@class async.ValueError: async.Error
---@overload fun(message?: any, fields?: table): async.ValueError
async.ValueError = {}

---An argument of a wrong type.
---@class async.TypeError: async.Error
---@overload fun(message?: any, fields?: table): async.TypeError
async.TypeError = {}

---What the operating system refused.
---@class async.OSError: async.Error
---@field code? string such as "ENOENT"
---@field errno? integer
---@field syscall? string
---@field path? string
---@overload fun(message?: any, fields?: table): async.OSError
async.OSError = {}

---ECONNREFUSED, ECONNRESET, ECONNABORTED, EPIPE, ENOTCONN and ESHUTDOWN.
---@class async.ConnectionError: async.OSError
---@overload fun(message?: any, fields?: table): async.ConnectionError
async.ConnectionError = {}

---EACCES and EPERM.
---@class async.PermissionError: async.OSError
---@overload fun(message?: any, fields?: table): async.PermissionError
async.PermissionError = {}

---Nothing can ever wake the main task. The message lists every task that waits, and where.
---@class async.DeadlockError: async.Error
---@overload fun(message?: any, fields?: table): async.DeadlockError
async.DeadlockError = {}

---Several errors at once: `async.ExceptionGroup(message, list)`. ValueError for an empty list.
---@class async.ExceptionGroup: async.Error
---@field exceptions any[]
---@overload fun(message: any, exceptions: any[]): async.ExceptionGroup
async.ExceptionGroup = {}

---@alias async.ErrorCondition async.ErrorObject|async.ErrorObject[]|fun(err: any): boolean

---A group of what matches and a group of the rest, nil for an empty one. Nested groups keep their shape.
---@param condition async.ErrorCondition a class, a list of classes, or a function
---@return async.ExceptionGroup? matching
---@return async.ExceptionGroup? rest
function async.ExceptionGroup:split(condition) end

---A group of what matches, or nil.
---@param condition async.ErrorCondition
---@return async.ExceptionGroup?
function async.ExceptionGroup:subgroup(condition) end

---The stream ended before all bytes had come.
---@class async.IncompleteReadError: async.Error
---@overload fun(message?: any, fields?: table): async.IncompleteReadError
async.IncompleteReadError = {}

---More data than the limit allows.
---@class async.LimitOverrunError: async.Error
---@overload fun(message?: any, fields?: table): async.LimitOverrunError
async.LimitOverrunError = {}

---`get_nowait` found no item.
---@class async.QueueEmpty: async.Error
---@overload fun(message?: any, fields?: table): async.QueueEmpty
async.QueueEmpty = {}

---`put_nowait` found no room.
---@class async.QueueFull: async.Error
---@overload fun(message?: any, fields?: table): async.QueueFull
async.QueueFull = {}

---The queue has been shut down, or the Channel is closed.
---@class async.QueueShutDown: async.Error
---@overload fun(message?: any, fields?: table): async.QueueShutDown
async.QueueShutDown = {}

---The Barrier is broken, or was reset while the task waited.
---@class async.BrokenBarrierError: async.Error
---@overload fun(message?: any, fields?: table): async.BrokenBarrierError
async.BrokenBarrierError = {}

---The code has exceeded a limit: see async.limit. `limit` is "memory", "step", "wall", "tasks" or "handles", `value` the
---limit and `used` what there was.
---@class async.LimitError: async.Error
---@field limit? string
---@field value? number
---@field used? number
---@overload fun(message?: any, fields?: table): async.LimitError
async.LimitError = {}

---A program that `run` was to check returned something else than 0. It has the fields of the result.
---@class async.CalledProcessError: async.Error
---@overload fun(message?: any, fields?: table): async.CalledProcessError
async.CalledProcessError = {}

---Makes an error class. TypeError when `base` is none.
---@generic B: async.ErrorObject
---@param name string
---@param base? B default: async.Error
---@return B
function async.class(name, base) end

---True when `value` is an instance of `class` or of a class derived from it. Any value may be given.
---@param value any
---@param class async.ErrorObject
---@return boolean
function async.is(value, class) end

---`pcall` for everything, CancelledError too.
---@async
---@param fn fun(...: any): ...
---@param ... any
---@return boolean ok
---@return any ...
function async.catch(fn, ...) end

---What `async.except`, `async.except_group` and `async.finally` give, for `async.try`.
---@class async.Clause

---Calls `body()`. The first `except` clause that matches an error handles it; then `except_group` clauses get their
---parts; `finally` runs in any case, last. Returns what the body, or the handler, returned.
---@async
---@param body fun(): ...
---@param ... async.Clause
---@return any ...
function async.try(body, ...) end

---A clause for `async.try`: `except(Class, handler)`, `except({A, B}, handler)`, or `except(handler)`, which takes
---every value but CancelledError.
---@param class async.ErrorObject|async.ErrorObject[]
---@param handler fun(err: any): ...
---@return async.Clause
---@overload fun(handler: fun(err: any): ...): async.Clause
function async.except(class, handler) end

---A clause for `async.try`, Python's `except*`: the handler gets an ExceptionGroup of all errors of the class; what
---no clause takes, and what handlers raise, goes on.
---@param class async.ErrorObject|async.ErrorObject[]
---@param handler fun(group: async.ExceptionGroup)
---@return async.Clause
---@overload fun(handler: fun(group: async.ExceptionGroup)): async.Clause
function async.except_group(class, handler) end

---A clause for `async.try`: called when everything else has run. An error in it replaces the one on its way.
---@param handler fun()
---@return async.Clause
function async.finally(handler) end

-- Streams and servers ------------------------------------------------------------------------------------------

---An address of the Internet: of TCP or UDP.
---@class async.InetAddress
---@field host string numeric
---@field port integer
---@field scope_id? integer the zone of a link-local IPv6 address

---An address of a Unix socket.
---@class async.UnixAddress
---@field path string "" when the socket has none

---@alias async.Address async.InetAddress|async.UnixAddress

---Bytes in and out: of a TCP or Unix connection, a pipe, a terminal or a file. One task at a time may read, any number
---may write. What the system reports is a ConnectionError or an OSError with `code`, `errno` and `syscall`. A local
---declared `<close>` is closed at the end of its block; what was written is sent first, unless an error left the block.
---@class async.Stream
local Stream = {}

---Waits until something is there. With one number: what has come, at most so many bytes, never ""; nil at the end.
---Otherwise formats as for Lua's files: "l" a line (the default), "L" a line with its end, "a" all up to the end, "n" a
---number, and among them an integer, exactly so many bytes unless the end comes first. A line longer than the stream's
---limit is a LimitOverrunError. A cancelled read takes nothing. RuntimeError while another task reads, and when the
---stream is closed.
---@async
---@param ... "l"|"L"|"a"|"n"|integer
---@return string|number|nil ...
function Stream:read(...) end

---Waits for a line; it keeps its end. nil at the end of the stream.
---@async
---@return string|nil
function Stream:readline() end

---Waits for exactly `count` bytes. IncompleteReadError, with what came in `partial`, when the stream ends before.
---@async
---@param count integer
---@return string
function Stream:readexactly(count) end

---Waits for everything up to the separator, which is a part of the result. LimitOverrunError when it is not within the
---stream's limit, IncompleteReadError when the stream ends before.
---@async
---@param separator? string default "\n"
---@return string
function Stream:readuntil(separator) end

---An iterator that reads by these formats at each step, until the first value is nil.
---@param ... "l"|"L"|"a"|"n"|integer
---@return fun(): string|number|nil, ...
function Stream:lines(...) end

---True when the end was met and everything before it has been read.
---@return boolean
function Stream:at_eof() end

---Sends the strings one after the other. Waits only while more is queued than the high-water mark; a task that is
---cancelled then has written everything. ConnectionError once the peer is gone, RuntimeError after `write_eof`. Outside
---a task, in a callback, it never waits.
---@async
---@param ... string|number
---@return async.Stream self
function Stream:write(...) end

---The same as `write`, with the strings of a list. TypeError for what is no list of strings and numbers.
---@async
---@param list (string|number)[]
---@return async.Stream self
function Stream:writelines(list) end

---Waits while more is queued than the high-water mark.
---@async
---@return async.Stream self
function Stream:drain() end

---The peer meets the end behind what was written; reading goes on. A pipe, which has one direction, is closed.
---@return async.Stream self
function Stream:write_eof() end

---True when `write_eof` can be called: of connections and pipes, not of files and terminals.
---@return boolean
function Stream:can_write_eof() end

---Closes it. What is queued is still sent, in the background, and a peer that has sent what nobody read loses nothing of
---it. A task that reads gets a RuntimeError; one that waits in
---`write` goes on.
function Stream:close() end

---Closes it at once: what is queued is lost, and a task that waits in `write` gets an OSError ECANCELED.
function Stream:abort() end

---Waits until everything was sent and the stream is closed. RuntimeError when nobody has called `close`.
---@async
function Stream:wait_closed() end

---True once `close` or `abort` was called.
---@return boolean
function Stream:is_closing() end

---The server that made the connection leaves it open when its handler returns.
---@return async.Stream self
function Stream:detach() end

---"peername" or "sockname": an address; "fd": the descriptor. `default` when there is none.
---@param name "peername"|"sockname"|"fd"
---@param default? any
---@return async.Address|integer|any
function Stream:get_extra_info(name, default) end

---Of TCP: small writes are sent at once, without waiting for more. On from the start.
---@param on boolean
---@return async.Stream self
function Stream:set_nodelay(on) end

---Of TCP: after so many seconds of silence (true: 60) the system asks whether the peer is there still.
---@param delay number|boolean from 1 to 32767
---@return async.Stream self
function Stream:set_keepalive(delay) end

---Options that all streams have.
---@class async.StreamOptions
---@field limit? integer bytes: the longest line; default 65536
---@field high_water? integer bytes that may be queued until a write waits; default 65536

---Options of `async.open_connection` and `async.open_unix_connection`.
---@class async.ConnectOptions: async.StreamOptions
---@field timeout? number seconds for the look-up and the connection together
---@field local_addr? async.InetAddress from which to connect; its port may be missing

---Connects to a host, by name or numeric address. Waits. Several addresses are tried at short intervals, and the first
---that answers is used. The Stream comes twice, as asyncio's reader and writer. OSError for a name that does not exist
---(EAI_NONAME), ConnectionError when the host refuses (ECONNREFUSED), TimeoutError.
---@async
---@param host string
---@param port integer
---@param options? async.ConnectOptions
---@return async.Stream reader
---@return async.Stream writer
function async.open_connection(host, port, options) end

---Connects to a Unix socket. Waits.
---@async
---@param path string
---@param options? async.ConnectOptions
---@return async.Stream reader
---@return async.Stream writer
function async.open_unix_connection(path, options) end

---Options of `async.start_server` and `async.start_unix_server`.
---@class async.ServerOptions: async.StreamOptions
---@field backlog? integer connections that may wait to be accepted; default 511
---@field max_connections? integer further ones wait in the system's queue
---@field reuse_port? boolean several processes may listen on the port
---@field grace? number seconds that handlers have at the end of the block of a `<close>` variable; default 5

---Accepts connections, each served by a task of its own. At the end of the block of a `<close>` variable it is shut
---down.
---@class async.Server
local Server = {}

---Where it listens: at the first of its addresses. nil once closed.
---@return async.Address|nil
function Server:address() end

---All addresses where it listens.
---@return async.Address[]
function Server:sockets() end

---True while it accepts connections.
---@return boolean
function Server:is_serving() end

---Stops accepting. The connections that there are go on.
function Server:close() end

---Closes every connection. The RuntimeError that its handler gets where it reads or writes is not reported.
function Server:close_clients() end

---Waits until it is closed and every handler has returned.
---@async
function Server:wait_closed() end

---Closes it, waits at most `grace` seconds for the handlers to return, cancels those that have not, waits for them, and gives up
---what their clients have not taken.
---@async
---@param grace? number default 5
function Server:shutdown(grace) end

---Waits until the server is closed. It is shut down when the task is cancelled.
---@async
function Server:serve_forever() end

---Listens on the host's addresses; nil or "" is all of this machine's. Waits for the look-up of a name. The handler
---gets each connection as reader and writer, the same Stream; when it returns, the connection is closed behind what was
---written. An error in it is reported to the exception handler and closes this connection only. OSError EADDRINUSE.
---@async
---@param handler fun(reader: async.Stream, writer: async.Stream)
---@param host? string
---@param port integer 0: the system picks one
---@param options? async.ServerOptions
---@return async.Server
function async.start_server(handler, host, port, options) end

---Listens on a Unix socket. The path is removed when the server is closed; one that nobody listens on is replaced.
---@param handler fun(reader: async.Stream, writer: async.Stream)
---@param path string
---@param options? async.ServerOptions
---@return async.Server
function async.start_unix_server(handler, path, options) end

---A UDP socket: datagrams. A local declared `<close>` is closed at the end of its block.
---@class async.UdpSocket
local UdpSocket = {}

---Sends a datagram to the host, or to that of `connect`. Waits for the look-up of a name, and while the system takes
---nothing. OSError EMSGSIZE when it is too long for one.
---@async
---@param data string
---@param host? string
---@param port? integer
---@return async.UdpSocket self
function UdpSocket:send(data, host, port) end

---Waits for a datagram. A cancelled call takes nothing. ConnectionError ECONNREFUSED when the host of `connect` has
---told that nobody receives there; RuntimeError while another task receives, and when the socket is closed.
---@async
---@return string data
---@return string host
---@return integer port
function UdpSocket:receive() end

---From now on sends there, and receives from there only. Waits for the look-up of a name.
---@async
---@param host string
---@param port integer
---@return async.UdpSocket self
function UdpSocket:connect(host, port) end

---Where it receives; nil once closed.
---@return async.InetAddress|nil
function UdpSocket:address() end

---Where `connect` has connected it to.
---@return async.InetAddress|nil
function UdpSocket:peer() end

---Closes it. A task that receives gets a RuntimeError.
function UdpSocket:close() end

---True once `close` was called.
---@return boolean
function UdpSocket:is_closing() end

---Options of `async.open_udp`.
---@class async.UdpOptions
---@field host? string where to receive; default all of the machine's addresses
---@field port? integer default one that the system picks
---@field family? "inet"|"inet6" of the addresses without a host, or of a name; default "inet" without a host
---@field broadcast? boolean datagrams to broadcast addresses may be sent
---@field reuse_address? boolean
---@field reuse_port? boolean several sockets may receive at the port

---Opens a UDP socket. Waits for the look-up of a name. OSError EADDRINUSE.
---@async
---@param options? async.UdpOptions
---@return async.UdpSocket
function async.open_udp(options) end

---An address of a host, as `async.getaddrinfo` gives it.
---@class async.AddressInfo: async.InetAddress
---@field family "inet"|"inet6"
---@field type "stream"|"dgram"
---@field canonname? string

---The addresses of a host, in the system's order. Waits. OSError with code EAI_NONAME and the like when there is none.
---@async
---@param host? string nil: this machine's loopback addresses, or with `passive` all of its own
---@param options? { port?: integer, family?: "any"|"inet"|"inet6", type?: "stream"|"dgram", passive?: boolean }
---@return async.AddressInfo[]
function async.getaddrinfo(host, options) end

---The standard input of the process.
---@type async.Stream
async.stdin = nil

---The standard output of the process, in order with what `print` and `io.write` have written.
---@type async.Stream
async.stdout = nil

---The standard error of the process.
---@type async.Stream
async.stderr = nil

-- Threads ------------------------------------------------------------------------------------------------------

---Waits for what `fn(...)` returns in another thread, which has a Lua state of its own: it runs in parallel with the loop,
---and shares nothing with it. The function with its upvalues, the arguments and the results are copied; TypeError with the
---path to what cannot be. An error of the function is raised here, with its class, fields and the other thread's traceback.
---When the waiter is cancelled the result is dropped, and the call interrupted. TypeError when `fn` is no function.
---@async
---@param fn fun(...: any): any
---@param ... any
---@return any ...
function async.to_thread(fn, ...) end

---How many processors the program may use.
---@return integer
function async.cpu_count() end

---Options of `async.ThreadPoolExecutor`.
---@class async.ThreadPoolExecutorOptions
---@field max_workers? integer threads at most, 1 to 1024; cpu_count() + 4, and no more than 32, unless given
---@field name? string for people, in tracebacks

---Threads for calls of their own, each with a Lua state, which it keeps from call to call. They are started when there is
---work for them.
---@class async.ThreadPoolExecutor
---@field max_workers integer
---@field name string
local ThreadPoolExecutor = {}

---A new executor; no thread is started yet. A number is `max_workers`. Leaving the block of a `<close>` variable is `shutdown()`.
---@param options? async.ThreadPoolExecutorOptions|integer
---@return async.ThreadPoolExecutor
function async.ThreadPoolExecutor(options) end

---Calls `fn(...)` in one of the threads, as `async.to_thread` does, and gives the Future of its results at once. Calls wait in
---a queue without limit, and begin in their order; cancelling the Future takes the call out of it, or interrupts it.
---RuntimeError after `shutdown`; OSError when no thread can be started.
---@param fn fun(...: any): any
---@param ... any
---@return async.Future
function ThreadPoolExecutor:submit(fn, ...) end

---A list of the first result of `fn(item)` for each item, in their order, with their number `n`; of several lists one item each
---is passed, up to the end of the shortest. Waits. The first error is raised, and cancels the calls that are left.
---@async
---@param fn fun(...: any): any
---@param ... any lists, generators, or iterator functions
---@return table
function ThreadPoolExecutor:map(fn, ...) end

---It takes no more calls, and its threads end when they have done those they have. Waits for that unless `wait` is false.
---@async
---@param wait? boolean
---@param cancel_futures? boolean true: calls that have not begun are cancelled
function ThreadPoolExecutor:shutdown(wait, cancel_futures) end

---Values on their way between tasks of any threads. It goes to another thread as an argument, a message or an upvalue, and is
---the same there; what is sent is copied. Leaving the block of a `<close>` variable closes it.
---@class async.ThreadChannel
---@operator call: any
---@operator len: integer
local ThreadChannel = {}

---TypeError for a capacity that is neither an integer nor math.huge, ValueError below 1.
---@param capacity? integer|number values that it holds; default: 1; math.huge: no limit
---@return async.ThreadChannel
function async.thread_channel(capacity) end

---Waits while the channel is full; who waits first is served first. TypeError for a value that cannot be copied. QueueShutDown
---when the channel is closed, or is while it waits.
---@async
---@param value any
function ThreadChannel:send(value) end

---Waits for a value; the value and true. Nil and false when the channel is closed and empty. `for v in ch do` receives until then;
---RuntimeError there for a nil.
---@async
---@return any value
---@return boolean ok
function ThreadChannel:receive() end

---Sends without waiting: false when `send` would wait.
---@param value any
---@return boolean
function ThreadChannel:try_send(value) end

---Receives without waiting: nothing when `receive` would wait.
---@return any value
---@return boolean? ok
function ThreadChannel:try_receive() end

---No more sends. What is in it can still be received. Ends the waits of all threads.
function ThreadChannel:close() end

---True once `close` was called, in any thread.
---@return boolean
function ThreadChannel:closed() end

---How many values are in it now.
---@return integer
function ThreadChannel:len() end

---What it was made with.
---@return integer|number
function ThreadChannel:capacity() end

---A function in a thread of its own, and messages in both directions. `for message in worker do` receives them. At the end of
---the block of a `<close>` variable: `close` and `join`; `terminate` and `join` when the block is left by an error.
---@class async.Worker
---@field name string
---@operator call: any
local Worker = {}

---Starts it: `fn(parent, ...)`, where `parent` has the methods `send`, `try_send`, `receive`, `try_receive` for messages to and
---from this side, and can be looped over. The name of a module stands for the function that it returns; the thread requires it.
---TypeError for anything else, and for arguments that cannot be copied; OSError when there is no thread to be had.
---@param target (fun(parent: any, ...: any): any)|string
---@param ... any
---@return async.Worker
function async.Worker(target, ...) end

---Sends a copy of the value. Waits while 64 have not been received. QueueShutDown when the worker has ended.
---@async
---@param value any
function Worker:send(value) end

---Sends without waiting: false when `send` would wait.
---@param value any
---@return boolean
function Worker:try_send(value) end

---Waits for a message from it: the message and true; nil and false when it has ended and no more will come.
---@async
---@return any value
---@return boolean ok
function Worker:receive() end

---Receives without waiting: nothing when `receive` would wait.
---@return any value
---@return boolean? ok
function Worker:try_receive() end

---No more messages to it: once it has received those that were sent, its `receive` gives nil and false.
function Worker:close() end

---Waits for its end: what its function returned, or raises its error. Nothing when it was terminated.
---@async
---@return any ...
function Worker:join() end

---Cancels it: a CancelledError where it waits, or before its next instruction, and a second later at every instruction. Does not
---wait.
function Worker:terminate() end

-- The loop -----------------------------------------------------------------------------------------------------

---The running loop. Callbacks run from it, in the order in which they became ready, in the same queue as tasks. They
---cannot wait; errors in them go to the exception handler.
---@class async.Loop
---@field slow_callback_duration number seconds from which on debug mode warns of a step or callback: 0.1 unless set
local Loop = {}

---Seconds on a clock that only goes forward.
---@return number
function Loop:time() end

---Calls `fn(...)` in the loop's next turn. TypeError when it cannot be called.
---@param fn fun(...: any)
---@param ... any
---@return async.Handle
function Loop:call_soon(fn, ...) end

---Calls `fn(...)` after so many seconds, never earlier; equal times in the order they were set.
---@param seconds number
---@param fn fun(...: any)
---@param ... any
---@return async.Handle
function Loop:call_later(seconds, fn, ...) end

---Calls `fn(...)` at a time of `loop:time()`.
---@param when number
---@param fn fun(...: any)
---@param ... any
---@return async.Handle
function Loop:call_at(when, fn, ...) end

---A pending Future, as `async.Future()` gives.
---@return async.Future
function Loop:create_future() end

---The same as `async.create_task`.
---@param x async.Coroutine|async.CustomAwaitable|fun(): ...
---@param options? async.TaskOptions
---@return async.Task
function Loop:create_task(x, options) end

---Calls `fn(...)` from the loop when the signal has come; it takes the place of a handler set before. ValueError for a signal
---that does not exist or that the system lets nobody handle.
---@param signal string|integer "SIGTERM", "TERM" or a number
---@param fn fun(...: any)
---@param ... any
function Loop:add_signal_handler(signal, fn, ...) end

---The signal does again what it did before the handler was set.
---@param signal string|integer
---@return boolean removed false when there was none
function Loop:remove_signal_handler(signal) end

---Calls `fn(...)` in a thread of the executor, or of `async.to_thread`'s when it is nil, and gives the Future of its results at
---once. TypeError for anything else.
---@param executor? async.ThreadPoolExecutor
---@param fn fun(...: any): any
---@param ... any
---@return async.Future
function Loop:run_in_executor(executor, fn, ...) end

---What the loop has to do, for an Instrument.
---@class async.PollInfo
---@field ready integer how many tasks and callbacks are ready
---@field scheduled integer how many timers are armed
---@field tasks integer how many tasks are not done

---Functions that are told what the scheduler does; all are optional. They cannot wait.
---@class async.Instrument
---@field task_created? fun(task: async.Task)
---@field task_scheduled? fun(task: async.Task) it became ready
---@field before_step? fun(step: async.Task|async.Handle) a step of a task, or a callback, is about to run
---@field after_step? fun(step: async.Task|async.Handle)
---@field task_done? fun(task: async.Task)
---@field before_poll? fun(info: async.PollInfo) the loop is about to wait for timers and events
---@field after_poll? fun(info: async.PollInfo)

---Tells the instrument from now on. One that raises an error is reported and removed. TypeError for an unknown event or
---what is no function; ValueError when it was added before.
---@param instrument async.Instrument
function Loop:add_instrument(instrument) end

---ValueError when it is not there.
---@param instrument async.Instrument
function Loop:remove_instrument(instrument) end

---What an exception handler is told of an error.
---@class async.ExceptionContext
---@field message? string what happened
---@field exception? any the error
---@field traceback? string
---@field source_traceback? string where the task was created; known in debug mode
---@field task? async.Task the task that failed
---@field future? async.Future the future that failed
---@field handle? async.Handle the callback that failed

---Sets what is told of errors that nobody can receive; nil restores the default, which prints them and makes a script
---end with status 1. TypeError for anything else.
---@param fn? fun(loop: async.Loop, context: async.ExceptionContext)
function Loop:set_exception_handler(fn) end

---Tells the exception handler. TypeError when the context is no table.
---@param context async.ExceptionContext
function Loop:call_exception_handler(context) end

---True in debug mode.
---@return boolean
function Loop:get_debug() end

---Debug mode warns on stderr of Coroutines that were never awaited, and of slow steps and callbacks.
---@param on boolean
function Loop:set_debug(on) end

---A place in a running function.
---@class async.Frame
---@field file? string "[C]" for a C function
---@field line? integer
---@field name string the function's name, or what is known of it: "main chunk"

---A Task or Future with those that wait for it: what `async.capture_call_graph` gives.
---@class async.CallGraph
---@field future async.Future
---@field call_stack async.Frame[] where the task is, innermost first; empty for a Future and for a task that is done
---@field awaited_by async.CallGraph[] the tasks that wait for it

---Who waits for the Task or Future, who waits for them, and where each of them is. A task that is reached in two ways,
---or in a circle, is the same table each time. Of the current task unless another is given; nil in a callback of the
---loop. TypeError for anything else, ValueError for a limit that is no number of frames.
---@param future? async.Future
---@param options? { limit?: integer } limit: frames of each task, by default 50
---@return async.CallGraph?
function async.capture_call_graph(future, options) end

---The same as text; the empty string in a callback of the loop. Long graphs are cut, with "... and 7 more".
---@param future? async.Future
---@param options? { limit?: integer }
---@return string
function async.format_call_graph(future, options) end

---Writes that text to `file`, by default stderr.
---@param future? async.Future
---@param options? { limit?: integer, file?: file* }
function async.print_call_graph(future, options) end

---All tasks that are not done as a text, each below the task that waits for it, with what it waits for and where.
---@return string
function async.format_tasks() end

---Something that is open: what `async.open_handles` lists.
---@class async.OpenHandle
---@field kind string "file" or "timer"
---@field description string
---@field place? string "file:line" where it was opened; of a timer known in debug mode

---What the script has opened and not closed, in the order of opening; with `timers` also the callbacks that
---`call_later` and `call_at` have still to call, the next one first. TypeError for other options.
---@param options? { timers?: boolean }
---@return async.OpenHandle[]
function async.open_handles(options) end

---What `async.new_event_loop()` gives. It can be a `<close>` variable.
---@class async.EventLoop: async.Loop
local EventLoop = {}

---Runs `x` to its end and returns its results or raises its error. Other tasks run meanwhile and are not cancelled.
---RuntimeError when the loop is closed, and anywhere but in the script's main task.
---@async
---@param x async.Awaitable
---@return any ...
function EventLoop:run_until_complete(x) end

---Cancels every task made since the loop object was, and waits for them. A second call does nothing. RuntimeError
---while the loop runs.
---@async
function EventLoop:close() end

---True once `close` was called.
---@return boolean
function EventLoop:is_closed() end

---A callback that was set.
---@class async.Handle
local Handle = {}

---Takes it back. Does nothing when it has run or was cancelled.
function Handle:cancel() end

---True once `cancel` was called.
---@return boolean
function Handle:cancelled() end

---When it is due on the loop's clock; 0 for `call_soon`, math.huge for never.
---@return number
function Handle:when() end

return async
