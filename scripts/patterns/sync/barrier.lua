-- Barrier: so many tasks meet, and go on together; again and again.
-- Use it for work in phases, where nobody may begin the next phase before all have finished the
-- last. When only one task waits for the others, a TaskGroup for each phase is simpler and also
-- handles failures: at a barrier, one that never comes holds up the rest.
-- asyncio: asyncio.Barrier.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local barrier = async.Barrier(3)

local function worker(name, seconds)
  for phase = 1, 2 do
    async.sleep(seconds)
    note(("%s finished phase %d"):format(name, phase))
    local index = barrier:wait()               -- 0 for the first to come
    if index == 0 then note("-- all go on") end
  end
end

do
  local group <close> = async.TaskGroup()
  for i, name in ipairs { "a", "b", "c" } do group:spawn(worker, name, i / 10) end
end

-- One fails: it breaks the barrier, so that the others do not wait for ever.
begun = loop:time()
local function careful_worker(seconds, problem)
  local ok, err = pcall(function()
    async.sleep(seconds)
    if problem then error(async.RuntimeError(problem)) end
    barrier:wait()
  end)
  if not ok then
    barrier:abort()
    return tostring(err)
  end
end
for _, text in ipairs(async.gather(
  function() return careful_worker(0.1) end,
  function() return careful_worker(0.2) end,
  function() return careful_worker(0.3, "out of memory") end)) do
  note(text)
end

-- A broken barrier is whole again after reset. A timeout for the meeting is one like any other.
barrier:reset()
print("broken", barrier.broken)
print(pcall(async.timeout, 0.5, barrier.wait, barrier))
print("waiting", barrier.n_waiting)

--[[ prints:
0.1 s	a finished phase 1
0.2 s	b finished phase 1
0.3 s	c finished phase 1
0.3 s	-- all go on
0.4 s	a finished phase 2
0.5 s	b finished phase 2
0.6 s	c finished phase 2
0.6 s	-- all go on
0.3 s	BrokenBarrierError: the Barrier was aborted or reset while this task waited
0.3 s	BrokenBarrierError: the Barrier was aborted or reset while this task waited
0.3 s	RuntimeError: out of memory
broken	false
false	TimeoutError: timed out after 0.5 seconds
waiting	0
]]
