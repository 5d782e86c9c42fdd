-- neap.compat.socket beside LuaSocket itself: one script, run by both, must print the same.
local folder = debug.getinfo(1, "S").source:match("^@(.*)/[^/]+$")
local script = folder .. "/behaviour.lua"

-- What the stock interpreter prints; nil when it has no LuaSocket.
local function stock_lines()
  for _, name in ipairs { "lua5.4", "lua" } do
    local probe = name .. [[ -e 'assert(_VERSION == "Lua 5.4" and require "socket")' >/dev/null 2>&1]]
    if os.execute(probe) then
      local output <close> = assert(io.popen(("%s '%s' 2>&1"):format(name, script)))
      local lines = {}
      for line in output:lines() do lines[#lines + 1] = line end
      return lines
    end
  end
end

-- What it prints here.
local function own_lines()
  local lines = {}
  local env = setmetatable({
    print = function(line) lines[#lines + 1] = line end,
    require = function(name) return name == "socket" and neap.compat.socket or require(name) end,
  }, { __index = _G })
  assert(loadfile(script, "t", env))()
  return lines
end

test("a script sees what it sees with LuaSocket", { clock = "real" }, function()
  local expected = stock_lines()
  if expected == nil then
    io.stderr:write("skipped: no Lua 5.4 with LuaSocket to compare with (Debian: lua5.4, lua-socket)\n")
    return
  end
  local actual = own_lines()
  for i = 1, math.max(#expected, #actual) do equal(actual[i], expected[i], "line " .. i) end
  check(#actual > 150, #actual)
end)
