---@meta neap.patterns

-- Types of neap.patterns for lua-language-server. Times and delays are seconds and may be fractions. A wrong argument
-- is a TypeError or a ValueError at the line of the caller, which names the value, what it may be and the way out.
-- Functions that are given may wait, and may be async functions. "Waits" means: the calling task is suspended, and the
-- call raises CancelledError when the task is cancelled.

---What programs with tasks otherwise write anew each time: retry, rate limits, circuit breakers and the like.
---@class patterns
---@field RetryError patterns.RetryErrorObject what `retry` raises when it gives up
---@field CircuitOpenError patterns.CircuitOpenErrorObject what a CircuitBreaker raises instead of calling
---@field SupervisorError patterns.SupervisorErrorObject what a supervisor raises that gives up
local patterns = {}

---Which errors are meant: a class, a list of classes, or a function that gives true. A CancelledError never is.
---@alias patterns.Errors async.ErrorObject|async.ErrorObject[]|fun(err: any): boolean

-- Retry ----------------------------------------------------------------------------------------------------------

---Options of `retry` and `retry_policy`.
---@class patterns.RetryOptions
---@field attempts? integer how many at most, the first one included; math.huge for no limit. Default 3
---@field delay? number|fun(number: integer, err: any): number seconds after the first failure (0.1); or a function of the number and the error of the attempt that failed
---@field factor? number each delay is so many times the one before (2)
---@field max_delay? number seconds that no delay exceeds, but for a jitter that is a number (30)
---@field jitter? "full"|"equal"|"decorrelated"|"none"|number what of the delay is random ("full"); a number: up to so many seconds are added
---@field random? fun(): number a number from 0 up to 1 (math.random, which math.randomseed seeds)
---@field on? patterns.Errors the errors after which it tries again; any other is raised at once. Default: every one
---@field on_retry? fun(number: integer, err: any, delay: number) called before each wait, with the number of the attempt that failed; may wait
---@field attempt_timeout? number seconds that one attempt may take; then it is cancelled and counts as failed, whatever `on` says
---@field total_timeout? number seconds for everything together

---Calls `fn(...)` until it succeeds, and returns its results. Waits between the attempts. RetryError when they, or
---the time, are used up.
---
---    retry(fs.read, { attempts = 5, on = async.OSError }, "data.json")
---@async
---@param fn fun(...: any): any
---@param options? patterns.RetryOptions|patterns.RetryPolicy
---@param ... any
---@return any ...
function patterns.retry(fn, options, ...) end

---The options of `retry`, checked and kept, for many calls. It has no state: any number of tasks may use it at once.
---@param options? patterns.RetryOptions
---@return patterns.RetryPolicy
function patterns.retry_policy(options) end

---What `retry_policy` gives.
---@class patterns.RetryPolicy
local RetryPolicy = {}

---What `retry(fn, policy, ...)` does.
---@async
---@param fn fun(...: any): any
---@param ... any
---@return any ...
function RetryPolicy:call(fn, ...) end

---A function that calls `fn` by the policy.
---@param fn fun(...: any): any
---@return fun(...: any): any
function RetryPolicy:wrap(fn) end

---The error of a `retry` that has given up.
---@class patterns.RetryErrorObject: async.Error
---@field attempts patterns.Attempt[] every attempt, in order
---@field cause any the error of the last one

---An attempt of a `retry` that has given up.
---@class patterns.Attempt
---@field error any
---@field seconds number how long it took
---@field delay? number the wait after it

-- Rate limits ----------------------------------------------------------------------------------------------------

---Options of `rate_limiter`.
---@class patterns.RateLimiterOptions
---@field rate number how many in `per` seconds
---@field per? number seconds (1)
---@field burst? number how many may be saved up, and let through at once after a pause; 1 spaces them evenly. Default: `rate`, at least 1
---@field strict? boolean no more than `rate` in any `per` seconds, whatever came before

---A limiter: so many per time, in the order in which tasks ask.
---
---    local limiter = rate_limiter { rate = 10 }
---    limiter:acquire()
---@param options patterns.RateLimiterOptions
---@return patterns.RateLimiter
function patterns.rate_limiter(options) end

---What `rate_limiter` gives.
---@class patterns.RateLimiter
---@field rate number
---@field per number
---@field strict boolean
local RateLimiter = {}

---Waits until `n` can be taken, and takes them. One that is cancelled takes nothing. Returns the limiter, so that
---`async.with(limiter, fn)` takes one, too. ValueError for more than the limiter ever holds.
---@async
---@param n? number above 0 (1)
---@return patterns.RateLimiter
function RateLimiter:acquire(n) end

---Takes `n` if they are there and nobody waits. Never waits.
---@param n? number above 0 (1)
---@return boolean
function RateLimiter:try_acquire(n) end

---How many could be taken now.
---@return number
function RateLimiter:available() end

---How many tasks wait in `acquire`.
---@return integer
function RateLimiter:waiting() end

-- Circuit breakers -----------------------------------------------------------------------------------------------

---Options of `circuit_breaker`.
---@class patterns.CircuitBreakerOptions
---@field failures? integer how many failures open it (5)
---@field window? number seconds in which they are counted. Without it they are counted from the last success on
---@field reset_after? number seconds that it is open (30)
---@field half_open? integer how many calls are let through then; when all of them succeed, it is closed (1)
---@field timeout? number seconds that a call may take; then it is cancelled, a TimeoutError is raised, and it has failed
---@field on? patterns.Errors the errors that are failures; any other counts as a success, for it is an answer. Default: every one
---@field on_change? fun(new: string, old: string, breaker: patterns.CircuitBreaker) called from the loop; cannot wait
---@field name? string for messages

---A breaker: it stops calling what fails, and tries again after a time.
---
---    local breaker = circuit_breaker { failures = 3, reset_after = 10 }
---    breaker:call(fetch, url)
---@param options? patterns.CircuitBreakerOptions
---@return patterns.CircuitBreaker
function patterns.circuit_breaker(options) end

---What `circuit_breaker` gives.
---@class patterns.CircuitBreaker
local CircuitBreaker = {}

---The results of `fn(...)`. CircuitOpenError, without calling it, while the breaker is open.
---@async
---@param fn fun(...: any): any
---@param ... any
---@return any ...
function CircuitBreaker:call(fn, ...) end

---A function that calls `fn` through the breaker.
---@param fn fun(...: any): any
---@return fun(...: any): any
function CircuitBreaker:wrap(fn) end

---"closed": calls go through; "open": none does; "half_open": some are tried.
---@return "closed"|"open"|"half_open"
function CircuitBreaker:state() end

---How many failures count towards opening.
---@return integer
function CircuitBreaker:failure_count() end

---Opens it, for `reset_after` seconds from now.
function CircuitBreaker:trip() end

---Closes it, and forgets all failures.
function CircuitBreaker:reset() end

---The error of a breaker that is open.
---@class patterns.CircuitOpenErrorObject: async.Error
---@field retry_after number seconds until the next call is let through; 0 while one is being tried
---@field breaker patterns.CircuitBreaker
---@field cause any the failure that opened it, if there was one

-- Memory ---------------------------------------------------------------------------------------------------------

---Options of `memoize`.
---@class patterns.MemoizeOptions
---@field ttl? number seconds that a result is kept. Default: for ever
---@field max? integer how many results are kept; those go that were not used for longest. Default: all
---@field key? fun(...: any): any gives, of the arguments, the value by which calls are told apart. Default: all arguments
---@field keep_errors? number seconds that an error is kept (0: not at all)

---A function that calls `fn`, and keeps the results by the arguments. Calls with the same arguments that come while one
---runs share it; it is cancelled when all who wait for it are.
---
---    local fetch = memoize(fetch, { ttl = 60, max = 100 })
---@param fn fun(...: any): any
---@param options? patterns.MemoizeOptions
---@return patterns.Memoized
function patterns.memoize(fn, options) end

---What `memoize` gives.
---@class patterns.Memoized
---@overload fun(...: any): any
local Memoized = {}

---Forgets what is kept for these arguments; a call that runs is not kept when it ends. True when there was one of them.
---@param ... any
---@return boolean
function Memoized:forget(...) end

---Forgets everything.
function Memoized:clear() end

---What has come of the calls of a function that is memoized.
---@class patterns.MemoizeStatistics
---@field hits integer calls that were answered by what is kept
---@field misses integer calls that called the function
---@field shared integer calls that waited for one of another
---@field evictions integer results that went for `max`
---@field expired integer results whose time was over
---@field size integer results that are kept
---@field running integer calls that run

---How many calls were answered from memory, and how many were not.
---@return patterns.MemoizeStatistics
function Memoized:statistics() end

-- Ticks ----------------------------------------------------------------------------------------------------------

---Options of `interval`.
---@class patterns.IntervalOptions
---@field missed? "skip"|"burst"|"delay" what comes of ticks that were due while nobody waited: all but the latest are left out (the default), all are made up for, or everything is later from then on
---@field immediate? boolean the first tick comes at once

---Ticks for a generic `for`, which gets their numbers. The times do not drift. Each step waits.
---
---    for tick in interval(1) do print(tick) end
---@param seconds number above 0
---@param options? patterns.IntervalOptions
---@return patterns.Interval
function patterns.interval(seconds, options) end

---What `interval` gives.
---@class patterns.Interval
---@field seconds number
---@field missed string
---@field number integer of the tick that came last
---@overload fun(): integer
local Interval = {}

---Waits for the next tick; its number, from 1 on, counts those left out.
---@async
---@return integer
function Interval:next() end

---The next tick is due one period from now.
function Interval:reset() end

-- Calls put off --------------------------------------------------------------------------------------------------

---Options of `debounce`.
---@class patterns.DebounceOptions
---@field leading? boolean the first call after a quiet time is made at once (false)
---@field trailing? boolean the latest call is made when it has been quiet (true)
---@field max_wait? number seconds after which a call is made though it is not quiet

---A function that makes the latest of its calls when there have been no more for `seconds`. The call is a task of its own,
---whose errors go where a task's go; it returns nothing and never waits.
---
---    local save = debounce(write_file, 2)
---@param fn fun(...: any): any
---@param seconds number above 0
---@param options? patterns.DebounceOptions
---@return patterns.Debounced
function patterns.debounce(fn, seconds, options) end

---What `debounce` gives.
---@class patterns.Debounced
---@field seconds number
---@field fn fun(...: any): any
---@overload fun(...: any)
local Debounced = {}

---Makes the call that is put off now. Its task, nil when there is none.
---@return async.Task?
function Debounced:flush() end

---Forgets the call that is put off, and all that was before. True when there was one.
---@return boolean
function Debounced:cancel() end

---Whether a call is put off.
---@return boolean
function Debounced:pending() end

---Options of `throttle`.
---@class patterns.ThrottleOptions
---@field leading? boolean the first call after a pause is made at once (true)
---@field trailing? boolean the latest of those that came too early is made when it may be (true)

---A function that makes no more than one of its calls in any `seconds`. Like `debounce` otherwise.
---
---    local redraw = throttle(draw, 0.1)
---@param fn fun(...: any): any
---@param seconds number above 0
---@param options? patterns.ThrottleOptions
---@return patterns.Throttled
function patterns.throttle(fn, seconds, options) end

---What `throttle` gives.
---@class patterns.Throttled
---@field seconds number
---@field fn fun(...: any): any
---@overload fun(...: any)
local Throttled = {}

---Makes the call that is put off now. Its task, nil when there is none.
---@return async.Task?
function Throttled:flush() end

---Forgets the call that is put off; the next one is made at once. True when there was one.
---@return boolean
function Throttled:cancel() end

---Whether a call is put off.
---@return boolean
function Throttled:pending() end

-- Hedged calls ---------------------------------------------------------------------------------------------------

---Options of `hedge`.
---@class patterns.HedgeOptions
---@field after number seconds after which another attempt starts; it starts at once when one has failed
---@field max? integer how many attempts there are at most (2)
---@field on? patterns.Errors the errors after which others may still succeed; any other is raised at once. Default: every one

---The results of the first call of `fn(...)` that succeeds. Waits; the others are cancelled, and have ended when it returns.
---An ExceptionGroup when all have failed.
---
---    hedge(fetch, { after = 0.2 }, url)
---@async
---@param fn fun(...: any): any
---@param options patterns.HedgeOptions
---@param ... any
---@return any ...
function patterns.hedge(fn, options, ...) end

-- Supervisors ----------------------------------------------------------------------------------------------------

---Options of `supervisor`.
---@class patterns.SupervisorOptions
---@field strategy? "one_for_one"|"one_for_all"|"rest_for_one" who is started again with a child that failed: it alone (the default), all, or it and those started after it
---@field max_restarts? integer how many restarts there may be in `within` seconds; with one more it gives up (3)
---@field within? number seconds (5)
---@field backoff? number|patterns.RetryOptions seconds before a restart (0); or `delay`, `factor`, `max_delay`, `jitter` and `random` as of `retry`
---@field on_exit? fun(name: string, err: any) told of each end of a child that was not asked for; cannot wait. Default: errors go to the exception handler
---@field name? string for messages

---A scope of children, which are started again when they end. Its block's end ends them, in reverse order, and waits.
---RuntimeError in a callback of the loop.
---
---    local sup <close> = supervisor { strategy = "one_for_all" }
---@param options? patterns.SupervisorOptions
---@return patterns.Supervisor
function patterns.supervisor(options) end

---What `supervisor` gives.
---@class patterns.Supervisor
local Supervisor = {}

---What a Supervisor is told of a child.
---@class patterns.ChildSpec
---@field name string
---@field run fun() runs in a task of its own
---@field restart? "permanent"|"transient"|"temporary" whether it is started again: always (the default), when it failed, never
---@field shutdown? number seconds after which it is told again to end, and that is reported (5)

---Starts a child. ValueError for a name that another has; RuntimeError when the supervisor is ending.
---@param spec patterns.ChildSpec
function Supervisor:start_child(spec) end

---Ends a child and waits for that; it is not started again. A temporary one is taken out of the list.
---@async
---@param name string
function Supervisor:terminate_child(name) end

---Starts a child that does not run. RuntimeError for one that does.
---@param name string
function Supervisor:restart_child(name) end

---Takes a child that does not run out of the list. RuntimeError for one that does.
---@param name string
function Supervisor:delete_child(name) end

---What `children` tells of a child.
---@class patterns.ChildInfo
---@field name string
---@field state "running"|"stopping"|"ended"|"waiting"|"finished"|"stopped"
---@field restart string
---@field restarts integer how often it has been started again
---@field error any of the end before the last restart
---@field task? async.Task

---The children in the order of their first start.
---@return patterns.ChildInfo[]
function Supervisor:children() end

---Waits until no child runs or is to be started again. SupervisorError when the supervisor has given up.
---@async
function Supervisor:wait() end

---Ends all children and waits for that. Nothing can be started afterwards.
---@async
function Supervisor:stop() end

---The error of a supervisor that has given up.
---@class patterns.SupervisorErrorObject: async.Error
---@field child string the name of the child
---@field errors any[] its errors in the time
---@field cause any the last one

-- Progress -------------------------------------------------------------------------------------------------------

---@class patterns.ProgressOptions
---@field total? number of how many; a list knows it
---@field label? string what stands before the bar
---@field unit? string what is counted: "files"; "bytes" are shown as KiB, MiB and so on
---@field initial? number how many are done already (0)
---@field leave? boolean the bar stays on the screen when it is closed (true)
---@field refresh? number how often it is drawn in a second at most (10)
---@field plain? number seconds: where there is no terminal, a line that often at most. Default: nothing
---@field write? fun(text: string) shows the bar instead of standard error, on a terminal of `width` columns
---@field width? integer columns for `write` (80); 0: no terminal

---A progress bar on standard error, when that is a terminal. Called by a generic `for` it gives the items of the list,
---generator or iterator function, and closes itself and the generator with the loop.
---
---    for file in progress(files, { label = "read" }) do read(file) end
---    local bar <close> = progress(100)
---@param what? any[]|fun(...): any ...|async.Generator|number|patterns.ProgressOptions what is iterated over, or the total
---@param options? patterns.ProgressOptions
---@return patterns.Progress bar
---@return nil
---@return nil
---@return patterns.Progress closing
function patterns.progress(what, options) end

---@class patterns.Progress
---@overload fun(): any ...
local Progress = {}

---So many more are done.
---@param n? number 1
function Progress:advance(n) end

---So many are done.
---@param value number
function Progress:set(value) end

---@param total? number nil: not known
function Progress:set_total(total) end

---@param text string
function Progress:set_label(text) end

---Prints above all bars of the terminal. `print` does so by itself while there are bars on standard error.
---@param ... any
function Progress:print_above(...) end

---How many are done.
---@return number
function Progress:value() end

---@return number?
function Progress:total() end

---How many are done in a second: in the last ones, or when it is closed in all. nil when that is not known.
---@return number?
function Progress:rate() end

---The bar stays as it is now. A second call does nothing.
function Progress:close() end

return patterns
