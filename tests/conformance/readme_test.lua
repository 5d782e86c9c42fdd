-- README.md and the tests beside it: each statement has a test, and each test a statement.
local here = debug.getinfo(1, "S").source:match("^@(.*/)")

-- What README.md states: by number, such as "S1a", the file of its section.
local function statements()
  local found, file, number = {}, nil, nil
  local function close()
    if number and not found[number .. "a"] then found[number] = file end
  end
  for line in io.lines(here .. "README.md") do
    local starts = line:match("^%- %*%*(%u%d+)%*%* ")
    if starts or line:match("^#") then
      close()
      number = starts
    end
    file = line:match("^## .*: (%S+_test%.lua)$") or file
    if number then
      for letter in line:gmatch("%((%l)%) ") do
        check(not found[number .. letter], number .. letter .. " is stated twice")
        found[number .. letter] = file
      end
    end
  end
  close()
  return found
end

-- The tests that the files define: by number, the file.
local function tests()
  local found = {}
  for _, entry in ipairs(neap.fs.list(here)) do
    if entry:match("_test%.lua$") then
      for line in io.lines(here .. entry) do
        local number = line:match('^test%("(%u%d+%l?): ')
        if number then
          check(not found[number], "two tests have the number " .. number)
          found[number] = entry
        end
      end
    end
  end
  return found
end

test("every statement of README.md has a test in the file of its section, and every test a statement", function()
  local stated, tested = statements(), tests()
  local missing = {}
  for number, file in pairs(stated) do
    if tested[number] ~= file then missing[#missing + 1] = number .. " has no test in " .. file end
  end
  for number, file in pairs(tested) do
    if not stated[number] then missing[#missing + 1] = number .. " of " .. file .. " is not in README.md" end
  end
  table.sort(missing)
  equal(table.concat(missing, "\n"), "")
  check(next(stated))
end)

test("every test of the folder begins with a number", function()
  for _, entry in ipairs(neap.fs.list(here)) do
    if entry:match("_test%.lua$") and entry ~= "readme_test.lua" then
      for line in io.lines(here .. entry) do
        check(not line:match("^%s*test%(") or line:match('^test%("%u%d+%l?: '), entry .. ": " .. line)
      end
    end
  end
end)
