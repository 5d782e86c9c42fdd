-- Readers of text, each with what must hold whatever the text is. The first byte of an input
-- chooses one.
local entry = module_file("repl/entry")
local markdown = module_file("repl/markdown")
local stubs = module_file("repl/stubs")
local options = module_file("test/options")

-- What a file's text is to Lua by the manual: a first line for the kernel is skipped, and its end
-- stays. neap skips a byte order mark as well.
local function lua_part(text)
  text = text:gsub("^\xEF\xBB\xBF", "")
  return (text:gsub("^#[^\n]*", ""))
end

-- `neap FILE`.
local function program(text)
  local loaded, result = pcall(load_program, text)
  local code = lua_part(text)
  if code:find("^\n?\27") then
    if loaded then return "a binary chunk was loaded" end
    return not result:find("is a binary chunk", 1, true) and "a binary chunk is refused with: " .. result or nil
  end
  local chunk, problem = load(code, "@" .. program_name(), "t")
  if loaded ~= (chunk ~= nil) then return "Lua says of the program: " .. tostring(problem or "fine") end
  if not loaded and result ~= problem then return ("%q where Lua says %q"):format(result, problem) end
end

local KIND_OF_ERROR, KIND_OF_COMMENT = 6, 5

local function check_tokens(text)
  local last = 0
  for _, token in ipairs(tokens(text)) do
    local first = token[2]
    if first <= last or token[3] < first or token[3] > #text then return "a token is out of place" end
    if text:sub(last + 1, first - 1):find("[^ \t\n\v\f\r]") then return "something is in no token" end
    last = token[3]
  end
  if text:sub(last + 1):find("[^ \t\n\v\f\r]") then return "the end is in no token" end
end

-- An entry of the prompt.
local function prompt(text)
  local problem = check_tokens(text)
  if problem then return problem end
  local as_value, value_problem = load("return " .. text, "=entry", "t")
  local as_chunk, chunk_problem = load(text, "=entry", "t")
  local complete = entry.is_complete(text)
  if as_chunk then
    for _, token in ipairs(tokens(text)) do
      if token[1] == KIND_OF_ERROR then return "Lua takes it, and a token is wrong" end
      if token[4] == 1 and token[1] ~= KIND_OF_COMMENT then return "Lua takes it, and a token does not end" end
    end
  end
  if as_value or as_chunk then return not complete and "Lua takes it, and the prompt wants more" or nil end
  local wants_more = value_problem:find("<eof>$") or chunk_problem:find("<eof>$")
  if not complete and not wants_more then return "Lua wants no more, and the prompt does" end
  if complete and chunk_problem:find("<eof>$") and not text:find("[\"']") then
    return "Lua wants more, and the prompt does not"
  end
end

local function widest(text)
  local most = 0
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do most = math.max(most, #line) end
  return most
end

-- A page for the terminal: nothing but colours is added where there are colours.
local function page(text)
  local width = 20 + (text:byte() or 0) % 100
  local plain = markdown.render(text, { width = width })
  local coloured = markdown.render(text, { width = width, colour = true })
  if type(plain) ~= "string" or type(coloured) ~= "string" then return "no text" end
  if #plain > 20 * #text + 100 * (1 + select(2, text:gsub("\n", ""))) + 100 then return "far more text than there was" end
  if widest(plain) > 4 * (width + widest(text)) + 100 then return "a line that is far too long" end
end

local function stub(text)
  local index = stubs.new_index()
  stubs.read(index, text)
  stubs.read_signature(text)
  for name, class in pairs(index.classes) do
    if type(name) ~= "string" or class.members == nil then return "a class without members" end
  end
end

-- Names of modules.
local function module(name)
  if package.loaded[name] ~= nil or name:find("^async") or name:find("^neap") then return end
  name = name:gsub("[^%w_./?;:%-\0\n ]", "_"):sub(1, 100)
  -- A path through devices or other people's folders is not looked at.
  if name:find("dev") or name:find("proc") or name:find("sys") then return end
  local ok, problem = pcall(require, name)
  if ok then return end
  if package.loaded[name] ~= nil then return "a module that failed is loaded" end
  if not tostring(problem):find("module", 1, true) and not tostring(problem):find(".lua:", 1, true) then
    return "require says: " .. tostring(problem)
  end
end

-- The words behind `neap test`.
local function test_options(text)
  local words = {}
  for word in text:gmatch("[^\n]+") do words[#words + 1] = word end
  local result, problem = options.parse(words)
  if result == nil and (type(problem) ~= "string" or #problem < 5) then return "refused without a reason" end
  if result and #result.paths > #words + 1 then return "more paths than words" end
end

local readers = { program, prompt, page, stub, module, test_options, prompt, page }

return function(input)
  if input == "" then return end
  local problem = readers[input:byte() % #readers + 1](input:sub(2))
  return problem
end
