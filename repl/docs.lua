-- What is known of names and values: `docs.find`. The stubs of all modules are read at the first question.
local core, use = ...

local stubs = use("stubs")

local index -- of all stubs, once they have been read

-- The module table `neap` has every module that has a stub.
local function add_modules()
  local space = index.modules.neap
  for path, module in pairs(index.modules) do
    local name = path:match("^neap%.([%w_]+)$")
    if name and space then
      space.order[#space.order + 1] = name
      space.members[name] = { name = path, kind = "module", text = module.text, space = module }
    end
  end
  if space then table.sort(space.order) end
end

local function get_index()
  if index then return index end
  index = stubs.new_index()
  for _, stub in ipairs(core.stubs()) do stubs.read(index, stub.text) end
  add_modules()
  return index
end

-- Types ------------------------------------------------------------------------------------------------------------

-- The alternatives of a type, aliases replaced: 'fs.Mode|nil' -> {'"r"', '"w"', ..., 'nil'}.
local function alternatives(kind, found, depth)
  found, depth = found or {}, depth or 0
  local at, inside, from = 1, 0, 1
  local function add(part)
    part = part:match("^%s*(.-)%s*%??$")
    local alias = depth < 8 and get_index().aliases[part]
    if alias then
      alternatives(alias.type, found, depth + 1)
    elseif part ~= "" then
      found[#found + 1] = part
    end
  end
  while at <= #kind do
    local c = kind:sub(at, at)
    if c == '"' then
      at = kind:find('"', at + 1, true) or #kind
    elseif c:find("[(<{%[]") then
      inside = inside + 1
    elseif c:find("[)>}%]]") then
      inside = inside - 1
    elseif c == "|" and inside == 0 then
      add(kind:sub(from, at - 1))
      from = at + 1
    elseif c == "f" and inside == 0 and kind:find("^fun%s*%(", at) then
      break -- what a function returns may be several types: it is the last alternative
    end
    at = at + 1
  end
  add(kind:sub(from))
  return found
end

-- The namespace of a type: that of the first class in it; nil when there is none.
local function space_of_type(kind)
  for _, part in ipairs(kind and alternatives(kind) or {}) do
    -- A string has the functions of `string`, but a table not those of `table`.
    local space = part ~= "table" and get_index().classes[part]
    if space then return space end
  end
  return nil
end

-- Members ----------------------------------------------------------------------------------------------------------

-- The member of a namespace or of what it inherits from.
local function member(space, name, depth)
  if space == nil or (depth or 0) > 10 then return nil end
  if space.members[name] then return space.members[name] end
  for _, base in ipairs(space.bases) do
    local found = member(get_index().classes[base], name, (depth or 0) + 1)
    if found then return found end
  end
  return nil
end

-- members(space): a list of names and entries, own ones first.
local function members(space, list, seen, depth)
  list, seen, depth = list or {}, seen or {}, depth or 0
  if space == nil or depth > 10 then return list end
  for _, name in ipairs(space.order) do
    if not seen[name] then
      seen[name] = true
      list[#list + 1] = { name = name, entry = space.members[name] }
    end
  end
  for _, base in ipairs(space.bases) do members(get_index().classes[base], list, seen, depth + 1) end
  return list
end

local find

-- The entry that an entry stands for, under its own name.
local function aliased(entry, depth)
  if entry == nil or entry.alias == nil or (depth or 0) > 5 then return entry end
  local target = find(entry.alias, (depth or 0) + 1)
  if target == nil then return entry end
  entry.target = entry.target or setmetatable({ name = entry.name }, { __index = target })
  return entry.target
end

-- The namespace of what the entry's value has: of a module, a class, or a value of a class's.
local function space_of(entry)
  entry = aliased(entry)
  if entry == nil then return nil end
  return entry.space or space_of_type(entry.type)
end

-- Names ------------------------------------------------------------------------------------------------------------

-- A namespace by name: a module, a global, a class ("async.Task" or "Task"), or a value that has members.
local function find_space(name, depth)
  local all = get_index()
  if all.modules[name] then return all.modules[name] end
  local entry = find(name, depth + 1)
  return entry and space_of(entry) or all.classes[name] or all.short[name]
end

-- find(name): the entry of "async.sleep", "Task:cancel", "async.Task.cancel", "Task", "string.format"...; or nil.
function find(name, depth)
  depth = depth or 0
  if depth > 10 then return nil end
  local all = get_index()
  local holder, key = name:match("^(.+)[.:]([^.:]+)$")
  local entry
  if holder then
    -- A function that makes objects has its class's name: the methods are the class's.
    entry = member(find_space(holder, depth), key) or member(all.classes[holder], key) or member(all.short[holder], key)
  else
    entry = all.globals.members[name]
  end
  if entry then return aliased(entry, depth) end
  local space = all.modules[name] or all.classes[name] or all.short[name]
  if space == nil then return nil end
  local kind = all.modules[name] and "module" or "class"
  return { name = kind == "class" and space.class or name, kind = kind, text = space.text, space = space }
end

-- Every name that can be asked for, with its last part.
local function all_names()
  local names = {}
  for _, item in ipairs(members(get_index().globals)) do names[#names + 1] = item.name end
  for _, spaces in ipairs { get_index().modules, get_index().classes } do
    for _, space in pairs(spaces) do
      for _, item in ipairs(members(space)) do names[#names + 1] = item.entry.name end
    end
  end
  return names
end

-- How many letters must be put in, left out, changed or swapped to make one of the other; more than `most` is most + 1.
local function distance(a, b, most)
  if math.abs(#a - #b) > most then return most + 1 end
  local before, previous, row = nil, {}, nil
  for j = 0, #b do previous[j] = j end
  for i = 1, #a do
    row = { [0] = i }
    local least = i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      local value = math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (same and 0 or 1))
      if before and i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        value = math.min(value, before[j - 2] + 1)
      end
      row[j], least = value, math.min(least, value)
    end
    if least > most then return most + 1 end
    before, previous = previous, row
  end
  return previous[#b]
end

-- How far a known name is from the one that was asked for; nil when they have nothing to do with each other.
local function farness(holder, last, name)
  local its_holder, its_last = name:lower():match("^(.-)[.:]?([^.:]+)$")
  local most = #last < 3 and 0 or #last < 5 and 1 or 2
  local steps = distance(last, its_last, most)
  if steps <= most then
    if not holder then return steps + (its_holder ~= "" and 0.5 or 0) end
    local between = distance(holder, its_holder, 2)
    return steps + math.min(between, 2.5)
  end
  if #last >= 3 and its_last:find(last, 1, true) then return 5 + #name / 100 end
  return nil
end

-- near(name): up to five names that may have been meant, the nearest first.
local function near(name)
  local holder, last = name:lower():match("^(.-)[.:]?([^.:]+)$")
  if last == nil or #name > 60 then return {} end
  if holder == "" then holder = nil end
  local found, seen = {}, {}
  for _, candidate in ipairs(all_names()) do
    local far = not seen[candidate] and farness(holder, last, candidate)
    seen[candidate] = true
    if far then found[#found + 1] = { name = candidate, far = far } end
  end
  table.sort(found, function(a, b)
    if a.far ~= b.far then return a.far < b.far end
    return a.name < b.name
  end)
  local names = {}
  for i = 1, math.min(5, #found) do
    if found[i].far <= found[1].far + 1 then names[i] = found[i].name end
  end
  return names
end

-- find_loosely(name): what is meant by a name that may lack its module: "gather" is async.gather; nil when that may
-- be of several.
local function find_loosely(name)
  local entry = find(name)
  if entry or name:find("[.:]") then return entry end
  local async_entry = find("async." .. name)
  if async_entry then return async_entry end
  local module = find("neap." .. name)
  if module then return module end
  local found, count = nil, 0
  for path in pairs(get_index().modules) do
    local member_entry = path:find("^neap%.") and find(path .. "." .. name)
    if member_entry then found, count = member_entry, count + 1 end
  end
  return count == 1 and found or nil
end

return {
  find = find,
  find_loosely = find_loosely,
  distance = distance,
  all_names = all_names,
  near = near,
  aliased = aliased,
  member = member,
  members = members,
  space_of = space_of,
  space_of_type = space_of_type,
  alternatives = alternatives,
  index = get_index,
  -- What is printed; loaded with the first question.
  show = function(...) return use("help").show(...) end,
  describe = function(...) return use("help").describe(...) end,
  topic = function(...) return use("help").topic(...) end,
  topic_names = function() return use("help").topic_names() end,
}
