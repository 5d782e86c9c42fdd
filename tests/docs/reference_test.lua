-- The reference that is made from the stubs.
local reference, docs, pages = module_file("repl/reference"), module_file("repl/docs"), support("pages")

local parsed = {}

local function page_of(module)
  local path = module:gsub("^neap%.", "") .. ".md"
  parsed[module] = parsed[module] or pages.parse(path, reference.page_of(module))
  return parsed[module]
end

test("every module of neap's has a page, and nothing else has", function()
  local expected = { "async" }
  for name in pairs(neap) do
    if docs.index().modules["neap." .. name] then expected[#expected + 1] = "neap." .. name end
  end
  table.sort(expected)
  equal(reference.module_names(), expected)
  equal(reference.page_of("string"), nil)
  equal(reference.page_of("neap.no_such_module"), nil)
end)

test("every function and method of a module has a heading with its parameters", function()
  for _, module in ipairs(reference.module_names()) do
    local text = reference.page_of(module)
    local prefix = module:gsub("^neap%.", "") .. "."
    local spaces = { docs.index().modules[module] }
    for name, class in pairs(docs.index().classes) do
      if name:sub(1, #prefix) == prefix then spaces[#spaces + 1] = class end
    end
    for _, space in ipairs(spaces) do
      for _, key in ipairs(space.order) do
        local entry = space.members[key]
        local heading = entry.params and "# " .. entry.name:gsub("^neap%.", "") .. "("
        check(not heading or text:find(heading, 1, true), module .. " lacks " .. entry.name)
      end
    end
  end
end)

test("links of the reference lead to headings that are there", function()
  local problems = {}
  for _, module in ipairs(reference.module_names()) do
    local page = page_of(module)
    for _, link in ipairs(page.links) do
      local file, anchor = link.target:match("^([^#]*)#(.*)$")
      local name = file:match("^(.*)%.md$")
      local other = name and page_of(name == "async" and name or "neap." .. name) or page
      if not other.headings[anchor] then problems[#problems + 1] = page.path .. ": " .. link.target end
    end
  end
  if #problems > 0 then error(table.concat(problems, "\n"), 0) end
end)

test("an entry has signature, text, parameters, results, errors and an example", function()
  local text = reference.page_of("neap.fs")
  local from = text:find("### fs.stat(path, options?)", 1, true)
  local part = text:sub(from, text:find("\n### ", from + 1, true))
  for _, expected in ipairs { "`neap.fs.stat(path, options?) -> fs.Stat` (may wait)", "What is known of a file.",
    "- `path` (string)", "- `options?` ([fs.StatOptions](#fsstatoptions))", "- `follow?` (boolean): false: of a symbolic",
    "- ([fs.Stat](#fsstat))", "[async.CancelledError](async.md#asynccancellederror)", "```lua" } do
    check(part:find(expected, 1, true), ("%q is not in\n%s"):format(expected, part))
  end
end)

test("the files are written, with an index", function()
  local folder <close> = neap.fs.tempdir()
  reference.write_all(folder.path .. "/a/b")
  local index = neap.fs.read(folder.path .. "/a/b/index.md")
  for _, module in ipairs(reference.module_names()) do
    local file = module:gsub("^neap%.", "") .. ".md"
    check(index:find("(" .. file .. ")", 1, true), file)
    equal(neap.fs.read(folder.path .. "/a/b/" .. file), reference.page_of(module))
  end
end)
