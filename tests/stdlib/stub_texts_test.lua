-- What the stubs say of each public name: a description, and what the parameters and results are.
local docs = module_file("repl/docs")

-- Every entry of the modules and classes of neap's own, with the words that go before it in messages.
local function each_entry(visit)
  local index = docs.index()
  local own = {}
  for path, space in pairs(index.modules) do
    if path == "async" or path:find("^neap") then own[space] = path end
  end
  for name, space in pairs(index.classes) do
    if name:find("%.") and not name:find("%*") then own[space] = name end
  end
  for space, path in pairs(own) do
    for _, key in ipairs(space.order) do visit(space.members[key], path, space) end
  end
  for space, path in pairs(own) do visit({ kind = "space", name = path, text = space.text, space = space }, path, space) end
end

local function expect_none(problems)
  table.sort(problems)
  if #problems > 0 then error(table.concat(problems, "\n"), 0) end
end

-- Tests whether each entry passes; `problem_of` gives what is wrong.
local function check_entries(problem_of)
  local problems, seen = {}, {}
  each_entry(function(entry, path, space)
    local problem = not seen[entry] and entry.alias == nil and problem_of(entry, space)
    seen[entry] = true
    if problem then problems[#problems + 1] = ("%s: %s %s"):format(path, entry.name, problem) end
  end)
  expect_none(problems)
end

-- Names that say it all.
local without = {
  ["patterns.ProgressOptions"] = true, ["patterns.Progress"] = true, ["Progress:set_total"] = true,
  ["Progress:set_label"] = true, ["Progress:total"] = true,
}

test("every function, class, module and value has a description", function()
  check_entries(function(entry)
    local says = without[entry.name] or entry.text and entry.text ~= ""
    if entry.kind ~= "field" and not says then return "has no description" end
  end)
end)

test("every parameter has a type", function()
  check_entries(function(entry)
    for _, param in ipairs(entry.params or {}) do
      if param.undeclared then return ("has no @param for '%s'"):format(param.name) end
    end
  end)
end)

test("every function whose description has a sentence on what it returns has a @return", function()
  check_entries(function(entry)
    if entry.params and #entry.returns == 0 and entry.text:find("%f[%a]Returns ") then return "has no @return" end
  end)
end)

test("every type that a stub names is there", function()
  local index = docs.index()
  check_entries(function(entry)
    local texts = { entry.type or "" }
    for _, list in ipairs { entry.params or {}, entry.returns or {} } do
      for _, item in ipairs(list) do texts[#texts + 1] = item.type end
    end
    for _, text in ipairs(texts) do
      for name in text:gsub('"[^"]*"', ""):gmatch("%f[%w_][%l]+%.[%u][%w_.]*") do
        if not index.classes[name] and not index.aliases[name] then return "names the type " .. name end
      end
    end
  end)
end)
