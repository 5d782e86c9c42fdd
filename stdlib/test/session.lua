-- One run of the test runner: it counts what the tests come to, hands it to the reporter, and knows the exit status.
local core, use = ...

local settings = use("settings")

local Session = {}
Session.__index = Session

-- new(options, write): write(text) is where the report goes. With options.forward, events go there too.
local function new(options, write)
  local session = setmetatable({ passed = 0, failed = 0, skipped = 0, errors = 0, start = core.now(), notes = {},
    forward = options.forward }, Session)
  session.reporter = use(options.reporter or "spec")(write)
  if session.reporter.start then session.reporter.start() end
  return session
end

-- Takes an event: {kind = "test", file=, group=, title=, name=, place=, line=, status=, seconds=, reason=, problems=},
-- or {kind = "error", file=, problems=} for a file that cannot be run.
function Session:emit(event)
  if event.kind == "error" then
    self.errors = self.errors + 1
  else
    self[event.status] = self[event.status] + 1
  end
  self.reporter.event(event)
  if self.forward then self.forward(event) end
end

function Session:count()
  return self.passed + self.failed + self.skipped + self.errors
end

-- True when --bail has what it waits for.
function Session:bails()
  return settings.bail and self.failed + self.errors > 0
end

local function summary_line(session)
  local line = ("%d passed, %d failed"):format(session.passed, session.failed)
  if session.skipped > 0 then line = ("%s, %d skipped"):format(line, session.skipped) end
  if session.errors > 0 then
    line = ("%s, %d %s could not be run"):format(line, session.errors, session.errors == 1 and "file" or "files")
  end
  return ("%s in %.2f s"):format(line, core.now() - session.start)
end

-- Writes the end of the report. Returns the exit status.
function Session:finish()
  local count = self:count()
  if count == 0 and not self.interrupted then self.notes[#self.notes + 1] = "no tests found" end
  if self.interrupted then self.notes[#self.notes + 1] = "interrupted" end
  self.reporter.finish { count = count, line = summary_line(self), notes = self.notes, interrupted = self.interrupted }
  if self.interrupted then return 130 end
  if self.errors > 0 or count == 0 then return 2 end
  return self.failed > 0 and 1 or 0
end

return { new = new }
