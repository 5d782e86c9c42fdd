-- Changes come when the system tells of them: these tests run under the real clock, and wait for what must come.
local scratch = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "scratch.lua")
local fs = neap.fs
local OSError, TypeError, ValueError, RuntimeError = async.OSError, async.TypeError, async.ValueError, async.RuntimeError
local real = { clock = "real" }

local function step(watch)
  return async.timeout(40, function() return watch() end)
end

-- Takes changes until that one comes; returns all of them as "kind path".
local function take_until(watch, kind, path)
  local list = {}
  repeat
    local change = step(watch)
    check(change, "the watch has ended")
    list[#list + 1] = change.kind .. " " .. change.path
  until change.kind == kind and change.path == path
  return list
end

test("watch gives what is made, changed and removed in a directory", real, function()
  local dir <close> = scratch.directory()
  local watch <close> = fs.watch(dir.path)
  fs.write(dir "a", "1")
  take_until(watch, "rename", dir "a")
  fs.append(dir "a", "2")
  take_until(watch, "change", dir "a")
  fs.chmod(dir "a", "600")
  take_until(watch, "change", dir "a")
  fs.rename(dir "a", dir "b")
  take_until(watch, "rename", dir "b")
  fs.remove(dir "b")
  take_until(watch, "rename", dir "b")
end)

test("watch is a loop's iterator and is closed with the loop", real, function()
  local dir <close> = scratch.directory()
  local writer = async.spawn(function()
    async.sleep(0.01)
    fs.write(dir "a", "")
  end)
  for change in fs.watch(dir.path) do
    equal(change, { path = dir "a", kind = "rename" })
    equal(#async.open_handles(), 1)
    break
  end
  await(writer)
  equal(async.open_handles(), {})
end)

test("names of every kind come as they are, also one that the directory has itself", real, function()
  local dir <close> = scratch.directory()
  local watch <close> = fs.watch(dir.path .. "/")
  for _, name in ipairs { "two\nlines", "\xFF", fs.basename(dir.path), " " } do
    fs.write(dir(name), "")
    take_until(watch, "rename", dir(name))
  end
end)

test("watch without recursive gives nothing of what is further below", real, function()
  local dir <close> = scratch.directory()
  fs.mkdir(dir "d")
  local watch <close> = fs.watch(dir.path)
  fs.write(dir "d/f", "")
  fs.write(dir "end", "")
  for _, change in ipairs(take_until(watch, "rename", dir "end")) do check(not change:find("d/f", 1, true), change) end
end)

test("a file is watched by its name, also when another takes its place", real, function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "1")
  local watch <close> = fs.watch(dir "f")
  fs.write(dir "other", "x")
  for i = 1, 3 do
    fs.write(dir "f", tostring(i), { atomic = true })
    equal(take_until(watch, "rename", dir "f"), { "rename " .. dir "f" })
  end
  fs.append(dir "f", "2")
  equal(take_until(watch, "change", dir "f"), { "change " .. dir "f" })
  fs.remove(dir "f")
  take_until(watch, "rename", dir "f")
  fs.write(dir "f", "again")
  take_until(watch, "rename", dir "f")
end)

test("with recursive everything below is watched, also what is made later", real, function()
  local dir <close> = scratch.directory()
  fs.mkdir(dir "a/b", { parents = true })
  local watch <close> = fs.watch(dir.path, { recursive = true })
  fs.write(dir "a/b/f", "")
  take_until(watch, "rename", dir "a/b/f")
  fs.mkdir(dir "new")
  take_until(watch, "rename", dir "new")
  fs.write(dir "new/f", "")
  take_until(watch, "rename", dir "new/f")
  fs.append(dir "new/f", "x")
  take_until(watch, "change", dir "new/f")
end)

test("what is in a directory before it could be watched is given too", real, function()
  local dir <close> = scratch.directory()
  local watch <close> = fs.watch(dir.path, { recursive = true })
  fs.mkdir(dir "x/y/z", { parents = true })
  fs.write(dir "x/y/z/f", "")
  local seen, missing = {}, 4
  local wanted = { [dir "x"] = true, [dir "x/y"] = true, [dir "x/y/z"] = true, [dir "x/y/z/f"] = true }
  while missing > 0 do
    local path = step(watch).path
    if wanted[path] and not seen[path] then seen[path], missing = true, missing - 1 end
  end
end)

test("a directory that is renamed is watched under its new name", real, function()
  local dir <close> = scratch.directory()
  fs.mkdir(dir "old/sub", { parents = true })
  local watch <close> = fs.watch(dir.path, { recursive = true })
  fs.rename(dir "old", dir "new")
  take_until(watch, "rename", dir "new")
  fs.write(dir "mark", "")
  take_until(watch, "rename", dir "mark")
  fs.write(dir "new/sub/f", "")
  take_until(watch, "rename", dir "new/sub/f")
end)

test("the iteration ends when the directory is gone", real, function()
  local dir <close> = scratch.directory()
  fs.mkdir(dir "d")
  local watch <close> = fs.watch(dir "d")
  fs.remove(dir "d")
  local list = {}
  while true do
    local change = step(watch)
    if change == nil then break end
    list[#list + 1] = change
  end
  equal(list[#list], { path = dir "d", kind = "rename" })
  equal(step(watch), nil)
  check(tostring(watch):find("ended"), tostring(watch))
end)

test("equal changes that nobody has taken yet are one", real, function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "")
  local watch <close> = fs.watch(dir.path)
  for _ = 1, 500 do fs.append(dir "f", "x") end
  fs.write(dir "end", "")
  equal(take_until(watch, "rename", dir "end"), { "change " .. dir "f", "rename " .. dir "end" })
end)

test("too many changes that nobody takes become one overflow, and the watch goes on", real, function()
  local dir <close> = scratch.directory()
  local watch <close> = fs.watch(dir.path)
  for batch = 1, 2 do
    scratch.shell(("cd '%s' && i=0 && while [ $i -lt 9000 ]; do : > %d-$i; i=$((i+1)); done"):format(dir.path, batch))
    async.sleep(0.01) -- the loop reads what the system has kept
  end
  fs.write(dir "end", "")
  local list = take_until(watch, "rename", dir "end")
  equal(list[1], "overflow " .. dir.path)
  check(#list < 16384, #list)
end)

test("a wait for changes can be cancelled, and loses none", real, function()
  local dir <close> = scratch.directory()
  local watch <close> = fs.watch(dir.path, { recursive = true })
  for i = 1, 20 do
    local change
    local task = async.spawn(function() change = watch() end)
    async.sleep(0)
    fs.mkdir(dir("d" .. i))
    for _ = 1, i % 4 do async.sleep(0) end
    task:cancel()
    async.catch(await, task)
    if not (change and change.path == dir("d" .. i)) then take_until(watch, "rename", dir("d" .. i)) end
  end
end)

test("close ends the iteration of who waits, and may come twice", real, function()
  local dir <close> = scratch.directory()
  local watch = fs.watch(dir.path)
  local task = async.spawn(function()
    for _ in function() return watch() end do error("nothing has changed") end
    return "over"
  end)
  async.sleep(0)
  check(tostring(watch):find("waiting"), tostring(watch))
  watch:close()
  equal(await(task), "over")
  watch:close()
  equal(watch(), nil)
  equal(tostring(watch), ("<Watch '%s' closed>"):format(dir.path))
end)

test("a second task that waits gets a RuntimeError", real, function()
  local dir <close> = scratch.directory()
  local watch <close> = fs.watch(dir.path)
  local task = async.spawn(function() return watch() end)
  async.sleep(0)
  check(raises(RuntimeError, watch).message:find("watch it twice", 1, true))
  task:cancel()
  raises(async.CancelledError, await, task)
end)

test("two watches of one directory get the same changes", real, function()
  local dir <close> = scratch.directory()
  local first <close> = fs.watch(dir.path)
  local second <close> = fs.watch(dir.path)
  fs.write(dir "f", "")
  take_until(first, "rename", dir "f")
  take_until(second, "rename", dir "f")
end)

test("a watch is an open handle until it is closed or collected", real, function()
  local dir <close> = scratch.directory()
  local line = debug.getinfo(1, "l").currentline + 1
  local watch = fs.watch(dir.path)
  local handle = async.open_handles()[1]
  equal(handle.kind, "watch")
  equal(handle.description, ("Watch '%s'"):format(dir.path))
  check(handle.place:find("watch_test.lua:" .. line .. "$"), handle.place)
  watch:close()
  equal(async.open_handles(), {})
  fs.watch(dir.path, { recursive = true })
  collectgarbage()
  collectgarbage()
  equal(async.open_handles(), {})
end)

test("waiting for a change is no deadlock: a change may come", function()
  local dir <close> = scratch.directory()
  local watch <close> = fs.watch(dir.path)
  scratch.shell(("(sleep 0.05; : > '%s') &"):format(dir "f"))
  equal(watch(), { path = dir "f", kind = "rename" })
end)

test("a watch that nobody waits for hides no deadlock", function()
  local dir <close> = scratch.directory()
  local watch <close> = fs.watch(dir.path)
  raises(async.DeadlockError, await, async.Future())
end)

test("what cannot be watched is an OSError, and nothing stays open", real, function()
  local err = raises(OSError, fs.watch, "/nowhere")
  equal({ err.code, err.path }, { "ENOENT", "/nowhere" })
  misuse(TypeError, fs.watch)
  misuse(ValueError, fs.watch, "a\0")
  check(misuse(TypeError, fs.watch, "/", { recurse = true }).message:find("fs.watch has no option 'recurse'", 1, true))
  misuse(TypeError, fs.watch, "/", { recursive = 1 })
  equal(async.open_handles(), {})
end)
