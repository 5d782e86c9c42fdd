-- Signatures: what an entry takes and gives, on a line.
local core, use = ...

local function parameter(param)
  return param.name .. (param.optional and param.name ~= "..." and "?" or "")
end

-- parameters(entry): "(x, options?)"
local function parameters(entry)
  local names = {}
  for i, param in ipairs(entry.params) do names[i] = parameter(param) end
  return "(" .. table.concat(names, ", ") .. ")"
end

local function result(item)
  if item.name == "..." then return item.type == "any" and "..." or item.type .. " ..." end
  if item.name == "self" then return "self" end
  return item.type
end

-- results(entry): " -> async.Task", or nothing.
local function results(entry)
  local types = {}
  for i, item in ipairs(entry.returns or {}) do types[i] = result(item) end
  return #types > 0 and " -> " .. table.concat(types, ", ") or ""
end

-- line(entry): "async.create_task(x, options?) -> async.Task"; of anything but a function its name and type.
local function line(entry)
  if entry.params then return entry.name .. parameters(entry) .. results(entry) end
  if entry.type then return entry.name .. ": " .. entry.type end
  return entry.name .. (entry.value and " = " .. entry.value or "")
end

-- marked(entry, number): the line, and the first and last byte in it of that parameter (the last one when it is "...").
local function marked(entry, number)
  local text, first, last = entry.name .. "(", nil, nil
  local params = entry.params
  local wanted = params[number] and number or (#params > 0 and params[#params].name == "..." and #params or nil)
  for i, param in ipairs(params) do
    if i > 1 then text = text .. ", " end
    if i == wanted then first = #text + 1 end
    text = text .. parameter(param)
    if i == wanted then last = #text end
  end
  return text .. ")" .. results(entry), first, last, params[wanted]
end

-- summary(entry): the first sentence of its text.
local function summary(entry)
  local text = (entry.text or ""):gsub("\n", " ")
  return text:match("^(.-%.)%s") or text
end

return { summary = summary, parameters = parameters, results = results, line = line, marked = marked }
