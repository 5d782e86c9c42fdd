-- The examples of the reference pages stdlib/*/README.md and repl/README.md: each is a test of its own, run under the virtual clock.
--
-- An example is a fenced block marked `lua`. `-->` begins a line of what it prints:
--
--   print(x)           --> text                    whatever prints; the texts of an example come in this order
--   expression         --> text                    an expression on a line of its own is printed
--   expression         --> raises TypeError: text  and may raise
--                      --> text                    one more line
--
-- Plain tables are printed by what is in them. `...` in a text stands for anything; blanks count as one.
local root = debug.getinfo(1, "S").source:match("^@(.*)/tests/stdlib/[^/]+$")

local function read(path)
  local file = io.open(path)
  if file == nil then return nil end
  local text <close> = file
  return text:read("a")
end

-- The examples of a page: {heading=, number=, line=, source=}.
local function examples_of(page)
  local list, heading, number, current, line = {}, "", 0, nil, 0
  for text in page:gmatch("([^\n]*)\n") do
    line = line + 1
    if current and text:match("^%s*```") then
      list[#list + 1], current = current, nil
    elseif current then
      current.source = current.source .. text .. "\n"
    elseif text:match("^%s*```lua%s*$") then
      number = number + 1
      current = { heading = heading, number = number, line = line, source = "" }
    elseif text:match("^#+ ") then
      heading, number = text:gsub("^#+ ", ""):gsub("`", ""), 0
    end
  end
  return list
end

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

-- The globals of an example, which print to the list.
local function surroundings(printed)
  local function out(...)
    local parts = table.pack(...)
    for i = 1, parts.n do parts[i] = display(parts[i]) end
    for line in (table.concat(parts, " ") .. "\n"):gmatch("([^\n]*)\n") do printed[#printed + 1] = line end
  end
  local function show_error(fn)
    local results = table.pack(async.catch(fn))
    if results[1] then return out(table.unpack(results, 2, results.n)) end
    out("raises " .. tostring(results[2]))
  end
  local function show(fn) out(fn()) end
  return setmetatable({ print = out, show = show, show_error = show_error }, { __index = _G })
end

local function run(example, page)
  local code, expected = prepare(example.source)
  local printed = {}
  local chunk = assert(load(("\n"):rep(example.line) .. code, "@" .. page, "t", surroundings(printed)))
  chunk()
  for i = 1, math.max(#expected, #printed) do
    if not (expected[i] and printed[i] and same(printed[i], expected[i])) then
      error(("%s:%d: line %d of the output should be\n  %s\nbut is\n  %s"):format(page, example.line, i,
        expected[i] or "(nothing)", printed[i] or "(nothing)"), 0)
    end
  end
end

local modules = { "async", "base", "net", "stream", "thread" }
for name in pairs(neap) do modules[#modules + 1] = name end
table.sort(modules)
for _, module in ipairs(modules) do
  local path = (module == "repl" and "" or "stdlib/") .. module .. "/README.md"
  local page = read(root .. "/" .. path)
  for _, example in ipairs(page and examples_of(page) or {}) do
    test(("%s: %s, example %d"):format(path, example.heading, example.number), function() run(example, path) end)
  end
end
