// Files at the ends of a process: its last moment, and its limits.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <iterator>
#include <string>

using namespace neap::internal::tests;

namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Runs the text as a script in the directory.
ProcessResult run_in(const ScratchDirectory& scratch, const std::string& text) {
  scratch.write("x.lua", "local fs = require 'neap.fs'\n" + text);
  ProcessOptions options;
  options.cwd = scratch.path();
  return run_neap({"x.lua"}, options);
}

}  // namespace

TEST_CASE("fs: what was written is in the file however the program ends", "[fs]") {
  for (const char* end :
       {"", "os.exit(3)", "os.exit(3, true)", "error('x')", "async.current_task():cancel() async.sleep(1)",
        "async.spawn(function() os.exit(3) end) async.sleep(9)"}) {
    const ScratchDirectory scratch;
    const ProcessResult result = run_in(scratch, std::string("f = fs.open('out', 'w') f:write('bytes') ") + end);
    CAPTURE(end, result.err);
    CHECK(contents(scratch.path() + "/out") == "bytes");
    CHECK_FALSE(result.timed_out);
  }
}

TEST_CASE("fs: a program ends although it waits for a FIFO that nobody opens", "[fs]") {
  for (const char* use : {"fs.read('p')", "fs.write('p', 'x')", "fs.open('p'):read('l')", "fs.append('p', 'x')"}) {
    for (const char* end : {"", "os.exit(0)", "os.exit(0, true)"}) {
      const ScratchDirectory scratch;
      const ProcessResult result = run_in(scratch, std::string("os.execute('mkfifo p') "
                                                               "async.spawn(function() ") +
                                                       use + " end) async.sleep(0.02) " + end);
      CAPTURE(use, end, result.err);
      CHECK(result.status == 0);
      CHECK_FALSE(result.timed_out);
    }
  }
}

TEST_CASE("fs: a reader of a FIFO that goes away is an EPIPE for the writer", "[fs]") {
  const ScratchDirectory scratch;
  const ProcessResult result = run_in(scratch, R"(
    os.execute('mkfifo p')
    local reader = async.spawn(function() local f <close> = fs.open('p') return f:read(1) end)
    local ok, err = pcall(fs.write, 'p', ('x'):rep(1 << 20))
    print(ok, err.code, await(reader)))");
  CAPTURE(result.err);
  CHECK(result.out == "false\tEPIPE\tx\n");
  CHECK(result.status == 0);
}

TEST_CASE("fs: no descriptor left is an OSError, and the program goes on", "[fs]") {
  const ScratchDirectory scratch;
  scratch.write("x.lua", R"(
    local fs = require "neap.fs"
    fs.stat("/")   -- the thread pool has started
    local files, err = {}, nil
    for i = 1, 100 do
      local ok, file = pcall(fs.open, "/dev/null")
      if not ok then err = file break end
      files[i] = file
    end
    print(err.code, async.is(err, async.OSError))
    print(select(2, pcall(fs.read, "/dev/null")).code, select(2, pcall(fs.list, ".")).code)
    print(select(2, pcall(fs.walk("."))).code)
    for _, file in pairs(files) do file:close() end
    print(#fs.list("."), fs.read("/dev/null") == "")
  )");
  ProcessOptions options;
  options.cwd = scratch.path();
  const ProcessResult result = run({"/bin/sh", "-c", "ulimit -n 40; exec \"$0\" x.lua", NEAP_BINARY}, options);
  CAPTURE(result.err);
  CHECK(result.out == "EMFILE\ttrue\nEMFILE\tEMFILE\nEMFILE\n1\ttrue\n");
  CHECK(result.status == 0);
}

TEST_CASE("fs: temporary files and directories are removed however the program ends", "[fs]") {
  for (const char* end :
       {"", "os.exit(3)", "os.exit(3, true)", "error('x')", "async.current_task():cancel() async.sleep(1)"}) {
    const ScratchDirectory scratch;
    const ProcessResult result = run_in(scratch, std::string("f = fs.tempfile{dir='.'} f:write('x'):flush() "
                                                             "d = fs.tempdir{dir='.'} fs.write(d.path .. '/f', '') ") +
                                                     end);
    CAPTURE(end, result.err);
    CHECK(run_in(scratch, "print(table.concat(fs.list('.'), ' '))").out == "x.lua\n");
    CHECK_FALSE(result.timed_out);
  }
}

TEST_CASE("fs: an atomic write that the system refuses leaves the old file and nothing else", "[fs]") {
  const ScratchDirectory scratch;
  scratch.write("x.lua", R"(
    local fs = require "neap.fs"
    fs.write("f", "old")
    local ok, err = pcall(fs.write, "f", ("x"):rep(1 << 20), { atomic = true })
    print(err.code, fs.read("f"), table.concat(fs.list("."), " "))
  )");
  ProcessOptions options;
  options.cwd = scratch.path();
  const ProcessResult result =
      run({"/bin/sh", "-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" x.lua", NEAP_BINARY}, options);
  CAPTURE(result.err);
  CHECK(result.out == "EFBIG\told\tf x.lua\n");
}

TEST_CASE("fs: what a user may not do is a PermissionError", "[fs]") {
  const ScratchDirectory scratch;
  scratch.write("x.lua", R"(
    local fs = require "neap.fs"
    local path = ...
    local function refused(...)
      local ok, err = pcall(...)
      return not ok and async.is(err, async.PermissionError) and err.code or tostring(err)
    end
    print(refused(fs.read, path .. "/secret"), refused(fs.write, path .. "/new", ""))
    print(refused(fs.chmod, path, "777"), refused(fs.chown, path, 12), refused(fs.remove, path .. "/secret"))
    print(refused(fs.exists, path .. "/closed/x"), refused(fs.list, path .. "/closed"))
    print(refused(fs.copy, path .. "/secret", "/tmp/x"), refused(fs.tempfile, { dir = path }))
    print(refused(fs.write, path .. "/secret", "", { atomic = true }), refused(fs.symlink, "x", path .. "/l"))
    print(fs.access(path .. "/secret"), fs.access(path .. "/secret", "w"), fs.access(path, "rx"), fs.access(path, "w"))
  )");
  scratch.write("secret", "");
  ProcessOptions options;
  options.cwd = scratch.path();
  const ProcessResult result = run({"/bin/sh", "-c",
                                    "chmod 755 .; chmod 600 secret; mkdir -m 700 closed; "
                                    "command -v setpriv >/dev/null && [ $(id -u) = 0 ] || { echo none; exit; }; "
                                    "exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$0\" - \"$PWD\" <x.lua",
                                    NEAP_BINARY},
                                   options);
  CAPTURE(result.err);
  if (result.out == "none\n") SKIP("needs root and setpriv");
  CHECK(result.out ==
        "EACCES\tEACCES\nEPERM\tEPERM\tEACCES\nEACCES\tEACCES\nEACCES\tEACCES\nEACCES\tEACCES\n"
        "false\tfalse\ttrue\tfalse\n");
}

TEST_CASE("fs: a thread pool that cannot start is an OSError, and not the end of the process", "[fs]") {
  const ScratchDirectory scratch;
  scratch.write("x.lua", R"(
    local ok, err = pcall(neap.fs.stat, "/")
    print(err.code, err.syscall, async.is(err, async.OSError))
    print(pcall(neap.fs.stat, "/") == false, neap.fs.join("a", "b"))
  )");
  ProcessOptions options;
  options.cwd = scratch.path();
  // A user of its own, so that nobody else's processes count.
  const ProcessResult result =
      run({"/bin/sh", "-c",
           "command -v setpriv prlimit >/dev/null && [ $(id -u) = 0 ] || { echo none; exit; }; "
           "id=$((100000 + $$ % 1000000)); "
           "exec prlimit --nproc=2 setpriv --reuid $id --regid $id --clear-groups "
           "\"$0\" - <x.lua",
           NEAP_BINARY},
          options);
  CAPTURE(result.err);
  if (result.out == "none\n") SKIP("needs root and setpriv");
  CHECK(result.out == "EAGAIN\tpthread_create\ttrue\ntrue\ta/b\n");
  CHECK(result.status == 0);
}
