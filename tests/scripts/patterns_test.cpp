// Every script of scripts/patterns prints what stands at its end, and the index lists every script.
//
// A script ends with a comment: --[[ prints: and the output, and perhaps a line "stderr:" and what goes to standard
// error. "..." stands for anything within a line, a line "..." for any number of lines. Comments above that change how
// it is run: "-- clock: real" (by the program; else in an interpreter with the virtual clock), "-- exit: N".
#include "interp/interpreter.hpp"
#include "interp/loader.hpp"
#include "interp/report.hpp"
#include "runtime/lua/bind.hpp"
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/internal/catch_test_registry.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace neap::internal;
using namespace neap::internal::tests;

namespace {

using Lines = std::vector<std::string>;

const std::string kFolder = "scripts/patterns/";

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// "..." in the pattern stands for anything.
bool matches(std::string_view pattern, std::string_view text) {
  const std::size_t dots = pattern.find("...");
  if (dots == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, dots))) return false;
  const std::string_view rest = pattern.substr(dots + 3);
  for (std::size_t at = dots; at <= text.size(); ++at) {
    if (matches(rest, text.substr(at))) return true;
  }
  return false;
}

/// From the given line on. A line "..." in the expected ones stands for any number of lines.
bool matches(const Lines& expected, const Lines& actual, std::size_t i = 0, std::size_t k = 0) {
  for (; i < expected.size(); ++i, ++k) {
    if (expected[i] == "...") {
      for (std::size_t next = k; next <= actual.size(); ++next) {
        if (matches(expected, actual, i + 1, next)) return true;
      }
      return false;
    }
    if (k == actual.size() || !matches(std::string_view(expected[i]), std::string_view(actual[k]))) return false;
  }
  return k == actual.size();
}

void check_output(const std::string& what, const Lines& expected, const std::string& actual) {
  const Lines lines = lines_of(actual);
  if (matches(expected, lines)) return;
  std::string wanted;
  for (const std::string& line : expected) wanted += line + "\n";
  std::size_t first = 0;
  while (first < expected.size() && first < lines.size() &&
         matches(std::string_view(expected[first]), std::string_view(lines[first]))) {
    ++first;
  }
  FAIL_CHECK(what << " differs from line " << first + 1 << " on; the comment says:\n"
                  << wanted << "printed was:\n"
                  << actual);
}

/// What the text of a script says about it.
struct Script {
  bool has_output = false;
  bool real_clock = false;
  int status = 0;
  Lines out;
  Lines err;
};

Script parse(const std::string& text) {
  Script script;
  Lines* block = nullptr;
  for (const std::string& line : lines_of(text)) {
    if (line == "--[[ prints:") {
      script = {true, script.real_clock, script.status, {}, {}};
      block = &script.out;
    } else if (block != nullptr && line == "]]") {
      block = nullptr;
    } else if (block == &script.out && line == "stderr:") {
      block = &script.err;
    } else if (block != nullptr) {
      block->push_back(line);
    } else if (line == "-- clock: real") {
      script.real_clock = true;
    } else if (line.starts_with("-- exit: ")) {
      script.status = std::atoi(line.c_str() + 9);
    }
  }
  return script;
}

int load(lua_State* L) {
  load_program(L, static_cast<const char*>(lua_touserdata(L, 1)));
  return 1;
}

class WorkingDirectory {
 public:
  explicit WorkingDirectory(const std::string& path) : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(path);
  }
  ~WorkingDirectory() {
    std::error_code ignored;
    std::filesystem::current_path(before_, ignored);
  }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;

 private:
  std::filesystem::path before_;
};

/// Does what the program does, but with the virtual clock.
ProcessResult run_in_virtual_time(const std::string& path) {
  ProcessResult result;
  InterpreterOptions options;
  options.virtual_clock = true;
  options.ignore_environment = true;
  options.output = [&result](int stream, std::string_view text) { (stream == 1 ? result.out : result.err) += text; };
  Interpreter interpreter(options);
  Scheduler& scheduler = interpreter.scheduler();
  scheduler.set_default_handler(report_context);
  lua_State* L = interpreter.state();
  lua_pushcfunction(L, bound<load>);
  lua_pushlightuserdata(L, const_cast<char*>(path.c_str()));
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
    FAIL(lua_tostring(L, -1));
  }
  const Task& main = interpreter.run_main(0);
  if (scheduler.exit_requested()) {
    result.status = scheduler.exit_status();
  } else if (main.state != FutureState::finished) {
    report_task_error(L, -1);
    result.status = EXIT_FAILURE;
  } else if (scheduler.reported() != 0) {
    result.status = EXIT_FAILURE;
  }
  return result;
}

void check_text(const std::string& text) {
  CHECK(text.starts_with("--"));
  CHECK(text.ends_with("\n]]\n"));
  for (const std::string& line : lines_of(text.substr(0, text.find("\n--[[ prints:")))) {
    INFO(line);
    CHECK(line.size() <= 100);
  }
}

class Invoker : public Catch::ITestInvoker {
 public:
  explicit Invoker(std::string name) : name_(std::move(name)) {}

  void invoke() const override {
    const WorkingDirectory root(NEAP_SOURCE_DIR);
    const std::string path = kFolder + name_ + ".lua";
    const std::string text = read(path);
    const Script script = parse(text);
    if (!script.has_output) FAIL("there is no comment '--[[ prints:' at the end");
    check_text(text);
#ifdef __SANITIZE_THREAD__
    if (text.find("while true do end") != std::string::npos) {
      SKIP("the thread sanitizer holds back the signal that ends such a loop");
    }
#endif
    const ProcessResult result = script.real_clock ? run_neap({path}) : run_in_virtual_time(path);
    check_output("standard output", script.out, result.out);
    check_output("standard error", script.err, result.err);
    CHECK(result.status == script.status);
  }

 private:
  std::string name_;
};

/// Of all scripts: "basics/sequential". Sorted; nothing where the folder cannot be read.
std::vector<std::string> list_scripts() {
  const std::string folder = NEAP_SOURCE_DIR "/" + kFolder;
  std::vector<std::string> names;
  std::error_code problem;
  for (const auto& theme : std::filesystem::directory_iterator(folder, problem)) {
    for (const auto& file : std::filesystem::directory_iterator(theme.path(), problem)) {
      if (file.path().extension() != ".lua") continue;
      names.push_back((theme.path().filename() / file.path().stem()).string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

const bool kRegistered = [] {
  for (const std::string& name : list_scripts()) {
    const std::string title = "patterns: " + name;
    const Catch::AutoReg registered(Catch::Detail::unique_ptr<Catch::ITestInvoker>(new Invoker(name)),
                                    Catch::SourceLineInfo(__FILE__, __LINE__), Catch::StringRef(),
                                    Catch::NameAndTags{title, "[patterns]"});
  }
  return true;
}();

Lines read_index() { return lines_of(read(NEAP_SOURCE_DIR "/" + kFolder + "README.md")); }

/// The index's links to scripts, in order: for each its heading and its target without ".lua".
std::vector<std::pair<std::string, std::string>> links_of_index() {
  std::vector<std::pair<std::string, std::string>> links;
  std::string heading;
  for (const std::string& line : read_index()) {
    if (line.starts_with("## ")) heading = line.substr(3);
    const std::size_t begin = line.find("](");
    const std::size_t end = line.find(".lua)", begin);
    if (!line.starts_with("- [") || end == std::string::npos) continue;
    links.emplace_back(heading, line.substr(begin + 2, end - begin - 2));
  }
  return links;
}

}  // namespace

TEST_CASE("patterns: the index lists every script once, below the heading of its folder") {
  std::vector<std::string> listed;
  std::set<std::string> themes;
  for (const auto& [heading, name] : links_of_index()) {
    INFO(name);
    CHECK(heading == name.substr(0, name.find('/')));
    listed.push_back(name);
    themes.insert(heading);
  }
  std::sort(listed.begin(), listed.end());
  CHECK(listed == list_scripts());
  CHECK_FALSE(listed.empty());
  for (const std::string& line : read_index()) {
    INFO(line);
    if (line.starts_with("## ")) CHECK(themes.contains(line.substr(3)));
  }
}

TEST_CASE("patterns: how output is compared") {
  CHECK(matches(Lines{"a", "pid ... ended"}, Lines{"a", "pid 42 ended"}));
  CHECK(matches(Lines{"...b...d"}, Lines{"abcbcd"}));
  CHECK(matches(Lines{"a", "...", "z"}, Lines{"a", "b", "c", "z"}));
  CHECK(matches(Lines{"a", "..."}, Lines{"a"}));
  CHECK_FALSE(matches(Lines{"a"}, Lines{"a", "b"}));
  CHECK_FALSE(matches(Lines{"a", "b"}, Lines{"a"}));
  CHECK_FALSE(matches(Lines{"pid ... ended"}, Lines{"pid 42 ended badly"}));
  CHECK_FALSE(matches(Lines{"a", "...", "z"}, Lines{"a", "b", "zz"}));
  const Script script = parse("-- clock: real\n-- exit: 3\nprint 'x'\n--[[ prints:\nx\n\nstderr:\ny\n]]\n");
  CHECK((script.has_output && script.real_clock && script.status == 3));
  CHECK(script.out == Lines{"x", ""});
  CHECK(script.err == Lines{"y"});
}
