-- clock: real
-- Several children, a bounded number at a time: as many as there are processors, or as the disk
-- bears.
-- Use it as a small `make -j` or `xargs -P`. Each child has its result; the first failure may end
-- all, or be one of the results.
-- asyncio: create_subprocess_exec behind a Semaphore.
local run = async.subprocess.run

-- How many run at once is counted here, to show it.
local running, most = 0, 0
local function compress(name)
  running = running + 1
  most = math.max(most, running)
  local _ <close> = setmetatable({}, { __close = function() running = running - 1 end })
  return run("sleep 0.1; echo " .. name .. ".gz", { capture = true, check = true }).stdout
end

local names = { "a", "b", "c", "d", "e", "f" }
local made = async.map(names, compress, { limit = 2 })
print((table.concat(made):gsub("\n", " ")) .. "- at most " .. most .. " at a time")

-- With check = true the first failure ends the others: no child is left when map returns. What a
-- shell has started ends with it when both are a process group.
print(pcall(async.map, { "true", "sleep 60", "exit 7", "sleep 60" }, function(command)
  run(command, { check = true, process_group = true })
end, { limit = 3 }))

-- As a result of its own: who failed, and how.
for i, result in ipairs(async.map({ "true", "exit 7", "kill -9 $$" }, function(command)
  return run(command)
end)) do
  print(i, result.returncode)
end

-- Output of several children, whole lines with their names, as it comes: one task for each.
local finished = {}
do
  local group <close> = async.TaskGroup()
  for i, name in ipairs { "one", "two" } do
    group:spawn(function()
      local process <close> = async.create_subprocess_shell(
        ("sleep %g; echo from %s; sleep 0.6; echo bye"):format((i - 1) * 0.3, name),
        { stdout = async.subprocess.PIPE }
      )
      for line in process.stdout:lines() do print(name .. ": " .. line) end
      finished[#finished + 1] = name
    end)
  end
end
print("finished: " .. table.concat(finished, ", "))

-- A pipeline is the shell's business.
local counted = run("printf 'b\\na\\nb\\n' | sort | uniq | wc -l", { capture = true })
print("different lines:", tonumber(counted.stdout))

--[[ prints:
a.gz b.gz c.gz d.gz e.gz f.gz - at most 2 at a time
false	CalledProcessError: 'exit 7' returned 7
1	0
2	7
3	-9
one: from one
two: from two
one: bye
two: bye
finished: one, two
different lines:	2
]]
