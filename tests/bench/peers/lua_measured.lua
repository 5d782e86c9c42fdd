-- Measures a row and prints its result, in Lua 5.4 or LuaJIT.

local clock = os.clock

local M = {}
local wall, cpu

-- Nanoseconds. Without a loop: the processor time, which is all that a row of Lua alone takes.
local function find_clock()
  if async then return function() return async.get_running_loop():time() * 1e9 end end
  local ok, uv = pcall(require, "luv")
  return ok and uv.hrtime or function() return clock() * 1e9 end
end

local hrtime = find_clock()

-- What is measured begins with the row, or where it calls this once everything is in place.
function M.start()
  wall, cpu = hrtime(), clock()
end

-- Bytes: VmRSS is what is resident now, VmHWM the most that ever was. nil where there is no /proc.
local function memory(field)
  local file = io.open("/proc/self/status")
  if not file then return nil end
  local kib = file:read("*a"):match(field .. ":%s*(%d+) kB")
  file:close()
  return tonumber(kib) * 1024
end

local function print_result(result)
  local fields = {}
  for key, value in pairs(result) do
    local text = type(value) == "string" and ("%q"):format(value) or ("%.10g"):format(value)
    fields[#fields + 1] = ("%q: %s"):format(key, text)
  end
  print("{" .. table.concat(fields, ", ") .. "}")
end

function M.run(rows, name, n)
  local row = assert(rows[name], "no such row: " .. tostring(name))
  local resident = memory("VmRSS")
  M.start()
  local ops, finish, extra = row(n)
  local result = extra or {}
  ops = ops or n
  result.cpu_ns = (clock() - cpu) * 1e9 / ops
  result.wall_ns = (hrtime() - wall) / ops
  result.peak_rss = memory("VmHWM")
  if finish then
    result.bytes_each = resident and (memory("VmRSS") - resident) / ops
    finish()
  end
  result.row, result.n = name, ops
  print_result(result)
end

return M
