-- Files in async.open_handles, and what debug mode says of those that nobody closes.
local scratch = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "scratch.lua")
local fs = neap.fs

local function here() return debug.getinfo(2, "l").currentline end

local function places()
  local list = {}
  for i, handle in ipairs(async.open_handles()) do list[i] = handle.place:match("[^/]+$") end
  return list
end

test("an open File is listed with its path and the line that opened it, until it is closed", function()
  local dir <close> = scratch.directory()
  local first, line = fs.open(dir "a", "w"), here()
  local second = fs.open(dir "b", "w")
  local list = async.open_handles()
  equal(#list, 2)
  equal(list[1].kind, "file")
  equal(list[1].description, ("File '%s'"):format(dir "a"))
  check(list[1].place:find("open_handles_test.lua:" .. line .. "$"), list[1].place)
  equal(list[2].description, ("File '%s'"):format(dir "b"))
  first:close()
  equal(#async.open_handles(), 1)
  second:close()
  equal(async.open_handles(), {})
end)

test("a File is not listed any more behind the block of its <close> variable", function()
  local dir <close> = scratch.directory()
  do
    local file <close> = fs.open(dir "a", "w")
    equal(#async.open_handles(), 1)
  end
  equal(async.open_handles(), {})
end)

test("a File that another task uses is not listed any more once it has been left", function()
  local dir <close> = scratch.directory()
  scratch.shell("mkfifo " .. dir "p")
  local opened = async.spawn(fs.open, dir "p", "w")
  local reader = fs.open(dir "p")
  local writer = await(opened)
  local read = async.spawn(reader.read, reader, 1)
  async.sleep(0)
  do
    local leaving <close> = reader
  end
  equal(#async.open_handles(), 1)
  writer:write("x")
  writer:close()
  equal(await(read), "x")
  equal(async.open_handles(), {})
end)

test("a File that is collected is not listed any more", function()
  local dir <close> = scratch.directory()
  fs.open(dir "a", "w")
  scratch.settle()
  equal(async.open_handles(), {})
end)

test("opened as the function of a task, a File has the place where the task was made", function()
  local dir <close> = scratch.directory()
  local task, line = async.spawn(fs.open, dir "a", "w"), here()
  local file = await(task)
  equal(places(), { "open_handles_test.lua:" .. line })
  file:close()
end)

test("a File that could not be opened is not listed", function()
  local dir <close> = scratch.directory()
  raises(async.OSError, fs.open, dir "missing")
  equal(async.open_handles(), {})
end)

test("a File closed twice, one of them by its block, is closed once", function()
  local dir <close> = scratch.directory()
  local other <close> = fs.open(dir "b", "w")
  do
    local file <close> = fs.open(dir "a", "w")
    file:close()
  end
  equal(#async.open_handles(), 1)
end)

test("a long path is cut in the description", function()
  local dir <close> = scratch.directory()
  local path = dir.path .. ("/."):rep(300) .. "/a"
  local file <close> = fs.open(path, "w")
  equal(async.open_handles()[1].description, ("File '%s'"):format(path):sub(1, 512))
end)
