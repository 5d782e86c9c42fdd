-- The call that the cursor is in: which function, which of its parameters, and what could stand there.
local core, use = ...

local docs, values, stubs = use("docs"), use("values"), use("stubs")
local resolve, signature = use("resolve"), use("signature")

-- Entries of the ways in which something can be called.
local function overloads_of(entry, list)
  local found = {}
  for _, overload in ipairs(list or {}) do
    local params, returns = stubs.read_signature(overload)
    if params then
      local way = { name = entry.name, kind = "function", text = entry.text, params = params, returns = returns }
      found[#found + 1] = way
    end
  end
  return found
end

local function entry_of(meaning)
  if meaning == nil then return nil end
  local entry = meaning.entry or (meaning.has and values.entry_of(meaning.value))
  return entry and docs.aliased(entry) or nil
end

-- The entries of what is called, the usual way first; an empty list when nothing is known.
local function ways_of(meaning, chain)
  local entry = entry_of(meaning)
  if entry == nil then return {} end
  if entry.source == "C" then return {} end
  local last = chain.steps[#chain.steps]
  local name = last and last.name or chain.name
  if entry.params then
    if entry.source == "user" and name then entry.name = name end
    local ways = overloads_of(entry, entry.overloads)
    table.insert(ways, 1, entry)
    return ways
  end
  return overloads_of(entry, entry.space and entry.space.overloads)
end

-- The call whose arguments the frame is in: {ways =, number =}, number being that of a parameter, 0 for `self`.
local function call_at(scan, callee, number, world)
  local chain = scan:chain_before(callee)
  if not chain then return nil end
  local ways = ways_of(resolve.chain(scan, chain, world), chain)
  if #ways == 0 then return nil end
  local last = chain.steps[#chain.steps]
  local by_colon = last ~= nil and last.op == ":"
  if ways[1].kind == "method" and not by_colon then number = number - 1 end
  if ways[1].kind == "function" and by_colon then number = number + 1 end
  return { ways = ways, number = number }
end

-- innermost(scan, world): the call in whose parentheses the cursor is; nil in the body of a function in them.
local function innermost(scan, world)
  for i = #scan.frames, 2, -1 do
    local frame = scan.frames[i]
    if frame.kind ~= "(" and frame.kind ~= "{" and frame.kind ~= "[" then return nil end
    local is_call = frame.kind ~= "[" and scan:ends_value(frame.at - 1)
    if is_call and scan:word(frame.at - 2) ~= "function" then
      return call_at(scan, frame.at - 1, frame.kind == "(" and frame.commas + 1 or 1, world)
    end
    if frame.kind == "(" and scan:word(frame.at - 1) == "function" then return nil end
  end
  return nil
end

-- The types that a parameter has in any way of calling.
local function types_of(call)
  local types = {}
  for _, way in ipairs(call.ways) do
    local _, _, _, param = signature.marked(way, call.number)
    if param then types[#types + 1] = param.type end
  end
  return types
end

-- The fields in "{ name?: string, ... }".
local function inline_fields(kind)
  local fields = {}
  if kind:sub(1, 1) ~= "{" then return fields end
  local params = stubs.read_signature("fun(" .. kind:sub(2, -2) .. ")")
  for _, param in ipairs(params or {}) do
    local entry = { name = param.name, kind = "field", type = param.type, text = "" }
    fields[#fields + 1] = { name = param.name, entry = entry }
  end
  return fields
end

-- The call whose argument is the table constructor that the frame opens.
local function call_of_table(scan, depth, world)
  local brace, outer = scan.frames[depth], scan.frames[depth - 1]
  if scan:ends_value(brace.at - 1) then return call_at(scan, brace.at - 1, 1, world) end
  if outer.kind == "(" and outer.item == brace.at and scan:ends_value(outer.at - 1) then
    return call_at(scan, outer.at - 1, outer.commas + 1, world)
  end
  return nil
end

-- option_fields(scan, world): the fields that the table constructor at the cursor may have: a list of
-- {name =, entry =}.
local function option_fields(scan, world)
  local depth = #scan.frames
  if depth < 2 or scan.frames[depth].kind ~= "{" then return {} end
  local call = call_of_table(scan, depth, world)
  local fields = {}
  for _, kind in ipairs(call and types_of(call) or {}) do
    for _, part in ipairs(docs.alternatives(kind)) do
      local space = docs.index().classes[part]
      for _, item in ipairs(space and docs.members(space) or inline_fields(part)) do
        if item.entry.kind == "field" then fields[#fields + 1] = item end
      end
    end
  end
  return fields
end

-- Strings that a type allows: '"r"|"w"' -> {"r", "w"}.
local function strings_of(kind, found)
  for _, part in ipairs(docs.alternatives(kind)) do
    local text = part:match('^"(.*)"$')
    if text then found[#found + 1] = text end
  end
  return found
end

-- wanted_strings(scan, world): the strings that may stand where the cursor's string does, as far as stubs name them.
local function wanted_strings(scan, world)
  local found, last, top = {}, scan.count, scan:top()
  if scan:word(last) == "=" and top.kind == "{" and scan:is_name(last - 1) then
    for _, item in ipairs(option_fields(scan, world)) do
      if item.name == scan:word(last - 1) then strings_of(item.entry.type, found) end
    end
  elseif (top.kind == "(" and top.item == last + 1) or scan:ends_value(last) then
    local by_parenthesis = top.kind == "(" and top.item == last + 1
    local callee = by_parenthesis and top.at - 1 or last
    local call = scan:ends_value(callee) and call_at(scan, callee, by_parenthesis and top.commas + 1 or 1, world)
    for _, kind in ipairs(call and types_of(call) or {}) do strings_of(kind, found) end
  end
  return found
end

-- What is said of a parameter: its type, and the first line of its text.
local function about(param)
  if not param or (param.type == "any" and param.text == "") then return "" end
  local text = "  " .. param.name .. ": " .. param.type
  return param.text ~= "" and text .. ", " .. param.text:match("^[^\n]*") or text
end

-- The first way that takes so many arguments, or the first of all.
local function way_for(call)
  for _, way in ipairs(call.ways) do
    local _, first = signature.marked(way, call.number)
    if first then return way end
  end
  return call.ways[1]
end

-- describe(scan, world): the signature of the innermost open call, and the first and the last byte in it of the current
-- parameter, nil when there is none; nil without a call that is known.
local function describe(scan, world)
  local call = innermost(scan, world)
  if not call then return nil end
  local text, first, last, param = signature.marked(way_for(call), call.number)
  return text .. about(param), first, last
end

return { option_fields = option_fields, wanted_strings = wanted_strings, describe = describe }
