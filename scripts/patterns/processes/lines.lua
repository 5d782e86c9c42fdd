-- clock: real
-- The output of a child, line by line, while it runs; and a conversation with one that reads its
-- input line by line.
-- Use it for programs that run long, say much, or are asked several times. stderr is read beside
-- stdout, or a full pipe would stop the child.
-- asyncio: create_subprocess_exec(stdout=PIPE); async for line in process.stdout.
local PIPE = async.subprocess.PIPE

-- In a <close> variable the child cannot outlive the block: it is killed and reaped at its end.
local function follow(command)
  local process <close> = async.create_subprocess_shell(command, { stdout = PIPE, stderr = PIPE })
  local group <close> = async.TaskGroup()
  group:spawn(function()
    for line in process.stderr:lines() do print("problem: " .. line) end
  end)
  for line in process.stdout:lines() do print("line: " .. line) end
  return process:wait()
end
print("status:", follow [[
  echo begun
  sleep 0.2; echo careful >&2
  sleep 0.2; echo done
  exit 2
]])

-- Leaving early ends the child: this one would say yes for ever.
do
  local process <close> = async.create_subprocess_exec("yes", { stdout = PIPE })
  local count = 0
  for _ in process.stdout:lines() do
    count = count + 1
    if count == 1000 then break end
  end
  print("heard it " .. count .. " times")
end

-- A conversation: write a line, read a line. The timeout is for a child that does not answer.
do
  local script = 'while read a b; do echo "$a + $b = $((a + b))"; done'
  local adder <close> = async.create_subprocess_shell(script, { stdin = PIPE, stdout = PIPE })
  local function ask(a, b)
    adder.stdin:write(a, " ", b, "\n")
    return async.timeout(5, adder.stdout.readline, adder.stdout):gsub("\n", "")
  end
  print((ask(2, 3)))
  print((ask(40, 2)))
  adder.stdin:close() -- the end of its input ends it
  print("status:", adder:wait())
end

--[[ prints:
line: begun
problem: careful
line: done
status:	2
heard it 1000 times
2 + 3 = 5
40 + 2 = 42
status:	0
]]
