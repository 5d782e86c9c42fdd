-- What the tests of fs share: a directory of their own, removed behind them.
local fs = neap.fs

local scratch = {}

-- local dir <close> = scratch.directory(); dir.path, dir "name" is the path of a file in it.
function scratch.directory()
  local path = os.tmpname()
  os.remove(path)
  fs.mkdir(path)
  return setmetatable({ path = path }, {
    __call = function(_, name) return path .. "/" .. name end,
    __close = function() fs.remove(path, { recursive = true }) end,
  })
end

-- The number of descriptors that the process has open, nil where there is no way to know.
function scratch.descriptors()
  local ok, names = pcall(fs.list, "/proc/self/fd")
  return ok and #names or nil
end

-- Lets jobs that nobody waits for any more come to their end: the virtual clock stands still for them.
function scratch.settle()
  collectgarbage()
  collectgarbage()
  async.sleep(0.5)
end

-- The same under the real clock: waits until no more descriptors are open than `count`.
function scratch.wait_for_descriptors(count)
  async.timeout(10, function()
    while count and scratch.descriptors() > count do async.sleep(0.01) end
  end)
  async.sleep(0.05)
end

function scratch.shell(command)
  check(os.execute(command), command)
end

return scratch
