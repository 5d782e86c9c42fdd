-- What a chain of names stands for, found without running anything: tables are read raw, through `__index` tables, and
-- where there is no value, the stubs tell what a function returns.
--
-- A meaning is {has =, value =, entry =, space =}: the value when it is known (`has`), what documentation there is, and
-- the namespace of what the value has.
local core, use = ...

local docs, values, stubs = use("docs"), use("values"), use("stubs")

local DEPTH = 10 -- `__index` tables behind each other, and calls in calls

-- The table in which the value's own fields are; nil when it has none that can be read.
local function fields_of(value)
  if type(value) == "table" then return value end
  local meta = debug.getmetatable(value)
  local methods = type(meta) == "table" and rawget(meta, "__index")
  return type(methods) == "table" and methods or nil
end

-- The next table that is asked for what `fields` has not.
local function behind(fields)
  local meta = debug.getmetatable(fields)
  local following = type(meta) == "table" and rawget(meta, "__index")
  return type(following) == "table" and following or nil
end

-- raw_field(value, key): the field as an index would find it, nil when that takes more than looking.
local function raw_field(value, key)
  local fields, depth = fields_of(value), 0
  while fields and depth < DEPTH do
    local found = rawget(fields, key)
    if found ~= nil then return found end
    fields, depth = behind(fields), depth + 1
  end
  return nil
end

-- each_fields(value): the tables in which its fields are found, the nearest first.
local function each_fields(value)
  local fields, depth = fields_of(value), 0
  return function()
    local current = fields
    if current == nil or depth >= DEPTH then return nil end
    fields, depth = behind(current), depth + 1
    return current
  end
end

local function of_value(value)
  local known = (type(value) == "function" or type(value) == "table") and values.known(value) or nil
  return { has = true, value = value, entry = known }
end

local function of_entry(entry)
  return entry and { entry = docs.aliased(entry) } or nil
end

-- The namespace of what the value has.
local function space_of(meaning)
  if meaning.space then return meaning.space end
  if meaning.has then return values.space_of_value(meaning.value) end
  return meaning.entry and docs.space_of(meaning.entry)
end

-- The entry of the name is that of the value, unless it is a function of the user's.
local function with_entry(meaning, entry)
  entry = docs.aliased(entry)
  local fits = entry and (type(meaning.value) == "function") == (entry.params ~= nil)
  if meaning.entry == nil and fits and values.is_ours_or_data(meaning.value) then meaning.entry = entry end
  return meaning
end

local function field(meaning, name)
  if meaning.has then
    local value = raw_field(meaning.value, name)
    if value ~= nil then return with_entry(of_value(value), docs.member(space_of(meaning), name)) end
  end
  return of_entry(docs.member(space_of(meaning), name))
end

-- What a call returns first, by the stubs.
local function result_of(meaning)
  local entry = meaning.entry
  if meaning.has and type(meaning.value) == "function" then entry = entry or values.entry_of(meaning.value) end
  local lists = { entry and entry.returns or {} }
  local space = entry and entry.space
  for _, overload in ipairs(entry and entry.overloads or space and space.overloads or {}) do
    lists[#lists + 1] = select(2, stubs.read_signature(overload))
  end
  for _, returns in ipairs(lists) do
    local kind = returns[1] and returns[1].type
    if kind == "string" then return { space = docs.index().modules.string } end
    local found = docs.space_of_type(kind)
    if found then return { space = found } end
  end
  return nil
end

local resolve_chain

-- `require "name"`: the module, when it is loaded or known.
local function required(scan, at)
  local name = scan:constant(scan:word(at) == "(" and at + 1 or at)
  if type(name) ~= "string" then return nil end
  local module = rawget(package.loaded, name)
  if module ~= nil then return of_value(module) end
  return of_entry(docs.index().modules[name] and docs.find(name))
end

-- A local of the text that is being typed.
local function of_local(scan, variable, world, depth)
  if variable.params then
    local pending = stubs.new_pending()
    return { entry = { name = variable.name, kind = "function", text = "", overloads = {}, returns = {},
      params = stubs.params_of(pending, table.concat(variable.params, ", ")) } }
  end
  if not variable.init or depth > DEPTH then return nil end
  local last = scan:chain_end(variable.init)
  local chain = last and scan:chain_before(last, variable.init)
  return chain and resolve_chain(scan, chain, world, depth + 1) or nil
end

local function of_name(scan, name, world, depth)
  local variable = scan:find_local(name)
  if variable then
    variable.name = name
    return of_local(scan, variable, world, depth)
  end
  local found, value
  if world.locals then found, value = world.locals:get(name) end
  if not found then value = raw_field(world.env, name) end
  local entry = docs.index().globals.members[name]
  if found then return of_value(value) end
  if value == nil then return of_entry(entry) end
  return with_entry(of_value(value), rawequal(value, rawget(_G, name)) and entry or nil)
end

local function base_of(scan, chain, world, depth)
  if chain.base == "name" then return of_name(scan, chain.name, world, depth) end
  if chain.base == "string" then return of_value("") end
  if chain.base == "group" and chain.inner and depth < DEPTH then
    return resolve_chain(scan, chain.inner, world, depth + 1)
  end
  return nil
end

-- resolve_chain(scan, chain, world): its meaning, nil when nothing is known. `world` is {env =, locals =}: the
-- globals, and the locals of earlier entries (see locals.lua), which may be missing.
function resolve_chain(scan, chain, world, depth)
  depth = depth or 0
  local meaning = base_of(scan, chain, world, depth)
  for i, step in ipairs(chain.steps) do
    if meaning == nil then return nil end
    if step.op == "call" then
      local is_require = i == 1 and chain.base == "name" and chain.name == "require"
      meaning = is_require and required(scan, step.at) or result_of(meaning)
    elseif step.op == "index" then
      local value = meaning.has and step.key ~= nil and raw_field(meaning.value, step.key)
      meaning = value ~= nil and value ~= false and of_value(value) or nil
    else
      meaning = field(meaning, step.name)
    end
  end
  return meaning
end

return { chain = resolve_chain, space_of = space_of, raw_field = raw_field, each_fields = each_fields }
