-- neap faults.lua SCENARIO [long | CALL KIND ERROR FIRST COUNT], with the layer of faults_layer.c before the C library.
--
-- Runs a scenario, sees which calls of the system it makes, and runs it again for each of them and each error that the
-- call may have, with the first, the second, ... of these calls failing. What must hold each time:
--   - the scenario gives what it gives undisturbed, or raises an OSError with the code of the error, placed in the
--     scenario; for EINTR, EAGAIN and short counts it has no choice;
--   - no descriptor is open that was not before, no task is left, and it has an end;
--   - the next run, undisturbed, gives what the first gave.
local scenarios = assert(loadfile((arg[0]:gsub("faults%.lua$", "faults_scenarios.lua"))))()
local chosen = arg[1]
local scenario = assert(scenarios[chosen], "no such scenario")
local long = arg[2] == "long"

local numbers = {
  EINTR = 4, EIO = 5, EAGAIN = 11, ENOMEM = 12, EACCES = 13, ENFILE = 23, EMFILE = 24, ENOSPC = 28, EPIPE = 32,
  ECONNABORTED = 103, ECONNRESET = 104, ENOBUFS = 105, ETIMEDOUT = 110, ECONNREFUSED = 111, EADDRINUSE = 98,
  EHOSTUNREACH = 113, ENETUNREACH = 101, EDQUOT = 122, EROFS = 30, ENOLCK = 37, ENOTCONN = 107, EPERM = 1, SHORT = -1,
  EAI_AGAIN = 3, EAI_FAIL = 4, EAI_MEMORY = 10, EAI_NONAME = 2, EAI_SYSTEM = 1024,
  EADDRNOTAVAIL = 99, EPROTO = 71,
}

local function words(text)
  local list = {}
  for word in text:gmatch("%S+") do list[#list + 1] = word end
  return list
end

-- By "CALL KIND", or by "CALL" for every kind. What is missing cannot fail, or nothing can be done about it.
local plausible = {
  open = words "EMFILE ENFILE ENOMEM EINTR EIO ENOSPC EACCES",
  openat = words "EMFILE ENOMEM EINTR EIO",
  fopen = words "EMFILE ENOMEM EIO",
  tmpfile = words "EMFILE ENOSPC",
  opendir = words "EMFILE ENOMEM", fdopendir = words "ENOMEM", readdir = words "EIO",
  ["read file"] = words "EIO ENOMEM EINTR SHORT", ["pread file"] = words "EIO EINTR SHORT",
  ["read sock"] = words "ECONNRESET ETIMEDOUT ENOMEM EINTR EAGAIN SHORT",
  ["readv sock"] = words "ECONNRESET ENOMEM EINTR EAGAIN SHORT", ["recvmsg sock"] = words "ENOMEM EINTR EAGAIN",
  ["recv sock"] = words "ECONNRESET EINTR EAGAIN SHORT", ["recvfrom sock"] = words "ENOMEM EINTR EAGAIN",
  ["read pipe"] = words "EIO EINTR EAGAIN SHORT", ["readv pipe"] = words "EINTR EAGAIN SHORT",
  ["read other"] = words "EINTR EAGAIN",
  ["write file"] = words "EIO ENOSPC EDQUOT EINTR SHORT", ["pwrite file"] = words "EIO ENOSPC EDQUOT EINTR SHORT",
  ["write sock"] = words "EPIPE ECONNRESET ENOMEM ENOBUFS EINTR EAGAIN SHORT",
  ["writev sock"] = words "EPIPE ECONNRESET ENOMEM ENOBUFS EINTR EAGAIN SHORT",
  ["sendmsg sock"] = words "EPIPE ECONNRESET ENOBUFS EINTR EAGAIN", ["sendto sock"] = words "ENOBUFS EPERM EINTR EAGAIN",
  ["write pipe"] = words "EPIPE EINTR EAGAIN", ["writev pipe"] = words "EPIPE EINTR EAGAIN",
  accept4 = words "EMFILE ENFILE ENOMEM ENOBUFS ECONNABORTED EPROTO EINTR EAGAIN",
  ["connect sock"] = words "ECONNREFUSED ECONNRESET ENETUNREACH EADDRNOTAVAIL EACCES ENOMEM EINTR",
  bind = words "EADDRINUSE EACCES ENOMEM", listen = words "EADDRINUSE",
  socket = words "EMFILE ENFILE ENOMEM ENOBUFS", socketpair = words "EMFILE", pipe2 = words "EMFILE ENFILE",
  setsockopt = words "ENOMEM", getsockname = words "ENOBUFS",
  eventfd = words "EMFILE", epoll_create1 = words "EMFILE ENFILE ENOMEM", epoll_try = words "ENOMEM ENOSPC", epoll_wait = words "EINTR",
  poll = words "EINTR ENOMEM", dup = words "EMFILE", fcntl_dup = words "EMFILE",
  stat = words "ENOMEM EACCES", lstat = words "EACCES", ["fstat file"] = words "EIO", fstatat = words "EIO",
  ["fsync file"] = words "EIO ENOSPC", ["fdatasync file"] = words "EIO", ["ftruncate file"] = words "EIO EINTR",
  ["copy_file_range file"] = words "EIO ENOSPC ENOMEM EINTR SHORT", ["sendfile file"] = words "EIO EINTR SHORT",
  ["close file"] = words "EIO ENOSPC EINTR",
  mkdir = words "ENOSPC EROFS", rmdir = words "EIO", rename = words "ENOSPC EROFS", unlink = words "EROFS",
  unlinkat = words "EIO", link = words "ENOSPC", symlink = words "ENOSPC", readlink = words "EIO", realpath = words "EACCES",
  chmod = words "EROFS", ["fchmod file"] = words "EROFS", ["fchmod dir"] = words "EROFS",
  inotify_init1 = words "EMFILE", inotify_add_watch = words "ENOSPC ENOMEM",
  posix_spawn = words "EAGAIN ENOMEM EMFILE ENFILE", waitpid = words "EINTR", pidfd_open = words "EMFILE ENFILE ENOMEM",
  getaddrinfo = words "EAI_AGAIN EAI_FAIL EAI_MEMORY EAI_NONAME EAI_SYSTEM", pthread_create = words "EAGAIN ENOMEM",
  getcwd = words "ENOMEM",
}

-- What passes by itself: it must be tried again.
local passing = { EINTR = true, SHORT = true, ENOBUFS = true }
local function must_succeed(call, code)
  if call == "accept4" then return true end
  if code == "ENOBUFS" then return call:find("^writ") ~= nil end
  return passing[code] or code == "EAGAIN" and not (call == "posix_spawn" or call == "pthread_create")
end

-- What cannot be in a scenario, or is answered otherwise there.
local excepted = {
  ["signals read pipe EAGAIN"] = true, -- one of the pipes is libuv's lock, which blocks
  ["signals write pipe EAGAIN"] = true,
  ["signals read pipe EIO"] = true, -- which ends the process
  ["signals write pipe EPIPE"] = true,
  ["process write pipe EPIPE"] = true, -- a child need not read its input
  ["run write pipe EPIPE"] = true,
  ["signals read pipe SHORT"] = true, -- what libuv writes there is whole
  ["isolate readlink any EIO"] = true, -- of /proc/self/exe, and it looks for another program
}

local function set(call, kind, code, first, count)
  os.getenv(("NEAP_FAULT: %s %s %d %d %d"):format(call, kind, numbers[code], first, count))
end

-- How many calls failed since.
local function off() return tonumber(os.getenv("NEAP_FAULT: off"):match("%d+$")) end

local function calls_made()
  local list = {}
  for call, kind, number in os.getenv("NEAP_FAULT: calls"):gmatch("(%S+) (%S+) (%d+)\n") do
    list[#list + 1] = { call = call, kind = kind, number = tonumber(number) }
  end
  return list
end

local function descriptors()
  local set, count = {}, 0
  for _, name in ipairs(neap.fs.list("/proc/self/fd")) do
    local ok, target = pcall(neap.fs.readlink, "/proc/self/fd/" .. name)
    if ok then
      set[name] = target
      count = count + 1
    end
  end
  return set, count
end

-- What nobody could receive: errors of handlers, of background tasks.
local noted = {}
async.get_running_loop():set_exception_handler(function(_, context)
  noted[#noted + 1] = context.exception == nil and context.message or context.exception
end)

local function run()
  noted = {}
  local results = table.pack(async.catch(async.timeout, 8, scenario, function(err) noted[#noted + 1] = err end))
  return results[1], results[2]
end

local function settle()
  for _ = 1, 3 do
    collectgarbage()
    async.sleep(0)
  end
end

-- Every error in a tree of groups and causes.
local function each_error(err, visit)
  visit(err)
  if type(err) ~= "table" and type(err) ~= "userdata" then return end
  if async.is(err, async.ExceptionGroup) then
    for _, one in ipairs(err.exceptions) do each_error(one, visit) end
  end
  if async.is(err, async.Error) and err.cause ~= nil then each_error(err.cause, visit) end
end

local failed = 0
local function problem(what, text)
  failed = failed + 1
  print(("%s %s: %s"):format(chosen, what, text))
end

local function is_right(err, call, code)
  if not async.is(err, async.OSError) then return false end
  return err.code == code or call == "getaddrinfo" and (code == "EAI_SYSTEM" or err.code == code)
end

local function judge(what, call, code, ok, value, expected)
  if ok then
    if value ~= expected then problem(what, ("gave %q"):format(tostring(value):sub(1, 200))) end
    return
  end
  local text = tostring(value) .. "\n" .. tostring(async.is(value, async.Error) and value.traceback)
  if async.is(value, async.TimeoutError) then return problem(what, "did not end\n" .. text) end
  if must_succeed(call, code) then return problem(what, "was not tried again: " .. text) end
  local right, all = false, {}
  local function visit(err)
    right = right or is_right(err, call, code)
    all[#all + 1] = tostring(err)
  end
  each_error(value, visit)
  for _, err in ipairs(noted) do each_error(err, visit) end
  if not right then return problem(what, "another error: " .. text .. "\nall: " .. table.concat(all, "; ")) end
  -- An error of a `<close>` variable has the line that closes it, unless it comes when an error has left the block.
  local trace = async.is(value, async.Error) and value.traceback or ""
  local placed = trace:find("faults_scenarios.lua", 1, true) or trace:find("^%s*%[C%]: in function 'async%.catch'")
  if not placed then problem(what, "no line of the caller's: " .. text) end
end

local known, known_count
local expected

local function check_nothing_left(what)
  settle()
  local now, count = descriptors()
  for _ = 1, 50 do
    if count <= known_count then break end
    async.sleep(0.01)
    settle()
    now, count = descriptors()
  end
  if count > known_count then
    local list = {}
    for name, target in pairs(now) do
      if not known[name] then list[#list + 1] = name .. " -> " .. target end
    end
    problem(what, "open descriptors: " .. table.concat(list, ", "))
    known, known_count = now, count
  end
  for _, task in ipairs(async.all_tasks()) do
    if task ~= async.current_task() then
      problem(what, "a task is left: " .. tostring(task))
      task:cancel()
    end
  end
end

local runs = 0
local forever = 1000000

local function try(call, kind, code, first, count)
  local what = ("%s %s %s %d %d"):format(call, kind, code, first, count)
  io.stderr:write(what, "\n")
  runs = runs + 1
  set(call, kind, code, first, count)
  local ok, value = run()
  local fired = off()
  if fired > 0 then judge(what, call, code, ok, value, expected)
  elseif not ok or value ~= expected then problem(what, "without a failed call: " .. tostring(value)) end
  check_nothing_left(what)
  if fired > 0 then
    ok, value = run()
    if not ok or value ~= expected then problem(what, "the next run gave " .. tostring(value)) end
  end
  return fired
end

local function each_place(number, visit)
  for first = 1, number do
    local few = chosen == "isolate" -- each run starts two processes
    if long or first == 1 or first == number or not few and (first <= 3 or first == number // 2) then
      visit(first)
    end
  end
end

local function sweep(made)
  local codes = plausible[made.call .. " " .. made.kind] or plausible[made.call]
  for _, code in ipairs(made.kind ~= "low" and codes or {}) do
    if excepted[("%s %s %s %s"):format(chosen, made.call, made.kind, code)] then goto continue end
    if code ~= "SHORT" then
      each_place(made.number, function(first) try(made.call, made.kind, code, first, 1) end)
    end
    if code == "SHORT" or not must_succeed(made.call, code) then try(made.call, made.kind, code, 1, forever)
    else try(made.call, made.kind, code, 1, 3) end
    ::continue::
  end
end

local ok
local first_ok, first_value = run() -- starts the threads of pools, which then stay
assert(first_ok, first_value)
calls_made()
ok, expected = run()
assert(ok, expected)
local made = calls_made()
settle()
known, known_count = descriptors()
if arg[3] then
  print(try(arg[2], arg[3], arg[4], tonumber(arg[5]), tonumber(arg[6])) .. " calls failed")
else
  for _, one in ipairs(made) do sweep(one) end
end
print(("%s: %d runs, %d problems"):format(chosen, runs, failed))
os.exit(failed == 0, true)
