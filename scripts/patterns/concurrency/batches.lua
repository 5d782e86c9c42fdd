-- Batches: items in groups of n, for what handles many as cheaply as one: a bulk insert, one
-- request for fifty keys.
-- Use it for such calls. Not for bounding concurrency: a batch waits for its slowest item, where
-- async.map with a limit starts the next at once; the difference is shown below.
-- asyncio: itertools.batched (3.12) and gather.
local loop = async.get_running_loop()
local begun = loop:time()

local function insert(rows)
  async.sleep(0.2) -- as long for one as for many
  print(("%.1f s: inserted %s"):format(loop:time() - begun, table.concat(rows, " ")))
end

-- Of a list, a generator or a queue: async.iter makes batches of any of them.
for rows in async.iter({ "a", "b", "c", "d", "e" }):batch(2) do insert(rows) end

-- Several batches on their way at a time.
async.map(async.iter({ "f", "g", "h", "i", "j" }):batch(2), insert, { limit = 2 })

-- A batcher: callers ask one by one; it sends what has come when there are n, or after a moment.
local waiting = async.Queue()
local function look_up(key)
  local answer = async.Future()
  waiting:put { key = key, answer = answer }
  return await(answer)
end

local batcher = async.spawn(function()
  while true do
    local batch = { waiting:get() }
    async.move_on_after(0.1, function()
      while #batch < 3 do batch[#batch + 1] = waiting:get() end
    end)
    async.sleep(0.2) -- the one request for all of them
    print(("%.1f s: asked for %d keys"):format(loop:time() - begun, #batch))
    for _, request in ipairs(batch) do
      -- Done already: who asked was cancelled meanwhile.
      if not request.answer:done() then request.answer:set_result("value of " .. request.key) end
    end
  end
end)
print(table.concat(async.map({ "k1", "k2", "k3", "k4" }, look_up), ", "))
batcher:cancel()

-- Four jobs of unequal length: batches of two take 0.3 + 0.1 s, two at a time 0.3 s.
local seconds = { 0.3, 0.1, 0.1, 0.1 }
begun = loop:time()
for pair in async.iter(seconds):batch(2) do async.map(pair, async.sleep) end
print(("in batches: %.1f s"):format(loop:time() - begun))
begun = loop:time()
async.map(seconds, function(n) async.sleep(n) end, { limit = 2 })
print(("two at a time: %.1f s"):format(loop:time() - begun))

--[[ prints:
0.2 s: inserted a b
0.4 s: inserted c d
0.6 s: inserted e
0.8 s: inserted f g
0.8 s: inserted h i
1.0 s: inserted j
1.2 s: asked for 3 keys
1.5 s: asked for 1 keys
value of k1, value of k2, value of k3, value of k4
in batches: 0.4 s
two at a time: 0.3 s
]]
