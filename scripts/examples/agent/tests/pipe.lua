-- Two rpc connections that talk to each other without a process, for tests under the virtual clock.
local rpc = require "mcp.rpc"

local function pipe(sent)
  local queue = async.Queue()
  return {
    write = function(self, ...)
      for line in table.concat({ ... }):gmatch("([^\n]*)\n") do
        table.insert(sent, line)
        queue:put_nowait(line .. "\n")
      end
      return self
    end,
    put = function(piece) queue:put_nowait(piece) end,
    lines = function() return queue:items() end,
    close = function() queue:shutdown() end,
  }
end

-- connect(handlers): our connection, theirs with those handlers, and a list of all lines that go to
-- them, and to us. Both run until the test closes them.
local function connect(handlers, our_handlers)
  local to_them, to_us = {}, {}
  local there, back = pipe(to_them), pipe(to_us)
  local ours, theirs = rpc.connect(back, there, our_handlers), rpc.connect(there, back, handlers)
  local tasks = { async.spawn(ours.run, ours), async.spawn(theirs.run, theirs) }
  return {
    ours = ours,
    theirs = theirs,
    to_them = to_them,
    to_us = to_us,
    raw = back, -- what is written here, we read
    close = function()
      ours:close()
      theirs:close()
      async.gather(table.unpack(tasks))
    end,
  }
end

return connect
