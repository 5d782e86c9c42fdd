-- What could stand at the cursor: `complete`. And the call it is in: `describe`. Both are asked at every key, so they
-- run nothing of the user's: no call, no metamethod. Cursors count the bytes before them.
local core, use = ...

local syntax, resolve, call = use("syntax"), use("resolve"), use("call")
local candidates, files, docs = use("candidates"), use("files"), use("docs")

local keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch("%a+") do keywords[word] = true end

local function is_identifier(key)
  return key:find("^[%a_][%w_]*$") ~= nil and not keywords[key]
end

local function prefix_of(scan)
  local word = scan.at_word
  return word and scan.text:sub(word[2]) or "", scan.offset + (word and word[2] - 1 or #scan.text)
end

-- Members ----------------------------------------------------------------------------------------------------------

local function is_callable(value)
  if type(value) == "function" then return true end
  local meta = debug.getmetatable(value)
  return type(value) ~= "string" and type(meta) == "table" and rawget(meta, "__call") ~= nil
end

-- Of a metatable that is its own `__index`, the metamethods are no fields to be shown, unless they are asked for.
local function is_shown(key, prefix)
  return key:sub(1, 2) ~= "__" or prefix:sub(1, 1) == "_"
end

local function add_documented(list, space, methods)
  for _, item in ipairs(docs.members(space)) do
    local entry = docs.aliased(item.entry)
    if not methods or entry.params or (entry.type or ""):find("^fun%(") then list:add(item.name, { entry = entry }) end
  end
end

-- Keys that cannot stand behind a point, as `["a b"]`.
local function complete_keys(meaning, prefix, from)
  local list = candidates.new(prefix)
  list:add_fields(resolve.each_fields(meaning.value), function(key)
    if not is_shown(key, prefix) then return false end
    if is_identifier(key) then return prefix == "" and "." .. key end
    return ("[%q]"):format(key):gsub("\\\n", "\\n")
  end)
  return list:result(from - 1)
end

local function has_odd_keys(meaning)
  local looked = 0
  for key in next, meaning.value do
    looked = looked + 1
    if looked > 1000 then return false end
    if type(key) == "string" and not is_identifier(key) then return true end
  end
  return false
end

-- Behind "." or ":", which is the last token but for what is typed of the name.
local function complete_member(scan, separator, world)
  local chain = scan:chain_before(scan.count - 1)
  local meaning = chain and resolve.chain(scan, chain, world)
  if meaning == nil then return nil end
  local prefix, from = prefix_of(scan)
  local methods = separator == ":"
  local list, space = candidates.new(prefix), resolve.space_of(meaning)
  if meaning.has then
    list:add_fields(resolve.each_fields(meaning.value), function(key, value)
      return is_identifier(key) and is_shown(key, prefix) and (not methods or is_callable(value))
    end, space, methods)
  end
  add_documented(list, space, methods)
  local odd = not methods and meaning.has and type(meaning.value) == "table" and (prefix == "" or list:is_empty())
  if odd and has_odd_keys(meaning) then return complete_keys(meaning, prefix, from) end
  return list:result(from)
end

-- Names ------------------------------------------------------------------------------------------------------------

-- In the parentheses of `function name(a, b)`.
local function is_parameter(scan)
  local top = scan:top()
  if top.kind ~= "(" then return false end
  local i = top.at - 1
  while scan:is_name(i) or scan:word(i) == "." or scan:word(i) == ":" do i = i - 1 end
  return scan:word(i) == "function"
end

-- The token before the names `a <const>, b`, the last of which stands behind token i.
local function before_names(scan, i)
  while scan:word(i) == "," do
    i = i - 1
    if scan:word(i) == ">" then i = i - 3 end
    i = i - 1
  end
  return i
end

-- Where a new name is to be written, nothing can be known of it.
local function is_declaration(scan)
  local last = scan:word(scan.count)
  if last == "goto" or last == "for" or last == "::" then return true end
  if last == "function" then return scan:word(scan.count - 1) == "local" end
  local first = last == "," and scan:word(before_names(scan, scan.count))
  return first == "local" or first == "for" or is_parameter(scan)
end

local function complete_attribute(scan)
  local prefix, from = prefix_of(scan)
  local list = candidates.new(prefix)
  list:add("close", { detail = "closed at the end of the block" }, "close>")
  list:add("const", { detail = "never assigned again" }, "const>")
  return list:result(from)
end

local function is_attribute(scan)
  if scan:word(scan.count) ~= "<" or not scan:is_name(scan.count - 1) then return false end
  return scan:word(before_names(scan, scan.count - 2)) == "local"
end

-- The fields that the options table at the cursor has not got yet.
local function add_options(list, scan, world)
  local last = scan:word(scan.count)
  if last ~= "{" and last ~= "," and last ~= ";" then return end
  local there = {}
  for i = scan:top().at, scan.count do
    if scan:word(i + 1) == "=" then there[scan:word(i) or ""] = true end
  end
  for _, item in ipairs(call.option_fields(scan, world)) do
    if not there[item.name] then list:add(item.name, { entry = item.entry }, item.name .. " = ", -1) end
  end
end

local function add_locals(list, scan)
  for i = #scan.frames, 1, -1 do
    for name in pairs(scan.frames[i].locals) do list:add(name, { detail = "local" }) end
  end
end

local function complete_name(scan, world)
  local prefix, from = prefix_of(scan)
  local list = candidates.new(prefix)
  if scan:word(scan.count) == "local" then
    list:add("function", { detail = "keyword" })
    return list:result(from)
  end
  add_options(list, scan, world)
  if prefix == "" and not list:is_empty() then return list:result(from) end
  add_locals(list, scan)
  local function accept(key) return is_identifier(key) end
  for _, name in ipairs(world.locals and world.locals:names() or {}) do
    local _, value = world.locals:get(name)
    list:add(name, value == nil and { detail = "nil" } or { value = value })
  end
  list:add_fields(resolve.each_fields(world.env), accept)
  if prefix ~= "" then
    for word in pairs(keywords) do list:add(word, { detail = "keyword" }) end
  end
  return list:result(from)
end

-- Strings ----------------------------------------------------------------------------------------------------------

local function complete_index(scan, world, typed, from)
  local chain = scan:chain_before(scan.count - 1)
  local meaning = chain and resolve.chain(scan, chain, world)
  if not (meaning and meaning.has) then return nil end
  local list = candidates.new(typed)
  list:add_fields(resolve.each_fields(meaning.value), function(key) return not key:find('[%c"\'\\]') end)
  return list:result(from)
end

local function complete_wanted(scan, world, typed, from)
  local list = candidates.new(typed)
  for i, text in ipairs(call.wanted_strings(scan, world)) do list:add(text, { detail = "" }, nil, i) end
  return list:result(from)
end

local function is_required(scan)
  local last = scan.count
  if scan:word(last) == "(" then last = last - 1 end
  return scan:word(last) == "require" and scan:word(last - 1) ~= "." and scan:word(last - 1) ~= ":"
end

local function complete_file(typed, from)
  local _, name = files.split(typed)
  local list = candidates.new(name)
  files.add_files(list, typed)
  return list:result(from + #typed - #name)
end

local function complete_string(scan, world)
  local token = scan.at_string
  local bracket = scan.text:match("^%[=*%[", token[2])
  local start = token[2] + (bracket and #bracket or 1)
  local typed, from = scan.text:sub(start), scan.offset + start - 1
  if typed:find("[%c\\]") then return nil end
  if is_required(scan) then
    local list = candidates.new(typed)
    files.add_modules(list, typed)
    return list:result(from)
  end
  if scan:word(scan.count) == "[" and scan:ends_value(scan.count - 1) then
    return complete_index(scan, world, typed, from)
  end
  return complete_wanted(scan, world, typed, from) or complete_file(typed, from)
end

-- Entries ----------------------------------------------------------------------------------------------------------

local function complete_lua(text, cursor, world)
  local scan = syntax.scan(text, cursor)
  if not scan or scan.at_number then return nil end
  if scan.at_string then return complete_string(scan, world) end
  local last = scan:kind(scan.count) == "sign" and scan:word(scan.count)
  if last == "." or last == ":" then return complete_member(scan, last, world) end
  if is_attribute(scan) then return complete_attribute(scan) end
  if is_declaration(scan) then return nil end
  return complete_name(scan, world)
end

-- `.com`: the commands, given as names or as {name =, detail =}.
local function complete_command(typed, from, commands)
  local list = candidates.new(typed)
  for _, command in ipairs(commands or {}) do
    local is_table = type(command) == "table"
    local name = is_table and command.name or command
    if name:sub(1, 1) ~= "." then name = "." .. name end
    list:add(name, { detail = is_table and command.detail or "" })
  end
  return list:result(from)
end

local function complete_topic(typed, from)
  local list = candidates.new(typed)
  for _, topic in ipairs(use("topics").list) do list:add(topic.name, { detail = topic.title }) end
  return list:result(from)
end

local takes_file = { [".load"] = true, [".save"] = true, [".edit"] = true }

-- Shifts what was found in text:sub(start) to the text.
local function shifted(result, start)
  if result then result.from = result.from + start - 1 end
  return result
end

local function complete_entry(text, cursor, world, commands)
  local head = text:sub(1, cursor)
  local start, command = head:match("^%s*()(%.%a*)$")
  if start then return complete_command(command, start - 1, commands) end
  local word, argument = head:match("^%s*(%.%a+)!?%s+()[^\n]*$")
  if word and takes_file[word] then return complete_file(head:sub(argument), argument - 1) end
  if word == ".help" then return complete_topic(head:sub(argument), argument - 1) end
  start = word and argument or head:match("^%s*%?()") or 1
  return shifted(complete_lua(text:sub(start), cursor - start + 1, world), start)
end

-- complete(text, cursor, env, locals, commands): {from =, {text =, label =, detail =}...}, at most 1000 of them: each
-- text would replace the bytes from `from` to the cursor. nil when there is nothing. `env` is the table of globals,
-- `locals` has the locals of earlier entries (locals.lua), `commands` is a list of the prompt's.
local function complete(text, cursor, env, locals, commands)
  return complete_entry(text, cursor, { env = env, locals = locals }, commands)
end

-- describe(text, cursor, env, locals): the signature of the innermost open call as a text, and the first and last
-- byte in it of the parameter that the cursor is at, if it has one; nil without a call of a known function.
local function describe(text, cursor, env, locals)
  local scan = syntax.scan(text, cursor)
  if not scan then return nil end
  return call.describe(scan, { env = env, locals = locals })
end

return { complete = complete, describe = describe }
