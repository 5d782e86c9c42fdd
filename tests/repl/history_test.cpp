// The entries of earlier and their file: several prompts, files that are damaged, huge or cannot be written.
#include "repl/history.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

using namespace neap::internal::repl;
using namespace std::literals;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "neap_history_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name = "history") const { return path_ / name; }

 private:
  fs::path path_;
};

void write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string read(const std::string& path) {
  std::ifstream input(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(input), {}};
}

std::vector<std::string> entries(const History& history) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < history.size(); ++i) result.push_back(history[i]);
  return result;
}

using Entries = std::vector<std::string>;

class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    if (value != nullptr)
      setenv(name, value, 1);
    else
      unsetenv(name);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    if (old_.empty())
      unsetenv(name_);
    else
      setenv(name_, old_.c_str(), 1);
  }

 private:
  const char* name_;
  std::string old_;
};

}  // namespace

TEST_CASE("repl history: empty entries, those that begin with a blank and equal ones in a row are not kept") {
  History history;
  for (const auto* entry : {"", " secret", "\tx", "\nx", "a", "a", "b", "a"}) history.add(entry);
  CHECK(entries(history) == Entries{"a", "b", "a"});
  CHECK(history.path().empty());
  history.add("pasted\n");
  history.add("pasted  ");
  CHECK(history[3] == "pasted");
  CHECK(history.size() == 4);
}

TEST_CASE("repl history: entries are found by their beginning and by a part, both ways") {
  History history;
  for (const auto* entry : {"foo(1)", "bar", "foo", "a foo"}) history.add(entry);
  CHECK(history.find_prefix("foo", history.size()) == 0);  // the entry "foo" is nothing more than its beginning
  CHECK(history.find_prefix("foo", 0) == history.size());
  CHECK(history.find_prefix("", 99) == 3);
  CHECK(history.find_prefix_after("b", 0) == 1);
  CHECK(history.find_prefix_after("b", 1) == history.size());
  CHECK(history.find_part("foo", history.size()) == 3);
  CHECK(history.find_part("foo", 3) == 2);
  CHECK(history.find_part("zzz", 3) == history.size());
  CHECK(history.find_part_after("foo", 0) == 2);
  CHECK(history.find_part_after("foo", static_cast<std::size_t>(-1)) == 0);
}

TEST_CASE("repl history: the next prompt has the entries of the last, whatever is in them") {
  const Folder folder;
  const Entries all = {"x = 1", "do\n  y()\nend", "s = '\\n'", "\\", "a\\\nb", "日本\xff", "z\0z"s};
  {
    History history(folder.file());
    for (const std::string& entry : all) history.add(entry);
    CHECK(history.problem().empty());
  }
  CHECK(entries(History(folder.file())) == all);
  CHECK(read(folder.file()).starts_with("x = 1\ndo\\n  y()\\nend\ns = '\\\\n'\n"));
}

TEST_CASE("repl history: folders and file are the user's alone") {
  const Folder folder;
  const std::string path = folder.file("a/b/history");
  History history(path);
  CHECK_FALSE(fs::exists(folder.file("a")));  // nothing is made before there is something to keep
  history.add("x");
  CHECK(history.problem().empty());
  CHECK(read(path) == "x\n");
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(fs::status(folder.file("a/b")).permissions() == fs::perms::owner_all);
}

TEST_CASE("repl history: two prompts in turn lose nothing") {
  const Folder folder;
  History one(folder.file());
  History two(folder.file());
  one.add("1a");
  two.add("2a");
  one.add("1b");
  CHECK(entries(one) == Entries{"1a", "1b"});
  CHECK(entries(History(folder.file())) == Entries{"1a", "2a", "1b"});
}

TEST_CASE("repl history: several prompts at once lose nothing, also while one makes the file smaller") {
  const Folder folder;
  std::string many;
  for (std::size_t i = 0; i < 2 * History::kKept - 50; ++i) many += "old " + std::to_string(i) + "\n";
  write(folder.file(), many);
  std::vector<pid_t> children;
  for (int child = 0; child < 4; ++child) {
    const pid_t pid = fork();
    if (pid == 0) {
      History history(folder.file());
      for (int i = 0; i < 100; ++i) history.add("new " + std::to_string(child) + " " + std::to_string(i));
      _exit(history.problem().empty() ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = -1;
    waitpid(pid, &status, 0);
    CHECK(status == 0);
  }
  const Entries all = entries(History(folder.file()));
  const std::set<std::string> present(all.begin(), all.end());
  std::size_t missing = 0;
  for (int child = 0; child < 4; ++child) {
    for (int i = 0; i < 100; ++i) {
      missing += present.contains("new " + std::to_string(child) + " " + std::to_string(i)) ? 0U : 1U;
    }
  }
  CHECK(missing == 0);
  CHECK(read(folder.file()).size() < many.size());
}

TEST_CASE("repl history: a file of twice what is kept is made smaller, the newest stay") {
  const Folder folder;
  std::string many;
  for (std::size_t i = 0; i < 2 * History::kKept - 1; ++i) many += std::to_string(i) + "\n";
  write(folder.file(), many);
  History history(folder.file());
  CHECK(history.size() == History::kKept);
  CHECK(history[0] == std::to_string(History::kKept - 1));
  history.add("last");
  CHECK(history.problem().empty());
  const std::string now = read(folder.file());
  CHECK(std::count(now.begin(), now.end(), '\n') == static_cast<std::ptrdiff_t>(History::kKept));
  CHECK(now.ends_with("\n" + std::to_string(2 * History::kKept - 2) + "\nlast\n"));
  CHECK(fs::status(folder.file()).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  history.add("more");
  CHECK(read(folder.file()).ends_with("\nlast\nmore\n"));
  CHECK_FALSE(fs::exists(folder.file("history.new")));
}

TEST_CASE("repl history: a link to the file stays a link") {
  const Folder folder;
  write(folder.file("real"), std::string(2 * History::kKept, 'x'));
  std::string many;
  for (std::size_t i = 0; i < 2 * History::kKept; ++i) many += std::to_string(i) + "\n";
  write(folder.file("real"), many);
  fs::create_symlink("real", folder.file());
  History(folder.file()).add("x");
  CHECK(fs::is_symlink(folder.file()));
  CHECK(read(folder.file("real")).size() < many.size());
}

TEST_CASE("repl history: a damaged file gives what can be read, and can be added to") {
  const Folder folder;
  write(folder.file(), "\n\nok\n\0\xff\xfe\n\\q\\\ncut off"s);
  History history(folder.file());
  CHECK(entries(history) == Entries{"ok", "\0\xff\xfe"s, "\\q\\", "cut off"});
  history.add("next");
  CHECK(read(folder.file()).ends_with("\ncut off\nnext\n"));
}

TEST_CASE("repl history: of a huge file the end is read, and it is made smaller") {
  const Folder folder;
  const std::string path = folder.file();
  write(path, "");
  fs::resize_file(path, std::uintmax_t{3} << 30);  // a hole, which takes no room
  std::ofstream(path, std::ios::binary | std::ios::app) << "\nfoo\nbar\n";
  History history(path);
  REQUIRE(history.size() >= 2);
  CHECK(history[history.size() - 1] == "bar");
  CHECK(history[history.size() - 2] == "foo");
  history.add("baz");
  CHECK(history.problem().empty());
  CHECK(fs::file_size(path) <= History::kLargest);
  CHECK(read(path) == "foo\nbar\nbaz\n");
}

TEST_CASE("repl history: what is wrong with the file is told, and entries are kept all the same") {
  const Folder folder;
  fs::create_directory(folder.file("folder"));
  History history(folder.file("folder"));
  CHECK(history.problem().find("is no regular file") != std::string::npos);
  history.add("x");
  CHECK(entries(history) == Entries{"x"});
  CHECK(history.problem().find(folder.file("folder")) != std::string::npos);

  write(folder.file("plain"), "");
  History below_a_file(folder.file("plain/history"));
  CHECK(below_a_file.problem().empty());
  below_a_file.add("x");
  CHECK(below_a_file.problem().find("cannot be written: Not a directory") != std::string::npos);
  CHECK(entries(below_a_file) == Entries{"x"});
}

TEST_CASE("repl history: a pipe in its place does not make the prompt wait") {
  const Folder folder;
  REQUIRE(mkfifo(folder.file().c_str(), 0600) == 0);
  History history(folder.file());
  history.add("x");
  CHECK(history.problem().find("is no regular file") != std::string::npos);
}

TEST_CASE("repl history: a folder that cannot be written is a problem and no more") {
  const Folder folder;
  fs::permissions(fs::path(folder.file()).parent_path(), fs::perms(0755));
  fs::create_directory(folder.file("shut"));
  fs::permissions(folder.file("shut"), fs::perms(0555));
  const pid_t pid = fork();
  if (pid == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(2);  // root may write everywhere
    History history(folder.file("shut/history"));
    history.add("x");
    _exit(history.problem().find("cannot be written") != std::string::npos && history.size() == 1 ? 0 : 1);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("repl history: where the file is, the environment says") {
  const Environment home("HOME", "/home/me");
  {
    const Environment named("NEAP_HISTORY", "/x/y");
    CHECK(History::default_path() == "/x/y");
  }
  {
    const Environment named("NEAP_HISTORY", "");
    CHECK(History::default_path().empty());
  }
  {
    const Environment named("NEAP_HISTORY", "/dev/null");
    CHECK(History::default_path().empty());
  }
  const Environment none("NEAP_HISTORY", nullptr);
  {
    const Environment state("XDG_STATE_HOME", "/state");
    CHECK(History::default_path() == "/state/neap/history");
  }
  {
    const Environment state("XDG_STATE_HOME", "relative");  // which the XDG specification tells to ignore
    CHECK(History::default_path() == "/home/me/.local/state/neap/history");
  }
  const Environment state("XDG_STATE_HOME", nullptr);
  CHECK(History::default_path() == "/home/me/.local/state/neap/history");
  const Environment no_home("HOME", nullptr);
  CHECK(History::default_path().empty());
}
