-- Builds the site: neap docs/site.lua FOLDER. Into FOLDER/pages go the pages of the repository and the reference, with
-- their links put right, and FOLDER/site is what mkdocs makes of them.
--
-- A page of docs/ is at the top, any other where it is in the repository. Files that pages link to become pages that
-- show them; pictures stay what they are. The navigation follows the folders, so that a new page needs no list.
local fs = neap.fs

local out = arg[1]
if not out then
  io.stderr:write("usage: neap docs/site.lua FOLDER\n")
  os.exit(2)
end
local root = fs.dirname(fs.dirname(fs.absolute(arg[0])))
local staged = fs.join(out, "pages")

local MOST_SHOWN = 200000 -- bytes of a file that is shown

-- The page of the site for a file of the repository.
local function place_of(path)
  if path == "README.md" then return "repository.md" end
  if path:find("%.md$") or path:find("%.svg$") then return (path:gsub("^docs/", "")) end
  return path .. ".md"
end

local todo, known = {}, {}

local function want(path)
  if not known[path] then
    known[path] = true
    todo[#todo + 1] = path
  end
  return place_of(path)
end

local function languages(path)
  local extension = fs.extension(path):sub(2)
  return ({ lua = "lua", cpp = "cpp", hpp = "cpp", py = "python", sh = "sh" })[extension] or "text"
end

-- A link of the page as it is on the site.
local function relink(page, target)
  if target:find("^%a[%w+.-]*:") or target:find("^#") then return target end
  local path, anchor = target:match("^([^#]*)(.*)$")
  local full = fs.normalize(fs.join(fs.dirname(page), path))
  if not fs.exists(fs.join(root, full)) then return target end
  if fs.stat(fs.join(root, full)).type == "directory" then
    local readme = fs.join(full, "README.md")
    full = fs.exists(fs.join(root, readme)) and readme or full
  end
  return fs.relative(want(full), fs.dirname(place_of(page))) .. anchor
end

local LINK = "%]%(([^)%s]+)%)"

-- In two steps, because `relink` waits, and nothing may wait inside gsub.
local function relink_line(page, line)
  local targets = {}
  for target in line:gmatch(LINK) do targets[target] = "](" .. relink(page, target) .. ")" end
  return (line:gsub(LINK, targets))
end

-- The page without its hidden blocks, and with the links of the site; code stays as it is.
local function convert(page, text)
  local lines, fence, hidden = {}, nil, false
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    local mark = line:match("^%s*(```+)")
    if hidden then
      hidden = not line:find("-->", 1, true)
    elseif not fence and line:find("^<!%-%-") then
      hidden = not line:find("-->", 1, true)
    else
      if fence and mark == fence then
        fence = nil
      elseif mark and not fence then
        fence = mark
      elseif not fence then
        line = relink_line(page, line)
      end
      lines[#lines + 1] = line
    end
  end
  return table.concat(lines, "\n")
end

-- A file that is no page, or the list of a folder; a picture as it is.
local function show(path)
  local full = fs.join(root, path)
  if path:find("%.svg$") then return fs.read(full) end
  local title = ("# %s\n\n"):format(path)
  if fs.stat(full).type == "directory" then
    local names = {}
    for i, name in ipairs(fs.list(full)) do names[i] = "- `" .. name .. "`" end
    return title .. table.concat(names, "\n") .. "\n"
  end
  local text = fs.stat(full).size <= MOST_SHOWN and fs.read(full) or "(a large file)"
  return ("%s````%s\n%s\n````\n"):format(title, languages(path), (text:gsub("\n$", "")))
end

local function stage_all()
  for _, pattern in ipairs { "docs/**/*.md", "stdlib/*/README.md", "scripts/*/README.md" } do
    for path in fs.glob(pattern, { cwd = root }) do want(path) end
  end
  for _, path in ipairs { "README.md", "repl/README.md", "interp/README.md" } do want(path) end
  local at = 1
  while todo[at] do
    local path = todo[at]
    local file = fs.join(staged, place_of(path))
    fs.mkdir(fs.dirname(file), { parents = true, exist_ok = true })
    fs.write(file, path:find("%.md$") and convert(path, fs.read(fs.join(root, path))) or show(path))
    at = at + 1
  end
end

-- Navigation ------------------------------------------------------------------------------------------------------

local function pages_in(pattern)
  local paths = {}
  for path in fs.glob(pattern, { cwd = staged }) do paths[#paths + 1] = path end
  return paths
end

-- index.md first.
local function section(title, paths)
  table.sort(paths, function(a, b)
    local first, second = fs.basename(a) == "index.md", fs.basename(b) == "index.md"
    if first ~= second then return first end
    return a < b
  end)
  local lines = { ("  - %s:"):format(title) }
  for _, path in ipairs(paths) do lines[#lines + 1] = "      - " .. path end
  return table.concat(lines, "\n")
end

local function navigation()
  local modules = pages_in("stdlib/*/README.md")
  modules[#modules + 1] = "repl/README.md"
  modules[#modules + 1] = "interp/README.md"
  return table.concat({
    "nav:",
    section("neap", pages_in("*.md")),
    section("Guides", pages_in("guides/*.md")),
    section("Modules", modules),
    section("Reference", pages_in("reference/*.md")),
    section("Programs", pages_in("scripts/*/README.md")),
    section("Design", pages_in("design/*.md")),
  }, "\n")
end

-- Building ---------------------------------------------------------------------------------------------------------

local function run(...)
  local result = async.subprocess.run({ ... }, { capture = true })
  if result.returncode == 0 then return end
  io.stderr:write(result.stdout, result.stderr, "docs/site.lua: ", (...), " failed\n")
  os.exit(1)
end

if fs.exists(out) then fs.remove(out, { recursive = true }) end
stage_all()
run(arg[-1], "doc", "--write", fs.join(staged, "reference"))
fs.write(fs.join(out, "mkdocs.yml"), ("INHERIT: %s\ndocs_dir: pages\nsite_dir: site\n%s\n"):format(
  fs.join(root, "docs/mkdocs.yml"), navigation()))
run("mkdocs", "build", "--quiet", "--strict", "--config-file", fs.join(out, "mkdocs.yml"))
