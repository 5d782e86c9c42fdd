-- Every code block of every page: docs/writing.md says what each kind must do, and these tests do it. A block of a
-- kind that they do not know fails.
local pages, example, commands = support("pages"), support("example"), support("commands")

-- Blocks that nobody can run here, by how a line of theirs begins, with the reason.
local not_run = {
  { "./dev ", "installs packages, and builds the tree that the tests are running from" },
  { "cmake ", "builds; tests/interp/install_test.cpp does it" },
  { "sudo ", "changes the machine" },
  { "apt ", "changes the machine" },
  { "git clone", "needs the network" },
  { "neap --sandbox=process", "needs what not every kernel has; tests/interp/sandbox_process_test.cpp does it" },
  { "kill -USR1 PID", "PID stands for a number; tests/interp/debug_test.cpp does it" },
  { 'local http, redis = require "socket.http"', "needs LuaSocket, a web server and Redis" },
}

-- Kinds that are checked elsewhere, or that nobody can check.
local other_kinds = {
  text = "no code",
  output = "belongs to the block before it",
  cpp = "tests/CMakeLists.txt builds it, tests/scripts/embed_examples_test.cpp runs it",
  cmake = "the projects below tests/consumers are built by tests/interp/install_test.cpp",
}

local function reason_not_to_run(block)
  if sanitized == "thread" and block.text:find("while true do end", 1, true) then
    return "the thread sanitizer holds back the signal that ends such a loop"
  end
  for line in block.text:gsub("^%$ ", ""):gsub("\n%$ ", "\n"):gmatch("[^\n]+") do
    for _, rule in ipairs(not_run) do
      if line:sub(1, #rule[1]) == rule[1] then return rule[2] end
    end
  end
  return nil
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  return lines
end

-- What the comments `# -->` or `-- -->` of a program say that it prints; nil when it has none.
local function comments_of(text)
  local lines = {}
  for line in text:gmatch("[^\n]*%-%->%s?([^\n]*)") do lines[#lines + 1] = line end
  return #lines > 0 and lines or nil
end

-- Whether both stand under one heading.
local function together(first, second)
  return first ~= nil and second ~= nil and first.heading == second.heading and second.number == first.number + 1
end

-- The lines of the `output` behind the block, or behind the pair of Python and Lua that it belongs to.
local function output_of(blocks, i)
  local block, following = blocks[i], blocks[i + 1]
  if not together(block, following) then return nil end
  if following.language == "output" then return lines_of(following.text) end
  if block.language == "python" and following.language == "lua" and together(following, blocks[i + 2]) and
    blocks[i + 2].language == "output" then
    return lines_of(blocks[i + 2].text)
  end
  return nil
end

-- What a program in Python prints: by its comments, by an `output`, or what the Lua behind it prints.
local function expected_of_python(blocks, i)
  local own = comments_of(blocks[i].text) or output_of(blocks, i)
  if own then return own end
  local following = blocks[i + 1]
  local is_pair = together(blocks[i], following) and following.language == "lua"
  return is_pair and comments_of(following.text) or {}
end

local kinds = {}

function kinds.lua(page, i, name)
  local block = page.blocks[i]
  local output = output_of(page.blocks, i)
  if block.file and not output and not comments_of(block.text) then
    test(name .. " is used", function()
      assert(load(block.text, "@" .. page.path))
      local is_test = block.file:find("_test%.lua$")
      check(is_test or pages.is_used(page, block),
        ("%s:%d: no command of the page runs %s"):format(page.path, block.line, block.file))
    end)
  else
    test(name, function() example.run(block, page.path, output) end)
  end
end

function kinds.python(page, i, name)
  local block = page.blocks[i]
  test(name, { clock = "real" }, function()
    local printed = commands.python(block, page.path)
    example.compare(expected_of_python(page.blocks, i), printed, page.path .. ":" .. block.line)
  end)
end

function kinds.console() end

kinds.sh = kinds.console

local add_page

-- A block of Markdown is a page by itself, with its own files.
function kinds.markdown(page, i, name)
  local block = page.blocks[i]
  add_page(pages.parse(page.path, block.text, block.line), name .. ", ")
end

function add_page(page, title)
  local has_commands, lacks_file = false, false
  for i, block in ipairs(page.blocks) do
    local name = ("%s%s, block %d"):format(title, block.heading, block.number)
    local reason = reason_not_to_run(block)
    if reason then
      if block.language == "lua" then assert(load(block.text, "@" .. page.path)) end
      lacks_file = lacks_file or block.file ~= nil
      page.blocks[i] = { language = "text", text = "", heading = block.heading, number = block.number }
    elseif kinds[block.language] then
      kinds[block.language](page, i, name)
      has_commands = has_commands or block.language == "sh" or block.language == "console" or block.file ~= nil
    elseif not other_kinds[block.language] then
      test(name, function()
        error(("%s:%d: '%s' is no kind of block that is tested; see docs/writing.md"):format(page.path, block.line,
          block.language), 0)
      end)
    end
  end
  if has_commands and not lacks_file then
    test(title .. "the commands", { clock = "real" }, function() commands.run(page) end)
  end
end

for _, path in ipairs(pages.list()) do add_page(pages.read(path), path .. ": ") end
