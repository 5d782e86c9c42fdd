// Attempts to get out of the sandbox. Each is a script of its own, in a process of its own, and must be refused with
// the right error, leave the secret alone and unread, and leave an interpreter that works on.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

constexpr const char* kSecret = "TOP-SECRET";

/// In front of each attempt. `attempt` is given a function and its arguments; what it raises or returns is printed.
constexpr const char* kPrelude = R"lua(
  fs, permissions = neap.fs, neap.permissions
  root = ...
  secret, box = root .. "/secret/key.txt", root .. "/box"
  function attempt(fn, ...)
    local r = table.pack(async.catch(fn, ...))
    if r[1] then
      for i = 1, r.n do r[i] = tostring(r[i]) end
      print("got " .. table.concat(r, " ", 2, r.n))
    else
      print("refused " .. tostring(r[2]) .. " code=" .. tostring(type(r[2]) == "table" and r[2].code))
    end
  end
)lua";

/// Behind it: the interpreter still computes, waits and loads code.
constexpr const char* kEpilogue = R"lua(
  async.sleep(0.001)
  assert(load("return 1 + 1")() == 2 and ("x"):rep(3) == "xxx")
  print("alive")
)lua";

struct Attempt {
  const char* name;
  std::vector<std::string> options;  // $BOX is the directory that is not secret
  const char* script;
  const char* expected;  // a part of what is printed
};

/// A directory with a secret, and a box beside it in which a link leads to each.
class Place {
 public:
  Place() {
    const std::string root = scratch_.path();
    for (const char* name : {"/secret", "/box", "/app", "/box/deep"}) mkdir((root + name).c_str(), 0755);
    scratch_.write("secret/key.txt", std::string(kSecret) + "\n");
    scratch_.write("secret/code.lua", "return '" + std::string(kSecret) + "'");
    scratch_.write("box/inside.txt", "inside\n");
    link("../secret", "/box/out");
    link("../secret/key.txt", "/box/leak");
    link("../secret/new.txt", "/box/dangling");
    link("deep", "/box/fine");
    link("/proc/self", "/box/proc");
    link("../secret", "/app/beside");
  }

  ProcessResult run(const Attempt& attempt) const {
    const std::string script =
        scratch_.write("app/main.lua", std::string(kPrelude) + attempt.script + "\n" + kEpilogue);
    std::vector<std::string> arguments;
    for (std::string option : attempt.options) {
      const std::size_t at = option.find("$BOX");
      if (at != std::string::npos) option.replace(at, 4, scratch_.path() + "/box");
      arguments.push_back(option);
    }
    arguments.insert(arguments.end(), {"--sandbox", script, scratch_.path()});
    ProcessOptions options;
    options.cwd = scratch_.path();
    options.env = {std::string("PLEASE_KEEP=") + kSecret};
    return run_neap(arguments, options);
  }

  /// What is in the secret directory must be what was put there.
  [[nodiscard]] bool is_untouched() const {
    std::ifstream file(scratch_.path() + "/secret/key.txt");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    struct stat status {};
    return text == std::string(kSecret) + "\n" &&
           ::lstat((scratch_.path() + "/secret/new.txt").c_str(), &status) != 0 &&
           ::stat((scratch_.path() + "/secret").c_str(), &status) == 0 && status.st_nlink == 2;
  }

 private:
  void link(const char* target, const std::string& path) {
    REQUIRE(symlink(target, (scratch_.path() + path).c_str()) == 0);
  }

  ScratchDirectory scratch_;
};

void check_all(const std::vector<Attempt>& attempts) {
  for (const Attempt& attempt : attempts) {
    DYNAMIC_SECTION(attempt.name) {
      const Place place;
      const ProcessResult result = place.run(attempt);
      INFO(result.out << result.err);
      CHECK(result.status == 0);
      CHECK(result.out.find(attempt.expected) != std::string::npos);
      CHECK(result.out.find(kSecret) == std::string::npos);
      CHECK(result.err.find(kSecret) == std::string::npos);
      CHECK(result.out.ends_with("alive\n"));
      CHECK(place.is_untouched());
    }
  }
}

const std::vector<std::string> kNothing;
const std::vector<std::string> kBox = {"--allow-read=$BOX", "--allow-write=$BOX"};
const std::vector<std::string> kBoxToRead = {"--allow-read=$BOX"};

constexpr const char* kRead = "refused PermissionError: reading ";
constexpr const char* kWrite = "refused PermissionError: writing ";

}  // namespace

TEST_CASE("escapes: files, with nothing allowed", "[interp][sandbox]") {
  check_all({
      {"io.open to read", kNothing, "attempt(io.open, secret)", kRead},
      {"io.open to write", kNothing, "attempt(io.open, secret, 'w')", kWrite},
      {"io.open to append", kNothing, "attempt(io.open, secret, 'a')", kWrite},
      {"io.open to read and write", kNothing, "attempt(io.open, secret, 'r+')", kRead},
      {"io.lines", kNothing, "attempt(io.lines, secret)", kRead},
      {"io.input", kNothing, "attempt(io.input, secret)", kRead},
      {"io.output", kNothing, "attempt(io.output, secret)", kWrite},
      {"io.tmpfile", kNothing, "attempt(io.tmpfile)", kWrite},
      {"os.tmpname", kNothing, "attempt(os.tmpname)", kWrite},
      {"os.remove", kNothing, "attempt(os.remove, secret)", kWrite},
      {"os.rename", kNothing, "attempt(os.rename, secret, root .. '/secret/other')", kRead},
      {"loadfile", kNothing, "attempt(loadfile, secret)", kRead},
      {"dofile of Lua code elsewhere", kNothing, "attempt(dofile, root .. '/secret/code.lua')", kRead},
      {"dofile of Lua code through a link beside the script", kNothing,
       "attempt(dofile, root .. '/app/beside/code.lua')", kRead},
      {"fs.read", kNothing, "attempt(fs.read, secret)", kRead},
      {"fs.open", kNothing, "attempt(fs.open, secret)", kRead},
      {"fs.write", kNothing, "attempt(fs.write, secret, 'x')", kWrite},
      {"fs.append", kNothing, "attempt(fs.append, secret, 'x')", kWrite},
      {"fs.stat", kNothing, "attempt(fs.stat, secret)", kRead},
      {"fs.exists of what exists", kNothing, "attempt(fs.exists, secret)", kRead},
      {"fs.exists of what does not", kNothing, "attempt(fs.exists, root .. '/secret/none')", kRead},
      {"fs.access", kNothing, "attempt(fs.access, secret)", kRead},
      {"fs.list", kNothing, "attempt(fs.list, root .. '/secret')", kRead},
      {"fs.walk", kNothing, "attempt(function() for path in fs.walk(root) do print(path) end end)", kRead},
      {"fs.glob", kNothing, "attempt(function() for path in fs.glob(root .. '/*/*.txt') do print(path) end end)",
       kRead},
      {"fs.mkdir", kNothing, "attempt(fs.mkdir, root .. '/secret/new.txt')", kWrite},
      {"fs.remove of a tree", kNothing, "attempt(fs.remove, root .. '/secret', { recursive = true })", kWrite},
      {"fs.rename", kNothing, "attempt(fs.rename, secret, root .. '/secret/new.txt')", kRead},
      {"fs.copy", kNothing, "attempt(fs.copy, secret, root .. '/secret/new.txt')", kRead},
      {"fs.chmod", kNothing, "attempt(fs.chmod, secret, '777')", kWrite},
      {"fs.utime", kNothing, "attempt(fs.utime, secret)", kWrite},
      {"fs.truncate", kNothing, "attempt(fs.truncate, secret)", kWrite},
      {"fs.statvfs", kNothing, "attempt(fs.statvfs, '/')", kRead},
      {"fs.realpath", kNothing, "attempt(fs.realpath, secret)", kRead},
      {"fs.readlink", kNothing, "attempt(fs.readlink, box .. '/leak')", kRead},
      {"fs.cwd", kNothing, "attempt(fs.cwd)", kRead},
      {"fs.absolute, which tells the current directory", kNothing, "attempt(fs.absolute, 'x')", kRead},
      {"fs.watch", kNothing, "attempt(fs.watch, root .. '/secret')", kRead},
      {"fs.tempfile", kNothing, "attempt(fs.tempfile)", kWrite},
      {"fs.tempdir", kNothing, "attempt(fs.tempdir, { dir = root .. '/secret' })", kWrite},
      {"fs.lines", kNothing, "attempt(function() for line in fs.lines(secret) do print(line) end end)", kRead},
      {"fs.symlink", kNothing, "attempt(fs.symlink, 'x', root .. '/secret/new.txt')", kWrite},
      {"the environment of the process in /proc", kNothing, "attempt(io.open, '/proc/self/environ')", kRead},
      {"standard input by its descriptor", kNothing, "attempt(io.open, '/dev/fd/0')", kRead},
  });
}

TEST_CASE("escapes: files, with a directory allowed beside the secret", "[interp][sandbox]") {
  check_all({
      {"a path with ..", kBox, "attempt(io.open, box .. '/../secret/key.txt')", kRead},
      {"a relative path with ..", kBox, "attempt(fs.read, 'box/../secret/key.txt')", kRead},
      {"a path with .. behind a directory that is a link", kBox, "attempt(fs.read, box .. '/out/../secret/key.txt')",
       kRead},
      {"a directory whose name begins alike", kBox, "attempt(fs.read, box .. '-not/../secret/key.txt')", kRead},
      {"a symbolic link to the secret", kBox, "attempt(fs.read, box .. '/leak')", kRead},
      {"io.open of a symbolic link", kBox, "attempt(io.open, box .. '/leak')", kRead},
      {"a symbolic link to the directory", kBox, "attempt(fs.read, box .. '/out/key.txt')", kRead},
      {"listing through a symbolic link", kBox, "attempt(fs.list, box .. '/out')", kRead},
      {"writing through a symbolic link", kBox, "attempt(fs.write, box .. '/leak', 'x')", kWrite},
      {"writing through a link to a file that is not there yet", kBox, "attempt(fs.write, box .. '/dangling', 'x')",
       kWrite},
      {"io.open through a link to a file that is not there yet", kBox, "attempt(io.open, box .. '/dangling', 'w')",
       kWrite},
      {"writing through a link in one step", kBox, "attempt(fs.write, box .. '/leak', 'x', { atomic = true })", kWrite},
      {"a directory made through a link", kBox, "attempt(fs.mkdir, box .. '/out/new.txt')", kWrite},
      {"mode bits through a link", kBox, "attempt(fs.chmod, box .. '/leak', '777')", kWrite},
      {"times through a link", kBox, "attempt(fs.utime, box .. '/leak')", kWrite},
      {"truncation through a link", kBox, "attempt(fs.truncate, box .. '/leak')", kWrite},
      {"a new symbolic link to the secret", kBox, "attempt(fs.symlink, secret, box .. '/mine')", kRead},
      {"a new relative symbolic link to the secret", kBox, "attempt(fs.symlink, '../secret/key.txt', box .. '/mine')",
       kRead},
      {"a hard link to the secret", kBox, "attempt(fs.link, secret, box .. '/mine')", kRead},
      {"a hard link to the secret by way of a link", kBox, "attempt(fs.link, box .. '/out/key.txt', box .. '/mine')",
       kRead},
      {"moving the secret into the box", kBox, "attempt(fs.move, secret, box .. '/mine')", kRead},
      {"moving into the secret directory", kBox, "attempt(fs.rename, box .. '/inside.txt', root .. '/secret/new.txt')",
       kWrite},
      {"os.rename into the secret directory", kBox, "attempt(os.rename, box .. '/inside.txt', box .. '/out/new.txt')",
       kWrite},
      {"copying the secret", kBox, "attempt(fs.copy, box .. '/leak', box .. '/mine')", kRead},
      {"copying a tree with what its links lead to", kBox,
       "attempt(fs.copy, box, box .. '-2', { recursive = true, follow = true })", "refused PermissionError: "},
      {"copying a link that leads out", kBox,
       "attempt(fs.copy, box .. '/out', box .. '/mine', { recursive = true, follow = false })", kRead},
      {"removing what is behind a link", kBox, "attempt(fs.remove, box .. '/out/key.txt')", kWrite},
      {"removing a tree stops at links", kBox, "attempt(fs.remove, box, { recursive = true })", "got true"},
      {"a walk that follows links", kBox,
       "attempt(function() for path in fs.walk(box, { follow = true }) do if path:find 'key' then print(path) end end "
       "end)",
       "got"},
      {"a glob through a link", kBox, "attempt(function() for path in fs.glob(box .. '/out/*') do print(path) end end)",
       kRead},
      {"sizes of what links lead to", kBox,
       "attempt(function() for p, e in fs.walk(box, { follow = true, stat = true }) do "
       "if e.name == 'leak' then return e.type end end end)",
       "got link"},
      {"the root by way of /proc/self/root", kBox, "attempt(fs.read, '/proc/self/root' .. secret)", kRead},
      {"the current directory by way of /proc/self/cwd", kBox, "attempt(fs.read, '/proc/self/cwd/secret/key.txt')",
       kRead},
      {"/proc by way of a link in the box", kBox, "attempt(fs.read, box .. '/proc/environ')", kRead},
      {"a Lua file behind a link, by require", kBox, "package.path = box .. '/out/?.lua' attempt(require, 'code')",
       "refused module 'code' not found"},
      {"a file that is no Lua, by require", kBox, "package.path = secret .. ';?' attempt(require, 'x')",
       "refused module 'x' not found"},
      {"a search for files", kBox, "attempt(package.searchpath, 'key', root .. '/secret/?.txt')", "got nil"},
      {"writing where only reading is allowed", kBoxToRead, "attempt(fs.write, box .. '/inside.txt', 'x')", kWrite},
      {"io.open to write where only reading is allowed", kBoxToRead, "attempt(io.open, box .. '/inside.txt', 'r+')",
       kWrite},
      {"removing where only reading is allowed", kBoxToRead, "attempt(os.remove, box .. '/inside.txt')", kWrite},
      {"a socket in a directory that is not allowed", kBox, "attempt(async.open_unix_connection, root .. '/secret/s')",
       kRead},
      {"a listening socket in a directory that is not allowed", kBox,
       "attempt(async.start_unix_server, print, box .. '/out/new.txt')", kRead},
      {"a socket without a name in the file system", kBox, "attempt(async.open_unix_connection, '\\0abstract')",
       "refused ValueError"},
      {"everything to read does not open /proc", {"--allow-read"}, "attempt(fs.read, '/proc/self/environ')", kRead},
      {"the root to read does not open /proc", {"--allow-read=/"}, "attempt(io.open, '/proc/self/mem')", kRead},
      {"everything to write does not open memory",
       {"--allow-read", "--allow-write"},
       "attempt(io.open, '/proc/self/mem', 'r+')",
       kRead},
      {"everything to write does not open devices", {"--allow-write"}, "attempt(io.open, '/dev/tty', 'w')", kWrite},
  });
}

TEST_CASE("escapes: a race of links against reads is lost", "[interp][sandbox]") {
  check_all({
      {"a link that changes its target",
       {"--allow-read=$BOX", "--allow-write=$BOX", "--allow-thread"},
       R"lua(
         fs.write(box .. "/a", "fine") fs.mkdir(box .. "/t")
         local stop = async.spawn(async.to_thread, function(box)
           for i = 1, 400 do
             os.remove(box .. "/t/x") pcall(neap.fs.symlink, box .. "/a", box .. "/t/x")
             os.remove(box .. "/t/x") os.rename(box .. "/leak", box .. "/t/x") os.rename(box .. "/t/x", box .. "/leak")
           end
         end, box)
         while not stop:done() do
           local ok, text = pcall(fs.read, box .. "/t/x")
           if ok then assert(text == "fine" or text == "") end
           pcall(fs.write, box .. "/t/x", "fine")
         end
         await(stop)
         print "got nothing"
       )lua",
       "got nothing"},
  });
}

TEST_CASE("escapes: the network", "[interp][sandbox]") {
  constexpr const char* kReach = "refused PermissionError: reaching ";
  const std::vector<std::string> local = {"--allow-net=127.0.0.1:9"};
  check_all({
      {"a connection", kNothing, "attempt(async.open_connection, '127.0.0.1', 80)", kReach},
      {"a name look-up, which tells whoever answers it", kNothing,
       "attempt(async.getaddrinfo, 'top-secret.example.org')", kReach},
      {"a server", kNothing, "attempt(async.start_server, print, '127.0.0.1', 0)", kReach},
      {"a datagram socket", kNothing, "attempt(async.open_udp, { host = '127.0.0.1' })", kReach},
      {"another port", local, "attempt(async.open_connection, '127.0.0.1', 80)", kReach},
      {"another host", local, "attempt(async.open_connection, '127.0.0.2', 9)", kReach},
      {"a server on another port", local, "attempt(async.start_server, print, '127.0.0.1', 8)", kReach},
      {"the host in the clothes of IPv6, on another port", local,
       "attempt(async.open_connection, '::ffff:127.0.0.1', 8)", kReach},
      {"the host as a number", local, "attempt(async.open_connection, '0x7f000001', 9)", kReach},
      {"any host by the address of none", local, "attempt(async.open_connection, '0.0.0.0', 9)", kReach},
      {"a datagram to another host", local,
       "attempt(function() local s <close> = async.open_udp{} s:send('x', '127.0.0.2', 9) end)", kReach},
      {"a datagram socket connected elsewhere", local,
       "attempt(function() local s <close> = async.open_udp{} s:connect('127.0.0.1', 53) end)", kReach},
      {"a name that only looks like an allowed one",
       {"--allow-net=*.example.org"},
       "attempt(async.getaddrinfo, 'evilexample.org')",
       kReach},
      {"the address of the name that was not looked up",
       {"--allow-net=localhost:9"},
       "attempt(async.open_connection, '127.0.0.1', 9)",
       kReach},
      {"a socket of LuaSocket's",
       {"--allow-net"},
       "attempt(function() return require('socket').tcp() end)",
       "refused PermissionError: a socket of LuaSocket's is not available"},
      {"a descriptor made a socket",
       {"--allow-net"},
       "attempt(function() local s = require('socket').tcp() s:setfd(0) end)",
       "refused PermissionError: "},
      {"the name of the machine",
       {"--allow-net"},
       "attempt(function() return require('socket').dns.gethostname() end)",
       "refused PermissionError: "},
  });
}

TEST_CASE("escapes: programs and the environment", "[interp][sandbox]") {
  constexpr const char* kRun = "refused PermissionError: running ";
  constexpr const char* kEnv = "refused PermissionError: the environment variable ";
  const std::vector<std::string> run_true = {"--allow-run=true"};
  const std::vector<std::string> run_sh = {"--allow-run=sh"};
  check_all({
      {"os.execute", kNothing, "attempt(os.execute, 'cat ' .. secret)", kRun},
      {"os.execute where nothing can wait", kNothing,
       "attempt(table.sort, { 1, 2 }, function() os.execute('cat ' .. secret) end)", kRun},
      {"io.popen", kNothing, "attempt(io.popen, 'cat ' .. secret)", kRun},
      {"a program", kNothing, "attempt(async.create_subprocess_exec, '/bin/cat', secret)", kRun},
      {"a shell", kNothing, "attempt(async.create_subprocess_shell, 'cat ' .. secret)", kRun},
      {"subprocess.run", kNothing, "attempt(async.subprocess.run, { 'cat', secret })", kRun},
      {"another program than the one allowed", run_true, "attempt(async.subprocess.run, { 'cat', secret })", kRun},
      {"the shell beside an allowed program", run_true, "attempt(os.execute, 'cat ' .. secret)", kRun},
      {"a program of that name in another directory",
       {"--allow-run=true", "--allow-write=$BOX", "--allow-read=$BOX"},
       "fs.write(box .. '/true', '#!/bin/sh\\ncat ' .. secret, { mode = '755' }) "
       "attempt(async.subprocess.run, { box .. '/true' })",
       kRun},
      {"a program of that name in the child's directory",
       {"--allow-run=true", "--allow-write=$BOX", "--allow-read=$BOX"},
       "fs.write(box .. '/true', '#!/bin/sh\\ncat ' .. secret, { mode = '755' }) "
       "attempt(async.subprocess.run, { './true' }, { cwd = box })",
       kRun},
      {"a library loaded into an allowed program",
       {"--allow-run=true", "--allow-env"},
       "attempt(async.subprocess.run, { 'true' }, { env = { LD_PRELOAD = box .. '/evil.so' } })",
       kEnv},
      {"another PATH for an allowed program", run_true,
       "attempt(async.subprocess.run, { 'true' }, { env = { PATH = box } })", kEnv},
      {"a variable by way of a program", run_sh,
       "local r = async.subprocess.run('echo \"${PLEASE_KEEP-none}\"', { capture = true }) print('got ' .. r.stdout)",
       "got none"},
      {"a variable by way of io.popen", run_sh, "print('got ' .. io.popen('echo ${PLEASE_KEEP-none}'):read 'a')",
       "got none"},
      {"os.getenv", kNothing, "attempt(os.getenv, 'PLEASE_KEEP')", kEnv},
      {"another variable", {"--allow-env=PLEASE,KEEP"}, "attempt(os.getenv, 'PLEASE_KEEP')", kEnv},
      {"a variable that is not there", kNothing, "attempt(os.getenv, 'NOT_THERE')", kEnv},
      {"the locale of the process", kNothing, "attempt(os.setlocale, 'C')", "refused PermissionError: "},
  });
}

TEST_CASE("escapes: threads and signals", "[interp][sandbox]") {
  constexpr const char* kThread = "refused PermissionError: starting threads";
  constexpr const char* kSignal = "refused PermissionError: handling signals";
  const std::vector<std::string> threads = {"--allow-thread"};
  check_all({
      {"to_thread", kNothing, "attempt(async.to_thread, function() end)", kThread},
      {"a pool", kNothing, "attempt(function() async.ThreadPoolExecutor{ max_workers = 1 }:submit(print) end)",
       kThread},
      {"a Worker", kNothing, "attempt(async.Worker, function() end)", kThread},
      {"run_in_executor", kNothing,
       "attempt(function() await(async.get_running_loop():run_in_executor(nil, print)) end)", kThread},
      {"a signal handler", kNothing,
       "attempt(function() async.get_running_loop():add_signal_handler('SIGINT', print) end)", kSignal},
      {"signals as they arrive", kNothing, "attempt(async.signals, { 'SIGTERM' })", kSignal},
      {"reading in a thread", threads, "attempt(async.to_thread, function(p) return neap.fs.read(p) end, secret)",
       kRead},
      {"stock functions in a thread", threads, "attempt(async.to_thread, function(p) return io.open(p) end, secret)",
       kRead},
      {"a program in a thread", threads, "attempt(async.to_thread, function() os.execute('true') end)",
       "refused PermissionError: running "},
      {"debug in a thread", threads, "attempt(async.to_thread, function() return debug.getregistry end)", "got nil"},
      {"bytecode in a thread", threads,
       "attempt(async.to_thread, function() return load(string.dump(function() end), 'x', 'b') end)",
       "refused PermissionError: loading bytecode"},
      {"a thread of a thread", threads,
       "attempt(async.to_thread, function(p) return async.to_thread(function(q) return neap.fs.read(q) end, p) end, "
       "secret)",
       kRead},
      {"a thread that was there before something was given up",
       {"--allow-thread", "--allow-read"},
       R"lua(
         local pool = async.ThreadPoolExecutor{ max_workers = 1 }
         await(pool:submit(function() return 1 end))
         permissions.revoke "read"
         attempt(function() return await(pool:submit(function(p) return neap.fs.read(p) end, secret)) end)
       )lua",
       kRead},
      {"the search path for C modules in a thread", threads,
       "package.cpath = root .. '/?.so' attempt(async.to_thread, function() return require 'evil' end)", "refused"},
  });
}

TEST_CASE("escapes: by way of the language", "[interp][sandbox]") {
  constexpr const char* kBytecode = "refused PermissionError: loading bytecode";
  check_all({
      {"bytecode", kNothing, "attempt(load, string.dump(function() end), 'x', 'b')", kBytecode},
      {"bytecode or text", kNothing, "attempt(load, string.dump(function() end), 'x', 'bt')", kBytecode},
      {"bytecode without a mode", kNothing, "attempt(load, string.dump(function() end))",
       "got nil attempt to load a binary chunk"},
      {"bytecode piece by piece", kNothing,
       "local code = string.dump(function() return 'x' end) "
       "attempt(load, function() local piece = code code = nil return piece end, 'x', 'bt')",
       "got nil attempt to load a binary chunk"},
      {"bytecode in a file", kBox,
       "fs.write(box .. '/x.lua', string.dump(function() return 'ran' end)) attempt(loadfile, box .. '/x.lua', 'bt')",
       "binary chunk"},
      {"bytecode by require", kBox,
       "fs.write(box .. '/x.lua', string.dump(function() return 'ran' end)) package.path = box .. '/?.lua' "
       "attempt(require, 'x')",
       "binary chunk"},
      {"bytecode behind a first line for the kernel", kBox,
       "fs.write(box .. '/x.lua', '#!x\\n' .. string.dump(function() return 'ran' end)) attempt(dofile, box .. "
       "'/x.lua')",
       "refused"},
      {"package.loadlib", kNothing, "attempt(package.loadlib, '/lib/x86_64-linux-gnu/libc.so.6', 'system')",
       "refused PermissionError: loading "},
      {"package.loadlib for its global symbols", kNothing, "attempt(package.loadlib, root .. '/x.so', '*')",
       "refused PermissionError: loading "},
      {"a C module by require", kBox, "package.cpath = box .. '/?.so' attempt(require, 'evil')",
       "no C modules in the sandbox"},
      {"a C module outside of the directory allowed",
       {"--allow-native=$BOX"},
       "package.cpath = root .. '/secret/?.so' attempt(require, 'evil')",
       "(not allowed)"},
      {"the searchers of another time", kNothing,
       "attempt(function() local n = 0 for _, s in ipairs(package.searchers) do n = n + 1 "
       "if n > 3 then print(s('lpeg', 'x')) end end end)",
       "got"},
      {"debug.getregistry", kNothing, "attempt(function() return debug.getregistry end)", "got nil"},
      {"debug.getupvalue", kNothing, "attempt(function() return debug.getupvalue, debug.setupvalue end)",
       "got nil nil"},
      {"debug.sethook", kNothing, "attempt(function() return debug.sethook, debug.gethook end)", "got nil nil"},
      {"debug.setmetatable", kNothing, "attempt(function() return debug.setmetatable, debug.getmetatable end)",
       "got nil nil"},
      {"debug.getlocal", kNothing, "attempt(function() return debug.getlocal, debug.setlocal end)", "got nil nil"},
      {"debug by require", kNothing, "attempt(function() return require('debug').getregistry end)", "got nil"},
      {"debug in package.loaded", kNothing, "attempt(function() return package.loaded.debug.getregistry end)",
       "got nil"},
      {"functions on the stack", kNothing, "attempt(debug.getinfo, 1, 'f')", "refused PermissionError: "},
      {"functions on the stack, by default", kNothing, "attempt(function() return debug.getinfo(1).func end)",
       "got nil"},
      {"the metatable of strings", kNothing, "attempt(function() return getmetatable('').__index end)", "refused"},
      {"another metatable of strings", kNothing, "attempt(setmetatable, '', {})", "refused"},
      {"a method of strings that the library uses", kNothing,
       R"lua(
         local stolen = 0
         for _, name in ipairs { "format", "find", "match", "gsub", "sub", "byte", "rep", "gmatch" } do
           local before = string[name]
           string[name] = function(...) stolen = stolen + 1 return before(...) end
         end
         pcall(async.open_connection, 1, 2)
         pcall(async.open_connection, "127.0.0.1", 99999)
         pcall(fs.glob, 1)
         pcall(require, "neap.nothing")
         pcall(async.signals, {})
         attempt(function() return stolen end)
       )lua",
       "got 0"},
      {"functions of tables that the library uses", kNothing,
       R"lua(
         local stolen = 0
         for _, name in ipairs { "insert", "remove", "concat", "unpack", "pack", "sort", "move" } do
           local before = table[name]
           table[name] = function(...) stolen = stolen + 1 return before(...) end
         end
         async.gather(function() end)
         local queue = async.PriorityQueue()
         queue:put(1) queue:put(2) queue:get()
         pcall(require, "neap.nothing")
         attempt(function() return stolen end)
       )lua",
       "got 0"},
      {"functions of async that the library uses",
       {"--allow-net=127.0.0.1"},
       R"lua(
         local stolen = 0
         for _, name in ipairs { "catch", "spawn", "sleep", "await", "move_on_after", "timeout", "Queue", "Event" } do
           local before = async[name]
           async[name] = function(...) stolen = stolen + 1 return before(...) end
         end
         local server <close> = async.start_server(function() end, "127.0.0.1", 0)
         local conn <close> = async.open_connection("127.0.0.1", server:address().port)
         print("got " .. stolen)
       )lua",
       "got 0"},
      {"the library's table of async", kNothing, "attempt(function() return getmetatable(async) end)", "got false"},
      {"the library's table of async by pairs", kNothing,
       "attempt(function() local _, t = pairs(async) return rawequal(t, async) end)", "got true"},
      {"the globals of the library", kNothing,
       "attempt(function() local e = {} pcall(load('x = 1', 'x', 't', e)) return e.x, rawget(_G, 'x') end)",
       "got 1 nil"},
      {"a module of the library that is hidden", kNothing, "attempt(require, 'neap.base')",
       "refused module 'neap.base'"},
      {"the module that starts processes for tests", kNothing, "attempt(require, 'neap.test')",
       "refused PermissionError: the module 'neap.test' is not available"},
      {"the prompt", kNothing, "attempt(require, 'neap.repl')", "refused PermissionError: the module 'neap.repl'"},
      {"a file of a module", kNothing, "attempt(require, 'neap.process.create')", "refused"},
      {"the names of modules", kNothing,
       "attempt(function() for name in pairs(neap) do if name == 'test' or name == 'repl' then return name end end "
       "end)",
       "got"},
      {"a finalizer", kNothing,
       "setmetatable({}, { __gc = function() attempt(io.open, secret) end }) collectgarbage() collectgarbage()", kRead},
      {"a handler of errors", kNothing, "xpcall(error, function() attempt(io.open, secret) end)", kRead},
      {"a coroutine", kNothing, "coroutine.wrap(function() attempt(io.open, secret) end)()", kRead},
      {"a coroutine that is closed", kNothing,
       R"lua(
         local co = coroutine.create(function()
           local x <close> = setmetatable({}, { __close = function() attempt(fs.read, secret) end })
           coroutine.yield()
         end)
         coroutine.resume(co) coroutine.close(co)
       )lua",
       kRead},
      {"a callback of the loop", kNothing,
       "async.get_running_loop():call_soon(function() attempt(io.open, secret) end) async.sleep(0)", kRead},
      {"another environment", kNothing,
       "local f = load('return io.open(...)', 'x', 't', { io = io }) attempt(f, secret)", kRead},
      {"a chunk that says it is the secret", kNothing,
       "async.spawn(load('error(\"x\")', '@' .. secret)) async.sleep(0) "
       "async.get_running_loop():set_exception_handler(function() end) collectgarbage() print('got nothing')",
       "got nothing"},
      {"the options that narrow, to widen",
       {"--allow-read=$BOX"},
       "permissions.narrow { read = { '/' }, net = true, run = true } attempt(fs.read, secret)",
       kRead},
      {"the list of permissions, changed", kNothing,
       "local list = permissions.list() list.read = true list.net = true attempt(fs.read, secret)", kRead},
      {"functions of the permissions, replaced", kNothing,
       "permissions.query = function() return true end neap.permissions.narrow = print attempt(fs.read, secret)",
       kRead},
      {"an object with a path of its own", kNothing,
       "attempt(io.open, setmetatable({}, { __tostring = function() return secret end }))", "refused bad argument"},
      {"a path with a zero byte", kBox, "attempt(fs.read, box .. '/inside.txt\\0/../../secret/key.txt')",
       "refused ValueError"},
      {"a table that lies about its length, for arguments",
       {"--allow-run=true"},
       "attempt(async.subprocess.run, setmetatable({ 'true' }, { __index = function() return secret end, "
       "__len = function() return 2 end }))",
       "got"},
  });
}
