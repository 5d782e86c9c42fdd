-- Values as text for people: `printer.show(value, options)`.
--
-- Two steps. `node_of` makes a tree of what will be shown, within the bounds: so many tables inside each other, so many
-- entries of each, so many bytes in all. `write` lays the tree out: what fits the width on one line, the rest over
-- several. Tables are read raw; the only code of a value's that runs is its __tostring (see scalars.lua).
--
-- A node is {text=, kind=} or {prefix=, items=, more=}; an item is {key=, node=} with `key` nil in the list part.
-- `measure` gives every node `flat`: its columns on one line.
local core, use = ...

local scalars, keys_of = use("scalars"), use("keys").keys_of
local async = use("async/init")

local DEFAULTS = { width = 80, depth = 4, items = 100, bytes = 10000, colour = false }
local IN_TABLE = 400 -- bytes shown of a string in a table

-- What the terminal is told before each kind of text.
local COLOURS = {
  string = "\27[32m",
  number = "\27[36m",
  constant = "\27[35m",
  object = "\27[33m",
  error = "\27[31m",
  class = "\27[1m",
  mark = "\27[2m",
}

-- Most texts are ASCII, and have as many columns as bytes.
local function width_of(text)
  return text:find("[^ -~]") and core.width(text) or #text
end

local function leaf(state, text, kind)
  state.left = state.left - #text
  return { text = text, kind = kind }
end

local function is_error(value)
  return type(value) == "table" and (async.is(value, async.Error) or async.is(value, async.CancelledError))
end

local keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch("%a+") do keywords[word] = true end

local function key_text(state, key)
  if type(key) == "string" then
    if key:find("^[%a_][%w_]*$") and not keywords[key] and #key <= IN_TABLE then return key end
    return "[" .. scalars.quote(key, IN_TABLE) .. "]"
  end
  local text = scalars.said(key, true)
  if text then return "[" .. text .. "]" end
  if type(key) == "function" then return "[" .. scalars.function_text(key, state.known) .. "]" end
  return "[" .. scalars.scalars[type(key)](key) .. "]"
end

local node_of

local function add_item(state, node, key, value, depth)
  local item = { key = key, node = node_of(state, value, depth + 1) }
  state.left = state.left - (key and #key + 3 or 0) - 2 * depth - 2
  node.items[#node.items + 1] = item
end

-- The entries of the table: first the list, then other keys, as far as the bounds allow. `hidden` are keys left out.
local function add_items(state, node, t, depth, hidden)
  local length, most = rawlen(t), state.items
  local last = math.min(length, most)
  local i = 1
  while i <= last and state.left > 0 do
    add_item(state, node, nil, rawget(t, i), depth)
    i = i + 1
  end
  local keys, count, exact = keys_of(t, length, most - (i - 1), hidden)
  local shown = 0
  for _, key in ipairs(keys) do
    if state.left <= 0 then break end
    add_item(state, node, key_text(state, key), rawget(t, key), depth)
    shown = shown + 1
  end
  local more = length - (i - 1) + count - shown
  if more > 0 then node.more = ("… %s%s more"):format(exact and "" or "over ", scalars.grouped(more)) end
end

-- A table that is shown again is only referred to: "*1" for the one that begins with "&1".
local function mark(state, node)
  if not node.id then
    state.ids = state.ids + 1
    node.id = state.ids
  end
  return leaf(state, "*" .. node.id, "mark")
end

local function new_table(state, t, prefix, kind)
  local node = { prefix = prefix, kind = kind, items = {} }
  state.seen[t] = node
  state.left = state.left - #prefix - 3
  return node
end

local function table_node(state, t, depth)
  local name = scalars.class_name(t)
  local prefix = name and name .. " " or ""
  if next(t) == nil then return leaf(state, prefix .. "{}", nil) end
  if depth > state.depth then return leaf(state, prefix .. "{…}", "mark") end
  local node = new_table(state, t, prefix, "class")
  add_items(state, node, t, depth)
  return node
end

local told = { message = true, traceback = true }

-- An error: what it says, and the fields that this leaves out.
local function error_node(state, err, text, depth)
  state.left = state.left - #text
  local has_more = false
  for key in next, err do has_more = has_more or not told[key] end
  if not has_more or depth > state.depth then return leaf(state, text, "error") end
  local node = new_table(state, err, text .. " ", "error")
  add_items(state, node, err, depth, told)
  return node
end

-- The tree of what is shown of the value, unmeasured.
function node_of(state, value, depth)
  local kind = type(value)
  if kind == "string" then
    local size = depth == 1 and state.bytes or math.min(IN_TABLE, state.bytes)
    return leaf(state, scalars.quote(value, size), "string")
  end
  if kind == "function" then return leaf(state, scalars.function_text(value, state.known), "object") end
  if kind ~= "table" and kind ~= "userdata" then return leaf(state, scalars.scalars[kind](value)) end
  local seen = state.seen[value]
  if seen then return mark(state, seen) end
  local text = scalars.said(value, depth > 1)
  if text and is_error(value) then return error_node(state, value, text, depth) end
  if text then return leaf(state, text, "object") end
  if kind == "table" then return table_node(state, value, depth) end
  return leaf(state, scalars.scalars.userdata(value))
end

local function columns_of(text)
  return text:find("\n", 1, true) and math.huge or width_of(text)
end

-- After everything has been marked.
local function measure(node)
  if node.text then
    node.flat = columns_of(node.text)
    return node.flat
  end
  local flat = columns_of(node.prefix) + 2 + (node.id and #tostring(node.id) + 2 or 0)
  for i, item in ipairs(node.items) do
    flat = flat + measure(item.node) + (item.key and width_of(item.key) + 3 or 0) + (i > 1 and 2 or 0)
  end
  node.flat = flat + (node.more and width_of(node.more) + 2 or 0)
  return node.flat
end

-- Writing ----------------------------------------------------------------------------------------------------------

local function coloured(state, text, kind)
  local colour = state.colour and kind and state.colour[kind]
  if not colour or text == "" then return text end
  return colour .. text .. "\27[0m"
end

local function opening(state, node)
  local id = node.id and coloured(state, "&" .. node.id .. " ", "mark") or ""
  return id .. coloured(state, node.prefix, node.kind) .. "{"
end

local function write_flat(state, node)
  if node.text then return coloured(state, node.text, node.kind) end
  local parts = {}
  for i, item in ipairs(node.items) do
    parts[i] = (item.key and item.key .. " = " or "") .. write_flat(state, item.node)
  end
  if node.more then parts[#parts + 1] = coloured(state, node.more, "mark") end
  return opening(state, node) .. table.concat(parts, ", ") .. "}"
end

local SHORT = 24 -- columns of what shares its line with others of a list

local write

-- The items from `first` on that share a line. Returns the line and the number of the next item.
local function shared_line(state, node, first, room)
  local parts, i = {}, first
  while true do
    local item = node.items[i]
    if not item or item.key or not item.node.text or item.node.flat > SHORT then break end
    local columns = item.node.flat + 2
    if i > first and columns > room + 1 then break end
    parts[#parts + 1] = coloured(state, item.node.text, item.node.kind) .. ","
    room, i = room - columns, i + 1
  end
  return table.concat(parts, " "), i
end

local function write_items(state, node, indent, lines)
  local inner = indent .. "  "
  local room = state.width - #inner
  local i = 1
  while i <= #node.items do
    local line, following = shared_line(state, node, i, room)
    if following == i then
      local item = node.items[i]
      local key = item.key and item.key .. " = " or ""
      line, following = key .. write(state, item.node, inner, width_of(key) + 1) .. ",", i + 1
    end
    lines[#lines + 1], i = inner .. line, following
  end
  if node.more then lines[#lines + 1] = inner .. coloured(state, node.more, "mark") end
end

-- `beside`: columns of what is on the line already, or follows.
function write(state, node, indent, beside)
  if node.text or node.flat + #indent + beside <= state.width then return write_flat(state, node) end
  local lines = { opening(state, node) }
  write_items(state, node, indent, lines)
  lines[#lines + 1] = indent .. "}"
  return table.concat(lines, "\n")
end

-- Entrances --------------------------------------------------------------------------------------------------------

local function new_state(options)
  local state = { seen = {}, ids = 0 }
  for name, default in pairs(DEFAULTS) do
    state[name] = options and options[name]
    if state[name] == nil then state[name] = default end
  end
  if state.colour == true then state.colour = COLOURS end
  state.left = state.bytes
  state.known = options and options.known or use("values").known_function
  return state
end

-- Without trust in the value: nothing that is wrong with it is an error here. A cancellation passes on.
local function guarded(value, fn, ...)
  local ok, result = pcall(fn, ...)
  if ok then return result end
  return scalars.address(value) .. " (it cannot be shown)"
end

-- show(value, options): the value as text, of several lines if need be, without a newline at its end.
local function show(value, options)
  return guarded(value, function()
    local state = new_state(options)
    local node = node_of(state, value, 1)
    measure(node)
    return write(state, node, "", 0)
  end)
end

-- show_values(options, ...): all values of an entry: on one line with ", " between them, or each on its own.
local function show_values(options, ...)
  local count, values = select("#", ...), { ... }
  return guarded(values, function()
    local state = new_state(options)
    local nodes, columns, last = {}, 0, math.min(count, state.items)
    for i = 1, last do
      state.left, state.seen = state.bytes // last, {}
      nodes[i] = node_of(state, values[i], 1)
      columns = columns + measure(nodes[i]) + 2
    end
    local texts = {}
    for i = 1, last do texts[i] = write(state, nodes[i], "", 0) end
    if count > last then
      texts[#texts + 1] = coloured(state, ("… %s more"):format(scalars.grouped(count - last)), "mark")
    end
    return table.concat(texts, columns - 2 <= state.width and ", " or "\n")
  end)
end

return { show = show, show_values = show_values, COLOURS = COLOURS }
