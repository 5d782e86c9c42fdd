-- A list of what could stand at the cursor: names that begin with what is typed, sorted, with a word on each.
local core, use = ...

local values, signature, scalars, docs = use("values"), use("signature"), use("scalars"), use("docs")

local MOST = 1000    -- candidates
local LOOKED = 20000 -- keys of one table that are looked at

local Candidates = {}
Candidates.__index = Candidates

-- new(prefix): letters of either case will do when no name has those that are typed.
local function new(prefix)
  return setmetatable({ prefix = prefix, lower = prefix:lower(), exact = {}, loose = {}, seen = {} }, Candidates)
end

-- The list for the name; nil when it does not begin with the prefix, or is there already.
function Candidates:list_for(name)
  if self.seen[name] then return nil end
  local beginning = name:sub(1, #self.prefix)
  local list = beginning == self.prefix and self.exact or (beginning:lower() == self.lower and self.loose) or nil
  return list and #list < MOST and list or nil
end

-- Adds the name when it begins with the prefix and is not there yet. `about` tells what it is: {detail =}, or {value =,
-- entry =, method =}, one of the first two at least; `text` is what is inserted, if that is not the name; those of less
-- `rank`, from -1 to 98, come earlier.
function Candidates:add(name, about, text, rank)
  local list = self:list_for(name)
  if not list then return end
  self.seen[name] = true
  local hidden = name:sub(1, 1) == "_" and 1 or 0
  local order = ("%02d%d%s\0%s"):format((rank or 0) + 1, hidden, name:lower(), name)
  list[#list + 1] = { name = name, order = order, text = text or name, about = about }
end

-- Adds the string keys of the tables; `accept(key, value)` may refuse some, or answer with a text to be inserted. Of a
-- class of neap's, `space` has the entries.
function Candidates:add_fields(tables, accept, space, method)
  for fields in tables do
    local looked = 0
    for key, value in next, fields do
      looked = looked + 1
      if looked > LOOKED or #self.exact >= MOST then break end
      local text = type(key) == "string" and self:list_for(key) and accept(key, value)
      if text then
        local about = { value = value, entry = docs.member(space, key), method = method }
        self:add(key, about, text ~= true and text or nil)
      end
    end
  end
end

local function of_entry(entry)
  local head = entry.type or (entry.kind ~= "value" and entry.kind) or ""
  if entry.params then head = signature.parameters(entry) .. signature.results(entry) end
  local about = signature.summary(entry)
  return about == "" and head or head .. "  " .. about
end

local function of_function(fn, about)
  local entry = values.noted(fn) or about.entry
  if entry then return of_entry(docs.aliased(entry)) end
  if debug.getinfo(fn, "S").what == "C" then return "function" end
  local names = scalars.parameters(fn)
  if about.method then table.remove(names, 1) end
  return "(" .. table.concat(names, ", ") .. ")"
end

local function of_value(value)
  local kind = type(value)
  if kind == "string" then return scalars.quote(value, 24) end
  if kind == "table" or kind == "userdata" then return scalars.class_name(value) or kind end
  return kind == "thread" and kind or (scalars.scalars[kind](value))
end

local function detail_of(about)
  if about.detail then return about.detail end
  if about.value == nil then return of_entry(about.entry) end
  if type(about.value) == "function" then return of_function(about.value, about) end
  return of_value(about.value)
end

-- result(from): what `complete` returns; nil without candidates.
function Candidates:result(from)
  local list = #self.exact > 0 and self.exact or self.loose
  if #list == 0 then return nil end
  table.sort(list, function(a, b) return a.order < b.order end)
  values.refresh()
  local result = { from = from }
  for i = 1, math.min(#list, MOST) do
    local item = list[i]
    result[i] = { text = item.text, label = item.name, detail = detail_of(item.about) }
  end
  return result
end

function Candidates:is_empty() return #self.exact + #self.loose == 0 end

return { new = new }
