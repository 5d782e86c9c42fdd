-- Waiting inside a C function of Lua's that calls back: the comparison of table.sort, the
-- replacement of string.gsub, __tostring. Lua cannot suspend those, so a wait there is a
-- RuntimeError which names the function.
-- The way out: fetch first, then sort; find first, then replace. Where Lua itself calls (pcall,
-- metamethods, for, coroutines, <close>), waiting is fine.
-- asyncio: the same place, `await` in the key of sorted(), is a syntax error.
local prices = { apple = 3, pear = 2, plum = 1 }
local function price_of(name) return async.sleep(0.1, prices[name]) end
local names = { "apple", "pear", "plum" }

-- The mistake.
print(pcall(table.sort, names, function(a, b) return price_of(a) < price_of(b) end))

-- Right: fetch all at once, which is quicker too, and compare what is there.
local fetched = async.map(names, price_of)
local known = {}
for i, name in ipairs(names) do known[name] = fetched[i] end
table.sort(names, function(a, b) return known[a] < known[b] end)
print(table.concat(names, " "))

-- The same with gsub ...
local text = "an apple and a pear"
print(pcall(string.gsub, text, "%a+", function(word) return prices[word] and price_of(word) end))

-- ... where gmatch, which is a for loop, lets the body wait.
local words = {}
for word in text:gmatch("%a+") do
  words[#words + 1] = prices[word] and word .. " at " .. price_of(word) or word
end
print(table.concat(words, " "))

-- Lua's own ways of calling may be waited in.
local catalogue = setmetatable({}, { __index = function(_, name) return price_of(name) end })
print(catalogue.plum)
print(pcall(function() return price_of("pear") end))
for price in coroutine.wrap(function() coroutine.yield(price_of("apple")) end) do print(price) end

--[[ prints:
false	RuntimeError: sleep: cannot wait inside the C function 'table.sort', which Lua cannot suspend
plum pear apple
false	RuntimeError: sleep: cannot wait inside the C function 'string.gsub', which Lua cannot suspend
an apple at 3 and a pear at 2
1
true	2
3
]]
