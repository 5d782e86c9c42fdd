local scratch = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "scratch.lua")
local fs = neap.fs
local OSError, TypeError, ValueError, RuntimeError = async.OSError, async.TypeError, async.ValueError, async.RuntimeError

-- A tree with names of every kind. Returns its entries below `top` in the order in which a walk gives them.
local function make_tree(top)
  fs.mkdir(top .. "/b/inner", { parents = true })
  fs.mkdir(top .. "/empty")
  fs.write(top .. "/a", "1")
  fs.write(top .. "/B", "22")
  fs.write(top .. "/b/two\nlines", "")
  fs.write(top .. "/b/inner/x y", "")
  fs.write(top .. "/\xFF", "")
  scratch.shell(("ln -s .. '%s/b/inner/up' && ln -s gone '%s/broken' && mkfifo '%s/p'"):format(top, top, top))
  return {
    { "B", "file" }, { "a", "file" }, { "b", "directory" }, { "b/inner", "directory" }, { "b/inner/up", "link" },
    { "b/inner/x y", "file" }, { "b/two\nlines", "file" }, { "broken", "link" }, { "empty", "directory" },
    { "p", "fifo" }, { "\xFF", "file" },
  }
end

local function collect(top, options)
  local found = {}
  for path, entry in fs.walk(top, options) do
    check(path:sub(1, #top + 1) == top .. "/")
    found[#found + 1] = { path:sub(#top + 2), entry.type }
    equal(entry.name, path:match("[^/]*$"))
  end
  return found
end

test("list gives the names, sorted by their bytes", function()
  local dir <close> = scratch.directory()
  equal(fs.list(dir.path), {})
  make_tree(dir.path)
  equal(fs.list(dir.path), { "B", "a", "b", "broken", "empty", "p", "\xFF" })
  equal(fs.list(dir.path, { types = true })[3], { name = "b", type = "directory" })
  equal(raises(OSError, fs.list, dir "a").code, "ENOTDIR")
  equal(raises(OSError, fs.list, dir "gone").code, "ENOENT")
end)

test("walk gives everything below, directories before what is in them, in a stable order", function()
  local dir <close> = scratch.directory()
  local expected = make_tree(dir.path)
  equal(collect(dir.path), expected)
  equal(collect(dir.path, { stat = true }), expected)
end)

test("walk does not double a slash that ends its argument", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "")
  equal((fs.walk(dir.path .. "/")()), dir "f")
  equal((fs.walk("/")()):match("^/[^/]"), (fs.walk("/")()):sub(1, 2))
end)

test("walk gives the fields of stat when asked to", function()
  local dir <close> = scratch.directory()
  make_tree(dir.path)
  for path, entry in fs.walk(dir.path, { stat = true }) do
    local stat = fs.stat(path, { follow = false })
    stat.name, stat.atime, entry.atime = entry.name, nil, nil
    equal(entry, stat)
  end
end)

test("walk enters links when asked to, and each directory once", function()
  local dir <close> = scratch.directory()
  make_tree(dir.path)
  local found = collect(dir.path, { follow = true })
  local types = {}
  for _, pair in ipairs(found) do types[pair[1]] = pair[2] end
  equal(types["b/inner/up"], "directory")
  equal(types["broken"], "link")
  equal(types["b/inner/up/inner"], nil)
  equal(#found, 11)
end)

test("a link to the directory above does not hang a walk that follows links", function()
  local dir <close> = scratch.directory()
  for i = 1, 8 do
    fs.mkdir(dir("d" .. i))
    for j = 1, 8 do scratch.shell(("ln -s ../d%d '%s'"):format(j, dir(("d%d/l%d"):format(i, j)))) end
  end
  equal(#collect(dir.path, { follow = true }), 8 + 8 * 8)
end)

test("entry.skip keeps the walk out of a directory", function()
  local dir <close> = scratch.directory()
  make_tree(dir.path)
  local names = {}
  for path, entry in fs.walk(dir.path) do
    if entry.name == "b" then entry.skip = true end
    names[#names + 1] = path:sub(#dir.path + 2)
  end
  equal(names, { "B", "a", "b", "broken", "empty", "p", "\xFF" })
end)

test("the error of a directory that cannot be read is raised, and the next step goes on", function()
  local dir <close> = scratch.directory()
  fs.mkdir(dir "gone")
  fs.write(dir "z", "")
  local walk = fs.walk(dir.path)
  equal(walk(), dir "gone")
  fs.remove(dir "gone")
  equal(raises(OSError, walk).path, dir "gone")
  equal(walk(), dir "z")
  equal(walk(), nil)
  equal(walk(), nil)
end)

test("onerror gets the error, and the walk goes on", function()
  local dir <close> = scratch.directory()
  fs.mkdir(dir "gone")
  fs.write(dir "z", "")
  local errors, paths = {}, {}
  for path, entry in fs.walk(dir.path, { onerror = function(err) errors[#errors + 1] = err.path end }) do
    if entry.type == "directory" then fs.remove(path) end
    paths[#paths + 1] = path
  end
  equal(errors, { dir "gone" })
  equal(paths, { dir "gone", dir "z" })
  local count = 0
  for _ in fs.walk(dir "nowhere", { onerror = function() count = count + 1 end }) do error("nothing is there") end
  equal(count, 1)
  equal(raises(OSError, fs.walk(dir "nowhere")).code, "ENOENT")
end)

test("an error of onerror is raised", function()
  local step = fs.walk("/nowhere", { onerror = function() error("stop", 0) end })
  raises("^stop$", step)
end)

test("walk refuses wrong arguments at once", function()
  raises("argument 1 %(path%) of fs.walk", fs.walk)
  raises("fs.walk has no option 'followlinks'", fs.walk, "/", { followlinks = true })
  raises("option 'onerror' of fs.walk must be a function", fs.walk, "/", { onerror = true })
end)

test("several tasks share a walk: each entry goes to one of them", function()
  local dir <close> = scratch.directory()
  local expected = {}
  for i = 1, 20 do
    fs.mkdir(dir(tostring(i)))
    expected[dir(tostring(i))] = true
    for j = 1, 20 do
      fs.write(dir(i .. "/" .. j), "")
      expected[dir(i .. "/" .. j)] = true
    end
  end
  local walk, seen, workers = fs.walk(dir.path), {}, {}
  for i = 1, 10 do
    workers[i] = async.spawn(function()
      for path in walk do
        check(not seen[path], path)
        seen[path] = true
        fs.stat(path)
      end
    end)
  end
  async.gather(workers)
  equal(seen, expected)
end)

test("a task that is cancelled while it scans leaves the scan to the next", function()
  local dir <close> = scratch.directory()
  make_tree(dir.path)
  local walk, names = fs.walk(dir.path), {}
  local function work()
    for path in walk do names[#names + 1] = path end
  end
  local first, second = async.spawn(work), async.spawn(work)
  async.sleep(0)
  first:cancel()
  await(second)
  check(first:cancelled())
  equal(#names, 11)
end)

test("a walk that is left early keeps no descriptor open", function()
  local dir <close> = scratch.directory()
  make_tree(dir.path)
  local before = scratch.descriptors()
  for _ in fs.walk(dir.path) do break end
  equal(scratch.descriptors(), before)
end)

test("list of a large directory lets other tasks run between its slices", function()
  local dir <close> = scratch.directory()
  scratch.shell(("cd '%s' && i=0 && while [ $i -lt 10000 ]; do : > f$i; i=$((i+1)); done"):format(dir.path))
  local steps, lister = 0, nil
  local instrument = { before_step = function(task) if task == lister then steps = steps + 1 end end }
  local loop = async.get_running_loop()
  loop:add_instrument(instrument)
  lister = async.spawn(function() return fs.list(dir.path) end)
  local names = await(lister)
  loop:remove_instrument(instrument)
  equal(#names, 10000)
  equal({ names[1], names[10000] }, { "f0", "f9999" })
  check(steps >= 1 + 10000 // 1024, steps)
  local typed = fs.list(dir.path, { types = true })
  equal({ #typed, typed[10000] }, { 10000, { name = "f9999", type = "file" } })
end)

test("list that is cancelled between its slices ends", function()
  local dir <close> = scratch.directory()
  scratch.shell(("cd '%s' && i=0 && while [ $i -lt 5000 ]; do : > f$i; i=$((i+1)); done"):format(dir.path))
  local steps, lister = 0, nil
  local instrument = { before_step = function(task) if task == lister then steps = steps + 1 end end }
  local loop = async.get_running_loop()
  loop:add_instrument(instrument)
  for wait = 1, 3 do
    steps, lister = 0, async.spawn(fs.list, dir.path)
    while steps < wait do async.sleep(0) end
    check(not lister:done())
    lister:cancel()
    raises(async.CancelledError, await, lister)
  end
  loop:remove_instrument(instrument)
end)
