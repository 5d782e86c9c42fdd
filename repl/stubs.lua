-- Reads stubs (LuaCATS, the comments of lua-language-server) into entries and namespaces.
--
-- An entry is what has a name: {name =, kind =, text =, params =, returns =, overloads =, type =, space =}. `name` is
-- what people write ("async.sleep", "Task:cancel"); `kind` is "function", "method", "field", "value", "class" or
-- "module"; `async` is true for a function that may wait. A parameter or field is {name =, type =, text =, optional =,
-- undeclared = true when the stub does not have it}, a result {type =, name =, text =}. A namespace is what has
-- members: {path =, members = {name -> entry}, order = {name...}, bases =, class =, text =}.
local core, use = ...

-- Comments ---------------------------------------------------------------------------------------------------------

local closing = { ["("] = "%b()", ["{"] = "%b{}", ["<"] = "%b<>", ["["] = "%b[]" }

local type_end

-- The end of one alternative of a type that begins at `at`.
local function term_end(text, at)
  local first = text:sub(at, at)
  if first == '"' or first == "'" then return text:find(first, at + 1, true) or #text end
  local word = text:match("^fun%s*()%(", at)
  if word then
    local _, last = text:find("^%b()", word)
    local returns = last and text:match("^%s*:%s*()", last + 1)
    while returns do
      last = type_end(text, returns)
      returns = text:match("^%s*,%s*()", last + 1)
    end
    return last or #text
  end
  if closing[first] then return select(2, text:find("^" .. closing[first], at)) or #text end
  return select(2, text:find("^[%w_.*`-]+", at)) or at - 1
end

-- The end of the type that begins at `at`; at - 1 when none does.
function type_end(text, at)
  local last = term_end(text, at)
  while true do
    local following = text:sub(last + 1, last + 1)
    if following == "?" then
      last = last + 1
    elseif following == "[" or following == "<" then
      local _, stop = text:find("^" .. closing[following], last + 1)
      if not stop then return last end
      last = stop
    else
      break
    end
  end
  local bar = text:match("^%s*|%s*()", last + 1)
  return bar and bar <= #text and type_end(text, bar) or last
end

-- Text -> the type at its beginning, and what follows.
local function take_type(text)
  local last = type_end(text, 1)
  return text:sub(1, last), (text:sub(last + 1):gsub("^%s+", ""))
end

local function variable(name, text)
  local bare, mark = name:match("^(.-)(%??)$")
  local kind, rest = take_type(text)
  return { name = bare, optional = mark == "?" or kind:find("%?$") ~= nil, type = kind, text = rest:gsub("^#%s*", "") }
end

local tags = {}

function tags.meta(pending, rest) pending.meta = rest:match("^[%w_.]+") end

function tags.class(pending, rest)
  local name, bases = rest:match("^([%w_.*]+)%s*:?%s*(.*)$")
  pending.class = { name = name, bases = {} }
  for base in bases:gmatch("[%w_.*]+") do table.insert(pending.class.bases, base) end
end

function tags.field(pending, rest)
  local name, text = rest:match("^([%a_][%w_]*%??)%s+(.*)$")
  if name then table.insert(pending.fields, variable(name, text)) end
end

function tags.param(pending, rest)
  local name, text = rest:match("^([%w_.]+%??)%s*(.*)$")
  if not name then return end
  local param = variable(name, text)
  pending.params[param.name] = param
end

tags["return"] = function(pending, rest)
  repeat
    local kind, text = take_type(rest)
    if kind == "" then return end
    local name, after = text:match("^([%w_.]+)(.*)$")
    local more = (after or text):match("^%s*,%s*(.*)$")
    text = more and "" or (after or text):gsub("^%s+", ""):gsub("^#%s*", "")
    table.insert(pending.returns, { type = kind, name = name, text = text })
    rest = more
  until not more
end

function tags.generic(pending, rest)
  for name in (rest:gsub(":[^,]*", "")):gmatch("[%w_]+") do pending.generics[name] = true end
end

function tags.async(pending) pending.async = true end
function tags.overload(pending, rest) table.insert(pending.overloads, rest) end
function tags.type(pending, rest) pending.type = take_type(rest) end

function tags.alias(pending, rest)
  local name, text = rest:match("^([%w_.]+)%s*(.*)$")
  if not name then return end
  local about = table.concat(pending.lines, "\n")
  table.insert(pending.aliases, { name = name, type = take_type(text), text = about })
end

local function new_pending()
  return { lines = {}, params = {}, returns = {}, fields = {}, overloads = {}, generics = {}, aliases = {} }
end

-- Adds a line of a comment, without its dashes.
local function add_comment(pending, line)
  local tag, rest = line:match("^%s*@([%a_]+)%s*(.*)$")
  if tag then
    if tags[tag] then tags[tag](pending, rest) end
  else
    pending.lines[#pending.lines + 1] = line
  end
end

local function text_of(pending)
  return table.concat(pending.lines, "\n")
end

-- The parameters by their order in the declaration.
local function params_of(pending, names)
  local params = {}
  for name in names:gmatch("[%w_.]+") do
    params[#params + 1] = pending.params[name] or { name = name, type = "any", text = "", undeclared = true }
  end
  for _, list in ipairs { params, pending.returns } do
    for _, item in ipairs(list) do
      if pending.generics[item.type] then item.type = "any" end
    end
  end
  return params
end

-- A signature as in `---@overload fun(a: integer, b?: any): string`: parameters and results.
local function read_signature(text)
  local inner = text:match("^%s*fun%s*(%b())")
  if not inner then return nil end
  local params, rest = {}, inner:sub(2, -2)
  while true do
    local name, after = rest:match("^%s*([%w_.]+%??)%s*(.*)$")
    if not name then break end
    local param = variable(name, "")
    if after:sub(1, 1) == ":" then
      param.type, after = take_type((after:gsub("^:%s*", "")))
    end
    params[#params + 1] = param
    rest = after:match("^%s*,(.*)$") or ""
  end
  local results = text:match("^%s*fun%s*%b()%s*:%s*(.*)$")
  local pending = new_pending()
  if results then tags["return"](pending, results) end
  return params, pending.returns
end

-- Declarations -----------------------------------------------------------------------------------------------------

local function new_space(path)
  return { path = path, members = {}, order = {}, bases = {}, overloads = {} }
end

local function new_index()
  return { classes = {}, short = {}, aliases = {}, modules = {}, globals = new_space("") }
end

local function add_member(space, key, entry)
  if space.members[key] == nil then space.order[#space.order + 1] = key end
  space.members[key] = entry
  return entry
end

local function member_name(space, separator, key)
  return space.path == "" and key or space.path .. separator .. key
end

local function add_class(index, pending)
  local name = pending.class.name
  local space = index.classes[name] or new_space(name:match("([^.]-)%*?$"))
  space.class, space.text, space.bases, space.overloads = name, text_of(pending), pending.class.bases, pending.overloads
  index.classes[name] = space
  index.short[space.path] = index.short[space.path] or space
  for _, field in ipairs(pending.fields) do
    add_member(space, field.name, { name = space.path .. "." .. field.name, kind = "field", type = field.type,
      text = field.text, optional = field.optional })
  end
  return space
end

local Reader = {}
Reader.__index = Reader

-- The namespace of a variable of the stub: "Task", "fs", "process.subprocess", or "" for the globals.
function Reader:space_of(name)
  if name == "" then return self.index.globals end
  local space = self.spaces[name]
  if space then return space end
  local holder, key = name:match("^(.*)%.([%w_]+)$")
  local parent = self:space_of(holder or "")
  space = new_space(member_name(parent, ".", key or name))
  self.spaces[name] = space
  return space
end

function Reader:add_function(name, names, pending)
  local holder, separator, key = name:match("^(.*)([.:])([%w_]+)$")
  local space = self:space_of(holder or "")
  add_member(space, key or name, {
    name = member_name(space, separator, key or name), kind = separator == ":" and "method" or "function",
    text = text_of(pending), params = params_of(pending, names), returns = pending.returns,
    overloads = pending.overloads, class = space.class, async = pending.async,
  })
end

-- `local X = {}`: a class's methods, or the module.
function Reader:add_local(name, space)
  if not space then return end
  self.spaces[name] = space
  if self.path and self.path:match("[^.]+$") == name and space.class == name then
    space.path = self.path
    self.index.modules[self.path] = space
  end
end

function Reader:add_value(name, value, pending, space)
  local holder, key = name:match("^(.*)%.([%w_]+)$")
  local parent = self:space_of(holder or "")
  local full = member_name(parent, ".", key or name)
  local target = value:match("^[%a_][%w_.]*$")
  local module, field = value:match('^require%(?%s*"([%w_.]+)"%)?%.([%w_.]+)$')
  local entry = { name = full, kind = "value", text = text_of(pending), type = pending.type }
  if module then
    entry.alias = module .. "." .. field
  elseif target and target ~= "nil" and target ~= "true" and target ~= "false" then
    entry.alias = target
  elseif space then
    entry.kind, entry.space, entry.text, space.path = holder and "class" or "module", space, space.text, full
    self.spaces[name] = space
    if not holder then self.index.modules[full] = space end
  elseif value == "{}" and not pending.type then
    entry.space = self:space_of(name)
  elseif not pending.type then
    entry.value = value
  end
  add_member(parent, key or name, entry)
end

function Reader:declare(line, pending)
  local space = pending.class and add_class(self.index, pending)
  for _, alias in ipairs(pending.aliases) do self.index.aliases[alias.name] = alias end
  self.path = self.path or pending.meta
  if not line then return end
  local name, names = line:match("^function%s+([%w_.:]+)%s*%(([^)]*)%)")
  if name then return self:add_function(name, names, pending) end
  name = line:match("^local%s+([%w_]+)%s*=")
  if name then return self:add_local(name, space) end
  local value
  name, value = line:match("^([%a_][%w_.]*)%s*=%s*(.-)%s*$")
  if name then self:add_value(name, value, pending, space) end
end

-- read(index, text): adds what a stub declares to the index.
local function read(index, text)
  local reader = setmetatable({ index = index, spaces = {} }, Reader)
  local pending, empty = new_pending(), true
  for line in text:gmatch("[^\n]*") do
    if line:find("^%-%-%-") then
      add_comment(pending, line:sub(4))
      empty = false
    elseif not line:find("^%-%-") then
      if line ~= "" then
        reader:declare(line, pending)
      elseif not empty then
        reader:declare(nil, pending)
      end
      if not empty then pending, empty = new_pending(), true end
    end
  end
  reader:declare(nil, pending)
end

return { read = read, new_index = new_index, new_pending = new_pending, add_comment = add_comment,
  text_of = text_of, params_of = params_of, read_signature = read_signature }
