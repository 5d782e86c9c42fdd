-- The rows that are Lua alone: neap, the stock interpreter and LuaJIT run this same file.
--
-- usage: lua5.4 plain.lua ROW [N]

package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local measured = require "lua_measured"

local rows = {}

local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

function rows.fib32(n)
  for _ = 1, n do assert(fib(32) == 2178309) end
end

-- What scripts do with strings: format, take apart, change, join.
function rows.strmix(n)
  local parts, size = {}, 0
  for i = 1, n do
    local line = ("%s:%d:%s"):format("user" .. i % 1000, i, "some text")
    local name, id = line:match("^(%w+):(%d+):")
    parts[#parts + 1] = name:upper() .. "=" .. id
    if i % 100 == 0 then
      size = size + #table.concat(parts, ",")
      parts = {}
    end
  end
  assert(n < 100 or size > 0)
end

measured.run(rows, arg[1], tonumber(arg[2] or 1))
