-- watch: changes to a file, to what is in a directory, or to a whole tree.
--
-- The system watches single directories (see watch.cpp). For a tree there is one watch for each directory, and a
-- directory that appears is added when the change that tells of it is taken: what is in it by then is given as well.
local core, use = ...

local Watch = {}
Watch.__index = Watch
Watch.__name = "Watch"

-- stat, or nil where there is nothing.
local function stat_of(path)
  local ok, result = pcall(core.stat, path, { follow = false })
  if ok then return result end
  if result.code ~= "ENOENT" and result.code ~= "ENOTDIR" then error(result, 0) end
end

-- fn(...); false where there is nothing any more.
local function unless_gone(fn, ...)
  local ok, result = pcall(fn, ...)
  if ok then return result or true end
  if type(result) ~= "table" or (result.code ~= "ENOENT" and result.code ~= "ENOTDIR") then error(result, 0) end
  return false
end

-- Watches the directory and all below it, and notes what is in them if these are new.
local function adopt(self, top, new)
  local directories, native = { top }, self.native
  while #directories > 0 do
    local directory = table.remove(directories)
    local listing = unless_gone(native.add, native, directory) and unless_gone(core.scan, directory, false, false)
    if listing then
      for path, entry in listing.next, listing do
        if new then self.found[#self.found + 1] = { path = path, kind = "rename" } end
        if entry.type == "directory" then directories[#directories + 1] = path end
      end
    end
  end
end

local function follow(self, change)
  if change.kind == "overflow" then
    adopt(self, self.path, false)
  elseif change.kind == "rename" and change.path ~= self.path then
    local stat = stat_of(change.path)
    if stat and stat.type == "directory" then adopt(self, change.path, true) end
  end
end

-- next(): the next change, {path=, kind=}; nil once there will be none.
function Watch:next()
  if #self.found > 0 then return table.remove(self.found, 1) end
  if self.unfollowed == nil then
    local path, kind = self.native:take()
    if path == nil then return nil end
    self.unfollowed = { path = path, kind = kind }
  end
  local change = self.unfollowed
  if self.recursive then follow(self, change) end -- cancelled, it is left to the next step
  self.unfollowed = nil
  return change
end

Watch.__call = Watch.next

-- close(): who waits is told that there is nothing more. A second time does nothing.
function Watch:close()
  self.native:close()
end

Watch.__close = Watch.close

function Watch:__tostring()
  return tostring(self.native)
end

use("async/checked").checked(Watch, Watch)

-- watch(path, {recursive=}): for change in fs.watch(path) do ... end
return function(path, options)
  local recursive = core.check_watch(path, options)
  local stat = core.stat(path)
  local self = setmetatable({ native = core.new_watch(path), path = path, recursive = false, found = {} }, Watch)
  local ok, err = pcall(function()
    if stat.type ~= "directory" then
      local real = core.realpath(path)
      self.native:add(core.dirname(real), core.basename(real))
    elseif recursive then
      self.recursive = true
      adopt(self, path, false)
    else
      self.native:add(path)
    end
  end)
  if ok then return self, nil, nil, self end
  self:close()
  error(err, 0)
end
