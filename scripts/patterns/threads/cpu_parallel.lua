-- clock: real
-- CPU work in parallel: each thread has a Lua state of its own, so several processors compute at
-- once.
-- Use it for pure computing that takes more than some milliseconds. Each call copies its arguments
-- and results: send little, compute much, and cut the work into more pieces than there are threads.
-- asyncio: ProcessPoolExecutor, since Python's threads take turns.
local function count_primes(from, to)
  local count = 0
  for n = math.max(from, 2), to do
    local prime = true
    for d = 2, n ^ 0.5 // 1 do
      if n % d == 0 then
        prime = false
        break
      end
    end
    if prime then count = count + 1 end
  end
  return count
end

-- Pieces of equal width: the later ones take longer, and a thread that is done early takes the
-- next.
local limit, pieces = 40000, 8
local starts, ends = {}, {}
for i = 1, pieces do
  starts[i] = limit // pieces * (i - 1) + 1
  ends[i] = limit // pieces * i
end

local executor <close> = async.ThreadPoolExecutor { max_workers = async.cpu_count() }
local counts = executor:map(count_primes, starts, ends)

local sum = 0
for _, count in ipairs(counts) do sum = sum + count end
print(table.concat(counts, " + ") .. " = " .. sum)
print("the same by one:", count_primes(1, limit))

-- The function crosses with its upvalues, copied: what a thread changes, nobody else sees.
local seen = 0
executor:map(function(n) seen = seen + n end, { 1, 2, 3 })
print("seen here:", seen)

-- One value instead of many results: let each piece reduce its own.
local function sum_of_squares(from, to)
  local part = 0
  for n = from, to do part = part + n * n end
  return part
end
local total = 0
for _, part in ipairs(executor:map(sum_of_squares, starts, ends)) do total = total + part end
print("sum of squares:", total)

--[[ prints:
669 + 560 + 525 + 508 + 500 + 483 + 487 + 471 = 4203
the same by one:	4203
seen here:	0
sum of squares:	21334133340000
]]
