-- The Markdown pages of the repository, and what is in them. docs/writing.md has the rules for those who write them.
--
-- A page is {path =, blocks =, headings =, links =}. A block is {language =, text =, line =, heading =, number =,
-- file =}: the line of its fence, the heading that it stands under, its number among the blocks there, and the name of
-- the file that it is, when it begins with that. A link is {target =, line =}; headings are the anchors, as sites make
-- them.
local root = debug.getinfo(1, "S").source:match("^@(.*)/tests/support/[^/]+$")

local folders = { "docs", "interp", "repl", "runtime", "scripts", "stdlib", "tests" }

-- The paths of all pages, from the root of the repository on.
local function list()
  local paths = { "README.md" }
  for _, folder in ipairs(folders) do
    if neap.fs.exists(root .. "/" .. folder) then
      for path in neap.fs.glob(root .. "/" .. folder .. "/**/*.md") do paths[#paths + 1] = path:sub(#root + 2) end
    end
  end
  table.sort(paths)
  return paths
end

local comments = { lua = "%-%-", python = "#", sh = "#", cpp = "//" }

-- The file that a block is, by its first line: `-- file: server.lua`, `-- server.lua`, `-- server.lua: what it is`.
local function file_of(language, text)
  local mark = comments[language]
  local rest = mark and text:match("^" .. mark .. " ([^\n]*)")
  local name = rest and rest:gsub("^file: ", ""):match("^([%w_./-]+%.%l+)%f[:\0]")
  return name
end

-- The anchor of a heading: letters, digits, `-` and `_` stay, blanks become `-`.
local function anchor_of(heading)
  local text = heading:gsub("%[([^%]]*)%]%([^)]*%)", "%1"):lower()
  return (text:gsub("[^%w%s_\128-\255-]", ""):gsub("%s", "-"))
end

local function add_links(links, text, number)
  for target in text:gsub("`[^`]*`", ""):gmatch("%]%(([^)%s]+)[^)]*%)") do
    links[#links + 1] = { target = target, line = number }
  end
  local target = text:match("^%[[^%]]+%]:%s*(%S+)")
  if target then links[#links + 1] = { target = target, line = number } end
end

-- parse(path, text, first) -> page; `first` is the line before the text, if that is not the file's beginning.
local function parse(path, text, first)
  local page = { path = path, blocks = {}, headings = {}, links = {} }
  local heading, count, block, number = "", 0, nil, first or 0
  local function finish()
    block.text = table.concat(block.lines)
    block.file, block.lines = file_of(block.language, block.text), nil
    page.blocks[#page.blocks + 1], block = block, nil
  end
  for line in (text:gsub("\n?$", "\n")):gmatch("([^\n]*)\n") do
    number = number + 1
    local blanks, fence, language = line:match("^(%s*)(```+)(.-)%s*$")
    if block and fence == block.fence and language == "" then
      finish()
    elseif block then
      block.lines[#block.lines + 1] = line:gsub("^" .. block.blanks, "") .. "\n"
    elseif fence then
      count = count + 1
      block = { language = language, lines = {}, line = number, heading = heading, number = count, fence = fence,
        blanks = blanks }
    elseif line:find("^#+ ") then
      heading, count = line:match("^#+ +(.-)%s*$"):gsub("`", ""), 0
      local anchor = anchor_of(heading)
      page.headings[anchor] = page.headings[anchor] or number
    else
      add_links(page.links, line, number)
    end
  end
  if block then error(("%s:%d: the block does not end"):format(path, block.line), 0) end
  return page
end

-- Whether a command of the page, or a file of it, names the file that a block is.
local function is_used(page, block)
  local name, module = block.file, block.file:match("([^/]+)%.%l+$")
  for _, other in ipairs(page.blocks) do
    if other ~= block then
      local is_command = other.language == "console" or other.language == "sh"
      if is_command and other.text:find(name, 1, true) then return true end
      local is_there = other.text:find(name, 1, true) or other.text:find('"' .. module .. '"', 1, true)
      if other.file and is_there then return true end
    end
  end
  return false
end

local cache = {}

-- read(path) -> page, nil when there is none.
local function read(path)
  local file = not cache[path] and io.open(root .. "/" .. path)
  if file then
    cache[path] = parse(path, file:read("a"))
    file:close()
  end
  return cache[path]
end

return { root = root, list = list, read = read, parse = parse, is_used = is_used }
