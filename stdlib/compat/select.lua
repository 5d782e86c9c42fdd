-- LuaSocket's `select`.
local core, use = ...

local async = use("async/init")
local object = use("object")

-- The Socket of an object: its own, or one of the descriptor that it names. Nil when it has none.
local function raw_of(each, borrowed)
  local raw = type(each) == "table" and rawget(each, "raw") or nil
  if raw == nil then
    local fd = each:getfd()
    if fd < 0 then return nil end
    raw = borrowed[fd] or core.adopt(math.tointeger(fd))
    borrowed[fd] = raw
  end
  if raw:fd() < 0 then return nil end
  return raw
end

local function check_list(list, number)
  if list == nil or type(list) == "table" then return end
  error(("bad argument #%d to 'select' (table expected, got %s)"):format(number, type(list)), 3)
end

-- The objects with a descriptor, and their Sockets in the same order.
local function collect(list, sockets, borrowed)
  local objects = {}
  for _, each in ipairs(list or {}) do
    local raw = raw_of(each, borrowed)
    if raw then
      objects[#objects + 1] = each
      sockets[#sockets + 1] = raw
    end
  end
  return objects
end

-- LuaSocket's lists lead from an object to its place, too.
local function add(list, each)
  if list[each] then return end
  list[#list + 1] = each
  list[each] = #list + 0.0
end

local function is_dirty(each)
  return each.dirty ~= nil and each:dirty()
end

-- What of the objects is ready now.
local function ready_now(readers, writers, sockets)
  local readable, writable = {}, {}
  for _, each in ipairs(readers) do
    if is_dirty(each) then add(readable, each) end
  end
  for _, place in ipairs(core.ready(sockets, #readers)) do
    if place <= #readers then
      add(readable, readers[place])
    else
      add(writable, writers[place - #readers])
    end
  end
  return readable, writable, #readable + #writable > 0
end

-- select(readers, writers, seconds): waits until one of the objects can be read or written; the lists of those that
-- can, and "timeout" when none could in time.
return function(to_read, to_write, seconds)
  check_list(to_read, 1)
  check_list(to_write, 2)
  seconds = object.check_number(seconds or -1, 3, "select")
  local sockets, borrowed = {}, {}
  local readers = collect(to_read, sockets, borrowed)
  local writers = collect(to_write, sockets, borrowed)
  local limit = seconds >= 0 and seconds or nil
  local start, last = core.time(), false
  while true do
    local readable, writable, some = ready_now(readers, writers, sockets)
    if some then return readable, writable end
    if last then return readable, writable, "timeout" end
    local left = limit and math.max(limit - (core.time() - start), 0)
    last = left == 0
    if last then async.sleep(0) else core.wait(sockets, #readers, left) end
  end
end
