-- The pages of the documentation: Markdown files, as the repository has them, or below share/neap/doc where neap is
-- installed.
--
-- A page is {name =, path =, title =, text =, module =}: `name` is what people ask for, "tutorial", "guides/testing",
-- or the name of the module whose README.md it is.
local core, use = ...

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

-- The folder that has docs/ and stdlib/NAME/README.md; nil when there is none.
local function find_root()
  local folder, library = core.program_folder(), os.getenv("NEAP_STDLIB")
  local places = { library and library ~= "" and library .. "/.." or nil }
  if folder then
    places[#places + 1] = folder .. "/../share/neap/doc"
    places[#places + 1] = folder .. "/../.." -- build/release/neap
  end
  for _, place in ipairs(places) do
    if exists(place .. "/stdlib/async/README.md") then return place end
  end
  return nil
end

-- "docs/guides/testing.md" -> "guides/testing"; "stdlib/fs/README.md" -> "fs", and that it is a module's.
local function name_of(path)
  local module = path:match("^stdlib/([^/]+)/README%.md$") or path:match("^(repl)/README%.md$")
  if module then return module, module end
  if path == "README.md" then return "readme" end
  if path == "interp/README.md" then return "embedding-reference" end
  return (path:gsub("^docs/", ""):gsub("%.md$", ""):gsub("/README$", ""):gsub("/index$", ""))
end

local function read(root, path)
  local file <close> = assert(io.open(root .. "/" .. path, "rb"))
  local text = file:read("a")
  local name, module = name_of(path)
  return { name = name, path = path, text = text, module = module, title = text:match("^#+ *([^\n]*)") or name }
end

local list

-- All pages, in the order of their paths; none when they are not installed.
local function all()
  if list then return list end
  list = {}
  local root = find_root()
  if not root then return list end
  local paths = { "README.md", "repl/README.md", "interp/README.md" }
  for _, pattern in ipairs { "docs/**/*.md", "stdlib/*/README.md", "scripts/*/README.md" } do
    for path in neap.fs.glob(pattern, { cwd = root }) do paths[#paths + 1] = path end
  end
  for _, path in ipairs(paths) do
    if exists(root .. "/" .. path) then list[#list + 1] = read(root, path) end
  end
  return list
end

-- find(name): the page of that name or path; of the last part of its name, when that is the only one; nil.
local function find(name)
  local wanted = name:lower():gsub("%.md$", "")
  local found, count = nil, 0
  for _, page in ipairs(all()) do
    if page.name == wanted or page.path:lower():gsub("%.md$", "") == wanted then return page end
    if page.name:match("[^/]+$") == wanted then found, count = page, count + 1 end
  end
  return count == 1 and found or nil
end

-- The page of a module: "async", "neap.fs".
local function of_module(path)
  local name = path:match("^neap%.([%w_]+)$") or path
  for _, page in ipairs(all()) do
    if page.module == name then return page end
  end
  return nil
end

-- sections(page): its parts, from heading to heading: {title =, level =, text =}.
local function sections(page)
  if page.sections then return page.sections end
  local parts, current, in_code = {}, nil, false
  for line in (page.text .. "\n"):gmatch("([^\n]*)\n") do
    if line:find("^%s*```") then in_code = not in_code end
    local marks, title = line:match("^(#+) +(.-)%s*$")
    if marks and not in_code then
      current = { title = title:gsub("`", ""), level = #marks, lines = {} }
      parts[#parts + 1] = current
    elseif current then
      current.lines[#current.lines + 1] = line
    end
  end
  for _, part in ipairs(parts) do part.text = table.concat(part.lines, "\n") end
  page.sections = parts
  return parts
end

-- How the name of an entry is written in the headings of pages: "Queue:put" as "queue:put".
local function spellings(name)
  local holder, key = name:match("^(.-)[.:]?([%w_]+)$")
  local short = holder:match("[^.]+$")
  if not short then return { name .. "(" } end
  return { holder .. "." .. key .. "(", short .. "." .. key .. "(", short:lower() .. ":" .. key .. "(",
    short .. ":" .. key .. "(" }
end

local function names_it(title, wanted)
  local at = 1
  while true do
    local first, last = title:find(wanted, at, true)
    if not first then return false end
    if not title:sub(first - 1, first - 1):find("[%w_.:]") or first == 1 then return true end
    at = last + 1
  end
end

local examples

-- The examples of the modules' pages: {title =, code =, page =}, the first one of each section.
local function all_examples()
  if examples then return examples end
  examples = {}
  for _, page in ipairs(all()) do
    for _, part in ipairs(page.module and sections(page) or {}) do
      local code = part.text:match("```lua\n(.-)\n```")
      if code then examples[#examples + 1] = { title = part.title, code = code, page = page } end
    end
  end
  return examples
end

-- The first example in the section that has the name of the entry in its heading; nil without one.
local function example_of(entry)
  local wanted = spellings(entry.name:gsub("^neap%.", ""))
  for _, example in ipairs(all_examples()) do
    for _, spelling in ipairs(wanted) do
      if names_it(example.title, spelling) then return example.code, example.page end
    end
  end
  return nil
end

return { all = all, find = find, of_module = of_module, sections = sections, example_of = example_of }
