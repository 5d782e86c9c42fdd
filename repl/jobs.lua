-- Entries as tasks: one in the foreground, others sent to the background.
--
--   Ctrl-C  cancels the one in the foreground; its cleanup runs, and others are left alone.
--   Ctrl-Z  makes a job of it: the prompt comes back, and its values are shown when it ends.
local core, use = ...

local async = require "async"
local native, run = use("async/native"), use("async/run")
local Entry = use("entry")

local Jobs = {}
Jobs.__index = Jobs

local function new(session)
  return setmetatable({ session = session, list = {} }, Jobs)
end

-- While it is open, `task` is what deadlocks and signals are about. It ends with the prompt, when that is cancelled.
local function as_root(task)
  native.push_root(task)
  local function close(_, problem)
    native.pop_root(task)
    if problem ~= nil then task:cancel() end
  end
  return setmetatable({}, { __close = close })
end

local function summary(text)
  local line = text:match("^%s*([^\n]*)")
  if #line < #text then line = line .. " ..." end
  return #line > 60 and line:sub(1, (utf8.offset(line, -1, 58) or 58) - 1) .. "..." or line
end

-- Waits until the job's task has ended, or goes to the background. True when it ended without an error.
function Jobs:attend(job)
  local session, task = self.session, job.task
  local suspended = async.Future()
  session.reader:set_foreground(task)
  session.reader:on_signal(function(kind)
    if kind == "suspend" then
      if not suspended:done() then suspended:set_result(true) end
    elseif not task:done() then
      if job.interrupted then session:say(session:faint("(its cleanup still runs; Ctrl-Z leaves it to itself)")) end
      job.interrupted = true
      task:cancel()
    end
  end)
  do
    local root <close> = as_root(task)
    async.wait({ task, suspended }, { return_when = async.FIRST_COMPLETED })
  end
  session.reader:set_foreground(nil)
  session.reader:on_signal(nil)
  if task:done() then return self:conclude(job) end
  self:to_background(job)
  return nil
end

-- Tells of a task that has ended otherwise than by returning.
function Jobs:conclude(job)
  local session, task = self.session, job.task
  if task:cancelled() and job.interrupted then
    local which = job.background and ("[%d] cancelled: %s"):format(job.number, summary(job.text))
    session:say(session:faint(which or "cancelled"))
    return false
  end
  if job.returned and not task:cancelled() then return true end
  session:show_error(core.failure(task))
  return false
end

function Jobs:to_background(job)
  local session = self.session
  self.list[#self.list + 1] = job
  job.background = true
  session:say(session:faint(("[%d] goes on in the background: %s"):format(job.number, summary(job.text))))
  if job.watched then return end -- it has been in the background before
  job.watched = true
  job.task:add_done_callback(function()
    for i, other in ipairs(self.list) do
      if other == job then table.remove(self.list, i) end
    end
    if not job.background then return end
    if self:conclude(job) and not job.shown then
      session:say(session:faint(("[%d] done: %s"):format(job.number, summary(job.text))))
    end
  end)
end

-- Makes a task of the entry, whose values are shown when it returns.
local function start(session, number, text, entry, ...)
  local job = { number = number, text = text }
  local arguments = table.pack(...)
  local function body()
    local results = entry:run(table.unpack(arguments, 1, arguments.n))
    job.shown = results.n > 0
    if job.background and results.n > 0 then
      session:say(session:faint(("[%d] done: %s"):format(number, summary(text))))
    end
    session:show(number, results)
    job.returned = true -- the error may be nil
  end
  job.task = async.create_task(body, { name = ("[%d]"):format(number) })
  run.allow(job.task)
  return job
end

-- Runs the entry in the foreground. True when it ended without an error.
function Jobs:run(number, text, entry, ...)
  return self:attend(start(self.session, number, text, entry, ...))
end

-- The same of a function, for commands.
function Jobs:call(number, text, fn)
  return self:run(number, text, Entry.of(fn))
end

function Jobs:run_in_background(number, text, entry)
  self:to_background(start(self.session, number, text, entry))
end

-- The job of that entry; without a number the one that was sent to the background last.
function Jobs:find(number)
  if number == nil then return self.list[#self.list] end
  for _, job in ipairs(self.list) do
    if job.number == number then return job end
  end
end

function Jobs:to_foreground(job)
  for i, other in ipairs(self.list) do
    if other == job then table.remove(self.list, i) end
  end
  job.background, job.interrupted = false, false
  return self:attend(job)
end

return { new = new, summary = summary }
