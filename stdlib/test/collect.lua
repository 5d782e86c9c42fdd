-- What a test file declares: a tree of groups with tests and hooks. And what the test that runs now has begun.
--
-- A group is {name=, children=, hooks=, parent=}, a test {name=, fn=, options=, parent=, file=, line=}.
local core, use = ...

local native = use("async/native")
local errors, class, type_name = native.errors, native.class, native.type_name

local Skipped = class("Skipped", errors.Error)

local HOOKS = { before_all = true, before_each = true, after_each = true, after_all = true }
local TEST_OPTIONS = { timeout = true, clock = true, seed = true, skip = true, only = true }

local group    -- the group that declarations go to; nil while none is open
local running  -- {name=, seed=, unused=} while a test or a hook runs
local implicit -- called when a script declares tests although nobody asked for a file

local function new_group(name, parent)
  return { name = name, parent = parent, children = {},
    hooks = { before_all = {}, before_each = {}, after_each = {}, after_all = {} } }
end

-- Declarations go to a new root group for the file until `finish`.
local function begin(file)
  group = new_group(nil, nil)
  group.file = file
  return group
end

local function finish()
  local root = group
  group = nil
  return root
end

local function root_of(node)
  while node.parent do node = node.parent end
  return node
end

-- Where the code at the level is: file, line.
local function place(level)
  local info = debug.getinfo(level + 1, "Sl")
  return info and info.source:gsub("^@", "") or "?", info and info.currentline or 0
end

-- The group that the declaration belongs to.
local function open_group(what)
  if running then
    error(errors.RuntimeError(what .. " belongs at the top of the file or in a describe block: tests are declared "
      .. "before the first one runs"), 3)
  end
  if group == nil then group = implicit() end
  return group
end

local function check_name(name, what)
  if type(name) ~= "string" then
    error(errors.TypeError(("the name of %s must be a string, got %s"):format(what, type_name(name))), 3)
  end
end

local function check_function(fn, what)
  if type(fn) ~= "function" then
    error(errors.TypeError(("%s needs a function, got %s"):format(what, type_name(fn))), 3)
  end
end

local function check_seconds(value)
  if value == nil or (type(value) == "number" and value >= 0) then return end
  error(errors.ValueError(("the option 'timeout' of test is a number of seconds, 0 for no limit, got %s")
    :format(tostring(value))), 4)
end

local function check_options(options)
  if type(options) ~= "table" then
    error(errors.TypeError(("the options of test must be a table, got %s"):format(type_name(options))), 3)
  end
  for name in pairs(options) do
    if not TEST_OPTIONS[name] then
      error(errors.TypeError(("test has no option '%s', only clock, only, seed, skip, timeout")
        :format(tostring(name))), 3)
    end
  end
  check_seconds(options.timeout)
  if options.clock ~= nil and options.clock ~= "virtual" then
    error(errors.ValueError(("the option 'clock' of test may be \"virtual\", got %s")
      :format(tostring(options.clock))), 3)
  end
  if options.seed ~= nil and math.type(options.seed) ~= "integer" then
    error(errors.TypeError(("the option 'seed' of test must be an integer, got %s"):format(tostring(options.seed))), 3)
  end
end

local function add_test(name, options, fn)
  local file, line = place(3)
  local node = { name = name, options = options, fn = fn, parent = group, file = file, line = line }
  group.children[#group.children + 1] = node
  if options.only then root_of(group).has_only = true end
end

-- test(name, fn), test(name, options, fn)
local function test(name, options, fn)
  if fn == nil then options, fn = {}, options end
  check_name(name, "a test")
  check_options(options)
  check_function(fn, ("the test '%s'"):format(name))
  open_group(("test('%s')"):format(name))
  add_test(name, options, fn)
end

local function with(options, name, value)
  local copy = {}
  for key, each in pairs(options) do copy[key] = each end
  copy[name] = value
  return copy
end

-- only(name, fn), only(name, options, fn): when a file has such tests, it has no others.
local function only(name, options, fn)
  if fn == nil then options, fn = {}, options end
  check_name(name, "a test")
  check_options(options)
  check_function(fn, ("the test '%s'"):format(name))
  open_group(("only('%s')"):format(name))
  add_test(name, with(options, "only", true), fn)
end

-- skip(name, fn), skip(name, options, fn): a test that is not run. skip(reason): ends the test that runs.
local function skip(name, options, fn)
  if options == nil and fn == nil then
    if not running then
      error(errors.RuntimeError("skip(reason) ends the test that runs, and none does; write skip(name, fn) for a test "
        .. "that is not to run"), 2)
    end
    error(Skipped(name == nil and "" or tostring(name)), 2)
  end
  if fn == nil then options, fn = {}, options end
  check_name(name, "a test")
  check_options(options)
  check_function(fn, ("the test '%s'"):format(name))
  open_group(("skip('%s')"):format(name))
  add_test(name, with(options, "skip", options.skip or true), fn)
end

local Inside = { __close = function(inside) group = inside.outer end }

-- describe(name, fn): what fn declares is a group of its own.
local function describe(name, fn)
  check_name(name, "a group")
  check_function(fn, ("the group '%s'"):format(name))
  local outer = open_group(("describe('%s')"):format(name))
  local inner = new_group(name, outer)
  outer.children[#outer.children + 1] = inner
  local inside <close> = setmetatable({ outer = outer }, Inside)
  group = inner
  fn()
end

local declare = {}
for hook in pairs(HOOKS) do
  declare[hook] = function(fn)
    check_function(fn, hook)
    local list = open_group(hook).hooks[hook]
    list[#list + 1] = fn
  end
end

-- The test that runs --------------------------------------------------------------------------------------------

local function start(name, seed) running = { name = name, seed = seed, unused = {} } end

-- Ends it. Returns where the expectations are that were never checked.
local function stop()
  local places = {}
  for _, at in pairs(running.unused) do places[#places + 1] = at end
  table.sort(places)
  running = nil
  return places
end

-- Remembers an expectation that no matcher has been called for; `level` is that of its maker.
local function expect_matcher(expectation, level)
  if not running then return end
  local file, line = place(level)
  running.unused[expectation] = ("%s:%d"):format(file, line)
end

local function settle(expectation)
  if running then running.unused[expectation] = nil end
end

return {
  begin = begin,
  finish = finish,
  on_implicit = function(fn) implicit = fn end,
  test = test,
  only = only,
  skip = skip,
  describe = describe,
  declare = declare,
  Skipped = Skipped,
  start = start,
  stop = stop,
  current = function() return running end,
  expect_matcher = expect_matcher,
  settle = settle,
}
