-- The three kinds of awaitable: a Coroutine, a Task and a Future.
-- A Coroutine is a call that nobody has begun; a Task is a call that runs beside the others; a
-- Future is a result that somebody else will set. await takes all of them and gives what they give.
-- Most programs need the first two; a Future joins code that calls back to code that waits.
-- asyncio: the same three, with the same names.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local double = async(function(n)
  async.sleep(0.1)
  return 2 * n
end)

-- A Coroutine runs in the task that awaits it, and begins when it is awaited.
local coroutine_object = double(1)
async.sleep(0.1)
note("Coroutine", await(coroutine_object))

-- A Task began on its own; awaiting it only waits for its end. It may be awaited again and again.
local task = async.spawn(double(2))
async.sleep(0.1)
note("Task     ", await(task))
note("     again", await(task))

-- A Future is finished by hand. Who awaits it waits until then; any number of tasks may.
local function ask(question, answer_later)     -- an interface with a callback, as older code has
  loop:call_later(0.1, answer_later, "answer to " .. question)
end

local function ask_and_wait(question)
  local future = async.Future()
  ask(question, function(answer) future:set_result(answer) end)
  return await(future)
end
note("Future   ", ask_and_wait("why"))

-- Each of them may fail; the error comes out of await.
local failed = async.Future()
failed:set_exception(async.ValueError("no such thing"))
note(pcall(await, failed))

-- Any other value is given back as it is: await around a call that has waited already does no harm.
note("value    ", await(async.sleep(0.1, "slept")))

-- A function is a mistake, and said to be one.
note(select(2, pcall(await, print)))

--[[ prints:
0.2 s	Coroutine	2
0.3 s	Task     	4
0.3 s	     again	4
0.4 s	Future   	answer to why
0.4 s	false	ValueError: no such thing
0.5 s	value    	slept
0.5 s	TypeError: await got a function; call it, or wrap it in async()
]]
