// io and os as scripts see them, against stock Lua: the same small programs run under both, and must do the same.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

/// Its path, or nothing.
const std::string& stock_lua() {
  static const std::string kPath = [] {
    const std::string out = run({"/bin/sh", "-c", "command -v lua5.4"}).out;
    return out.substr(0, out.find('\n'));
  }();
  return kPath;
}

/// `input`: stdin is a pipe with that. `shell`: how the program ("$@") is started, when not as it is.
void check_like_stock(const std::string& script, const std::string& input = "", const std::string& shell = "") {
  if (stock_lua().empty()) SKIP("there is no lua5.4 to compare with");
  const ScratchDirectory scratch;
  scratch.write("x.lua", script);
  scratch.write("input", input);
  ProcessOptions options;
  options.cwd = scratch.path();
  options.input = input;
  std::vector<std::string> expected_run{stock_lua(), "x.lua"};
  std::vector<std::string> actual_run{NEAP_BINARY, "x.lua"};
  if (!shell.empty()) {
    for (auto* argv : {&expected_run, &actual_run}) argv->insert(argv->begin(), {"/bin/sh", "-c", shell, "sh"});
  }
  const ProcessResult expected = run(expected_run, options);
  const ProcessResult actual = run(actual_run, options);
  CAPTURE(script, input, shell);
  CHECK(actual.out == expected.out);
  CHECK(actual.err == expected.err);
  CHECK(actual.status == expected.status);
}

const std::vector<std::string>& inputs() {
  static const std::vector<std::string> kInputs{
      "",
      "\n",
      "a\nb\n",
      "12 0x1F -7.5e2 nan 1e+ 99\nrest of it\n\nlast",
      std::string(250, '1') + " 5\n",
      std::string("a\0b\nc", 5) + std::string(10'000, 'x') + "\nend\n",
      "  \n\t 8 9 z\n",
  };
  return kInputs;
}

void check_for_each_input(const std::vector<std::string>& scripts) {
  for (const std::string& script : scripts) {
    for (const std::string& input : inputs()) check_like_stock(script, input);
  }
}

void check_each(const std::vector<std::string>& scripts) {
  for (const std::string& script : scripts) check_like_stock(script, "a\nb\n");
}

}  // namespace

TEST_CASE("stock io: reading stdin by every format", "[base]") {
  check_for_each_input({
      "print(io.read()) print(io.read()) print(io.read())",
      "print(io.read('l', 'L', 'l')) print(io.read('a'), io.read('a'), io.read('l'))",
      "print(io.read('n', 'n', 'n')) print(io.read('l')) print(io.read('n', 'n')) print(io.read('a'))",
      "for _ = 1, 7 do print(io.read('n')) end print(io.read('l'))",
      "print(io.read(0), io.read(1), io.read(0), io.read(5), io.read(1000000)) print(io.read(0), io.read(1))",
      "print(io.read('*l', '*n', '*L', '*a'), io.stdin:read('a', 'a'))",
  });
}

TEST_CASE("stock io: the lines of stdin", "[base]") {
  check_for_each_input({
      "for l in io.lines() do print(#l, l) end print(io.read())",
      "for l in io.stdin:lines('L') do print(#l, l) end",
      "for a, b in io.lines(nil, 1, 2) do print(a, b) end",
      "for a in io.lines(nil, 'n') do print(a) end print(io.read('a'))",
      "local co = coroutine.wrap(function() for l in io.lines() do coroutine.yield(l) end end) "
      "for l in co do print('co', l) end",
  });
}

TEST_CASE("stock io: wrong arguments", "[base]") {
  check_each({
      "print(pcall(io.read, 'x')) print(pcall(io.read, 'l', 'x')) print(io.read('a'))",
      "print(pcall(io.read, {})) print(pcall(io.read, 1.5)) print(pcall(io.read, '*l')) print(pcall(io.read, '**'))",
      "print(pcall(function() return io.stdin:read('x') end)) print(pcall(function() return io.stdin:read({}) end))",
      "print(pcall(function() return io.stdin.read() end)) print(pcall(function() return io.stdin.read(5) end))",
      "print(pcall(function() return io.read('l', nil, 'l') end)) print(pcall(function() return io.read(false) end))",
      "print(pcall(function() for l in io.lines(nil, 'x') do print(l) end end))",
      "print(pcall(function() for l in io.stdin:lines('l', 'y') do print(l) end end))",
      "print(pcall(io.lines, nil, table.unpack({}, 1, 251)))",
      "print(pcall(io.stdin.lines, io.stdin, table.unpack({}, 1, 251)))",
      "print(pcall(io.read, -1))",
      "print(pcall(io.popen)) print(pcall(io.popen, 'true', 'rw')) print(pcall(io.popen, {}, 'r'))",
      "print(pcall(io.popen, 'true', '')) print(pcall(io.popen, 'true', 'w+'))",
      "print(pcall(function() return io.popen('true', 'x') end))",
      "print(pcall(function() return os.execute({}) end))",
      "print(pcall(function() return io.write({}) end)) print(pcall(function() return io.stdout:write({}) end))",
      "print(pcall(function() return io.stdout.write() end)) print(pcall(function() return io.lines({}) end))",
      "print(pcall(function() return io.lines('/no/such') end))",
      "print(pcall(function() return io.open('/dev/null'):read('x') end))",
      "print(pcall(io.stdin.setvbuf, io.stdin, 'x'))",
  });
}

TEST_CASE("stock io: what stdin is besides a pipe", "[base]") {
  const std::string script =
      "print(io.read('l')) print(io.read('n', 'l')) print(pcall(function() for l in io.lines() do print(l) end end)) "
      "print(io.read('a'))";
  for (const char* shell : {"exec \"$@\" <input", "exec \"$@\" </dev/null", "exec \"$@\" <&-", "exec \"$@\" <."}) {
    check_like_stock(script, "l1\n2 rest\nx\ny\n", shell);
  }
}

TEST_CASE("stock io: as much of stdin is read ahead, and the rest is for other programs", "[base]") {
  const std::string long_input = "first\n" + std::string(5000, 'x') + "\nlast\n";
  for (const std::string& input : {std::string("a\nb\nc\n"), long_input}) {
    check_like_stock("print(io.read('l')) io.stdout:flush() os.execute('cat') print(io.read('l'))", input);
    check_like_stock("io.stdin:setvbuf('no') print(io.read(1)) io.stdout:flush() os.execute('cat')", input);
    check_like_stock("io.stdin:setvbuf('full', 9) print(io.read(1)) io.stdout:flush() os.execute('cat')", input);
    check_like_stock("print(io.read('l')) io.stdout:flush()", input, "{ \"$@\"; echo; cat; }");
  }
}

TEST_CASE("stock io: stdin cannot be closed, and another default input is an ordinary file", "[base]") {
  check_each({
      "print(io.type(io.stdin), io.input() == io.stdin) print(pcall(io.stdin.close, io.stdin)) print(io.read())",
      "print(pcall(io.close, io.stdin)) print(io.type(io.stdin), io.read('a'))",
      "print(io.stdin:seek('cur')) print(io.stdin:setvbuf('full', 100)) print(io.stdin:write('x'))",
      "local f = io.tmpfile() f:write('file\\nline2\\n') f:seek('set') io.input(f) "
      "print(io.read(), io.stdin:read(), io.read(), io.read()) f:close() print(pcall(io.read)) print(pcall(io.lines)) "
      "print(pcall(f.read, f)) print(pcall(f.lines, f)) io.input(io.stdin) print(io.read())",
  });
}

TEST_CASE("stock io: reading what a command prints", "[base]") {
  check_each({
      "local p = io.popen([[printf 'a\\nb\\n12 13']]) print(p:read('l', 'L', 'n', 'n', 'n')) "
      "print(p:read('a'), p:read('a'), p:read(0)) print(p:close()) print(tostring(p), io.type(p)) "
      "print(pcall(p.read, p)) print(pcall(p.close, p)) print(pcall(p.lines, p))",
      "local p = io.popen('yes | head -c 300000') local n = 0 for l in p:lines() do n = n + #l end print(n, p:close())",
      "local p = io.popen('yes') print(p:read()) print(p:close())",
      "print(#io.popen('head -c 3000000 /dev/zero'):read('a'))",
      "local p = io.popen('echo x') print(p:read(), p:write('y')) print(p:flush()) print(p:seek('set')) "
      "print(p:close())",
      "io.input(io.popen('echo x; echo y')) print(io.read()) for l in io.lines() do print(l) end "
      "print(io.close(io.input())) print(pcall(io.read))",
      "for l in io.popen('echo 1; echo 2; echo 3'):lines() do if l == '2' then break end print(l) end "
      "collectgarbage() print('done')",
      "local p = io.popen('echo 1; echo 2') local f = p:lines() print(f()) p:close() print(pcall(f))",
      "local p = io.popen('cat') print(p:read('a')) print(p:close()) print(io.read())",
      "print(pcall(io.popen('true').close)) print(pcall(io.popen('true').read))",
      "local p = io.popen('echo to stderr >&2') p:close()",
  });
}

TEST_CASE("stock io: writing to a command", "[base]") {
  // Nothing else is printed while the command may write.
  check_each({
      "local p = io.popen('cat', 'w') print(p:read('l')) local w = p:write(1, ' ', 2.0, ' ', 1e100, ' ', -0.0, ' ', "
      "1/0, "
      "' ', math.mininteger, '\\n') == p local f, s = p:flush(), {p:seek('set')} print(p:close()) print(w, f, "
      "table.unpack(s))",
      "local p = io.popen('cat', 'w') print(pcall(p.write, p, 'ok ', {}, 'no')) print(p:close())",
      "local p = io.popen('cat', 'w') io.output(p) io.write('via default\\n') local f = io.flush() print(io.close()) "
      "print(f) "
      "print(pcall(io.write, 'x')) io.output(io.stdout) io.write('back\\n')",
      "local p = io.popen('wc -c', 'w') for i = 1, 1000 do p:write(('x'):rep(997)) end print(p:close())",
      "local p = io.popen('wc -c', 'w') print(p:write(('x'):rep(3000000)) == p) print(p:close())",
      "local p = io.popen('cat', 'w') print(p:setvbuf('no')) p:write('a\\n') local l = p:setvbuf('line') "
      "p:write('b\\nc') "
      "local f = p:setvbuf('full', 10) p:write(('d'):rep(100), '\\n') p:close() print(l, f)",
      "local p, q = io.popen('cat', 'w'), io.popen('cat', 'w') p:write('p') q:write('q') p:close() q:close()",
  });
}

TEST_CASE("stock io: a command's input that nobody has closed is written, and the command waited for", "[base]") {
  check_each({
      "local p = io.popen('cat', 'w') p:write('never closed')",
      "local p = io.popen('sleep 0.05; cat', 'w') p:write('slow')",
      "local p = io.popen('cat', 'w') p:write('exit with close') os.exit(4, true)",
      "do local p <close> = io.popen('cat', 'w') p:write('to be closed\\n') end print('after')",
      "io.popen('cat', 'w'):write('collected\\n') collectgarbage() collectgarbage()",
      "local p = io.popen('sleep 0.05; echo late >&2')",
  });
}

TEST_CASE("stock io: statuses of commands", "[base]") {
  check_each({
      "print(os.execute('true')) print(os.execute('false')) print(os.execute('exit 200')) print(os.execute('kill -9 "
      "$$'))",
      "print(os.execute('no-such-program-x 2>/dev/null')) print(os.execute('')) print(os.execute())",
      "print(io.popen('exit 300'):close()) print(io.popen('kill -15 $$'):close()) print(io.popen('exit 0', "
      "'w'):close())",
      "io.write('buffered ') os.execute('echo child') io.write('after\\n')",
      "print(os.execute('cat; exit 5')) print(io.read())",
      "print(os.execute('yes | head -1'))",
  });
}

TEST_CASE("stock io: where nothing can be suspended it blocks", "[base]") {
  check_each({
      "local t, p, seen = { 3, 1, 2 }, io.popen([[printf 'a\\nb\\nc\\nd\\n']]), {} "
      "table.sort(t, function(a, b) seen[#seen + 1] = p:read() or '-' return a < b end) print(seen[1], seen[2]) "
      "table.sort(t, function(a, b) assert(os.execute('true')) return a < b end) print(p:close())",
      "print((('x y'):gsub('%a', function(c) local p = io.popen('echo ' .. c .. c) local r = p:read() p:close() return "
      "r "
      "end)))",
      "print((('x y'):gsub('%a', function() return io.read() end)))",
      "print((('x'):gsub('%a', function(c) local p = io.popen('cat', 'w') p:write(('x'):rep(200000), '\\n') p:close() "
      "end)))",
      "setmetatable({}, { __gc = function() print(os.execute('exit 3')) print(io.popen('echo gc'):read()) end }) "
      "collectgarbage()",
  });
}

TEST_CASE("stock io: signals and descriptors that a command inherits", "[base]") {
  check_each({
      "os.execute('trap') print(os.execute([[sh -c 'kill -PIPE $$']])) print(os.execute([[sh -c 'kill -INT $$']]))",
      "local f = io.open('x.lua') os.execute('ls /proc/self/fd | wc -l >&2')",
  });
  check_like_stock("os.execute('grep SigIgn /proc/self/status')", "", "trap '' HUP; exec \"$@\"");
}

TEST_CASE("io.read: other tasks go on while it waits, and its stdin stays blocking for other programs", "[base]") {
  // What is read comes from another task of the same program, through a FIFO.
  const ScratchDirectory scratch;
  scratch.write("x.lua",
                "local writer = io.open('p', 'w') writer:setvbuf('no')\n"
                "async.spawn(function() for _, text in ipairs { '12 ', 'ab', 'c\\n', 'next\\n' } do\n"
                "  async.sleep(0.01) print('writes') writer:write(text) end end)\n"
                "print(io.read('n', 'l')) os.execute('grep flags /proc/self/fdinfo/0') print(io.stdin:read())\n");
  ProcessOptions options;
  options.cwd = scratch.path();
  const ProcessResult result = run(
      {"/bin/sh", "-c", "mkfifo p; exec 3<>p; \"$0\" x.lua <p; exec cat /proc/self/fdinfo/3", NEAP_BINARY}, options);
  CAPTURE(result.out, result.err);
  CHECK(result.out.find("writes\nwrites\nwrites\n") == 0);
  const std::size_t read = result.out.find("12\t abc\n");
  REQUIRE(read != std::string::npos);
  CHECK(result.out.find("\nflags:", read) != std::string::npos);
  CHECK(result.out.find("\nnext\n") != std::string::npos);
  CHECK(result.out.find("flags:\t04") == std::string::npos);  // no O_NONBLOCK
  CHECK(result.status == 0);
}

TEST_CASE("io.read: a cancelled read has taken nothing", "[base]") {
  const ScratchDirectory scratch;
  scratch.write("x.lua",
                "print(pcall(async.timeout, 0.01, io.read))\n"
                "local reader = async.spawn(io.read, 6, 'l') async.sleep(0) reader:cancel() async.wait { reader }\n"
                "print(reader:cancelled()) print(io.read())\n");
  ProcessOptions options;
  options.cwd = scratch.path();
  const ProcessResult result =
      run({"/bin/sh", "-c",
           "mkfifo p go; exec 3<>p; printf 'first ' >p; (read x <go; echo line >p) & "
           "{ \"$0\" x.lua <p | { read a; read b; echo >go; echo \"$a\"; echo \"$b\"; cat; }; }",
           NEAP_BINARY},
          options);
  CAPTURE(result.err);
  CHECK(result.out.find("false\tTimeoutError: timed out") == 0);
  CHECK(result.out.ends_with("\ntrue\nfirst line\n"));
}

TEST_CASE("io.write: what os.exit leaves in a command's pipe is written", "[base]") {
  const ScratchDirectory scratch;
  scratch.write("x.lua", "io.popen('cat > out; echo > done', 'w'):write('bytes') os.exit(3)");
  ProcessOptions options;
  options.cwd = scratch.path();
  const ProcessResult result =
      run({"/bin/sh", "-c", "mkfifo done; \"$0\" x.lua; echo $?; read x <done; cat out", NEAP_BINARY}, options);
  CHECK(result.out == "3\nbytes");
}

TEST_CASE("io.read and async.stdin may be used in turn", "[base]") {
  const ScratchDirectory scratch;
  ProcessOptions options;
  options.input = "a\nb\nc\nd\ne\nf";
  const std::string script = scratch.write("x.lua",
                                           "print(io.read()) print(async.stdin:readline()) print(io.read('L', 1)) "
                                           "print(async.stdin:read('l', 'l')) print(io.read('a')) print(io.read())");
  CHECK(run_neap({script}, options).out == "a\nb\n\nc\n\td\n\te\nf\nnil\n");
}
