-- The locals that an entry declares at its top level, kept for the entries that follow.
--
-- An entry is compiled as it stands, but for two additions, neither of which moves a line:
--
--   local __neap_keep, a, b = ... return function(...)           <- in front: what earlier entries have declared, if it is mentioned
--   local c = a + b; __neap_keep("c v", function() return c end)   <- behind each declaration
--   end
--
-- The variables in front are joined (debug.upvaluejoin) with those that the earlier entry declared: they are not
-- copies. So a function of entry 1 and one of entry 5 share the variable, `local x` declares a new one without touching
-- what functions of earlier entries see, and what an entry had declared before it failed or was cancelled is there. A
-- `<close>` variable is closed at the end of its entry, as at the end of any block, and is not kept.
local core, use = ...

local KEEP = "__neap_keep"
local EXPRESSION = "local __neap_pack = ... return __neap_pack(%s\n)"
local WITH_ARGUMENTS = "local __neap_pack = ... return (function(...) return __neap_pack(%s\n) end)()" -- `...` is empty
local MOST = 190 -- locals of an earlier entry that one entry may mention: Lua allows 200 in a function

local opens = { ["function"] = true, ["do"] = true, ["if"] = true, ["repeat"] = true, ["("] = true, ["{"] = true, ["["] = true }
local closes = { ["end"] = true, ["until"] = true, [")"] = true, ["}"] = true, ["]"] = true }
local unary = { ["-"] = true, ["not"] = true, ["#"] = true, ["~"] = true }
local binary = {}
for sign in ("+ - * / // % ^ .. < > <= >= == ~= and or & | ~ << >>"):gmatch("%S+") do binary[sign] = true end

-- The tokens of the text without comments: lists of their texts, kinds and last bytes.
local function read_tokens(text)
  local words, kinds, lasts = {}, {}, {}
  for _, token in ipairs(core.tokens(text)) do
    if token[1] ~= "comment" then
      words[#words + 1] = text:sub(token[2], token[3])
      kinds[#kinds + 1] = token[1]
      lasts[#lasts + 1] = token[3]
    end
  end
  return { words = words, kinds = kinds, lasts = lasts }
end

-- The index of the token that closes what the one at `at` opens.
local function matching(tokens, at)
  local depth = 0
  for i = at, #tokens.words do
    local word, kind = tokens.words[i], tokens.kinds[i]
    if kind == "keyword" or kind == "sign" then
      if opens[word] then depth = depth + 1 end
      if closes[word] then depth = depth - 1 end
      if depth == 0 then return i end
    end
  end
  return #tokens.words
end

-- The index of the last token of the list of expressions that begins at `at`.
local function last_of_expressions(tokens, at)
  local operand = false -- the token before ends an operand
  local i = at
  while i <= #tokens.words do
    local word, kind = tokens.words[i], tokens.kinds[i]
    local sign = kind == "sign" or kind == "keyword"
    if not operand then
      if not (sign and unary[word]) then
        if sign and opens[word] then i = matching(tokens, i) end
        operand = true
      end
    elseif sign and (word == "." or word == ":") then
      i = i + 1
    elseif sign and (word == "(" or word == "{" or word == "[") then
      i = matching(tokens, i)
    elseif sign and (word == "," or binary[word]) then
      operand = false
    elseif kind ~= "string" then
      return i - 1
    end
    i = i + 1
  end
  return #tokens.words
end

-- The declaration whose `local` is at `at`: the names and attributes, and the index of its last token.
local function declaration(tokens, at)
  local words = tokens.words
  if words[at + 1] == "function" then return { words[at + 2] }, {}, matching(tokens, at + 1) end
  local names, attributes = {}, {}
  local i = at
  repeat
    i = i + 1
    names[#names + 1] = words[i]
    if words[i + 1] == "<" then
      attributes[words[i]] = words[i + 2]
      i = i + 3
    end
    i = i + 1
  until words[i] ~= ","
  if words[i] ~= "=" then return names, attributes, i - 1 end
  return names, attributes, last_of_expressions(tokens, i + 1)
end

local function keeping(names, attributes)
  local kept = {}
  for _, name in ipairs(names) do
    if attributes[name] ~= "close" then kept[#kept + 1] = name end
  end
  if #kept == 0 then return "" end
  local specs = {}
  for i, name in ipairs(kept) do specs[i] = name .. (attributes[name] == "const" and " c" or " v") end
  return ('; %s("%s", function() return %s end)'):format(KEEP, table.concat(specs, ","), table.concat(kept, ","))
end

-- The text with a call of the keeper behind each declaration at its top level; the same text when there is none.
local function with_keeping(text, tokens)
  local pieces, copied, i = {}, 0, 1
  while i <= #tokens.words do
    local word, keyword = tokens.words[i], tokens.kinds[i] == "keyword"
    if keyword and word == "local" then
      local names, attributes, last = declaration(tokens, i)
      pieces[#pieces + 1] = text:sub(copied + 1, tokens.lasts[last])
      pieces[#pieces + 1] = keeping(names, attributes)
      copied = tokens.lasts[last]
      i = last
    elseif (keyword or tokens.kinds[i] == "sign") and opens[word] then
      i = matching(tokens, i)
    end
    i = i + 1
  end
  pieces[#pieces + 1] = text:sub(copied + 1)
  return table.concat(pieces), #pieces > 1
end

local Locals = {}
Locals.__index = Locals

-- No variable yet.
local function new()
  return setmetatable({ cells = {} }, Locals)
end

local function upvalue_index(fn, name)
  for i = 1, 255 do
    local found = debug.getupvalue(fn, i)
    if found == nil or found == name then return found and i end
  end
end

-- Remembers the variables that `fn` returns. `specs` tells each one's name, and "c" for a constant: "a v,b c".
function Locals:keep(specs, fn)
  local values, i = table.pack(fn()), 0
  for name, kind in specs:gmatch("([^ ,]+) (%a)") do
    i = i + 1
    local index, holder = upvalue_index(fn, name), fn
    if not index then -- a constant that the compiler knew
      local value = values[i]
      index, holder = 1, function() return value end
    end
    self.cells[name] = { fn = holder, index = index, constant = kind == "c" }
  end
end

-- True when there is such a variable; its value.
function Locals:get(name)
  local cell = self.cells[name]
  if not cell then return false end
  local _, value = debug.getupvalue(cell.fn, cell.index)
  return true, value
end

-- The names, sorted.
function Locals:names()
  local names = {}
  for name in pairs(self.cells) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- The variables that an entry with these tokens mentions.
function Locals:mentioned(tokens)
  local names, seen = {}, {}
  local function add(name)
    if self.cells[name] and not seen[name] then
      seen[name] = true
      names[#names + 1] = name
    end
  end
  add("_ENV")
  for i, word in ipairs(tokens.words) do
    if tokens.kinds[i] == "name" then add(word) end
  end
  return names
end

local function expression_around(tokens)
  for i, word in ipairs(tokens.words) do
    if word == "..." and tokens.kinds[i] == "sign" then return WITH_ARGUMENTS end
  end
  return EXPRESSION
end

-- The text with what goes around it; as a function when earlier entries have declared what it mentions.
local function around(text, mentioned, cells, inner)
  if not mentioned then return inner:format(text) end
  local heads = { KEEP }
  for i, variable in ipairs(mentioned) do
    heads[i + 1] = variable .. (cells[variable].constant and " <const>" or "")
  end
  return ("local %s = ... return function(...) %s\nend"):format(table.concat(heads, ","), inner:format(text))
end

-- Compiles an entry, which is known to be a sound chunk, or expression. The function of an expression takes
-- `table.pack` and returns what that gives: so the last call in it is no tail call, which a traceback could not show.
function Locals:compile(text, is_expression, name, env)
  local tokens = read_tokens(text)
  local body, declares = text, false
  if not is_expression then body, declares = with_keeping(text, tokens) end
  local mentioned = self:mentioned(tokens)
  if #mentioned > MOST then
    return nil, ("the entry mentions %d locals of earlier ones, and may mention %d; make some of them globals or fields of a table")
      :format(#mentioned, MOST)
  end
  local wrapped = (declares or #mentioned > 0) and mentioned
  local inner = is_expression and expression_around(tokens) or "%s"
  local chunk, problem = load(around(body, wrapped, self.cells, inner), name, "t", env)
  if not chunk or not wrapped then return chunk, problem end
  local fn = chunk(function(specs, kept) self:keep(specs, kept) end)
  for _, variable in ipairs(mentioned) do
    local index, cell = upvalue_index(fn, variable), self.cells[variable]
    if index then debug.upvaluejoin(fn, index, cell.fn, cell.index) end
  end
  return fn
end

return { new = new }
