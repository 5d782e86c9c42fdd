// neap doc: the command, its output and its pager.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

std::string doc(std::vector<std::string> words, int status = 0) {
  words.insert(words.begin(), "doc");
  const ProcessResult result = run_neap(words);
  INFO(result.err);
  CHECK(result.status == status);
  return status == 0 ? result.out : result.err;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// What neap doc puts out on a terminal of 80 columns and `rows` rows.
std::string on_terminal(const std::vector<std::string>& words, int rows, const std::vector<std::string>& env) {
  static const std::string kProgram = R"(
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.read(0, 1)
    os.execv(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(sys.argv[1]), 80, 0, 0))
os.write(fd, b"\n")
text = b""
try:
    while chunk := os.read(fd, 65536):
        text += chunk
except OSError:
    pass
os.waitpid(pid, 0)
sys.stdout.buffer.write(text)
)";
  std::vector<std::string> argv{"/usr/bin/env", "python3", "-c", kProgram, std::to_string(rows), NEAP_BINARY, "doc"};
  argv.insert(argv.end(), words.begin(), words.end());
  ProcessOptions options;
  options.env = env;
  return run(argv, options).out;
}

}  // namespace

TEST_CASE("neap doc: says of a name what the prompt says", "[doc]") {
  for (const char* name :
       {"async.gather", "gather", "async.Queue", "Queue:put", "neap.fs.read", "string.format", "for"}) {
    INFO(name);
    ProcessOptions options;
    options.input = std::string("?") + name + "\n";
    const std::string prompt = run_neap({"repl"}, options).out;
    const std::string text = prompt.substr(3, prompt.rfind("\n2> ") - 3);
    REQUIRE(text.size() > 20);
    CHECK(doc({name}).starts_with(text));
  }
}

TEST_CASE("neap doc: a function has its example, a module its page", "[doc]") {
  CHECK(has(doc({"gather"}), "Example, from stdlib/async/README.md:\n    local fetch"));
  const std::string fs = doc({"fs"});
  CHECK(has(fs, "read(path)"));
  CHECK(has(fs, "Everything runs on a thread pool"));
}

TEST_CASE("neap doc: topics and pages, by name and by path", "[doc]") {
  CHECK(doc({"groups"}).starts_with("Groups: tasks that end together\n"));
  const std::string page = doc({"writing"});
  CHECK(page.starts_with("Writing pages\n"));
  CHECK(doc({"docs/writing.md"}) == page);
  CHECK_FALSE(has(page, "\033"));
  CHECK(doc({"writing", "groups"}).size() > page.size());
}

TEST_CASE("neap doc: without a name lists what there is", "[doc]") {
  const std::string list = doc({});
  for (const char* part : {"\n  writing ", "\n  neap.fs ", "\n  groups "}) CHECK(has(list, part));
}

TEST_CASE("neap doc: searches names and pages", "[doc]") {
  const std::string found = doc({"-s", "Queue", "FULL"});
  CHECK(has(found, "  Queue:full "));
  CHECK(has(doc({"--search", "virtual clock"}), "writing"));
  CHECK(has(doc({"-s", "nothing-has-this-word-but-the-test"}, 1), "nothing has"));
}

TEST_CASE("neap doc: an unknown name is told with those near it", "[doc]") {
  CHECK(has(doc({"gahter"}, 1), "nothing is known of 'gahter'; did you mean async.gather"));
  CHECK(has(doc({"writng"}, 1), "did you mean writing"));
  CHECK(has(doc({"--nope"}, 2), "unrecognized option '--nope'"));
  CHECK(has(doc({"-s"}, 2), "needs words"));
}

TEST_CASE("neap doc: Markdown of pages and of the reference", "[doc]") {
  CHECK(doc({"--markdown", "writing"}).starts_with("# Writing pages\n"));
  CHECK(doc({"--markdown", "fs"}).starts_with("# neap.fs: reference\n"));
  CHECK(doc({"--markdown", "async"}).starts_with("# async: reference\n"));
}

TEST_CASE("neap doc: on a terminal a long text goes through the pager, in colours", "[doc]") {
  const std::vector<std::string> plain{"PAGER=sed s/^/paged:/", "NO_COLOR=1", "TERM=xterm"};
  CHECK(has(on_terminal({"writing"}, 24, plain), "\npaged:Where pages are"));
  CHECK_FALSE(has(on_terminal({"writing"}, 24, plain), "\033"));
  CHECK_FALSE(has(on_terminal({"for"}, 24, plain), "paged:"));
  CHECK_FALSE(has(on_terminal({"--no-pager", "writing"}, 24, plain), "paged:"));
  const std::string coloured = on_terminal({"writing"}, 24, {"PAGER=sed s/^/paged:/", "NO_COLOR", "TERM=xterm"});
  CHECK(has(coloured, "paged:\033[1;34mWhere pages are\033[0m"));
}

TEST_CASE("neap doc: a pager that ends early is no error", "[doc]") {
  CHECK_FALSE(has(on_terminal({"writing", "async"}, 24, {"PAGER=true", "TERM=xterm"}), "neap"));
}
