-- The tables of docs/asyncio.md: complete by the asyncio that python3 has, and true of neap. Those of docs/others.md:
-- true.
--
-- In each table the left column has the others' names, the next one neap's, each in a code span of its own:
-- `Class.method()` and `async.name(...)`, `variable:method()`, where `instances` says what the variable is.
local root = debug.getinfo(1, "S").source:match("^@(.*)/tests/docs/[^/]+$")

local function read_page(path)
  local file <close> = assert(io.open(root .. "/" .. path))
  return file:read("a")
end

-- The code spans of a cell.
local function spans(cell)
  return cell:gmatch("`([^`]+)`")
end

-- Calls visit(line number, left cell, right cell) for each row of the tables of names: those with three columns.
local function each_row(path, visit)
  local number = 0
  for line in read_page(path):gmatch("([^\n]*)\n") do
    number = number + 1
    local left, right = line:match("^| (.-) | (.-) | ?.-|$")
    if left and left ~= "---" then visit(number, left, right) end
  end
end

-- Prints every public name of asyncio, a line each, and the methods of its classes as Class.method.
local LIST_NAMES = [[
import asyncio, sys, warnings
from asyncio import subprocess
warnings.simplefilter("ignore")
if not (3, 11) <= sys.version_info[:2] <= (3, 14):
    sys.exit(0)
print("TaskGroup", *[name for name in asyncio.__all__ if not name.startswith("_")], sep="\n")
classes = {name: getattr(asyncio, name) for name in asyncio.__all__ if not name.startswith("_")}
classes["TaskGroup"] = asyncio.TaskGroup
classes["Process"] = subprocess.Process
inherited = {"Transport", "BaseEventLoop", "SelectorEventLoop", "EventLoop", "BoundedSemaphore", "PriorityQueue",
             "LifoQueue", "StreamReaderProtocol", "DefaultEventLoopPolicy", "FutureCallGraph", "FrameCallGraphEntry",
             "TimeoutError"}
for name, value in classes.items():
    if not isinstance(value, type) or name in inherited or name.endswith("ChildWatcher") and "Abstract" not in name:
        continue
    bases = [base for base in value.__mro__[1:] if base.__name__ in classes and base.__module__.startswith("asyncio")]
    known = set(dir(Exception)).union(*map(dir, bases)) if name != "Task" else set()
    for member in dir(value):
        if not member.startswith("_") and member not in known:
            print(name + "." + member)
]]

local function python_names()
  local names = {}
  local ok, result = pcall(async.subprocess.run, { "python3", "-c", LIST_NAMES }, { capture = true, check = true })
  if not ok then return names end -- without a python3 there is nothing to compare with
  for name in result.stdout:gmatch("%S+") do names[#names + 1] = name:gsub("^AbstractEventLoop%.", "loop.") end
  return names
end

-- What came after Python 3.11, whatever python3 is here.
local NEWER = [[
  eager_task_factory create_eager_task_factory Task.get_context EventLoop QueueShutDown Queue.shutdown
  Server.close_clients Server.abort_clients AbstractServer.close_clients AbstractServer.abort_clients
  capture_call_graph format_call_graph print_call_graph FutureCallGraph FrameCallGraphEntry
  future_add_to_awaited_by future_discard_from_awaited_by TaskGroup.cancel
]]

test("docs/asyncio.md has every public name of asyncio", function()
  local found, missing = {}, {}
  each_row("docs/asyncio.md", function(_, left)
    for span in spans(left) do found[span:match("^[%w_.]+") or ""] = true end
  end)
  local names = python_names()
  for name in NEWER:gmatch("%S+") do names[#names + 1] = name end
  for _, name in ipairs(names) do
    if not found[name] then missing[#missing + 1] = name end
  end
  if #missing > 0 then error("docs/asyncio.md lacks " .. table.concat(missing, ", "), 0) end
end)

-- What a variable in the tables is, by the names of tests/stdlib/*/samples.lua.
local instances = {
  future = "Future", task = "Task", loop = "EventLoop", handle = "Handle", group = "TaskGroup", scope = "Timeout",
  lock = "Lock", event = "Event", condition = "Condition", semaphore = "Semaphore", barrier = "Barrier",
  queue = "Queue", stream = "Stream", server = "Server", socket = "UdpSocket", process = "Process",
  executor = "ThreadPoolExecutor", file = "File", worker = "Worker", clock = "Clock",
  other = "Stream",
}

local function samples()
  local all = {}
  for _, module in ipairs { "async", "process", "fs", "test" } do
    for name, sample in pairs(dofile(root .. "/tests/stdlib/" .. module .. "/samples.lua")) do all[name] = sample end
  end
  return all
end

local function resolve(path)
  local value = _G
  for key in path:gmatch("[^.]+") do
    value = value[key]
    if value == nil then return nil end
  end
  return value
end

-- Why a code span of the right column is wrong; nil when all its names exist.
local function problem_of(span, objects)
  for path in (" " .. span):gmatch("[%s(]([%a_][%w_]*%.[%w_.]+)") do
    local variable, key = path:match("^([%w_]+)%.([%w_]+)$")
    local class = variable and instances[variable]
    if class then
      local has = false
      objects[class](function(object) has = pcall(function() assert(object[key] ~= nil) end) end)
      if not has then return path .. " does not exist" end
    elseif (path:find("^async%.") or path:find("^neap%.")) and resolve(path) == nil then
      return path .. " does not exist"
    end
  end
  for variable, method in span:gmatch("([%a_][%w_]*):([%a_][%w_]*)%s*[({]") do
    local class = instances[variable]
    if class == nil then return "what is " .. variable .. "?" end
    local has = false
    objects[class](function(object) has = type(object[method]) == "function" end)
    if not has then return ("%s:%s does not exist"):format(variable, method) end
  end
end

local function check_page(path, least)
  local objects, problems, checked = samples(), {}, 0
  each_row(path, function(number, _, right)
    for span in spans(right) do
      local problem = problem_of(span, objects)
      checked = checked + 1
      if problem then problems[#problems + 1] = ("%s:%d: %s"):format(path, number, problem) end
    end
  end)
  check(checked > least, "only " .. checked .. " names were found")
  if #problems > 0 then error(table.concat(problems, "\n"), 0) end
end

for path, least in pairs { ["docs/asyncio.md"] = 150, ["docs/others.md"] = 90 } do
  test(path .. " names nothing of neap's that is not there", function() check_page(path, least) end)
end
