-- list: the names in a directory.
--
-- The directory is read on the pool; what was found becomes Lua values slice by slice, so that a huge directory does
-- not keep other tasks waiting.
local core = ...

local kSlice = 1024 -- entries between two looks at other tasks

-- list(path, {types=})
return function(path, options)
  local types = core.check_list(path, options)
  local listing = core.scan_list(path, types)
  local names = listing:table()
  while listing:fill(names, kSlice, types) do core.pause() end
  return names
end
