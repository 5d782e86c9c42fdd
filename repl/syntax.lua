-- What stands before the cursor, as far as completion and signatures need to know: the brackets and blocks that are
-- open, the locals declared, and the chain of names that ends there. The text need not be Lua; nothing here fails.
local core, use = ...

local MOST = 16384 -- bytes before the cursor that are looked at

local openers = { ["("] = ")", ["{"] = "}", ["["] = "]" }
local closers = { [")"] = "(", ["}"] = "{", ["]"] = "[" }
local blocks = { ["function"] = true, ["do"] = true, ["then"] = true, ["repeat"] = true }

-- A scan is {text =, offset =, tokens =, count =, frames =}: the text before the cursor (its end, and how much was
-- left out), its tokens without comments, and what is open at its end. A token is {kind, first, last, open}. A frame
-- is {kind = "(" or "function"..., at = its token, commas =, item = the first token after the last comma, locals =
-- {name -> {init = token, params =}}}; the first one is the entry itself.
local Scan = {}
Scan.__index = Scan

function Scan:word(i)
  local token = self.tokens[i]
  return token and self.text:sub(token[2], token[3])
end

function Scan:kind(i)
  local token = self.tokens[i]
  return token and token[1]
end

function Scan:is_name(i) return self:kind(i) == "name" end

function Scan:push(kind, at)
  local frame = { kind = kind, at = at, commas = 0, item = at + 1, locals = {} }
  self.frames[#self.frames + 1] = frame
  return frame
end

function Scan:top() return self.frames[#self.frames] end

-- Closes frames up to one of these kinds; without one, nothing.
function Scan:pop(kinds)
  for i = #self.frames, 2, -1 do
    if kinds[self.frames[i].kind] then
      for j = #self.frames, i, -1 do self.frames[j] = nil end
      return
    end
  end
end

-- The innermost block.
function Scan:block()
  for i = #self.frames, 2, -1 do
    if blocks[self.frames[i].kind] then return self.frames[i] end
  end
  return self.frames[1]
end

-- The names of `a <const>, b` from token i on; and the token after them.
function Scan:names_from(i)
  local names = {}
  while self:is_name(i) do
    names[#names + 1] = self:word(i)
    i = i + 1
    if self:word(i) == "<" then i = i + 3 end
    if self:word(i) ~= "," then break end
    i = i + 1
  end
  return names, i
end

-- `local` is at token i. What it declares is seen at once, not only after the statement.
function Scan:declare(i)
  if self:word(i + 1) == "function" then
    if self:is_name(i + 2) then
      self:block().locals[self:word(i + 2)] = { params = self:word(i + 3) == "(" and self:names_from(i + 4) or {} }
    end
    return
  end
  local names, following = self:names_from(i + 1)
  local init = self:word(following) == "=" and following + 1 or nil
  for n, name in ipairs(names) do
    self:block().locals[name] = { init = n == 1 and init or nil }
  end
  if init and self:word(init) == "function" and self:word(init + 1) == "(" and names[1] then
    self:block().locals[names[1]] = { params = self:names_from(init + 2) }
  end
end

-- `function` is at token i: its parameters belong to its block.
function Scan:open_function(i)
  local frame = self:push("function", i)
  local at, method = i + 1, false
  while self:is_name(at) or self:word(at) == "." or self:word(at) == ":" do
    method = method or self:word(at) == ":"
    at = at + 1
  end
  if self:word(at) ~= "(" then return end
  for _, name in ipairs((self:names_from(at + 1))) do frame.locals[name] = {} end
  if method then frame.locals.self = {} end
end

function Scan:keyword(i, word)
  if word == "local" then
    self:declare(i)
  elseif word == "for" then
    self.loop = self:names_from(i + 1)
  elseif word == "function" then
    self:open_function(i)
  elseif word == "do" then
    local frame = self:push("do", i)
    for _, name in ipairs(self.loop or {}) do frame.locals[name] = {} end
    self.loop = nil
  elseif word == "then" or word == "repeat" then
    self:push(word, i)
  elseif word == "else" or word == "elseif" then
    self:pop { ["then"] = true }
    if word == "else" then self:push("then", i) end
  elseif word == "end" then
    self:pop { ["function"] = true, ["do"] = true, ["then"] = true }
  elseif word == "until" then
    self:pop { ["repeat"] = true }
  end
end

function Scan:sign(i, word)
  if openers[word] then
    self:push(word, i)
  elseif closers[word] then
    self:pop { [closers[word]] = true }
  elseif word == "," or word == ";" then
    local top = self:top()
    top.commas, top.item = top.commas + 1, i + 1
  end
end

-- Finds what is open at the end.
function Scan:walk()
  self:push("entry", 0)
  for i = 1, self.count do
    local kind = self:kind(i)
    if kind == "keyword" then
      self:keyword(i, self:word(i))
    elseif kind == "sign" then
      self:sign(i, self:word(i))
    end
  end
end

-- The local variable of the text that has the name; nil when there is none.
function Scan:find_local(name)
  for i = #self.frames, 1, -1 do
    local found = self.frames[i].locals[name]
    if found then return found end
  end
  return nil
end

-- Chains -----------------------------------------------------------------------------------------------------------

-- A chain is what names a value: {base = "name", name =} or {base = "string"} or {base = "group", inner = chain},
-- followed by steps: {op = ".", name =}, {op = ":", name =}, {op = "index", key =}, {op = "call", at = token}.

-- The token of the bracket that the one at token i closes.
function Scan:opening(i)
  local depth = 0
  for at = i, 1, -1 do
    local word = self:kind(at) == "sign" and self:word(at)
    if closers[word] then depth = depth + 1 end
    if openers[word] then depth = depth - 1 end
    if depth == 0 then return at end
  end
  return nil
end

-- A constant string or number at the token; nil for anything else.
function Scan:constant(i)
  local kind, word = self:kind(i), self:word(i)
  if kind == "number" then return tonumber(word) end
  if kind ~= "string" or self.tokens[i][4] then return nil end
  return word:match('^"([^\\]*)"$') or word:match("^'([^\\]*)'$") or word:match("^%[%[([^\n]*)%]%]$")
end

-- True when the token can end what is called or indexed.
function Scan:ends_value(i)
  local word = self:word(i)
  return self:is_name(i) or self:kind(i) == "string" or word == ")" or word == "]" or word == "}"
end

-- The step that the closing bracket or string at token i ends, and the last token before it; or a chain's base.
function Scan:step_before(i)
  local word = self:word(i)
  local open = self:kind(i) == "string" and i or self:opening(i)
  if not open then return nil end
  if word == "]" then
    return { op = "index", key = open == i - 2 and self:constant(open + 1) or nil }, open - 1
  end
  if self:ends_value(open - 1) then return { op = "call", at = open }, open - 1 end
  if word == ")" then
    if open == i - 2 and self:kind(i - 1) == "string" then return { base = "string" } end
    return { base = "group", inner = self:chain_before(i - 1, open + 1) }
  end
  return { base = self:kind(i) == "string" and "string" or "table" }
end

-- The chain that ends with token i, and begins with token `least` or later; nil when there is none.
function Scan:chain_before(i, least)
  local steps, base = {}, nil
  while i >= (least or 1) and not base do
    if self:is_name(i) then
      local before = self:kind(i - 1) == "sign" and self:word(i - 1)
      if before == "." or before == ":" then
        table.insert(steps, 1, { op = before, name = self:word(i), at = i })
        i = i - 2
      else
        base = { base = "name", name = self:word(i), at = i }
      end
    elseif self:ends_value(i) then
      local step, following = self:step_before(i)
      if not step then return nil end
      if step.base then base = step else table.insert(steps, 1, step) end
      i = following or i
    else
      return nil
    end
  end
  if base then base.steps = steps end
  return base
end

-- The last token of the chain that begins with token i; nil when something else stands there.
function Scan:chain_end(i)
  if not self:is_name(i) then return nil end
  local at = i
  while at < #self.tokens do
    local word = self:kind(at + 1) == "sign" and self:word(at + 1)
    if (word == "." or word == ":") and self:is_name(at + 2) then
      at = at + 2
    elseif self:kind(at + 1) == "string" then
      at = at + 1
    elseif openers[word] then
      local close = self:closing(at + 1)
      if not close then return nil end
      at = close
    else
      local ends = not word or word == "," or word == ";" or closers[word]
      return ends and at or nil
    end
  end
  return at
end

-- The token of the bracket that closes the one at token i.
function Scan:closing(i)
  local depth = 0
  for at = i, #self.tokens do
    local word = self:kind(at) == "sign" and self:word(at)
    if openers[word] then depth = depth + 1 end
    if closers[word] then depth = depth - 1 end
    if depth == 0 then return at end
  end
  return nil
end

-- Entrance ---------------------------------------------------------------------------------------------------------

-- The end of the text before the cursor that is looked at, from the beginning of a line on.
local function head_of(text, cursor)
  if cursor <= MOST then return text:sub(1, cursor), 0 end
  local from = cursor - MOST
  local line = text:find("\n", from, true)
  if line and line < cursor then from = line end
  return text:sub(from + 1, cursor), from
end

-- scan(text, cursor): what stands before the cursor; nil in a comment. `at_word` is the name or keyword the cursor is
-- at the end of, `at_string` the string that it is in; they are not among the tokens.
local function scan(text, cursor)
  local head, offset = head_of(text, cursor)
  local tokens, all = {}, core.tokens(head)
  for _, token in ipairs(all) do
    if token[1] ~= "comment" then tokens[#tokens + 1] = token end
  end
  local last = all[#all]
  local at_end = last and last[3] == #head
  if at_end and last[1] == "comment" then return nil end
  local self = setmetatable({ text = head, offset = offset, tokens = tokens, frames = {} }, Scan)
  if at_end and (last[1] == "name" or last[1] == "keyword") then self.at_word = last end
  if at_end and last[1] == "string" and last[4] then self.at_string = last end
  self.at_number = at_end and last[1] == "number"
  if self.at_word or self.at_string then tokens[#tokens] = nil end
  self.count = #tokens
  self:walk()
  return self
end

return { scan = scan }
