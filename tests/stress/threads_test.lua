-- Threads over many lives: memory, threads and descriptors of the process stay as they were. NEAP_LIVES tells how many
-- lives; the goal is held against 10,000.

local lives = math.tointeger(tonumber(os.getenv("NEAP_LIVES") or 400))

local function entries_of(directory)
  return #neap.fs.list(directory)
end

-- Kilobytes, threads, descriptors.
local function resources()
  collectgarbage()
  collectgarbage()
  local pages = tonumber(io.open("/proc/self/statm"):read("a"):match("%d+ (%d+)"))
  return pages * 4, entries_of("/proc/self/task"), entries_of("/proc/self/fd")
end

local function check_flat(name, live)
  test(name .. ": memory, threads and descriptors are flat", { clock = "real" }, function()
    if not io.open("/proc/self/statm") or sanitized then return end
    for i = 1, math.max(100, lives) do live(i) end -- until the heap is as large as it gets
    local kilobytes, threads, descriptors = resources()
    for i = 1, lives do live(i) end
    local kilobytes_now, threads_now, descriptors_now = resources()
    if os.getenv("NEAP_LIVES") then
      print(("%s: %d lives, %+d KiB, %+d threads, %+d descriptors"):format(name, lives, kilobytes_now - kilobytes,
        threads_now - threads, descriptors_now - descriptors))
    end
    check(threads_now <= threads, threads_now - threads .. " more threads")
    check(descriptors_now <= descriptors, descriptors_now - descriptors .. " more descriptors")
    check(kilobytes_now - kilobytes < 2000, kilobytes_now - kilobytes .. " more kilobytes")
  end)
end

check_flat("workers that end", function(i)
  local worker = async.Worker(function(parent, n)
    for message in parent do parent:send(message + n) end
    return n
  end, i)
  worker:send(1)
  equal(worker:receive(), i + 1)
  worker:close()
  equal(worker:join(), i)
end)

check_flat("workers that are terminated", function()
  local worker = async.Worker(function(parent)
    parent:send { ("x"):rep(100) }
    parent:receive()
  end)
  worker:receive()
  worker:terminate()
  worker:join()
end)

check_flat("workers that fail", function(i)
  local worker = async.Worker(function(_, n) error(async.ValueError("life " .. n)) end, i)
  raises(async.ValueError, worker.join, worker)
end)

check_flat("executors", function(i)
  local executor <close> = async.ThreadPoolExecutor(2)
  equal(executor:map(function(x) return x * 2 end, { i, i + 1, i + 2 }).n, 3)
end)
