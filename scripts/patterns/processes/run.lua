-- clock: real
-- Running a program: async.subprocess.run, from its start to its end, with its input, its output
-- and its exit status. Only the task that calls it waits.
-- Use it for programs that end by themselves and say little enough to keep. For output as it comes
-- see lines.lua.
-- asyncio: create_subprocess_exec and communicate(); the function is that of subprocess.run.
local run = async.subprocess.run

-- A list of arguments: no shell, so nothing needs quoting. capture keeps what it prints.
local result = run({ "printf", "%s has %s", "Ann's bag", "$5" }, { capture = true })
print(result.returncode, result.stdout)

-- Input goes in as a string.
print((run({ "sort", "-n" }, { input = "10\n9\n100\n", capture = true }).stdout:gsub("\n", " ")))

-- A string is for the shell. What comes from elsewhere belongs in its environment, not in its text.
print((run('echo "hello, $NAME" | tr a-z A-Z', {
  env = { NAME = "ann; rm -rf nothing", PATH = os.getenv("PATH") },
  capture = true,
}).stdout:gsub("\n", "")))

-- A failure is a number, or with check = true an error that has everything.
print(run("exit 3").returncode)
local ok, err = pcall(run, "echo no space left >&2; exit 4", { check = true, capture = true })
print(ok, err.returncode, (err.stderr:gsub("\n", "")))

-- A program that does not exist is an OSError; one that takes too long is killed, and has ended.
print(pcall(run, { "no-such-program" }))
print(pcall(run, { "sleep", "60" }, { timeout = 0.2 }))

-- Several at once take no longer than one.
local loop = async.get_running_loop()
local begun = loop:time()
async.map({ 0.4, 0.4, 0.4 }, function(seconds) run { "sleep", seconds } end)
print("all three in less than 1.2 s:", loop:time() - begun < 1.2)

--[[ prints:
0	Ann's bag has $5
9 10 100 
HELLO, ANN; RM -RF NOTHING
3
false	4	no space left
false	OSError: ENOENT: no such file or directory, spawn 'no-such-program'
false	TimeoutError: timed out after 0.2 seconds
all three in less than 1.2 s:	true
]]
