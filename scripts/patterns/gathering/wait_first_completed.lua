-- wait, until the first has ended: handle each result as it comes, while new work is added.
-- async.wait gives two lists, done and pending; it raises no error of a task and cancels
-- nothing, so both are the caller's to look after. Use FIRST_COMPLETED for a loop over a
-- changing set of tasks. For the first result alone, with the others cancelled, there is
-- async.race.
-- asyncio: asyncio.wait(..., return_when=FIRST_COMPLETED).

local loop = async.get_running_loop()
local begun = loop:time()

local links = {
  ["/"] = { "/a", "/b" }, ["/a"] = { "/a/1" }, ["/b"] = {}, ["/a/1"] = { "/broken" },
}
local seconds = { ["/"] = 0.1, ["/a"] = 0.3, ["/b"] = 0.1, ["/a/1"] = 0.1, ["/broken"] = 0.1 }

local function load_page(path)
  async.sleep(seconds[path])
  return links[path] or error(async.ValueError("no page " .. path))
end

-- A crawler: each page that arrives brings the next ones.
local function start(path)
  return async.create_task(function() return load_page(path) end, { name = path })
end

local pending = { start("/") }
while #pending > 0 do
  local done
  done, pending = async.wait(pending, { return_when = async.FIRST_COMPLETED })
  for _, task in ipairs(done) do
    local ok, found = pcall(task.result, task)   -- the error of a task is raised here, not by wait
    print(("%.1f s  %s: %s"):format(loop:time() - begun, task:get_name(),
      ok and #found .. " links" or tostring(found)))
    for _, path in ipairs(ok and found or {}) do pending[#pending + 1] = start(path) end
  end
end

--[[ prints:
0.1 s  /: 2 links
0.2 s  /b: 0 links
0.4 s  /a: 1 links
0.5 s  /a/1: 1 links
0.6 s  /broken: ValueError: no page /broken
]]
