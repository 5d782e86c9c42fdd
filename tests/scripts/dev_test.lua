-- ./dev test: the two halves of the tests and their count, with programs in place of the tests.
local root = debug.getinfo(1, "S").source:match("^@(.*)/tests/scripts/[^/]+$")
local fs, subprocess = neap.fs, async.subprocess

-- Runs ./dev test of a folder without a build; `halves` has shell commands that the halves of the tests are.
local function dev_test(halves, ...)
  local folder <close> = fs.tempdir()
  local text, changes = fs.read(root .. "/dev"):gsub("%(begin; ensure [^\n]*build_tests release%)", ":")
  check(changes > 0)
  fs.mkdir(folder.path .. "/build/release", { parents = true })
  fs.mkdir(folder.path .. "/tmp")
  fs.write(folder.path .. "/dev", text)
  fs.write(folder.path .. "/build/release/neap_tests", ([[#!/bin/sh
count() { echo "$1 passed, $2 failed" >"$NEAP_TESTS_COUNT"; [ "$2" = 0 ]; }
case "$*" in
*'--shard-index 0'*) %s ;;
*'--shard-index 1'*) %s ;;
*) echo "all: $*" ;;
esac
]]):format(halves[1], halves[2]))
  fs.chmod(folder.path .. "/build/release/neap_tests", 493)
  local result = subprocess.run({ "sh", "dev", "test", ... }, { cwd = folder.path, capture = true, timeout = 20,
    env = { PATH = os.getenv("PATH"), TMPDIR = folder.path .. "/tmp" } })
  equal(fs.list(folder.path .. "/tmp"), {})
  return result.stdout, result.returncode
end

test("./dev test sums the counts of its halves, and keeps together what each says", { clock = "real" }, function()
  local out, status = dev_test { "echo a; sleep 0.05; echo b; count 3 0", "echo c; echo d; count 4 0" }
  equal(out, "a\nb\nc\nd\n7 passed, 0 failed\n")
  equal(status, 0)
end)

test("./dev test fails when a half fails", { clock = "real" }, function()
  for _, halves in ipairs { { "count 3 1", "count 4 0" }, { "count 3 0", "count 4 1" } } do
    local out, status = dev_test(halves)
    equal(out, "7 passed, 1 failed\n")
    equal(status, 1)
  end
end)

test("./dev test fails when a half dies, with its count or without", { clock = "real" }, function()
  local out, status = dev_test { "count 3 0", "echo last words; exit 9" }
  equal({ out, status }, { "last words\n3 passed, 1 failed\n", 1 })
  out, status = dev_test { "exit 0", "count 4 0" }
  equal({ out, status }, { "4 passed, 1 failed\n", 1 })
  out, status = dev_test { "count 3 0; exit 7", "count 4 0" }
  equal({ out, status }, { "7 passed, 1 failed\n", 1 })
end)

test("./dev test with arguments runs the tests once, with these", { clock = "real" }, function()
  local out, status = dev_test({ "exit 1", "exit 1" }, "[timeout]", "-s")
  equal({ out, status }, { "all: [timeout] -s\n", 0 })
end)
