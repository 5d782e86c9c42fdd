-- A file that nobody closes: it stays open until the collector finds it, or the program ends. In
-- debug mode (neap --debug) neap names it, with the line that opened it.
-- The way out: a <close> variable, which closes it at the end of the block, also after errors and
-- cancellations. async.open_handles() lists what is open now.
-- asyncio: ResourceWarning: unclosed file.
local fs = require "neap.fs"
local directory <close> = fs.tempdir()
local name = directory.path .. "/notes"

local function write_carelessly(text)
  local file = fs.open(name, "w")
  file:write(text) -- the mistake: nobody closes it, and an error here would leave it open too
end

local function write(text)
  local file <close> = fs.open(name, "w")
  file:write(text)
end

-- For a whole file there is nothing to close: fs.write opens and closes it by itself.
fs.write(name, "text")

local function show_open_files(when)
  print(when)
  for _, handle in ipairs(async.open_handles()) do
    if handle.kind == "file" then print("  open: a file opened at " .. handle.place) end
  end
end

async.run(function()
  write("right")
  show_open_files("after the right one")

  write_carelessly("wrong")
  show_open_files("after the wrong one")

  collectgarbage() -- it is closed and reported when it is collected
  show_open_files("after a collection")
end, { debug = true })

-- What no variable of one block can hold belongs on an ExitStack, or in an object with __close.
do
  local stack <close> = async.ExitStack()
  for i = 1, 3 do stack:enter(fs.open(name .. i, "w")) end
  show_open_files("in the block")
end
show_open_files("behind it")

--[[ prints:
after the right one
after the wrong one
  open: a file opened at ...unclosed_handle.lua:11
after a collection
in the block
  open: a file opened at ...unclosed_handle.lua:44
  open: a file opened at ...unclosed_handle.lua:44
  open: a file opened at ...unclosed_handle.lua:44
behind it
stderr:
neap: warning: the File '...' opened at ...unclosed_handle.lua:11 was never closed
]]
