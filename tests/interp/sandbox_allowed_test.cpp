// What the sandbox allows works as without one, and what is given up is gone.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

/// A directory in which scripts may do everything, "box" in the scripts; `fs` is there too.
struct Box {
  ScratchDirectory scratch{};

  ProcessResult run(std::vector<std::string> options, const std::string& script) const {
    options.insert(options.end(),
                   {"--allow-read=" + scratch.path(), "--allow-write=" + scratch.path(), "-e",
                    "local fs, box, permissions = neap.fs, '" + scratch.path() + "', neap.permissions " + script});
    ProcessOptions process;
    process.cwd = scratch.path();
    return run_neap(options, process);
  }

  void check(const std::vector<std::string>& options, const std::string& script, const std::string& output) const {
    const ProcessResult result = run(options, script);
    CHECK(result.err.empty());
    CHECK(result.out == output);
  }
};

}  // namespace

TEST_CASE("whole files and open ones work where they are allowed", "[interp][sandbox]") {
  Box().check({}, R"lua(
    fs.write(box .. "/a", "one\n") fs.append("a", "two\n")
    print(fs.read("a"), fs.stat("a").size, fs.exists("a"), fs.exists("b"), fs.access("a", "rw"))
    fs.write("a", "atomic", { atomic = true })
    local f <close> = fs.open("a", "r+") print(f:read "a")
    fs.symlink("a", "link") print(fs.read("link"), fs.readlink("link"), fs.realpath("link") == fs.realpath("a"))
    fs.write("link", "through") print(fs.read("a"))
    fs.write("new-link", "") os.remove("new-link") fs.symlink("made", "new-link") fs.write("new-link", "made") print(fs.read("made"))
    fs.truncate("a", 2) fs.chmod("a", "600") fs.utime("a", { mtime = 5 }) print(fs.read("a"), fs.stat("a").mtime)
    fs.link("a", "hard") print(fs.stat("hard").nlink)
  )lua",
              "one\ntwo\n\t8\ttrue\tfalse\ttrue\natomic\natomic\ta\ttrue\nthrough\nmade\nth\t5.0\n2\n");
}

TEST_CASE("directories and trees work where they are allowed", "[interp][sandbox]") {
  Box().check({}, R"lua(
    fs.mkdir("a/b/c", { parents = true }) fs.write("a/b/c/x", "x")
    fs.copy("a", "copy", { recursive = true }) fs.move("copy", "moved")
    for path in fs.walk("moved") do io.write(path, " ") end print()
    for path in fs.glob("**/x") do io.write(path, " ") end print()
    print(#fs.list("."), fs.cwd() == fs.realpath("."))
    fs.remove("moved", { recursive = true }) fs.rename("a/b", "a/d") print(fs.exists("moved"), fs.exists("a/d/c/x"))
    local dir <close> = fs.tempdir { dir = "." } fs.write(dir.path .. "/t", "t") print(fs.exists(dir.path))
    local file <close>, path = fs.tempfile { dir = "." } file:write("x") print(fs.exists(path))
  )lua",
              "moved/b moved/b/c moved/b/c/x \na/b/c/x moved/b/c/x \n2\ttrue\nfalse\ttrue\ntrue\ntrue\n");
}

TEST_CASE("Lua's own files work where they are allowed", "[interp][sandbox]") {
  Box().check({}, R"lua(
    local f = io.open("a", "w") print(io.type(f), f:write("one\n", 2) == f, f:close(), io.type(f))
    for line in io.lines("a") do io.write(line, " ") end print()
    f = io.open("a", "a+") f:write("x") f:seek("set") print(f:read "n", f:read "a") f:close()
    io.output("b") io.write("out") io.close() io.output(io.stdout)
    io.input("b") print(io.read "a") io.input():close() io.input(io.stdin)
    print(io.open("none")) print(pcall(io.lines, "none")) print(pcall(io.open, "a", "z"))
    print(os.rename("b", "c"), os.remove("c"), os.remove("c"))
  )lua",
              "file\ttrue\ttrue\tclosed file\none 2 \nnil\tone\n2x\nout\nnil\tnone: No such file or directory\t2\n"
              "false\tnone: No such file or directory\nfalse\tbad argument #2 to 'io.open' (invalid mode)\n"
              "true\ttrue\tnil\tc: No such file or directory\t2\n");
}

TEST_CASE("Lua code is loaded from where it may be read", "[interp][sandbox]") {
  Box().check({}, R"lua(
    fs.write("m.lua", "return ...") fs.write("d.txt", "#!x\nreturn 'd'") fs.write("bad.lua", "x =")
    package.path = box .. "/?.lua"
    print(select(2, require "m") == box .. "/m.lua", dofile("d.txt"), loadfile("d.txt")() , loadfile("bad.lua"))
    print(package.searchpath("m", package.path) == box .. "/m.lua", loadfile("none.lua"))
  )lua",
              "true\td\td\tnil\tbad.lua:1: unexpected symbol near <eof>\n"
              "true\tnil\tcannot open none.lua: No such file or directory\n");
}

TEST_CASE("hosts that are allowed are reached by their names", "[interp][sandbox]") {
  Box().check({"--allow-net=localhost"}, R"lua(
    local server <close> = async.start_server(function(s) s:write(s:read "l") end, "localhost", 0)
    local stream <close> = async.open_connection("localhost", server:address().port)
    stream:write "hello\n" print(stream:read "a")
    print(pcall(async.open_connection, "127.0.0.2", 1))
  )lua",
              "hello\nfalse\tPermissionError: reaching '127.0.0.2:1' is not allowed in the sandbox; allow it with "
              "--allow-net=127.0.0.2:1\n");
}

TEST_CASE("datagrams reach the hosts that are allowed", "[interp][sandbox]") {
  Box().check({"--allow-net=127.0.0.1"}, R"lua(
    local a <close> = async.open_udp { host = "127.0.0.1" }
    local b <close> = async.open_udp {}
    b:send("hello", "127.0.0.1", a:address().port)
    print((a:receive()))
  )lua",
              "hello\n");
}

TEST_CASE("sockets in the file system are files that may be read and written", "[interp][sandbox]") {
  Box().check({}, R"lua(
    local server <close> = async.start_unix_server(function(s) s:write "hello" end, box .. "/s")
    local stream <close> = async.open_unix_connection("s")
    print(stream:read "a", server:address().path == box .. "/s")
  )lua",
              "hello\ttrue\n");
}

TEST_CASE("a tree is watched where it may be read", "[interp][sandbox]") {
  Box().check({}, R"lua(
    fs.mkdir("w")
    local watch <close> = fs.watch("w")
    fs.write("w/x", "x")
    local change = watch()
    print(change.path, change.kind)
  )lua",
              "w/x\trename\n");
}

TEST_CASE("programs that are allowed run, and get what is allowed of the environment", "[interp][sandbox]") {
  ProcessOptions options;
  options.env = {"KEPT=1", "LOST=2"};
  const ProcessResult result = run_neap({"--allow-run=sh,cat", "--allow-env=KEPT", "-e", R"lua(
    print(async.subprocess.run("echo ${KEPT-none} ${LOST-none} ${PATH:+path}", { capture = true }).stdout)
    print(async.subprocess.run({ "cat" }, { input = "in", capture = true }).stdout)
    print(async.subprocess.run({ "/bin/sh", "-c", "echo $KEPT" }, { env = { KEPT = "other" }, capture = true }).stdout)
    print(io.popen("echo popen"):read "a", os.execute("exit 3"))
    print(os.getenv "KEPT")
  )lua"},
                                        options);
  CHECK(result.out == "1 none path\n\nin\nother\n\npopen\n\tnil\texit\t3\n1\n");
  CHECK(result.err.empty());
}

TEST_CASE("a program that is nowhere is not found where all may be run", "[interp][sandbox]") {
  Box().check({"--allow-run"}, "print(pcall(async.create_subprocess_exec, 'no-such-program'))",
              "false\tOSError: ENOENT: no such file or directory, spawn 'no-such-program'\n");
}

TEST_CASE("threads and signals work where they are allowed", "[interp][sandbox]") {
  Box().check({"--allow-thread", "--allow-signal", "--allow-run=sh"}, R"lua(
    print(async.to_thread(function(p) neap.fs.write(p .. "/t", "t") return neap.fs.read(p .. "/t") end, box))
    local sent = async.spawn(os.execute, "kill -HUP $PPID")
    for name in async.signals { "SIGHUP" } do print(name) break end
    await(sent)
  )lua",
              "t\nSIGHUP\n");
}

TEST_CASE("bytecode is loaded where native code is allowed", "[interp][sandbox]") {
  Box().check({"--allow-native"}, "print(load(string.dump(function() return 7 end), 'x', 'b')())", "7\n");
}

TEST_CASE("a script sees its own additions to strings and its own changes", "[interp][sandbox]") {
  Box().check({}, R"lua(
    function string.trim(s) return (s:match "^%s*(.-)%s*$") end
    print((" x "):trim(), #("x"):rep(3))
    string.rep = function() return "mine" end print(string.rep("x", 2), ("x"):rep(2))
    async.mine = 5 print(async.mine, type(async.sleep), type(async(print)) == "function")
    local n = 0 for name in pairs(async) do n = n + 1 end print(n > 50)
  )lua",
              "x\t3\nmine\txx\n5\tfunction\ttrue\ntrue\n");
}

TEST_CASE("a denial is a PermissionError with fields", "[interp][sandbox]") {
  Box().check({}, R"lua(
    local _, e = pcall(io.open, "/etc/passwd")
    print(e:is(async.PermissionError), e:is(async.OSError), e.code, e.errno, e.permission, e.path, e.value)
    _, e = pcall(async.getaddrinfo, "example.org") print(e.permission, e.value, e.path)
    _, e = pcall(async.to_thread, print) print(e.permission, e.value)
    print(e.traceback ~= nil)
  )lua",
              "true\ttrue\tEACCES\t13\tread\t/etc/passwd\t/etc/passwd\nnet\texample.org\tnil\nthread\tnil\ntrue\n");
}

TEST_CASE("what is narrowed is gone, and what is left works", "[interp][sandbox]") {
  Box().check({"--allow-env", "--allow-net=localhost:80,:81"}, R"lua(
    fs.mkdir("in") fs.write("in/x", "x") fs.write("y", "y")
    permissions.narrow { read = { "in" }, write = false, net = { "localhost" }, env = { "PATH", "LC_*" } }
    print(fs.read("in/x"), pcall(fs.read, "y")) print((pcall(fs.write, "in/x", "z")))
    print(permissions.query("read", "in/x"), permissions.query("read", "y"), permissions.query "write")
    local list = permissions.list()
    print(#list.read, list.write, table.concat(list.net, " "), table.concat(list.env, " "))
    permissions.narrow { read = true, write = true, env = { "PATH", "HOME" } }
    list = permissions.list()
    print(#list.read, list.write, table.concat(list.env, " "))
    permissions.revoke "read"
    print(permissions.list().read, (pcall(fs.read, "in/x")))
  )lua",
              "x\tfalse\tPermissionError: reading 'y' is not allowed in the sandbox; allow it with --allow-read=y\n"
              "false\ntrue\tfalse\tfalse\n1\tfalse\tlocalhost:80 localhost:81\tPATH LC_*\n1\tfalse\tPATH\n"
              "false\tfalse\n");
}

TEST_CASE("a wrong value narrows nothing", "[interp][sandbox]") {
  Box().check({"--allow-env"}, R"lua(
    print(pcall(permissions.narrow, { env = false, net = { "a:b:c:9999999", "x:y" } }))
    print(permissions.query "env")
  )lua",
              "false\tValueError: permissions.narrow: 'x:y' has no port from 0 to 65535 behind its colon\ntrue\n");
}

TEST_CASE("a thread narrows itself, and not who started it", "[interp][sandbox]") {
  Box().check({"--allow-thread", "--allow-env"}, R"lua(
    print(async.to_thread(function() neap.permissions.revoke "env" return neap.permissions.query "env" end))
    print(permissions.query "env")
  )lua",
              "false\ntrue\n");
}

TEST_CASE("an error in a sandboxed script shows its own line, and no file's that it names", "[interp][sandbox]") {
  const ScratchDirectory scratch;
  const std::string secret = scratch.write("secret.txt", "TOP-SECRET\n");
  const ProcessResult result = run_neap({"--sandbox", "-e", "load('error()', '@" + secret + "')()"});
  CHECK(result.status == 1);
  CHECK(result.err.find("TOP-SECRET") == std::string::npos);
  const std::string script = scratch.write("x.lua", "local x = nil\nprint(x.y)\n");
  CHECK(run_neap({"--sandbox", script}).err.find("print(x.y)") != std::string::npos);
}
