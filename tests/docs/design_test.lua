-- docs/design/*.md speak of files and names of the sources, in code spans and in blocks of `text`: they must be there.
local root = debug.getinfo(1, "S").source:match("^@(.*)/tests/docs/[^/]+$")
local pages = support("pages")

local folders = { "runtime", "stdlib", "interp", "repl", "tests", "cmake" }

-- Calls visit(path, text) for each source.
local function each_source(visit)
  for _, folder in ipairs(folders) do
    for path in neap.fs.glob(root .. "/" .. folder .. "/**/*.{cpp,hpp,lua,cmake}") do visit(path, neap.fs.read(path)) end
  end
end

-- All identifiers of the sources, and the names of the files.
local function read_sources()
  local identifiers, files = {}, {}
  each_source(function(path, text)
    files[path:match("[^/]+$")] = true
    for word in text:gmatch("[%a_][%w_]*") do identifiers[word] = true end
  end)
  return identifiers, files
end

-- Words that are no names of the sources: of libraries, tools, and of the examples.
local foreign = {}
for word in ([[
  valgrind tsan neap_tests latch
]]):gmatch("%S+") do foreign[word] = true end

local function problem_of(span, identifiers, files)
  if span:find("[*<>]") or span:find("NAME") or span:find("^%./dev") then return nil end
  local path = span:match("^[%w_./-]+$") and span:match("^(.-)/?$")
  if path and path:find("/") then
    if not path:find("%.") or path:find("%.%l+$") then
      if neap.fs.exists(root .. "/" .. path) then return nil end
      if path:find("^build/") or path:find("^%./") then return nil end
      if path:find("latch") then return nil end -- where the page's module would be
      return "there is no file " .. path
    end
  end
  local ending = path and path:match("^[%w_]+%.(%l+)$")
  if ending == "cpp" or ending == "hpp" or ending == "lua" then
    if path:find("latch") then return nil end
    return not files[path] and "there is no file " .. path or nil
  end
  for word in span:gsub('"[^"]*"', ""):gmatch("[%a_][%w_]*") do
    if #word > 3 and not identifiers[word] and not foreign[word] then return "no source has the name " .. word end
  end
  return nil
end

test("docs/design names files and functions that are there", function()
  local identifiers, files = read_sources()
  local problems, checked = {}, 0
  for path in neap.fs.glob(root .. "/docs/design/*.md") do
    local name, number, fenced = path:sub(#root + 2), 0, false
    for line in neap.fs.lines(path) do
      number = number + 1
      if line:find("^```") then fenced = not fenced end
      if not fenced then
        for span in line:gmatch("`([^`]+)`") do
          checked = checked + 1
          local problem = problem_of(span, identifiers, files)
          if problem then problems[#problems + 1] = ("%s:%d: %s"):format(name, number, problem) end
        end
      end
    end
  end
  check(checked > 200, "only " .. checked .. " names were found")
  if #problems > 0 then error(table.concat(problems, "\n"), 0) end
end)

test("the code in docs/design/waits.md is that of the sources", function()
  local lines = {}
  each_source(function(_, text)
    for line in text:gmatch("[^\n]+") do lines[line:match("^[%s/]*(.-)%s*$")] = true end
  end)
  local problems, checked = {}, 0
  for _, block in ipairs(pages.read("docs/design/waits.md").blocks) do
    local number = block.line
    for line in block.text:gmatch("([^\n]*)\n") do
      number = number + 1
      checked = checked + 1
      local code = line:match("^%s*(.-)%s*$")
      if code ~= "" and not lines[code] then
        problems[#problems + 1] = ("docs/design/waits.md:%d: no source has the line %s"):format(number, code)
      end
    end
  end
  check(checked > 20, "only " .. checked .. " lines were found")
  if #problems > 0 then error(table.concat(problems, "\n"), 0) end
end)
