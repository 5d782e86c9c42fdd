-- Runs a Lua example of a page, under the clock of the test. `-->` begins a line of what it prints:
--
--   print(x)           --> text                    whatever prints; the texts of an example come in this order
--   expression         --> text                    an expression on a line of its own is printed
--   expression         --> raises TypeError: text  and may raise
--                      --> text                    one more line
--
-- Plain tables are printed by what is in them. `...` in a text stands for anything; blanks count as one.
local function is_expression(code)
  return code ~= "" and not code:match("^%s*print%s*%(") and load("return " .. code) ~= nil
end

-- What the example prints by its own comments, and its source with the expressions made to print themselves.
local function prepare(source)
  local expected = {}
  local code = source:gsub("([^\n]*)\n", function(line)
    local statement, text = line:match("^(.-)%s*%-%->%s?(.*)$")
    if text == nil then return nil end
    expected[#expected + 1] = text
    if not is_expression(statement) then return nil end
    local show = text:match("^raises ") and "show_error" or "show"
    return ("%s(function() return %s end)\n"):format(show, statement)
  end)
  return code, expected
end

-- A value as the pages show it.
local function display(value, inside)
  if inside and type(value) == "string" then return ("%q"):format(value) end
  if type(value) ~= "table" or getmetatable(value) then return tostring(value) end
  local parts, keys = {}, {}
  for i = 1, #value do parts[i] = display(value[i], true) end
  for key in pairs(value) do
    if not (math.type(key) == "integer" and key >= 1 and key <= #value) then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do
    parts[#parts + 1] = ("%s = %s"):format(tostring(key), display(value[key], true))
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function same(printed, text)
  local function squeeze(s) return (s:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", "")) end
  local pattern = squeeze(text):gsub("%p", "%%%0"):gsub("%%%.%%%.%%%.", ".*")
  return squeeze(printed):find("^" .. pattern .. "$") ~= nil
end

-- write(text) collects what is printed, lines() gives it.
local function new_printed()
  local parts = {}
  local function write(text) parts[#parts + 1] = text end
  local function lines()
    local list = {}
    for line in table.concat(parts):gsub("([^\n])$", "%1\n"):gmatch("([^\n]*)\n") do list[#list + 1] = line end
    return list
  end
  return write, lines
end

-- The globals of an example.
local function surroundings(write)
  local function out(...)
    local parts = table.pack(...)
    for i = 1, parts.n do parts[i] = display(parts[i]) end
    write(table.concat(parts, " ") .. "\n")
  end
  local function show_error(fn)
    local results = table.pack(async.catch(fn))
    if results[1] then return out(table.unpack(results, 2, results.n)) end
    out("raises " .. tostring(results[2]))
  end
  local function show(fn) out(fn()) end
  local function io_write(...)
    for i = 1, select("#", ...) do write(tostring((select(i, ...)))) end
    return io.stdout
  end
  local its_io = setmetatable({ write = io_write }, { __index = io })
  return setmetatable({ print = out, show = show, show_error = show_error, io = its_io }, { __index = _G })
end

-- Raises unless what was printed is what the block's place says.
local function compare(expected, printed, place)
  for i = 1, math.max(#expected, #printed) do
    if not (expected[i] and printed[i] and same(printed[i], expected[i])) then
      error(("%s: line %d of the output should be\n  %s\nbut is\n  %s"):format(place, i,
        expected[i] or "(nothing)", printed[i] or "(nothing)"), 0)
    end
  end
end

-- run(block, path, output): runs the block of the page; `output` is a list of lines when it has no `-->` of its own.
local function run(block, path, output)
  local code, expected = prepare(block.text)
  if output then expected = output end
  local write, printed = new_printed()
  local chunk = assert(load(("\n"):rep(block.line) .. code, "@" .. path, "t", surroundings(write)))
  chunk()
  compare(expected, printed(), path .. ":" .. block.line)
end

return { run = run, same = same, compare = compare }
