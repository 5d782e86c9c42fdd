-- Process: a child that runs, or has ended.
local core, use = ...

local async = use("async/init")

local GRACE = 5 -- seconds between SIGTERM and SIGKILL in `stop`

local Process = { __name = "Process" }

-- `returncode` is a field, as in asyncio; it is asked for when it is read.
function Process.__index(process, name)
  if name == "returncode" then return process.child:returncode() end
  return Process[name]
end

local function new(child, streams, list, options)
  local process = setmetatable({
    child = child,
    pid = child:pid(),
    stdin = streams.stdin,
    stdout = streams.stdout,
    stderr = streams.stderr,
    args = list,
    grace = options.grace,
  }, Process)
  child:keep()
  return process
end

-- wait(): waits for its end; the return code: negative for the signal that killed it. Its pipes may still be open then.
function Process:wait()
  return self.child:wait()
end

-- send_signal(signal): a name or a number; false when it has ended. With `process_group` or `start_new_session` the
-- whole group gets it.
function Process:send_signal(signal)
  return self.child:kill(signal)
end

function Process:terminate()
  return self.child:kill("SIGTERM")
end

function Process:kill()
  return self.child:kill("SIGKILL")
end

-- stop(grace): SIGTERM, and SIGKILL after so many seconds; waits; the return code.
function Process:stop(grace)
  self:terminate()
  local ended, code = async.move_on_after(grace or self.grace or GRACE, self.wait, self)
  if ended then return code end
  self:kill()
  return self:wait()
end

-- A child may end without reading all of its input, which is no failure of ours.
local function feed(stream, input)
  local ok, err = pcall(function()
    if input then stream:write(input):drain() end
    stream:write_eof()
  end)
  stream:close()
  if not ok and not async.is(err, async.ConnectionError) then error(err, 0) end
end

local function read_all(stream)
  local data = stream:read("a")
  stream:close()
  return data
end

-- communicate(input): writes the input, reads both outputs to their ends, all at once, and waits for the end; what was
-- read, nil for what is no pipe. Cancelled, it leaves the process to its owner.
function Process:communicate(input)
  if input ~= nil and self.stdin == nil then
    error(async.ValueError("communicate: there is input, but stdin is no pipe; start the process with stdin = PIPE"), 2)
  end
  if input ~= nil and type(input) ~= "string" then
    error(async.TypeError(("argument 1 (input) of communicate must be a string, got %s"):format(type(input))), 2)
  end
  local output, errors
  do
    local group <close> = async.TaskGroup()
    if self.stdin and not self.stdin:is_closing() then group:spawn(feed, self.stdin, input) end
    if self.stdout then group:spawn(function() output = read_all(self.stdout) end) end
    if self.stderr then group:spawn(function() errors = read_all(self.stderr) end) end
  end
  self:wait()
  return output, errors
end

-- At the end of a block: kills it, with the option `grace` after SIGTERM and that time, reaps it, and closes its pipes.
function Process:__close()
  if self.returncode == nil then
    if self.grace then
      self:stop()
    else
      self:kill()
      self:wait()
    end
  end
  for _, name in ipairs { "stdin", "stdout", "stderr" } do
    if self[name] then self[name]:abort() end
  end
end

function Process:__tostring()
  local code = self.returncode
  local state = code == nil and "running" or code < 0 and "killed by " .. (core.signal_name(-code) or -code)
    or "returncode=" .. code
  return ("<Process %d '%s' %s>"):format(self.pid, self.args[1], state)
end

use("async/checked").checked(Process, Process)

return { new = new, signal_name = core.signal_name }
