// Output above the entry that is being typed, against the model of a terminal.
#include "repl/console.hpp"
#include "tests/support/model_terminal.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace neap::internal::repl;
using neap::internal::tests::ModelTerminal;

namespace {

View entry(std::string text) {
  View view;
  view.prompt = {"> ", {}};
  view.continuation = {". ", {}};
  view.text = std::move(text);
  view.cursor = view.text.size();
  return view;
}

/// A console on a pipe whose other end is the model's.
struct Shown {
  explicit Shown(int columns = 10, int rows = 8) : terminal(columns, rows) {
    REQUIRE(pipe(pipe_ends) == 0);
    fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
    console.emplace(
        pipe_ends[1], true, [](void* self) { ++static_cast<Shown*>(self)->wakes; }, this);
    console->resize(columns, rows, Reflow::keeps_rows);
    console->begin_turn();
  }
  ~Shown() {
    console.reset();
    close(pipe_ends[0]);
    close(pipe_ends[1]);
  }
  Shown(const Shown&) = delete;
  Shown& operator=(const Shown&) = delete;

  std::string sent() {
    std::string bytes(65536, '\0');
    const ssize_t count = read(pipe_ends[0], bytes.data(), bytes.size());
    bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return bytes;
  }
  std::string picture() {
    std::string bytes;  // as the terminal's driver gives them to it
    for (const char c : sent()) bytes += c == '\n' ? "\r\n" : std::string(1, c);
    terminal.feed(bytes);
    return terminal.picture();
  }
  void type(std::string text) {
    console->show(entry(std::move(text)));
    console->flush();
  }
  std::string output(std::string_view bytes) {
    console->write(bytes);
    console->flush();
    return picture();
  }

  ModelTerminal terminal;
  int pipe_ends[2] = {-1, -1};
  int wakes = 0;
  std::optional<Console> console;
};

}  // namespace

TEST_CASE("repl console: without an entry output is passed on as it is", "[repl]") {
  Shown shown;
  shown.console->write("a\xE6");
  CHECK(shown.sent() == "a\xE6");
}

TEST_CASE("repl console: output appears above the entry, once a turn", "[repl]") {
  Shown shown;
  shown.type("ab");
  CHECK(shown.picture() == "> ab|\n");
  shown.console->write("one\n");
  shown.console->write("two\n");
  CHECK(shown.sent().empty());
  CHECK(shown.output("three\n") == "one\ntwo\nthree\n> ab|\n");
}

TEST_CASE("repl console: a line that has not ended is continued where it ended", "[repl]") {
  Shown shown;
  shown.type("ab");
  CHECK(shown.output("one") == "one\n> ab|\n");
  CHECK(shown.output(" two") == "one two\n> ab|\n");
  CHECK(shown.output(" three\nf") == "one two th\nree\nf\n> ab|\n");
  CHECK(shown.output("\n") == "one two th\nree\nf\n> ab|\n");
}

TEST_CASE("repl console: a line that fills its row ends, begins anew, or goes on", "[repl]") {
  for (const auto& [next, expected] : std::vector<std::pair<std::string, std::string>>{
           {"\n", "0123456789\n> x|\n"},
           {"\r\n", "0123456789\n> x|\n"},
           {"\n\n", "0123456789\n\n> x|\n"},
           {"a", "0123456789\na\n> x|\n"},
           {"\rab", "ab23456789\n> x|\n"},
       }) {
    Shown shown;
    shown.type("x");
    CHECK(shown.output("0123456789") == "0123456789\n> x|\n");
    CHECK(shown.output(next) == expected);
  }
}

TEST_CASE("repl console: a progress line is written over itself", "[repl]") {
  Shown shown;
  shown.type("x");
  CHECK(shown.output("10 %") == "10 %\n> x|\n");
  CHECK(shown.output("\r20 %") == "20 %\n> x|\n");
  CHECK(shown.output("\rdone\n") == "done\n> x|\n");
}

TEST_CASE("repl console: characters and sequences in pieces are shown when they are whole", "[repl]") {
  Shown shown;
  shown.type("x");
  shown.picture();
  CHECK(shown.output("a\xE6\x97") == "a\n> x|\n");
  CHECK(shown.output("\xA5"
                     "b\x1b[3") == "a日b\n> x|\n");
  CHECK(shown.output("1mred\n") == "a日bred\n> x|\n");
}

TEST_CASE("repl console: what was held back is there when the entry is done", "[repl]") {
  Shown shown;
  shown.type("x");
  shown.console->write("a\x1b[");
  shown.console->flush();
  shown.picture();
  shown.console->finish(entry("x"));
  CHECK(shown.sent().find("\x1b[") != std::string::npos);
}

TEST_CASE("repl console: colours that output has left on are not the entry's, and go on with the output", "[repl]") {
  Shown shown;
  shown.type("x");
  shown.sent();
  shown.console->write("\x1b[31mred");
  shown.console->flush();
  CHECK(shown.sent() == "\r\x1b[J\x1b[31mred\x1b[0m\r\n\x1b[J> x");
  shown.console->write("more\n");
  shown.console->flush();
  CHECK(shown.sent() == "\r\x1b[J\x1b[A\x1b[4G\x1b[31mmore\n\x1b[0m\x1b[J> x");
}

TEST_CASE("repl console: a finished entry stays, with output that came before it", "[repl]") {
  Shown shown;
  shown.type("x");
  shown.console->write("before\n");
  shown.console->finish(entry("x"), "note\r\n");
  shown.console->write("behind\n");
  CHECK(shown.picture() == "before\n> x\nnote\nbehind\n|\n");
}

TEST_CASE("repl console: an entry that settles loses its hint and what is below", "[repl]") {
  Shown shown;
  View view = entry("x\ny");
  view.cursor = 0;
  view.hint = "hint";
  view.below = {{"below", {}}};
  shown.console->show(view);
  shown.console->flush();
  CHECK(shown.picture() == "> |x\n. yhint\nbelow\n");
  shown.console->settle();
  CHECK(shown.picture() == "> x\n. y\n|\n");
}

TEST_CASE("repl console: a new line begins unless the cursor is at the beginning of one", "[repl]") {
  Shown shown;
  shown.console->fresh_line();
  CHECK(shown.picture() == "|\n");
  shown.terminal.feed("echo");  // by somebody else
  shown.console->fresh_line();
  CHECK(shown.picture() == "echo      \n|\n");
  shown.terminal.feed("0123456789");
  shown.console->fresh_line();
  CHECK(shown.picture() == "echo      \n0123456789\n|\n");
}

TEST_CASE("repl console: output of other threads wakes the loop once, and none is lost", "[repl]") {
  Shown shown(20);
  shown.type("x");
  shown.picture();
  std::thread([&] {
    for (int i = 0; i < 100; ++i) shown.console->write("a\n");
  }).join();
  CHECK(shown.wakes == 1);
  CHECK(shown.sent().empty());
  shown.console->flush();
  CHECK(shown.picture() == "a\na\na\na\na\na\na\n> x|\n");
}

TEST_CASE("repl console: a turn that prints much is shown before it ends", "[repl]") {
  Shown shown(80);
  shown.type("x");
  shown.sent();
  for (int i = 0; i < 1000; ++i) shown.console->write(std::string(63, 'y') + "\n");
  CHECK(shown.sent().empty());
  std::thread reader;
  std::string got;
  fcntl(shown.pipe_ends[0], F_SETFL, 0);
  reader = std::thread([&] {
    while (!got.ends_with("> x")) got += shown.sent();
  });
  for (int i = 0; i < 30; ++i) shown.console->write(std::string(63, 'z') + "\n");
  reader.join();
  CHECK(got.find('z') != std::string::npos);
}

TEST_CASE("repl console: while another program has the screen, output is collected", "[repl]") {
  Shown shown;
  shown.console->hold(true);
  shown.console->write("held\n");
  CHECK(shown.sent().empty());
  shown.console->hold(false);
  CHECK(shown.sent() == "held\n");
}

TEST_CASE("repl console: after a change of the width a line that has not ended goes on in a new row", "[repl]") {
  Shown shown;
  shown.type("x");
  CHECK(shown.output("part") == "part\n> x|\n");
  shown.terminal.resize(20, 8);
  shown.console->resize(20, 8, Reflow::keeps_rows);
  CHECK(shown.output("more") == "part\nmore\n> x|\n");
}
