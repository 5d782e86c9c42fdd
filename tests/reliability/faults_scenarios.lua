-- What faults.lua disturbs: functions that do something with the system and give a string that says what came of it,
-- always the same. Each cleans up behind itself with <close>. The parameter notes errors of the other end.
local fs = neap.fs
local scenarios = {}

local function text_of(size)
  local parts = {}
  for i = 1, size // 16 do parts[i] = ("%015d\n"):format(i * 7919 % 1000003) end
  return table.concat(parts)
end

-- Equal for equal texts, and for little else.
local function sum(text)
  local total = #text
  for i = 1, #text do total = (total * 31 + text:byte(i)) % 2147483647 end
  return ("%d:%d"):format(#text, total)
end

local large, small = text_of(16384), text_of(2048)

local work = os.getenv("TMPDIR") or "/tmp"
local place = fs.join(work, "faults")
pcall(fs.mkdir, place)

-- Takes what is left of an earlier run away, with the layer asleep or not: what fails here shows in the next run.
local function fresh(name)
  local path = fs.join(place, name)
  return path, setmetatable({}, { __close = function() os.remove(path) end })
end

-- Lua's own open, by an error in place of nil.
local codes = { [5] = "EIO", [11] = "EAGAIN", [12] = "ENOMEM", [23] = "ENFILE", [24] = "EMFILE" }
local function opened(path, mode, open)
  local file, message, number = (open or io.open)(path, mode)
  if file then return file end
  error(async.OSError(message, { code = codes[number] or "?", errno = number }), 2)
end

function scenarios.file()
  local path <const>, gone <close> = fresh("file")
  fs.write(path, large)
  fs.append(path, small)
  local whole = fs.read(path)
  local lines = 0
  for line in fs.lines(path) do lines = lines + #line end
  local file <close> = fs.open(path, "r+")
  file:seek("set", 16)
  local part = file:read(100)
  file:seek("end")
  file:write("tail"):sync()
  local size = file:stat().size
  file:close()
  return table.concat({ sum(whole), lines, sum(part), size, sum(fs.read(path)) }, " ")
end

function scenarios.atomic()
  local path <const>, gone <close> = fresh("atomic")
  fs.write(path, small)
  local ok, err = async.catch(fs.write, path, large, { atomic = true, mode = "600" })
  local file <close> = opened(path, "r")
  local after = sum(file:read("a"))
  -- Whole, whatever happened: the old one when it failed.
  if after ~= sum(ok and large or small) then
    error(ok and "another file: " .. after or "the old file has changed: " .. after, 0)
  end
  if not ok then error(err, 0) end
  return after
end

function scenarios.tree()
  local top <close> = fs.tempdir { dir = place }
  local function at(name) return fs.join(top.path, name) end
  fs.mkdir(at "a/b/c", { parents = true })
  fs.write(at "a/one", small)
  fs.write(at "a/b/two", large)
  fs.symlink("one", at "a/link")
  fs.copy(at "a", at "copy", { recursive = true, times = true })
  fs.move(at "copy", at "moved")
  local found = {}
  for path, entry in fs.walk(top.path) do found[#found + 1] = path:sub(#top.path + 2) .. entry.type:sub(1, 1) end
  found[#found + 1] = sum(fs.read(at "moved/b/two"))
  found[#found + 1] = fs.readlink(at "moved/link")
  fs.remove(at "a", { recursive = true })
  found[#found + 1] = #fs.list(top.path)
  return table.concat(found, " ")
end

function scenarios.temporary()
  local file <close>, path = fs.tempfile { dir = place }
  file:write(small):flush()
  local seen = sum(fs.read(path))
  file:close()
  return seen .. tostring(fs.exists(path))
end

-- Lua's own files, which answer with nil, a message and a number.
function scenarios.stock()
  local path <const>, gone <close> = fresh("stock")
  local function done(value, message, number)
    if value == nil or value == false then
      error(async.OSError(tostring(message), { code = tostring(message):match("^%u+") or "?", errno = number }), 2)
    end
    return value
  end
  local file <close> = opened(path, "w")
  done(file:write(large))
  done(file:close())
  local again <close> = opened(path, "r")
  local whole = done(again:read("a"))
  return sum(whole)
end

local function echo(stream)
  while true do
    local line = stream:readline()
    if not line then return end
    stream:write(line)
  end
end

-- Many messages there and back. An error of the server's side shows as the end of the connection here.
local function exchange(open, note)
  local connection <close> = open()
  local back = {}
  for i = 1, 12 do
    connection:write(("%04d %s\n"):format(i, ("x"):rep(i * 97 % 1500)))
    back[i] = connection:readuntil("\n")
  end
  connection:write_eof()
  local rest = connection:read("a")
  return sum(table.concat(back) .. rest)
end

local function handler(note)
  return function(stream)
    local ok, err = async.catch(echo, stream)
    if not ok then note(err) end
  end
end

function scenarios.tcp(note)
  local server <close> = async.start_server(handler(note), "127.0.0.1", 0)
  return exchange(function() return (async.open_connection("127.0.0.1", server:address().port)) end, note)
end

function scenarios.unix(note)
  local path <const>, gone <close> = fresh("socket")
  local server <close> = async.start_unix_server(handler(note), path)
  return exchange(function() return (async.open_unix_connection(path)) end, note)
end

-- More clients than one at once, each served whatever becomes of the others.
function scenarios.clients(note)
  local server <close> = async.start_server(handler(note), "127.0.0.1", 0)
  local port = server:address().port
  local calls = { return_exceptions = true }
  for i = 1, 4 do
    calls[i] = function()
      local connection <close> = async.open_connection("127.0.0.1", port)
      connection:write(i .. "\n")
      return connection:readuntil("\n")
    end
  end
  local results = async.gather(calls)
  local texts = {}
  for i = 1, 4 do
    if type(results[i]) ~= "string" then error(results[i], 0) end
    texts[i] = results[i]
  end
  return table.concat(texts, ",")
end

function scenarios.udp()
  local a <close> = async.open_udp { host = "127.0.0.1", port = 0 }
  local b <close> = async.open_udp { host = "127.0.0.1", port = 0 }
  local address = b:address()
  local got = {}
  for i = 1, 4 do
    a:send("message " .. i, "127.0.0.1", address.port)
    got[i] = b:receive()
  end
  return table.concat(got, ",")
end

local PIPE = async.subprocess.PIPE

function scenarios.process()
  local process <close> = async.create_subprocess_exec("cat", { stdin = PIPE, stdout = PIPE, stderr = async.subprocess.DEVNULL })
  local out = process:communicate(large)
  return sum(out) .. " " .. process.returncode
end

function scenarios.run()
  local result = async.subprocess.run("cat; echo error >&2; exit 3", { input = small, capture = true })
  return sum(result.stdout) .. result.stderr .. result.returncode
end

function scenarios.popen()
  local pipe <close> = opened("echo one; echo two", "r", io.popen)
  local text, message, number = pipe:read("a")
  if text == nil then error(async.OSError(message, { code = codes[number] or "?", errno = number })) end
  local _, how, status = pipe:close()
  return text .. how .. status
end

function scenarios.names()
  local found = {}
  for _, address in ipairs(async.getaddrinfo("localhost", { family = "inet" })) do found[#found + 1] = address.host end
  return found[1]
end

function scenarios.threads()
  local product = async.to_thread(function(a, b) return a * b end, 6, 7)
  local worker <close> = async.Worker(function(parent)
    for message in parent do parent:send(message .. "!") end
  end)
  worker:send("hello")
  local answer = worker:receive()
  worker:close()
  worker:join()
  local executor <close> = async.ThreadPoolExecutor(2)
  local lengths = executor:map(function(text) return #text end, { "a", "bb", "ccc" })
  return ("%d %s %s"):format(product, answer, table.concat(lengths, " "))
end

function scenarios.signals()
  local seen = {}
  local arriving <close> = async.signals { "SIGUSR2" }
  for i = 1, 3 do
    async.subprocess.run("kill -USR2 $PPID")
    seen[i] = arriving()
  end
  return table.concat(seen, " ")
end

function scenarios.watch()
  local top <close> = fs.tempdir { dir = place }
  local watch <close> = fs.watch(top.path)
  local path = fs.join(top.path, "new")
  fs.write(path, "x")
  local event = watch:next()
  return tostring(event and event.name)
end

function scenarios.isolate()
  local box <close> = neap.isolate.start { confine = false, grace = 0.05 }
  box:set("twice", function(text) return text .. text end)
  return sum(box:run("return twice(...)", "=code", small))
end

return scenarios
