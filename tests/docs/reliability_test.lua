-- docs/reliability.md names commands, tests and files that are there.
local pages = support("pages")
local root = pages.root

local function commands_of_dev()
  local known = {}
  local list = neap.fs.read(root .. "/dev"):match("case %$command in\n%s*(run | [^)]*)%)")
  for name in list:gmatch("[%w-]+") do known[name] = true end
  return known
end

-- The code of the page: its spans and blocks.
local function each_code(visit)
  local number, fenced = 0, false
  for line in neap.fs.lines(root .. "/docs/reliability.md") do
    number = number + 1
    if line:find("^```") then
      fenced = not fenced
    elseif fenced then
      visit(line, number)
    else
      for span in line:gmatch("`([^`]+)`") do visit(span, number) end
    end
  end
end

test("docs/reliability.md names commands of ./dev that are there", function()
  local known, checked, problems = commands_of_dev(), 0, {}
  check(known.soak and not known.nonsense)
  each_code(function(code, number)
    for name in code:gmatch("%./dev ([%w-]+)") do
      checked = checked + 1
      if not known[name] then problems[#problems + 1] = ("line %d: ./dev %s"):format(number, name) end
    end
  end)
  check(checked > 10, "only " .. checked .. " commands were found")
  if #problems > 0 then error(table.concat(problems, "\n"), 0) end
end)

test("docs/reliability.md names options that the help of their commands has", function()
  local dev, checked, problems = neap.fs.read(root .. "/dev"), 0, {}
  each_code(function(code, number)
    local name = code:match("%./dev ([%w-]+)")
    for option in code:gmatch("%s(%-%-[%w-]+)") do
      local help = name and dev:match("\nhelp_" .. name:gsub("-", "_") .. "%(%) {(.-)\n}")
      if help then
        checked = checked + 1
        if not help:find(option, 1, true) then problems[#problems + 1] = ("line %d: %s"):format(number, code) end
      end
    end
  end)
  check(checked > 0, "no option was found")
  if #problems > 0 then error(table.concat(problems, "\n"), 0) end
end)

test("docs/reliability.md names files that are there", function()
  local checked, problems = 0, {}
  each_code(function(code, number)
    for path in code:gmatch("tests/[%w_./-]*[%w_/]") do
      checked = checked + 1
      if not neap.fs.exists(root .. "/" .. path) then problems[#problems + 1] = ("line %d: %s"):format(number, path) end
    end
  end)
  check(checked > 5, "only " .. checked .. " files were found")
  if #problems > 0 then error(table.concat(problems, "\n"), 0) end
end)
