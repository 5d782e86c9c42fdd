-- Sessions with a lock each: turns of one conversation run one after the other, those of different
-- conversations at once. Without the lock two turns would both read the old history.
-- Use it wherever state belongs to a key: sessions, accounts, files. One lock for everything would
-- be simpler, and make all users wait for each other.
-- asyncio: a dict of Locks; there, too, the dict must not grow for ever.
local loop = async.get_running_loop()
local begun = loop:time()

local SessionService = {}
SessionService.__index = SessionService

function SessionService.new() return setmetatable({ stored = {}, locks = {} }, SessionService) end

-- Calls fn(session) with the session to itself. What fn changed is stored, unless it fails.
function SessionService:with(id, fn)
  local entry = self.locks[id] or { lock = async.Lock(), users = 0 }
  self.locks[id] = entry
  entry.users = entry.users + 1
  -- The last user takes the lock away: as many locks as sessions in use, not as there ever were.
  local _ <close> = setmetatable({}, {
    __close = function()
      entry.users = entry.users - 1
      if entry.users == 0 then self.locks[id] = nil end
    end,
  })
  local held <close> = entry.lock:acquire()
  local session = self:load(id)
  local result = fn(session)
  self:save(id, session)
  return result
end

-- A database would be here: both wait.
function SessionService:load(id)
  async.sleep(0.1)
  return { table.unpack(self.stored[id] or {}) }
end

function SessionService:save(id, session)
  async.sleep(0.1)
  self.stored[id] = session
end

local sessions = SessionService.new()
local function turn(id, text)
  return sessions:with(id, function(session)
    session[#session + 1] = text
    async.sleep(0.2) -- the model
    if text == "boom" then error(async.ValueError("cannot answer that")) end
    print(("%.1f s  %s: %s"):format(loop:time() - begun, id, table.concat(session, " / ")))
  end)
end

async.gather {
  function() turn("ann", "hello") end,
  function() turn("bob", "hi") end,
  function() turn("ann", "how are you") end,
  function() turn("ann", "boom") end,
  function() turn("bob", "bye") end,
  return_exceptions = true,
}
turn("ann", "good night") -- what failed has left no trace
print("locks left:", next(sessions.locks))

--[[ prints:
0.3 s  ann: hello
0.3 s  bob: hi
0.7 s  ann: hello / how are you
0.7 s  bob: hi / bye
1.4 s  ann: hello / how are you / good night
locks left:	nil
]]
