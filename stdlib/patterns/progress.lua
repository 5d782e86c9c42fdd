-- progress: how far something is, as a bar on the terminal.
local core, use = ...

local async = use("async/init")
local arguments, bar_line = use("arguments"), use("bar_line")
local screen_of = use("screen").screen
local source = use("async/source")
local kinds = arguments.kinds

local MEMORY = 5 -- seconds: what was longer ago hardly counts for the rate

local Progress = { __name = "Progress" }
Progress.__index = Progress

local function now()
  return async.get_running_loop():time()
end

-- The rate is a mean over time, in which the latest counts most: `gained` and `taken` are sums of
-- units and of seconds that fade.
local function measure(bar)
  local time = now()
  local seconds = time - bar.measured
  if seconds <= 0 then return end
  local fade = math.exp(-seconds / MEMORY)
  bar.gained = bar.gained * fade + bar.count - bar.measured_count
  bar.taken = bar.taken * fade + seconds
  bar.measured, bar.measured_count = time, bar.count
end

-- How many in a second; nil when nothing has been done yet.
local function rate(bar)
  local gained, taken = bar.gained, bar.taken
  if bar.closed then gained, taken = bar.count - bar.first, bar.ended - bar.began end
  return taken > 0 and gained > 0 and gained / taken or nil
end

local function state(bar)
  return { label = bar.options.label, value = bar.count, total = bar.options.total,
    unit = bar.options.unit, rate = rate(bar), elapsed = (bar.ended or now()) - bar.began,
    finished = bar.closed }
end

-- For the screen.
local function line(bar, columns)
  measure(bar)
  return bar_line.line(state(bar), columns)
end

-- On what is no terminal: a line now and then, when they were asked for.
local function log(bar)
  local every = bar.options.plain
  if not every or bar.screen.size() then return end
  local time = now()
  if not bar.closed and time - bar.logged < every then return end
  bar.logged = time
  measure(bar)
  bar.screen.write(bar_line.plain(state(bar)) .. "\n")
end

local function changed(bar)
  if bar.closed then return end
  log(bar)
  bar.screen:changed(1 / bar.options.refresh)
end

local finite = kinds.number { from = -2 ^ 63, to = 2 ^ 63 }
local size = kinds.number { from = 0, to = 2 ^ 63 }

-- advance(n): so many more are done (1).
function Progress:advance(n)
  if n == nil then n = 1 end
  self.count = self.count + arguments.check(n, finite, "argument 1 of advance", 2)
  changed(self)
end

-- set(value): so many are done.
function Progress:set(value)
  self.count = arguments.check(value, finite, "argument 1 of set", 2)
  changed(self)
end

-- set_total(total): so many there are; nil when that is not known.
function Progress:set_total(total)
  if total ~= nil then arguments.check(total, size, "argument 1 of set_total", 2) end
  self.options.total = total
  changed(self)
end

-- set_label(text)
function Progress:set_label(text)
  self.options.label = arguments.check(text, kinds.text, "argument 1 of set_label", 2)
  changed(self)
end

-- print_above(...): prints above the bars.
function Progress:print_above(...)
  self.screen:print(...)
end

-- value(): how many are done; total(): of how many; rate(): how many are done in a second, nil when
-- that is not known yet.
function Progress:value()
  return self.count
end

function Progress:total()
  return self.options.total
end

function Progress:rate()
  measure(self)
  return rate(self)
end

local function close_source(bar)
  local closing <close> = bar.source and bar.source.closing
  bar.source = nil
end

-- close(): the bar stays as it is now. A second call does nothing.
function Progress:close()
  if self.closed then return end
  self.closed, self.ended = true, now()
  log(self)
  local columns = self.screen.size()
  local last = columns and self.options.leave and bar_line.line(state(self), columns - 1) or nil
  self.screen:remove(self.drawn, last)
  close_source(self)
end

use("async/checked").checked(Progress, Progress)

Progress.__close = Progress.close

local function hand_out(bar, ...)
  if (...) == nil then
    bar:close()
    return nil
  end
  bar.source.control = (...)
  bar.given = true
  return ...
end

-- A step of a generic `for`: the item before is done.
function Progress:__call()
  if not self.source then return nil end
  if self.given then self:advance() end
  self.given = false
  return hand_out(self, self.source.step(self.source.state, self.source.control))
end

function Progress:__tostring()
  local label = self.options.label and (" '%s'"):format(self.options.label) or ""
  return ("<Progress%s %s%s %s>"):format(label, self.count,
    self.options.total and "/" .. self.options.total or "", self.closed and "closed" or "running")
end

local spec = {
  total = { size },
  label = { kinds.text },
  unit = { kinds.text },
  initial = { finite, 0 },
  leave = { kinds.flag, true },
  refresh = { kinds.number { above = 0, to = 1000 }, 10 },
  plain = { kinds.seconds { from = 0 } },
  write = { kinds.callable },
  width = { kinds.count { from = 0, to = 100000 } },
}

local function is_options(x)
  return type(x) == "table" and getmetatable(x) == nil and #x == 0 and next(x) ~= nil
end

-- What is counted: {total=, source=}.
local function subject_of(x, step_state, control, closing)
  if x == nil or is_options(x) then return {} end
  if type(x) == "number" then
    return { total = arguments.check(x, size, "argument 1 of progress", 3) }
  end
  local from = source.source_of(x, step_state, control, closing)
  if not from then
    error(async.TypeError(("argument 1 of progress must be a list, a generator, an iterator"
      .. " function, or a total, got %s"):format(arguments.shown(x))), 3)
  end
  local is_list = type(x) == "table" and getmetatable(x) == nil
  return { source = from, total = is_list and (math.tointeger(x.n) or #x) or nil }
end

local function new_progress(options, subject)
  options.total = options.total or subject.total
  local time = now()
  local bar = setmetatable({
    options = options,
    screen = screen_of(options.write, options.width),
    source = subject.source, given = false,
    count = options.initial, first = options.initial,
    closed = false, began = time, logged = time,
    measured = time, measured_count = options.initial, gained = 0, taken = 0,
  }, Progress)
  bar.drawn = { line = function(_, columns) return line(bar, columns) end }
  bar.screen:add(bar.drawn)
  return bar
end

-- progress(list, options): for x in progress(list) do ... end
-- progress(total, options): local bar <close> = progress(100)
local function progress(x, options, ...)
  local given = options
  local as_options = is_options(x)
  local closing = select(2, ...)
  if as_options and options == nil then given = x end
  -- What a generator function gives behind the generator: nil, nil, the generator.
  local read = arguments.options(given, spec, "progress", 2)
  local bar = new_progress(read, subject_of(x, nil, (...), closing))
  return bar, nil, nil, bar
end

return { progress = progress }
