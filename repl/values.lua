-- What is known of a value: the entry of a function or module by its identity, of any other by its class; and of a
-- user's own function by its source. Nothing is called and no metamethod asked, so that nothing is loaded either.
local core, use = ...

local docs, stubs, scalars = use("docs"), use("stubs"), use("scalars")

local MOST = 1000000 -- bytes of a source that is read for its comments

local entries = setmetatable({}, { __mode = "k" }) -- functions, and tables with members -> entry

-- True for what belongs to Lua or neap, and is no function of the user's under an old name.
local function is_ours(value)
  if type(value) ~= "function" then return type(value) == "table" end
  local info = debug.getinfo(value, "S")
  return info.what == "C" or info.source:find("^@neap:") ~= nil
end

-- False for a function of the user's, which no stub can describe.
local function is_ours_or_data(value)
  return type(value) ~= "function" or is_ours(value)
end

-- Notes the entries of what is in the table now, and then of what is in the tables in it.
local function visit(holder, space, seen)
  if seen[holder] then return end
  seen[holder] = true
  local inner = {}
  for _, name in ipairs(space.order) do
    local value, entry = rawget(holder, name), docs.aliased(space.members[name])
    if is_ours(value) then
      entries[value] = entries[value] or entry
      if entry.space and type(value) == "table" then inner[#inner + 1] = { value, entry.space } end
    end
  end
  for _, pair in ipairs(inner) do visit(pair[1], pair[2], seen) end
end

-- The methods of a class whose metatable is in the registry.
local function visit_class(name, class, seen)
  local meta, space = debug.getregistry()[name], docs.index().classes[class]
  local methods = type(meta) == "table" and rawget(meta, "__index")
  if type(methods) == "table" and space then visit(methods, space, seen) end
end

-- Notes what has come since the last time: a module loaded, a function that async has got.
local function refresh()
  local seen, index = {}, docs.index()
  visit(_G, index.globals, seen)
  for _, name in ipairs(index.modules.neap.order) do
    local module = rawget(package.loaded, "neap." .. name)
    if type(module) == "table" then visit(module, index.modules["neap." .. name], seen) end
  end
  visit_class("FILE*", "file*", seen)
end

-- The entry of a function, module or class of Lua's or neap's; nil for anything else.
local function known(value)
  if entries[value] == nil and is_ours(value) then refresh() end
  return entries[value]
end

-- The same of what was known at the last `refresh`.
local function noted(value)
  return entries[value]
end

-- A class's namespace, when the metatable is its: two classes may have one name.
local function owns(space, meta)
  local methods = rawget(meta, "__index")
  if type(methods) ~= "table" then methods = meta end
  local others = 0
  for _, item in ipairs(docs.members(space)) do
    local method = rawget(methods, item.name)
    if type(method) == "function" then return is_ours(method) end
    others = others + 1
  end
  return others == 0
end

-- The namespace of what a value has: a module's, a class's, that of strings; nil when nothing is known.
local function space_of_value(value)
  if type(value) == "string" then return docs.index().modules.string end
  if type(value) ~= "table" and type(value) ~= "userdata" then return nil end
  local entry = type(value) == "table" and known(value)
  if entry then return docs.space_of(entry) end
  local meta, name = debug.getmetatable(value), scalars.class_name(value)
  if not name then return nil end
  local space = docs.index().short[name == "FILE*" and "file" or name]
  return space and owns(space, meta) and space or nil
end

-- A user's functions -----------------------------------------------------------------------------------------------

-- The text of the chunk that the function is in; nil when it cannot be had.
local function source_of(info)
  local first = info.source:sub(1, 1)
  if first ~= "@" then return first ~= "=" and info.source or nil end
  local file <close> = io.open(info.source:sub(2), "r")
  return file and file:read(MOST)
end

-- The lines of the comment that ends right above the line, without what marks them as comments.
local function comment_above(source, line)
  local lines, number = {}, 0
  for text in source:gmatch("([^\n]*)\n?") do
    number = number + 1
    if number >= line then break end
    local comment = text:match("^%s*%-%-+%s?(.*)$")
    if comment and not text:find("^%s*%-%-%[=*%[") then
      lines[#lines + 1] = comment
    else
      lines = {}
    end
  end
  return lines
end

-- The entry of a function that no stub has: its parameters, where it is defined, and the comment above that.
local function describe_function(fn, name)
  local info = debug.getinfo(fn, "S")
  local pending = stubs.new_pending()
  local source = info.what == "Lua" and source_of(info)
  local comment = source and comment_above(source, info.linedefined) or {}
  for _, line in ipairs(comment) do stubs.add_comment(pending, line) end
  local names = info.what == "C" and "..." or table.concat(scalars.parameters(fn), ", ")
  return {
    name = name or "function", kind = "function", text = stubs.text_of(pending),
    params = stubs.params_of(pending, names), returns = pending.returns, overloads = pending.overloads,
    place = scalars.place_of(info), source = info.what == "Lua" and "user" or "C",
  }
end

-- entry_of(value, name): of a function always, of a table or userdata when its class or module is known; else nil.
local function entry_of(value, name)
  local entry = (type(value) == "function" or type(value) == "table") and known(value) or nil
  if entry then return entry end
  if type(value) == "function" then return describe_function(value, name) end
  local space = space_of_value(value)
  if space and type(value) ~= "string" then
    return { name = space.class or space.path, kind = "class", text = space.text, space = space }
  end
  return nil
end

-- For the printer: the name and the parameters of a function that has a stub.
local function known_function(fn)
  local entry = known(fn)
  if entry and entry.params then return entry.name, use("signature").parameters(entry) end
  return nil
end

return {
  known = known,
  is_ours_or_data = is_ours_or_data,
  noted = noted,
  refresh = refresh,
  known_function = known_function,
  space_of_value = space_of_value,
  entry_of = entry_of,
}
