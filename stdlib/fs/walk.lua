-- walk: everything below a directory, one entry a step.
--
-- The listings of the directories from the top down to the one at hand form a stack; an entry becomes a table
-- only when it is given. A directory is scanned at the step after the one that gave it, so that the loop's
-- body can say `entry.skip = true` first. Several tasks may share a walk: while one scans, the others wait.
local core = ...

local Future, wait, scan, check_walk = core.Future, core.wait, core.scan, core.check_walk

local function is_os_error(err)
  return type(err) == "table" and err.code ~= nil
end

return function(path, options)
  local follow, stat, onerror = check_walk(path, options)
  local listings = {}
  local entered = follow and {} or nil -- directories by id, so that links cannot lead around in circles
  local directory, entry = path, {} -- the directory given last, until it is scanned
  local scanning -- a Future while some task does that

  local function push(listing)
    if entered then
      local id = listing:id()
      if entered[id] then return end
      entered[id] = true
    end
    listings[#listings + 1] = listing
  end

  -- A scan that is cancelled is left to the next step.
  local function enter()
    local err
    do
      scanning = Future()
      local turn <close> = setmetatable({}, {
        __close = function()
          local finished = scanning
          scanning = nil
          finished:set_result()
        end,
      })
      local ok, result = pcall(scan, directory, follow, stat)
      directory = nil
      if ok then push(result) else err = result end
    end
    if err == nil then return end
    if not (onerror and is_os_error(err)) then error(err, 0) end
    onerror(err)
  end

  return function()
    while true do
      if scanning then
        wait(scanning)
      elseif directory and entry.skip then
        directory = nil
      elseif directory then
        enter()
      else
        local listing = listings[#listings]
        if listing == nil then return nil end
        local below, found = listing:next()
        if below == nil then
          listings[#listings] = nil
        else
          if found.type == "directory" then directory, entry = below, found end
          return below, found
        end
      end
    end
  end
end
